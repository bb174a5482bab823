//! Many deployments at once, of one project to new repositories.

use eventrelay_tests::{
    deployments::{self, ROUND_TRIPS, Round, Setup, UNLIMITED},
    figures::{percentile, short},
};

use crate::{
    cli::{self, Deploy},
    latency::percentiles_of,
    plot::{Axis, Plot, Scale},
    report::{Found, Table, Wanted},
};

const AT_ONCE: [u32; 4] = [1, 10, 50, 100];
const QUICK_AT_ONCE: [u32; 2] = [1, 10];

/// Deploys so often at once, for each number.
pub(crate) async fn run(options: &Deploy, quick: bool) -> anyhow::Result<Found> {
    let counts = cli::counts(
        &options.at_once,
        if quick { &QUICK_AT_ONCE } else { &AT_ONCE },
    );
    eprintln!("building and starting the stack");
    let setup = Setup::new(UNLIMITED, options.files, options.latency_ms).await?;
    eprintln!("warming up");
    deployments::round(&setup, counts.last().copied().unwrap_or(1)).await?;
    let mut rounds = Vec::new();
    for at_once in counts {
        eprintln!("{at_once} at once");
        rounds.push((at_once, deployments::round(&setup, at_once).await?));
    }
    Ok(found(options, setup.project.files.len(), &rounds))
}

fn found(options: &Deploy, files: usize, rounds: &[(usize, Round)]) -> Found {
    let floor = f64::from(ROUND_TRIPS) * options.latency_ms as f64 / 1000.0;
    let mut table = Table::new([
        "at once",
        "all, wall s",
        "p50 s",
        "p95 s",
        "p95 against the floor",
        "calls each",
        "connections each",
        "failed",
    ]);
    let mut wanted = Vec::new();
    for (at_once, round) in rounds {
        let p95 = percentile(&round.seconds, 0.95);
        let each = |count: usize| short(count as f64 / *at_once as f64);
        table.row([
            at_once.to_string(),
            format!("{:.2}", round.wall_s),
            format!("{:.2}", percentile(&round.seconds, 0.5)),
            format!("{p95:.2}"),
            format!("{:.2}", p95 / floor),
            each(round.calls),
            each(round.connections),
            round.failed.to_string(),
        ]);
        wanted.push(Wanted {
            what: format!("{at_once} at once, failed"),
            wanted: "0".to_owned(),
            measured: round.failed.to_string(),
            is_met: round.failed == 0,
        });
    }
    let series = rounds.iter();
    let series = series
        .map(|(at_once, round)| percentiles_of(&format!("{at_once} at once"), &round.seconds));
    Found {
        what: format!(
            "Deployments of {files} files to new repositories of GitHub's stand-in, {} ms a call: \
             none can be faster than {floor:.2} s. Seconds are from the submission to the end. Limits \
             are off.",
            options.latency_ms
        ),
        tables: vec![table],
        wanted,
        notes: Vec::new(),
        plots: vec![Plot {
            title: "From submission to end".to_owned(),
            x: Axis {
                name: "percentile",
                scale: Scale::Percentile,
            },
            y: Axis {
                name: "ms",
                scale: Scale::Logarithmic,
            },
            series: series.collect(),
        }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_as_many_cells_as_the_head() {
        let round = Round {
            wall_s: 1.0,
            seconds: vec![0.9, 1.0],
            calls: 10,
            connections: 2,
            failed: 0,
            refused: 0,
        };
        let options = Deploy {
            at_once: Vec::new(),
            files: 30,
            latency_ms: 150,
        };
        let found = found(&options, 30, &[(2, round)]);
        let table = &found.tables[0];
        assert_eq!(table.rows[0].len(), table.head.len());
        assert!(found.wanted[0].is_met);
    }
}
