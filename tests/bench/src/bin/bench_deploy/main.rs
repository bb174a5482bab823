//! `cargo bench-deploy`: measures calls, connections and time of a deployment to GitHub.
//!
//! Deployments run alone and concurrently, beside the Python baselines of `tests/baseline/deploy/`.
//! Prints the table of the README.

mod baselines;
mod cli;
mod demand;
mod report;

use clap::Parser as _;
use eventrelay_tests::{
    deployments::{self as deploy, Setup, UNLIMITED},
    figures::{self, Python},
};

use crate::{
    baselines::Way,
    cli::Options,
    report::{Report, Row},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    eprintln!("building and starting the stack");
    let setup = Setup::new(UNLIMITED, options.files, options.latency_ms).await?;
    eprintln!("preparing the Python baselines");
    let python = Python::prepare("baseline-deploy-venv", "deploy/requirements.txt").await?;
    let mut rows = unlimited(&setup, python.as_ref(), &options).await?;
    let files = setup.project.files.len();
    drop(setup);
    rows.extend(limited(&options).await?);
    let report = Report {
        measured_at: jiff::Timestamp::now().to_string(),
        command: figures::command("bench-deploy"),
        processor: figures::processor(),
        python: match &python {
            Some(python) => Some(python.version().await?),
            None => None,
        },
        files,
        latency_ms: options.latency_ms,
        rounds: options.rounds(),
        rows,
    };
    figures::publish(&report, options.json.as_deref())
}

/// All ways in turn, with nothing that holds a call back.
async fn unlimited(
    setup: &Setup,
    python: Option<&Python>,
    options: &Options,
) -> anyhow::Result<Vec<Row>> {
    eprintln!("warming up");
    let most = options.at_once.iter().max().copied().unwrap_or(1);
    deploy::round(setup, most).await?;
    let mut rows = Vec::new();
    for at_once in options.at_once.iter().copied() {
        let mut ours = Row::new("EventRelay", at_once, options.floor_s());
        let mut others: Vec<(Way, Row)> = Way::ALL
            .into_iter()
            .filter(|way| python.is_some() && at_once <= way.most_at_once())
            .map(|way| (way, Row::new(way.title(), at_once, options.floor_s())))
            .collect();
        for round in 1..=options.rounds() {
            eprintln!("{at_once} at once, round {round}");
            ours.rounds.push(deploy::round(setup, at_once).await?);
            for (way, row) in &mut others {
                // One takes so long that its second round says nothing new.
                if let Some(python) = python
                    && (round == 1 || way.is_quick())
                {
                    row.rounds
                        .push(baselines::round(setup, python, *way, at_once).await?);
                }
            }
        }
        rows.push(ours);
        rows.extend(others.into_iter().map(|(_, row)| row));
    }
    Ok(rows)
}

/// With the limits as they are configured by default.
async fn limited(options: &Options) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    if options.limited.is_empty() {
        return Ok(rows);
    }
    eprintln!("starting a stack with the limiter");
    let setup = Setup::new(&[], options.files, options.latency_ms).await?;
    let policy = demand::policy()?;
    deploy::round(&setup, 1).await?;
    for at_once in options.limited.iter().copied() {
        eprintln!("{at_once} at once with the limiter");
        setup.stack.forget_limits().await?;
        let calls = u64::try_from(at_once)? * deploy::WRITES;
        let latency = options.latency_ms;
        let mut row = Row::new(
            "EventRelay, limiter on",
            at_once,
            demand::seconds(&policy, calls, latency),
        );
        row.rounds.push(deploy::round(&setup, at_once).await?);
        rows.push(row);
    }
    Ok(rows)
}
