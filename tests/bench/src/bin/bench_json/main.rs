//! `cargo bench-json`: whether another JSON library, or another compression of what is stored, would
//! serve us better, on our own documents at our own sizes. Prints the figures and what was chosen.

mod cli;
mod clock;
mod compression;
mod documents;
mod libraries;
mod report;

use clap::Parser as _;
use eventrelay_tests::figures;

use crate::{cli::Options, report::Report};

/// The functions are built for every processor that Lambda may have. `sonic-rs` decides when it is
/// built what it may use of one, and `simd-json` when it runs.
const BUILT: &str = if cfg!(target_feature = "avx2") {
    "for processors with AVX2, which the functions are not"
} else {
    "for any processor of its kind, as the functions are"
};

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let effort = options.effort();
    let mut documents = Vec::new();
    for case in documents::all(&options.sizes_kb)? {
        eprintln!("{}", case.name);
        documents.push(case.measured(effort)?);
    }
    let mut bodies = Vec::new();
    for size in options.sizes_kb.iter().copied() {
        eprintln!("{size} kB, compressed");
        bodies.push(compression::measured(&documents::analysis(size), effort)?);
    }
    let report = Report {
        measured_at: jiff::Timestamp::now().to_string(),
        command: figures::command("bench-json"),
        processor: figures::processor(),
        built: BUILT,
        rounds: effort.rounds,
        documents,
        bodies,
    };
    figures::publish(&report, options.json.as_deref())
}
