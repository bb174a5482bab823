//! Many recordings at once, each PROCESSING at Gemini for seconds: how long they take, and what is
//! billed while nothing can be done but wait.

mod baselines;
mod trail;
pub(crate) mod wave;

use std::time::Duration;

use eventrelay_tests::{
    Stack,
    figures::{Python, percentile, short},
};
use serde_json::json;

use crate::{
    cli::{self, Process},
    latency::percentiles_of,
    plot::{Axis, Plot, Scale, Series},
    report::{Found, Table, Wanted},
};
use baselines::Way;
use wave::{Recordings, Wave};

const UPLOAD_MS: u64 = 50;
const LOOK_MS: u64 = 20;
const GENERATE_MS: u64 = 300;

const VIDEOS: [u32; 3] = [10, 100, 500];
const QUICK_VIDEOS: [u32; 1] = [10];

/// So many at once are to be hardly slower than one; of more, all are to be processed.
const IN_TIME: usize = 100;

/// Maximum number of recordings in the warm-up. On AWS every instance starts on its own machine;
/// here all share one.
const WARM_UP: usize = 100;

/// Nothing holds a call back: what is measured is waiting for Gemini.
const UNLIMITED: &[(&str, &str)] = &[("GEMINI_REQUESTS_PER_MINUTE", "0")];

/// Rounds of each number, in which those that are compared take turns.
const ROUNDS: usize = 3;

/// A way to process, so many at once.
struct Row {
    name: &'static str,
    at_once: usize,
    /// Milliseconds that a function would be billed which sleeps while it waits.
    sleeping_ms: f64,
    /// The round with the median 95th percentile.
    wave: Wave,
    /// The 95th percentiles of all rounds, ascending.
    p95_s: Vec<f64>,
    failed: usize,
}

impl Row {
    /// Selects the median of the waves of all rounds. There is at least one.
    fn new(name: &'static str, at_once: usize, sleeping_ms: f64, mut rounds: Vec<Wave>) -> Self {
        rounds.sort_by(|one, other| p95(one).total_cmp(&p95(other)));
        Self {
            name,
            at_once,
            sleeping_ms,
            p95_s: rounds.iter().map(p95).collect(),
            failed: rounds.iter().map(|wave| wave.failed).sum(),
            wave: rounds.swap_remove(rounds.len() / 2),
        }
    }
}

fn p95(wave: &Wave) -> f64 {
    percentile(&wave.seconds, 0.95)
}

/// Processes each number of recordings, by EventRelay and by the baselines.
pub(crate) async fn run(options: &Process, quick: bool) -> anyhow::Result<Found> {
    eprintln!("building and starting the stack");
    let stack = Stack::wide(UNLIMITED).await?;
    stack
        .gemini_settings(json!({
            "processing_ms": options.processing_ms, "upload_ms": UPLOAD_MS, "look_ms": LOOK_MS,
            "generate_ms": GENERATE_MS,
        }))
        .await?;
    let python = if options.no_baselines {
        None
    } else {
        Python::prepare("baseline-process-venv", "process/requirements.txt").await?
    };
    let mut recordings = Recordings::read()?;
    let counts = cli::counts(&options.videos, if quick { &QUICK_VIDEOS } else { &VIDEOS });
    eprintln!("warming up");
    let most = counts.last().copied().unwrap_or(1);
    wave::run(&stack, &mut recordings, most.min(WARM_UP)).await?;
    let mut rows = Vec::new();
    let sleeping_ms = options.processing_ms as f64;
    let rounds = if quick { 1 } else { ROUNDS };
    for at_once in counts {
        let (mut ours, mut theirs) = (Vec::new(), vec![Vec::new(); Way::ALL.len()]);
        for round in 0..rounds {
            eprintln!("{at_once} at once");
            ours.push(wave::run(&stack, &mut recordings, at_once).await?);
            let Some(python) = &python else {
                continue;
            };
            for (way, waves) in Way::ALL.into_iter().zip(&mut theirs) {
                let is_left_out = way.takes_long() && (quick || round > 0);
                if at_once <= way.most_at_once() && !is_left_out {
                    eprintln!("{at_once} at once, {}", way.title());
                    waves.push(baselines::run(&stack, python, way, at_once).await?);
                }
            }
        }
        rows.push(Row::new("EventRelay", at_once, sleeping_ms, ours));
        let theirs = Way::ALL.into_iter().zip(theirs);
        rows.extend(
            theirs
                .filter(|(_, waves)| !waves.is_empty())
                .map(|(way, waves)| Row::new(way.title(), at_once, sleeping_ms, waves)),
        );
    }
    let version = match &python {
        Some(python) => format!(
            "Baselines: {}, see `tests/baseline/`.",
            python.version().await?
        ),
        None => "The baselines were left out.".to_owned(),
    };
    Ok(found(options, &rows, version))
}

/// Lower bound of the duration of a recording: upload, PROCESSING, a poll, the model.
fn floor_s(options: &Process) -> f64 {
    let parts = UPLOAD_MS + options.processing_ms + LOOK_MS + GENERATE_MS;
    Duration::from_millis(parts).as_secs_f64()
}

fn found(options: &Process, rows: &[Row], version: String) -> Found {
    let floor = floor_s(options);
    let mut table = Table::new([
        "at once",
        "",
        "all, wall s",
        "p50 s",
        "p95 s",
        "p95 against the floor, and of all rounds",
        "failed",
        "generations",
        "looks each",
        "late, p50 s",
        "late, p95 s",
        "billed ms each",
        "billed ms each for waiting",
        "busy at once",
        "CPU ms each, functions",
        "CPU ms each, all else",
    ]);
    for row in rows {
        table.row(cells(row, floor));
    }
    let rounds = rows.iter().map(|row| row.p95_s.len()).max().unwrap_or(0);
    Found {
        what: format!(
            "Recordings that Gemini's stand-in processes for {} ms; an upload takes {UPLOAD_MS} ms, \
             a look {LOOK_MS} ms, an answer of the model {GENERATE_MS} ms: no recording can be faster \
             than {floor:.2} s. Seconds are from the submission to the end, with all that is put \
             away. Rounds of what is quick: {rounds}; failed is of all of them, the rest of the median \
             one by its p95. Late is from when a file is ready to when that is noticed. All else than functions is \
             the local runtime with gateway, database, bucket, queues and stand-ins. Limits are off. {version}",
            options.processing_ms
        ),
        tables: vec![table],
        wanted: rows
            .iter()
            .filter(|row| row.wave.bill.is_some())
            .flat_map(|row| wanted(row, floor))
            .collect(),
        notes: Vec::new(),
        plots: plots(rows),
    }
}

fn cells(row: &Row, floor: f64) -> Vec<String> {
    let wave = &row.wave;
    let p95_s = p95(wave);
    let all = match &row.p95_s[..] {
        [least, .., most] => format!(" ({:.2}–{:.2})", least / floor, most / floor),
        _ => String::new(),
    };
    let each = |sum: f64| short(sum / row.at_once as f64);
    let bill = wave.bill.as_ref();
    let of_bill = |figure: fn(&wave::Bill) -> String| bill.map_or_else(|| "–".to_owned(), figure);
    vec![
        row.at_once.to_string(),
        row.name.to_owned(),
        format!("{:.2}", wave.wall_s),
        format!("{:.2}", percentile(&wave.seconds, 0.5)),
        format!("{p95_s:.2}"),
        format!("{:.2}{all}", p95_s / floor),
        row.failed.to_string(),
        wave.generations.to_string(),
        each(wave.looks as f64),
        format!("{:.2}", percentile(&wave.late_s, 0.5)),
        format!("{:.2}", percentile(&wave.late_s, 0.95)),
        bill.map_or_else(|| "–".to_owned(), |bill| each(bill.all_ms)),
        bill.map_or_else(|| "–".to_owned(), |bill| each(bill.waiting_ms)),
        of_bill(|bill| bill.most_busy.to_string()),
        bill.map_or_else(|| "–".to_owned(), |bill| each(bill.functions_cpu_ms)),
        bill.map_or_else(|| "–".to_owned(), |bill| each(bill.runtime_cpu_ms)),
    ]
}

fn wanted(row: &Row, floor: f64) -> Vec<Wanted> {
    let (wave, at_once) = (&row.wave, row.at_once);
    let p95 = p95(wave) / floor;
    let waiting = wave.bill.as_ref().map_or(0.0, |bill| bill.waiting_ms);
    let share = waiting / (row.sleeping_ms * at_once as f64);
    let in_time = Wanted {
        what: format!("{at_once} at once, p95 against the floor"),
        wanted: "at most 1.25".to_owned(),
        measured: format!("{p95:.2}"),
        is_met: p95 <= 1.25,
    };
    let mut wanted = Vec::from_iter((at_once <= IN_TIME).then_some(in_time));
    wanted.extend([
        Wanted {
            what: format!("{at_once} at once, failed"),
            wanted: "0".to_owned(),
            measured: row.failed.to_string(),
            is_met: row.failed == 0,
        },
        Wanted {
            what: format!("{at_once} at once, waiting billed, of what a sleeping function is"),
            wanted: "at most 1 %".to_owned(),
            measured: format!("{:.2} %", 100.0 * share),
            is_met: share <= 0.01,
        },
    ]);
    wanted
}

fn plots(rows: &[Row]) -> Vec<Plot> {
    let linear = |name| Axis {
        name,
        scale: Scale::Linear,
    };
    let by_percentile = rows.iter().map(|row| {
        percentiles_of(
            &format!("{} × {}", row.at_once, row.name),
            &row.wave.seconds,
        )
    });
    let busy: Vec<Series> = rows
        .iter()
        .filter_map(|row| {
            Some(Series {
                name: format!("{} at once", row.at_once),
                points: row.wave.bill.as_ref()?.busy.clone(),
            })
        })
        .collect();
    let done = rows.iter().map(|row| Series {
        name: format!("{} × {}", row.at_once, row.name),
        points: wave::ends(&row.wave),
    });
    vec![
        Plot {
            title: "From submission to end".to_owned(),
            x: Axis {
                name: "percentile",
                scale: Scale::Percentile,
            },
            y: Axis {
                name: "ms",
                scale: Scale::Logarithmic,
            },
            series: by_percentile.collect(),
        },
        Plot {
            title: "Done over time, of all".to_owned(),
            x: linear("s since the first submission"),
            y: linear("%"),
            series: done.collect(),
        },
        Plot {
            title: "Workers that are busy".to_owned(),
            x: linear("s since the first submission"),
            y: linear("instances"),
            series: busy,
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_as_many_cells_as_the_head() {
        let options = Process {
            videos: Vec::new(),
            processing_ms: 6000,
            no_baselines: false,
        };
        let wave = |slowest_s| Wave {
            seconds: vec![7.0, slowest_s],
            failed: 1,
            bill: Some(wave::Bill {
                all_ms: 1000.0,
                waiting_ms: 60.0,
                ..wave::Bill::default()
            }),
            ..Wave::default()
        };
        let rounds = [7.0, 10.0, 9.0].map(wave);
        let row = Row::new("EventRelay", 2, 6000.0, rounds.into());
        let found = found(&options, &[row], String::new());
        let table = &found.tables[0];
        assert_eq!(table.rows[0].len(), table.head.len());
        let (p95, failed) = (&table.rows[0][5], &table.rows[0][6]);
        assert_eq!((p95.as_str(), failed.as_str()), ("1.41 (1.10–1.57)", "3"));
        let met: Vec<bool> = found.wanted.iter().map(|one| one.is_met).collect();
        // 9 s are more than 1.25 × 6.37 s; 30 ms each are half a percent of 6 s.
        assert_eq!(met, [false, false, true]);
    }
}
