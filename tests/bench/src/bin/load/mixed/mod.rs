//! All that users do, for minutes: new videos, lookups, searches, questions after jobs, projects.
//! Nothing may grow meanwhile but what is stored.

mod world;

use std::time::Duration;

use eventrelay_tests::figures::short;

use crate::{
    cli::Mixed,
    latency::Recorded,
    open_loop::{self, Schedule},
    plot::{Axis, Plot, Scale},
    report::{self, Found, Wanted},
    sampling::{Sample, Samples, sampled},
};
use world::World;

const MINUTES: f64 = 10.0;
const QUICK_MINUTES: f64 = 0.4;

/// Maximum growth over the second half that counts as flat, as a share of the figure.
const FLAT: f64 = 0.05;

/// Sends all of it at its rate, then waits for what it has begun.
pub(crate) async fn run(options: &Mixed, quick: bool) -> anyhow::Result<Found> {
    let minutes = options
        .minutes
        .unwrap_or(if quick { QUICK_MINUTES } else { MINUTES });
    let length = Duration::from_secs_f64(60.0 * minutes);
    let world = World::new().await?;
    let of_kind = |rate| Schedule { rate, length };
    eprintln!("all at once for {} s", length.as_secs());
    let work = async {
        Ok(tokio::join!(
            open_loop::run(of_kind(options.submissions), |_| world.submit()),
            open_loop::run(of_kind(options.lookups), |_| world.look_up()),
            open_loop::run(of_kind(options.searches), |request| world.search(request)),
            open_loop::run(of_kind(options.polls), |_| world.poll()),
            open_loop::run(of_kind(options.projects), |_| world.make()),
        ))
    };
    let ((submissions, lookups, searches, polls, projects), samples) =
        sampled(&world.stack, work).await?;
    let recorded = [
        ("new videos", submissions),
        ("lookups", lookups),
        ("searches", searches),
        ("questions after jobs", polls),
        ("new projects", projects),
    ];
    eprintln!("waiting for the last jobs");
    let failed = world.ends().await?;
    Ok(found(
        minutes,
        &recorded,
        &samples,
        world.jobs.borrow().len(),
        failed,
    ))
}

fn found(
    minutes: f64,
    recorded: &[(&str, Recorded); 5],
    samples: &Samples,
    jobs: usize,
    failed: usize,
) -> Found {
    let mut table = report::Table::new(["what"].into_iter().chain(Recorded::HEADS));
    let mut notes = Vec::new();
    for (name, recorded) in recorded {
        let mut cells = vec![(*name).to_owned()];
        cells.extend(recorded.cells());
        table.row(cells);
        notes.extend(
            recorded
                .reasons()
                .map(|reasons| format!("Failed {name}: {reasons}.")),
        );
    }
    let mut held = report::Table::new(["", "at first", "at most", "at last"]);
    let mut line = |name: &str, figure: fn(&Sample) -> f64| {
        let of = |sample: Option<&_>| sample.map_or_else(String::new, |one| short(figure(one)));
        held.row([
            name.to_owned(),
            of(samples.0.first()),
            short(samples.most(figure)),
            of(samples.0.last()),
        ]);
    };
    line("memory of the local runtime, MiB", |one| one.runtime.mib);
    line("memory of all functions, MiB", |one| one.functions_mib());
    line("open files of the local runtime", |one| {
        one.runtime.files as f64
    });
    line("open files of all functions", |one| one.functions_files());
    line("instances", |one| one.functions.len() as f64);
    let mut wanted = vec![Wanted {
        what: format!("jobs that failed, of {jobs}"),
        wanted: "0".to_owned(),
        measured: failed.to_string(),
        is_met: failed == 0,
    }];
    wanted.extend(samples.growths().map(|(name, growth)| Wanted {
        what: format!("{name}, growth over the second half"),
        wanted: format!("at most {:.0} %", 100.0 * FLAT),
        measured: format!("{:+.1} %", 100.0 * growth),
        is_met: growth <= FLAT,
    }));
    let axis = |name, scale| Axis { name, scale };
    let over_time = |title: &str, y, series| Plot {
        title: title.to_owned(),
        x: axis("s", Scale::Linear),
        y,
        series,
    };
    let linear = |name| axis(name, Scale::Linear);
    let each = recorded.iter();
    Found {
        what: format!(
            "All at their own rates for {minutes} minutes. Latency counts from the scheduled time. \
             Growth is the slope over the second half, of functions those that were there all the \
             time.",
        ),
        tables: vec![table, held],
        wanted,
        notes,
        plots: vec![
            Plot {
                title: "Latency by percentile".to_owned(),
                x: axis("percentile", Scale::Percentile),
                y: axis("ms", Scale::Logarithmic),
                series: each
                    .clone()
                    .map(|(name, recorded)| recorded.by_percentile(name))
                    .collect(),
            },
            over_time(
                "Latency over time, p95 of each second",
                axis("ms", Scale::Logarithmic),
                each.clone()
                    .map(|(name, recorded)| recorded.over_time(name, 0.95))
                    .collect(),
            ),
            over_time(
                "Answers over time",
                linear("a second"),
                each.map(|(name, recorded)| recorded.rate(name)).collect(),
            ),
            over_time(
                "Memory",
                linear("MiB"),
                vec![
                    samples.series("local runtime", |one| one.runtime.mib),
                    samples.series("all functions", |one| one.functions_mib()),
                ],
            ),
            over_time(
                "Open files",
                linear("files"),
                vec![
                    samples.series("local runtime", |one| one.runtime.files as f64),
                    samples.series("all functions", |one| one.functions_files()),
                ],
            ),
            over_time(
                "Instances",
                linear("instances"),
                vec![
                    samples.series("all", |one| one.functions.len() as f64),
                    samples.series("busy", |one| one.busy as f64),
                ],
            ),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_as_many_cells_as_the_head() {
        let recorded = ["a", "b", "c", "d", "e"].map(|name| (name, Recorded::default()));
        let found = found(1.0, &recorded, &Samples::default(), 3, 1);
        for table in &found.tables {
            assert!(table.rows.iter().all(|row| row.len() == table.head.len()));
        }
        assert_eq!(found.wanted.iter().filter(|one| !one.is_met).count(), 1);
    }
}
