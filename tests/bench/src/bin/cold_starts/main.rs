//! `cargo cold-starts`: measures the cold starts of each function, beside an equal one in Python.
//!
//! It measures the zips that `cargo zips` builds: their size, the time until the function can take
//! a request, the latency of its first and later requests, and its memory.

mod cache;
mod cli;
mod events;
mod functions;
mod measured;
mod place;
mod python;
mod report;
mod starts;

use clap::Parser as _;
use eventrelay_tests::{Stack, figures};

use crate::{
    cli::Options,
    events::Events,
    functions::Origin,
    measured::Measured,
    place::Place,
    python::Baseline,
    report::Report,
    starts::{Effort, Subject},
};

/// Variables that turn off caches, as the baseline has none.
const ENVIRONMENT: [(&str, &str); 2] = [("MEMORY_TTL_S", "0"), ("YOUTUBE_API_KEY", "a-key")];

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let functions = functions::wanted(&options.functions)?;
    let origin = Origin::from_options(&options, &functions).await?;
    eprintln!("building the stack");
    let place = Place::new(&functions, &origin)?;
    eprintln!("preparing the Python baseline");
    let baseline = if functions.iter().any(|one| one.name == python::EQUAL_TO) {
        Baseline::prepare(&place).await?
    } else {
        None
    };
    let mut subjects = place.subjects.clone();
    subjects.extend(baseline.as_ref().map(|baseline| baseline.subject.clone()));
    eprintln!("preparing what is asked for");
    let stack = Stack::of_workspace(&place.folder, &ENVIRONMENT).await?;
    let events = Events::prepare(&stack).await?;
    let rows = measure(&stack, &events, &subjects, options.effort()).await?;
    let report = Report {
        measured_at: jiff::Timestamp::now().to_string(),
        command: figures::command("cold-starts"),
        processor: figures::processor(),
        origin: origin.to_string(),
        python: baseline.map(|baseline| baseline.version),
        effort: options.effort(),
        rows,
    };
    figures::publish(&report, options.json.as_deref())
}

/// All of them in turns, and then those that take away what the others read.
async fn measure(
    stack: &Stack,
    events: &Events,
    subjects: &[Subject],
    effort: Effort,
) -> anyhow::Result<Vec<Measured>> {
    let mut measured = Vec::new();
    for removes in [false, true] {
        let group = subjects.iter();
        let group = group.filter(|subject| events::removes(&subject.name) == removes);
        let group: Vec<_> = group.cloned().collect();
        measured.extend(starts::measured(stack, events, &group, effort).await?);
    }
    measured.sort_by(|one, other| (one.is_python, &one.name).cmp(&(other.is_python, &other.name)));
    Ok(measured)
}
