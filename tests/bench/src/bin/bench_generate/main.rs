//! `cargo bench-generate`: how long the files of a project take to be written, against the slowest
//! chain of those that wait for one another. Prints the table that stands in the README.

mod cli;
mod generate;
mod report;

use anyhow::Context as _;
use clap::Parser as _;
use eventrelay_tests::{Stack, figures};
use serde_json::json;

use crate::{
    cli::Options,
    generate::Load,
    report::{Report, Row},
};

const VIDEO: &str = "https://youtu.be/dQw4w9WgXcQ";

/// Duration of an answer while instances are started.
const WARM_UP_MS: u64 = 1000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    eprintln!("building and starting the stack");
    let stack = Stack::start().await?;
    let job = stack.run(json!({"url": VIDEO})).await?;
    let video = job["video_id"].as_str().context("no video")?;
    let load = |chain, answer_ms| Load {
        files: options.files,
        chain,
        answer_ms,
    };
    eprintln!("warming up");
    generate::run(&stack, video, load(1, WARM_UP_MS)).await?;
    let mut rows = Vec::new();
    for chain in options.chains.iter().copied() {
        let mut runs = Vec::with_capacity(options.rounds());
        for round in 1..=options.rounds() {
            eprintln!("a chain of {chain}, round {round}");
            runs.push(generate::run(&stack, video, load(chain, options.answer_ms)).await?);
        }
        rows.push(Row { runs });
    }
    let report = Report {
        measured_at: jiff::Timestamp::now().to_string(),
        command: figures::command("bench-generate"),
        processor: figures::processor(),
        files: options.files,
        answer_ms: options.answer_ms,
        rounds: options.rounds(),
        rows,
    };
    figures::publish(&report, options.json.as_deref())
}
