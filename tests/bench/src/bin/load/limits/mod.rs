//! Many callers compete for limited calls for minutes.
//!
//! No window may have more calls than configured. While there is work, nearly all of the quota must
//! be used.

mod alone;
mod counter;
mod operations;
mod system;
mod windows;

use std::time::Duration;

use eventrelay_tests::{Stack, figures::short};

use crate::{
    cli::Limits,
    latency::Recorded,
    plot::{Axis, Plot, Scale, Series},
    report::{Found, Table, Wanted},
};
use windows::Windows;

const MINUTES: f64 = 3.0;
const QUICK_MINUTES: f64 = 0.3;

/// Share of the quota that must be used.
const USED: f64 = 0.95;

/// Calls of what is limited.
struct Limited {
    name: &'static str,
    /// Configured quota of each window.
    quantity: u64,
    window: Duration,
    /// Times of the calls in milliseconds, ascending.
    at_ms: Vec<u64>,
}

/// Cost of the limiter itself.
struct Acquires {
    /// One ends with a call or with the time of its turn.
    recorded: Recorded,
    /// Number of acquires that ended with a call.
    passed: usize,
    /// Calls of DynamoDB for all of them.
    operations: u64,
}

/// The limiter alone, then the whole system with a model that it may call so often.
pub(crate) async fn run(options: &Limits, quick: bool) -> anyhow::Result<Found> {
    let minutes = options
        .minutes
        .unwrap_or(if quick { QUICK_MINUTES } else { MINUTES });
    let length = Duration::from_secs_f64(60.0 * minutes);
    let per_minute = options.per_minute.to_string();
    eprintln!("building and starting the stack");
    let stack = Stack::wide(&[("GEMINI_REQUESTS_PER_MINUTE", &per_minute)]).await?;
    eprintln!(
        "{} instances of the limiter for {} s",
        options.instances,
        length.as_secs()
    );
    let (alone, acquires) = alone::run(&stack, options, length).await?;
    eprintln!("the whole system for {} s", length.as_secs());
    let operations = operations::measure(&stack).await?;
    let system = system::run(&stack, options, length).await?;
    let mut found = found(options, minutes, &[alone, system], &acquires);
    found.tables.push(operations);
    Ok(found)
}

fn found(options: &Limits, minutes: f64, all: &[Limited], acquires: &Acquires) -> Found {
    let mut table = Table::new([
        "",
        "configured",
        "calls",
        "in a window, most",
        "in a whole window, fewest",
        "used while there was work",
    ]);
    let mut wanted = Vec::new();
    for limited in all {
        let windows = Windows::new(&limited.at_ms, limited.window);
        let used = windows.used(limited.quantity);
        let seconds = limited.window.as_secs();
        table.row([
            limited.name.to_owned(),
            format!("{} in {seconds} s", limited.quantity),
            limited.at_ms.len().to_string(),
            windows.most.to_string(),
            windows
                .fewest
                .map_or_else(|| "–".to_owned(), |count| count.to_string()),
            format!("{:.1} %", 100.0 * used),
        ]);
        wanted.push(Wanted {
            what: format!("{}, calls in any window of {seconds} s", limited.name),
            wanted: format!("at most {}", limited.quantity),
            measured: windows.most.to_string(),
            is_met: windows.most as u64 <= limited.quantity,
        });
        wanted.push(Wanted {
            what: format!("{}, used while there was work", limited.name),
            wanted: format!("at least {:.0} %", 100.0 * USED),
            measured: format!("{:.1} %", 100.0 * used),
            is_met: used >= USED,
        });
    }
    let recorded = &acquires.recorded;
    let asked = recorded.answered();
    let mut cost = Table::new([
        "acquires, all at once",
        "that passed",
        "calls of DynamoDB each",
        "p50 ms",
        "p95 ms",
        "most ms",
    ]);
    cost.row([
        asked.to_string(),
        acquires.passed.to_string(),
        format!("{:.2}", acquires.operations as f64 / asked.max(1) as f64),
        short(recorded.quantile_ms(0.5)),
        short(recorded.quantile_ms(0.95)),
        short(recorded.quantile_ms(1.0)),
    ]);
    let linear = |name| Axis {
        name,
        scale: Scale::Linear,
    };
    Found {
        what: format!(
            "{} instances of the limiter that share nothing but its row ask for {minutes} minutes, each \
             again at once when it has passed and at its turn when it has not; then for as long more \
             videos than the model may be called for. Windows begin at every call; calls of the model \
             are those that its stand-in has received. By design a twentieth is kept back, so that a \
             burst, and what is longer under way than the rest, fit into every window.",
            options.instances
        ),
        tables: vec![table, cost],
        wanted,
        notes: Vec::new(),
        plots: vec![
            Plot {
                title: "Calls in the window that ends at a call".to_owned(),
                x: linear("s since the first call"),
                y: linear("calls"),
                series: all.iter().map(in_windows).collect(),
            },
            Plot {
                title: "An acquire, by percentile".to_owned(),
                x: Axis {
                    name: "percentile",
                    scale: Scale::Percentile,
                },
                y: Axis {
                    name: "ms",
                    scale: Scale::Logarithmic,
                },
                series: vec![recorded.by_percentile("acquire")],
            },
        ],
    }
}

fn in_windows(limited: &Limited) -> Series {
    let points = windows::ending(&limited.at_ms, limited.window);
    Series {
        name: limited.name.to_owned(),
        points,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_as_many_cells_as_the_head() {
        let limited = Limited {
            name: "alone",
            quantity: 2,
            window: Duration::from_secs(1),
            at_ms: vec![0, 500, 900, 1500],
        };
        let acquires = Acquires {
            recorded: Recorded::default(),
            passed: 0,
            operations: 0,
        };
        let options = Limits {
            instances: 1,
            per_minute: 1,
            minutes: None,
        };
        let found = found(&options, 1.0, &[limited], &acquires);
        for table in &found.tables {
            assert!(table.rows.iter().all(|row| row.len() == table.head.len()));
        }
        // Three calls within a second, where two may be; a call each half second uses all.
        let met: Vec<bool> = found.wanted.iter().map(|one| one.is_met).collect();
        assert_eq!(met, [false, true]);
    }
}
