//! From no request to many at one moment, and back: whoever comes first meets no instance.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Context as _;
use eventrelay_tests::{
    Stack,
    catalog::{
        Lookup,
        fill::{self, Table},
    },
    figures::short,
};
use futures_util::future::pending;
use serde_json::Value;
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

/// How long the system is looked at after the last request.
const AFTER: Duration = Duration::from_secs(5);

/// How instances began.
#[derive(Clone, Debug, Default, PartialEq)]
struct Starts {
    count: usize,
    /// Milliseconds of each.
    init_ms: Vec<f64>,
}

/// Has no request come, then so many a second, then none.
///
/// # Errors
/// When the stack does not answer, or a row is refused.
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
    let caller = Caller::of(&stack);
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
    let starts = starts(&stack.invocations().await?)?;
    Ok(found(options, seconds, &recorded, &samples, &starts))
}

async fn ask(caller: &Caller, lookups: &[Lookup], request: u64) -> open_loop::Outcome {
    let number = usize::try_from(request).unwrap_or(0) % lookups.len();
    caller.get(&lookups[number].path, 200).await.map(|_| ())
}

/// By function, as far as the runtime remembers.
fn starts(invocations: &[Value]) -> anyhow::Result<BTreeMap<String, Starts>> {
    let mut starts: BTreeMap<String, Starts> = BTreeMap::new();
    for one in invocations {
        let function = one["function"].as_str().context("no function")?;
        if let Some(init) = one["init_ms"].as_f64() {
            let of_function = starts.entry(function.to_owned()).or_default();
            of_function.count += 1;
            of_function.init_ms.push(init);
        }
    }
    Ok(starts)
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
    use serde_json::json;

    use super::*;

    #[test]
    fn only_first_invocations_are_cold_starts() {
        let invocations = [
            json!({"function": "GetVideo", "init_ms": 9.5}),
            json!({"function": "GetVideo", "init_ms": null}),
            json!({"function": "Authorizer", "init_ms": 8.0}),
        ];
        let starts = starts(&invocations).unwrap();
        assert_eq!((starts["GetVideo"].count, starts.len()), (1, 2));
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
