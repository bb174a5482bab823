//! `cargo bench-telemetry`: what a log line, a metric and a level that is off cost in a function.
//!
//! The measured lines go to standard output, as in a function. During the measurement that is
//! `/dev/null` or a pipe that is read as Lambda reads it. The report goes to the original output.

mod cli;
mod lines;
mod output;
mod report;

use clap::Parser as _;
use eventrelay_tests::figures;

use crate::{
    cli::Options,
    lines::ALL,
    output::Elsewhere,
    report::{Report, Row},
};

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let mut rows: Vec<Row> = ALL.iter().map(|line| Row::new(line.name)).collect();
    // As a function does, with the level of the template.
    eventrelay::telemetry::init();
    for round in 1..=options.rounds() {
        eprintln!("round {round}");
        for (line, row) in ALL.iter().zip(&mut rows) {
            let elsewhere = Elsewhere::nowhere()?;
            row.alone_ns.push(line.nanoseconds(options.turn()));
            drop(elsewhere);
            if line.is_written {
                let elsewhere = Elsewhere::pipe()?;
                row.read_ns.push(line.nanoseconds(options.turn()));
                drop(elsewhere);
            }
        }
    }
    let report = Report {
        measured_at: jiff::Timestamp::now().to_string(),
        command: figures::command("bench-telemetry"),
        processor: figures::processor(),
        rounds: options.rounds(),
        rows,
    };
    figures::publish(&report, options.json.as_deref())
}
