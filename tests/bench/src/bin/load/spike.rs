//! A spike from no requests to many at once, and back. The first requests meet no instance.

use std::{collections::BTreeMap, path::Path, time::Duration};

use eventrelay_tests::{
    Stack,
    catalog::{
        Lookup,
        fill::{self, Table},
    },
    figures::short,
};
use futures_util::future::pending;
use tokio::time::{Instant, timeout_at};

use crate::{
    cli::Spike,
    http::Caller,
    latency::Recorded,
    open_loop::{self, Schedule},
    plot::{Axis, Plot, Scale, Series},
    report::{self, Found},
    sampling::{Samples, sampled},
};

const SECONDS: u32 = 60;
const QUICK_SECONDS: u32 = 10;

/// Analyses that are looked up.
const ENTRIES: usize = 1_000;

/// Observation time after the last request.
const AFTER: Duration = Duration::from_secs(5);

#[derive(Clone, Debug, Default, PartialEq)]
struct Starts {
    count: usize,
    init_ms: Vec<f64>,
}

/// Has no request come, then so many a second, then none.
pub(crate) async fn run(options: &Spike, quick: bool) -> anyhow::Result<Found> {
    let seconds = options
        .seconds
        .unwrap_or(if quick { QUICK_SECONDS } else { SECONDS });
    eprintln!("building and starting the stack");
    let stack = Stack::wide(&[]).await?;
    let table = Table {
        name: stack.name("VideosTable").to_owned(),
        videos: ENTRIES,
    };
    let lookups = fill::fill(&stack.dynamodb(), &[table], 0).await?;
    let caller = Caller::new(&stack);
    let schedule = Schedule {
        rate: options.rate,
        length: Duration::from_secs(seconds.into()),
    };
    eprintln!("{} requests a second for {seconds} s", options.rate);
    let work = async {
        let recorded = open_loop::run(schedule, |request| ask(&caller, &lookups, request)).await;
        let _ = timeout_at(Instant::now() + AFTER, pending::<()>()).await;
        Ok(recorded)
    };
    let (recorded, samples) = sampled(&stack, work).await?;
    let starts = starts(&stack.data().join("logs"))?;
    Ok(found(options, seconds, &recorded, &samples, &starts))
}

async fn ask(caller: &Caller, lookups: &[Lookup], request: u64) -> open_loop::Outcome {
    let number = usize::try_from(request).unwrap_or(0) % lookups.len();
    caller.get(&lookups[number].path, 200).await.map(|_| ())
}

/// By function, as the logs have them: the runtime itself forgets invocations in the end.
fn starts(logs: &Path) -> anyhow::Result<BTreeMap<String, Starts>> {
    let mut starts = BTreeMap::new();
    for file in std::fs::read_dir(logs)? {
        let path = file?.path();
        let of_function = starts_in(&String::from_utf8_lossy(&std::fs::read(&path)?));
        if of_function.count > 0 {
            let function = path.file_stem().unwrap_or_default();
            starts.insert(function.to_string_lossy().into_owned(), of_function);
        }
    }
    Ok(starts)
}

fn starts_in(log: &str) -> Starts {
    let init = |line: &str| {
        let (_, rest) = line.split_once("\tInit Duration: ")?;
        rest.split_once(" ms")?.0.parse().ok()
    };
    let reports = log.lines().filter(|line| line.starts_with("REPORT "));
    let init_ms: Vec<f64> = reports.filter_map(init).collect();
    Starts {
        count: init_ms.len(),
        init_ms,
    }
}

fn found(
    options: &Spike,
    seconds: u32,
    recorded: &Recorded,
    samples: &Samples,
    starts: &BTreeMap<String, Starts>,
) -> Found {
    let mut table = report::Table::new(Recorded::HEADS.into_iter().chain([
        "at once, most",
        "instances",
        "memory of all functions, most MiB",
    ]));
    let mut cells = recorded.cells();
    cells.push(recorded.most_under_way.to_string());
    cells.push(format!(
        "{:.0}",
        samples.most(|sample| sample.functions.len() as f64)
    ));
    cells.push(short(samples.most(|sample| sample.functions_mib())));
    table.row(cells);
    let mut cold = report::Table::new(["function", "cold starts", "init, p50 ms", "init, most ms"]);
    for (function, starts) in starts {
        let percentile = |share| {
            short(eventrelay_tests::figures::percentile(
                &starts.init_ms,
                share,
            ))
        };
        cold.row([
            function.clone(),
            starts.count.to_string(),
            percentile(0.5),
            percentile(1.0),
        ]);
    }
    let axis = |name, scale| Axis { name, scale };
    let over_time = |title: &str, y, series: Vec<Series>| Plot {
        title: title.to_owned(),
        x: axis("s", Scale::Linear),
        y,
        series,
    };
    let linear = |name| axis(name, Scale::Linear);
    Found {
        what: format!(
            "No request, then {} lookups a second for {seconds} s, then none; no instance was there \
             before. Latency counts from the scheduled time.",
            options.rate
        ),
        tables: vec![table, cold],
        wanted: Vec::new(),
        notes: recorded
            .reasons()
            .into_iter()
            .map(|reasons| format!("Failed: {reasons}."))
            .collect(),
        plots: vec![
            over_time(
                "Latency over time, by the second of the schedule",
                axis("ms", Scale::Logarithmic),
                [(0.5, "p50"), (0.95, "p95"), (1.0, "most")]
                    .map(|(share, name)| recorded.over_time(name, share))
                    .into(),
            ),
            over_time(
                "Answers over time",
                linear("a second"),
                vec![recorded.rate("answered"), recorded.failing("failed")],
            ),
            over_time(
                "Instances over time",
                linear("instances"),
                vec![
                    samples.series("all", |sample| sample.functions.len() as f64),
                    samples.series("busy", |sample| sample.busy as f64),
                    samples.series("started in the second", |sample| sample.started as f64),
                ],
            ),
            Plot {
                title: "Latency by percentile".to_owned(),
                x: axis("percentile", Scale::Percentile),
                y: axis("ms", Scale::Logarithmic),
                series: vec![recorded.by_percentile("lookups")],
            },
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_first_invocations_are_cold_starts() {
        let log = "START RequestId: a\n\
            REPORT RequestId: a\tFunction: GetVideo\tBilled Duration: 12 ms\tInit Duration: 9.50 ms\n\
            REPORT RequestId: b\tFunction: GetVideo\tBilled Duration: 2 ms\n";
        let found_in = starts_in(log);
        assert_eq!((found_in.count, &*found_in.init_ms), (1, &[9.5][..]));
        let starts = BTreeMap::from([("GetVideo".to_owned(), found_in)]);
        let options = Spike {
            rate: 1.0,
            seconds: None,
        };
        let found = found(
            &options,
            1,
            &Recorded::default(),
            &Samples::default(),
            &starts,
        );
        for table in &found.tables {
            assert!(table.rows.iter().all(|row| row.len() == table.head.len()));
        }
    }
}
