//! The Python baselines: see `tests/baseline/`.

use std::process::Stdio;

use anyhow::{Context as _, ensure};
use eventrelay_tests::{Stack, figures::Python, repository};
use serde::Deserialize;

use super::wave::{Calls, Wave};

/// Strategy of a baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Before: all jobs wait while one sleeps.
    Blocking,
    /// Before: sleeping jobs occupy a pool of threads.
    Threads,
    /// After: jobs wait only for a connection.
    Asynchronous,
}

#[derive(Deserialize)]
struct Printed {
    wall_s: f64,
    seconds: Vec<f64>,
    late_s: Vec<f64>,
    failed: usize,
}

impl Way {
    /// In the order of the table.
    pub(crate) const ALL: [Self; 3] = [Self::Asynchronous, Self::Threads, Self::Blocking];

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Blocking => "Python, before, blocking",
            Self::Threads => "Python, before, threads",
            Self::Asynchronous => "Python, after",
        }
    }

    /// More would take minutes and say nothing new: one waits for the other.
    pub(crate) const fn most_at_once(self) -> usize {
        match self {
            Self::Blocking => 10,
            Self::Threads => 100,
            Self::Asynchronous => usize::MAX,
        }
    }

    /// Returns whether a round takes minutes, so that one round is enough.
    pub(crate) const fn takes_long(self) -> bool {
        matches!(self, Self::Blocking | Self::Threads)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Blocking => "blocking",
            Self::Threads => "threads",
            Self::Asynchronous => "asynchronous",
        }
    }
}

/// Has a baseline process so many recordings at the same stand-in.
pub(crate) async fn run(
    stack: &Stack,
    python: &Python,
    way: Way,
    at_once: usize,
) -> anyhow::Result<Wave> {
    let before = Calls::read(stack).await?;
    let output = python
        .script("process/process.py")
        .args([way.name(), &stack.ready.standins.gemini])
        .arg(repository("tests/data/media/talk.mp4"))
        .arg(at_once.to_string())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .await?;
    ensure!(output.status.success(), "{} failed", way.title());
    let printed: Printed =
        serde_json::from_slice(&output.stdout).context("the baseline printed something else")?;
    let (generations, looks) = Calls::read(stack).await?.since(&before);
    Ok(Wave {
        wall_s: printed.wall_s,
        seconds: printed.seconds,
        failed: printed.failed,
        generations,
        looks,
        late_s: printed.late_s,
        bill: None,
    })
}
