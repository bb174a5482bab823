//! Lookups among more and more analyses, through gateway, authorizer, function and index.

use std::{cell::RefCell, time::Duration};

use eventrelay_tests::{
    Stack,
    catalog::{
        Lookup,
        fill::{self, Table},
    },
    figures::{short, thousands},
};
use fastrand::Rng;

use crate::{
    cli::{self, Cache},
    http::Caller,
    latency::Recorded,
    open_loop::{self, Schedule},
    plot::{Axis, Plot, Scale},
    report::{self, Found, Wanted},
    sampling::{Samples, sampled},
};

const ENTRIES: [u32; 3] = [1_000, 10_000, 100_000];
const QUICK_ENTRIES: [u32; 2] = [100, 1_000];
const SECONDS: u32 = 30;
const QUICK_SECONDS: u32 = 5;

/// Length of the round that instances start in, which is not counted.
const WARM_UP: Duration = Duration::from_secs(3);

/// Maximum ratio of the cost of a large index to that of the smallest.
const FLAT: f64 = 1.25;

/// Disables the instance cache, so that each lookup reads the index. The hit rate of the cache
/// would depend on the number of analyses.
const FORGETFUL: &[(&str, &str)] = &[("MEMORY_TTL_S", "0")];

struct Round {
    entries: usize,
    recorded: Recorded,
    samples: Samples,
}

/// Looks up at a rate among each number of analyses.
pub(crate) async fn run(options: &Cache, quick: bool) -> anyhow::Result<Found> {
    let sizes = cli::counts(
        &options.entries,
        if quick { &QUICK_ENTRIES } else { &ENTRIES },
    );
    let seconds = options
        .seconds
        .unwrap_or(if quick { QUICK_SECONDS } else { SECONDS });
    eprintln!("building and starting the stack");
    let stack = Stack::with(FORGETFUL).await?;
    let (caller, dynamodb) = (Caller::new(&stack), stack.dynamodb());
    let mut lookups: Vec<Lookup> = Vec::new();
    let mut rounds = Vec::new();
    for entries in sizes {
        eprintln!("filling the index with {entries} analyses");
        let table = Table {
            name: stack.name("VideosTable").to_owned(),
            videos: entries,
        };
        let more = fill::fill(&dynamodb, &[table], lookups.len()).await?;
        lookups.extend(more.iter().cloned());
        let schedule = |length| Schedule {
            rate: options.rate,
            length,
        };
        let _ = look_up(&caller, &lookups, schedule(WARM_UP)).await;
        eprintln!("looking up for {seconds} s");
        let schedule = schedule(Duration::from_secs(seconds.into()));
        let round = async { Ok(look_up(&caller, &lookups, schedule).await) };
        let (recorded, samples) = sampled(&stack, round).await?;
        rounds.push(Round {
            entries,
            recorded,
            samples,
        });
    }
    Ok(found(options, seconds, &rounds))
}

/// Lookups of any of the videos. The same sequence whatever comes of them.
async fn look_up(caller: &Caller, lookups: &[Lookup], schedule: Schedule) -> Recorded {
    let rng = RefCell::new(Rng::with_seed(1));
    open_loop::run(schedule, |_| {
        let lookup = &lookups[rng.borrow_mut().usize(..lookups.len())];
        async move {
            let body = caller.get(&lookup.path, 200).await?;
            if body.len() == lookup.gzip {
                Ok(())
            } else {
                Err(format!("{} bytes instead of {}", body.len(), lookup.gzip))
            }
        }
    })
    .await
}

fn found(options: &Cache, seconds: u32, rounds: &[Round]) -> Found {
    let heads = ["analyses in the index"]
        .into_iter()
        .chain(Recorded::HEADS)
        .chain(["instances", "memory of one function, most MiB"]);
    let mut table = report::Table::new(heads);
    let mut notes = Vec::new();
    for round in rounds {
        let mut cells = vec![thousands(round.entries as f64)];
        cells.extend(round.recorded.cells());
        let instances = round.samples.most(|sample| sample.functions.len() as f64);
        cells.push(format!("{instances:.0}"));
        cells.push(short(round.samples.most(|sample| sample.largest_mib())));
        table.row(cells);
        if let Some(reasons) = round.recorded.reasons() {
            notes.push(format!(
                "{} analyses: {reasons}.",
                thousands(round.entries as f64)
            ));
        }
    }
    let median = |round: &Round| round.recorded.quantile_ms(0.5);
    let wanted = match (rounds.first(), rounds.last()) {
        (Some(first), Some(last)) if rounds.len() > 1 => {
            let ratio = median(last) / median(first);
            vec![Wanted {
                what: "p50 among the most analyses against that among the fewest".to_owned(),
                wanted: format!("at most {FLAT}"),
                measured: format!("{ratio:.2}"),
                is_met: ratio <= FLAT,
            }]
        }
        _ => Vec::new(),
    };
    let name = |round: &Round| format!("{} analyses", thousands(round.entries as f64));
    let axis = |name, scale| Axis { name, scale };
    Found {
        what: format!(
            "{} lookups a second for {seconds} s of any of the analyses, whose bodies of 20 kB come \
             in gzip, through the whole local stack. Instances remember nothing. Latency counts from the \
             scheduled time.",
            options.rate
        ),
        tables: vec![table],
        wanted,
        notes,
        plots: vec![
            Plot {
                title: "Latency by percentile".to_owned(),
                x: axis("percentile", Scale::Percentile),
                y: axis("ms", Scale::Logarithmic),
                series: rounds
                    .iter()
                    .map(|round| round.recorded.by_percentile(&name(round)))
                    .collect(),
            },
            Plot {
                title: "Latency over time, p95 of each second".to_owned(),
                x: axis("s", Scale::Linear),
                y: axis("ms", Scale::Logarithmic),
                series: rounds
                    .iter()
                    .map(|round| round.recorded.over_time(&name(round), 0.95))
                    .collect(),
            },
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lookup_among_many_costs_what_one_among_few_does() {
        let round = |entries, ms| {
            let mut recorded = Recorded::default();
            recorded.add(Duration::ZERO, Duration::from_millis(ms), Ok(()));
            Round {
                entries,
                recorded,
                samples: Samples::default(),
            }
        };
        let options = Cache {
            entries: Vec::new(),
            rate: 1.0,
            seconds: None,
        };
        let seen = |ms| {
            let found = found(&options, 1, &[round(10, 10), round(100, ms)]);
            assert!(
                found.tables[0]
                    .rows
                    .iter()
                    .all(|row| row.len() == found.tables[0].head.len())
            );
            found.wanted[0].is_met
        };
        assert!(seen(12) && !seen(13));
    }
}
