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

/// Recordings that are processed before it counts, at most: on AWS every instance starts on a machine
/// of its own, here all of them on one.
const WARM_UP: usize = 100;

/// Nothing holds a call back: what is measured is waiting for Gemini.
const UNLIMITED: &[(&str, &str)] = &[("GEMINI_REQUESTS_PER_MINUTE", "0")];

/// A way to process, so many at once.
struct Row {
    name: &'static str,
    at_once: usize,
    /// Milliseconds that a function would be billed which sleeps while it waits.
    sleeping_ms: f64,
    wave: Wave,
}

/// Processes each number of recordings, by EventRelay and by the baselines.
///
/// # Errors
/// When the stack does not answer, or a recording is not accepted.
pub(crate) async fn run(options: &Process, quick: bool) -> anyhow::Result<Found> {
    eprintln!("building and starting the stack");
    let stack = Stack::wide(UNLIMITED).await?;
    stack
        .gemini_settings(json!({
            "processing_ms": options.processing_ms, "upload_ms": UPLOAD_MS, "look_ms": LOOK_MS,
            "generate_ms": GENERATE_MS,
        }))
        .await?;
    let python = match options.no_baselines {
        true => None,
        false => Python::prepare("baseline-process-venv", "process/requirements.txt").await?,
    };
    let mut recordings = Recordings::read()?;
    let counts = cli::counts(&options.videos, if quick { &QUICK_VIDEOS } else { &VIDEOS });
    eprintln!("warming up");
    let most = counts.last().copied().unwrap_or(1);
    wave::run(&stack, &mut recordings, most.min(WARM_UP)).await?;
    let mut rows = Vec::new();
    let sleeping_ms = options.processing_ms as f64;
    for at_once in counts {
        eprintln!("{at_once} at once");
        rows.push(Row {
            name: "EventRelay",
            at_once,
            sleeping_ms,
            wave: wave::run(&stack, &mut recordings, at_once).await?,
        });
        let Some(python) = &python else {
            continue;
        };
        for way in Way::ALL {
            if at_once <= way.most_at_once() && !(quick && way.takes_long()) {
                eprintln!("{at_once} at once, {}", way.title());
                rows.push(Row {
                    name: way.title(),
                    at_once,
                    sleeping_ms,
                    wave: baselines::run(&stack, python, way, at_once).await?,
                });
            }
        }
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

/// What no recording can be faster than: upload, PROCESSING, a look, the model.
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
        "p95 against the floor",
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
    Found {
        what: format!(
            "Recordings that Gemini's stand-in processes for {} ms; an upload takes {UPLOAD_MS} ms, \
             a look {LOOK_MS} ms, an answer of the model {GENERATE_MS} ms: no recording can be faster \
             than {floor:.2} s. Seconds are from the submission to the end, with all that is put \
             away; late is from when a file is ready to when that is noticed. All else than functions is \
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
    let p95 = percentile(&wave.seconds, 0.95);
    let each = |sum: f64| short(sum / row.at_once as f64);
    let bill = wave.bill.as_ref();
    let of_bill = |figure: fn(&wave::Bill) -> String| bill.map_or_else(|| "–".to_owned(), figure);
    vec![
        row.at_once.to_string(),
        row.name.to_owned(),
        format!("{:.2}", wave.wall_s),
        format!("{:.2}", percentile(&wave.seconds, 0.5)),
        format!("{p95:.2}"),
        format!("{:.2}", p95 / floor),
        wave.failed.to_string(),
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
    let p95 = percentile(&wave.seconds, 0.95) / floor;
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
            measured: wave.failed.to_string(),
            is_met: wave.failed == 0,
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
        let wave = Wave {
            seconds: vec![7.0, 9.0],
            bill: Some(wave::Bill {
                all_ms: 1000.0,
                waiting_ms: 60.0,
                ..wave::Bill::default()
            }),
            ..Wave::default()
        };
        let row = Row {
            name: "EventRelay",
            at_once: 2,
            sleeping_ms: 6000.0,
            wave,
        };
        let found = found(&options, &[row], String::new());
        let table = &found.tables[0];
        assert_eq!(table.rows[0].len(), table.head.len());
        let met: Vec<bool> = found.wanted.iter().map(|one| one.is_met).collect();
        // 9 s are more than 1.25 × 6.37 s; 30 ms each are half a percent of 6 s.
        assert_eq!(met, [false, true, true]);
    }
}
