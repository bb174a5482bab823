//! `cargo load <scenario>`: puts an open-loop load on a local stack of its own.
//!
//! It measures latencies, failures, bills and memory. It prints the tables of `tests/BENCHMARKS.md`
//! and writes a page with plots.

mod bill;
mod cache;
mod cli;
mod deploy;
mod http;
mod latency;
mod limits;
mod mixed;
mod open_loop;
mod plot;
mod process;
mod report;
mod sampling;
mod spike;

use std::io::Write as _;

use anyhow::Context as _;
use clap::Parser as _;

use crate::{
    cli::{Cli, Scenario},
    report::Report,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Cli { common, scenario } = Cli::parse();
    let quick = common.quick;
    let found = match &scenario {
        Scenario::Process(options) => process::run(options, quick).await,
        Scenario::Cache(options) => cache::run(options, quick).await,
        Scenario::Limits(options) => limits::run(options, quick).await,
        Scenario::Deploy(options) => deploy::run(options, quick).await,
        Scenario::Mixed(options) => mixed::run(options, quick).await,
        Scenario::Spike(options) => spike::run(options, quick).await,
        Scenario::Bill(options) => bill::run(options, quick).await,
    };
    let report = Report::new(scenario.name(), found?)?;
    if let Some(path) = &common.report {
        std::fs::write(path, report.html())
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    write!(std::io::stdout(), "{report}")?;
    Ok(())
}
