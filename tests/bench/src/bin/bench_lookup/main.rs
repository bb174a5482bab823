//! `cargo bench-lookup`: what a lookup costs in calls, processor time and memory, beside the Python
//! baselines of `tests/baseline/`. Prints the tables that stand in the README.

mod calls;
mod cli;
mod compare;
mod growth;
mod handler;
mod http;
mod load;
mod measure;
mod places;
mod python;
mod report;
mod serve;
mod setup;

use std::time::Duration;

use anyhow::Context as _;
use clap::Parser as _;
use eventrelay_tests::{
    catalog::{self, body, fill},
    figures, process,
};
use tokio::task::LocalSet;

use crate::{
    cli::{Cli, Command, Options},
    measure::Effort,
    process::{Cores, Watched},
    python::Baselines,
    report::Report,
    setup::Setup,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let run = async {
        match cli.command {
            Some(Command::Serve) => Box::pin(serve::run()).await,
            None => Box::pin(bench(&cli.options)).await,
        }
    };
    LocalSet::new().run_until(run).await
}

async fn bench(options: &Options) -> anyhow::Result<()> {
    let cores = Cores::available()?;
    let plan = options.plan();
    let effort = Effort {
        rounds: plan.rounds,
        turn: Duration::from_secs_f64(plan.seconds),
        connections: plan.connections,
    };
    let setup = Setup::new(&plan.sizes, plan.compared).await?;
    eprintln!("preparing the Python baselines");
    let baselines = Baselines::prepare(plan.compared).await?;
    let python = match &baselines {
        Some(baselines) => Some(baselines.version().await?),
        None => None,
    };
    eprintln!("counting calls");
    let calls = calls::count(
        &setup.stack,
        &setup.environment,
        &setup.dynamodb,
        &setup.blobs,
    )
    .await?;

    let runtime = setup.stack.process().context("the stack has ended")?;
    for others in [
        Watched::Alone(std::process::id()),
        Watched::WithChildren(runtime),
    ] {
        others.pin(&cores.rest)?;
    }
    eprintln!("comparing with the baselines");
    let videos = plan.compared;
    let compared = compare::handlers(&setup, videos, baselines.as_ref(), &cores, effort).await?;
    eprintln!("measuring growth");
    let growth = growth::measure(&setup, &cores, effort, options.quick).await?;
    eprintln!("measuring both places of a body");
    let places = places::measure(&setup, &cores, effort).await?;
    eprintln!("measuring the whole stack");
    let stack = compare::stack(&setup, videos, &cores, effort).await?;

    let report = Report {
        measured_at: jiff::Timestamp::now().to_string(),
        command: figures::command("bench-lookup"),
        processor: figures::processor(),
        python,
        rounds: plan.rounds,
        seconds: plan.seconds,
        connections: plan.connections,
        body_bytes: body::LENGTH,
        videos,
        calls,
        compared,
        stack,
        growth,
        places,
    };
    figures::publish(&report, options.json.as_deref())
}
