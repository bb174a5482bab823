//! The Python baselines: see `tests/baseline/`.

use std::process::Stdio;

use anyhow::{Context as _, ensure};
use eventrelay_tests::{
    deployments::{Round, Setup, connections},
    figures::Python,
};
use serde::Deserialize;

/// Strategy of a baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// A call after the other, a commit a file.
    Sequential,
    /// Ten files at a time, a commit a file.
    Parallel,
    Tree,
}

#[derive(Deserialize)]
struct Printed {
    wall_s: f64,
    seconds: Vec<f64>,
    refused: usize,
    failed: usize,
}

impl Way {
    /// In the order of the table.
    pub(crate) const ALL: [Self; 3] = [Self::Sequential, Self::Parallel, Self::Tree];

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Sequential => "Python, a file after the other",
            Self::Parallel => "Python, ten files at a time",
            Self::Tree => "Python, one tree",
        }
    }

    /// More would take minutes and say nothing new: one waits for the other.
    pub(crate) const fn most_at_once(self) -> usize {
        match self {
            Self::Sequential => 10,
            Self::Parallel | Self::Tree => usize::MAX,
        }
    }

    /// Returns whether it is quick enough to run in every round.
    pub(crate) const fn is_quick(self) -> bool {
        matches!(self, Self::Tree)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Sequential => "sequential",
            Self::Parallel => "parallel",
            Self::Tree => "tree",
        }
    }
}

/// Has a baseline deploy the project's files to new repositories.
pub(crate) async fn round(
    setup: &Setup,
    python: &Python,
    way: Way,
    at_once: usize,
) -> anyhow::Result<Round> {
    let before = setup.calls().await?.len();
    let output = python
        .script("deploy/deploy.py")
        .args([way.name(), &setup.stack.ready.standins.github])
        .arg(setup.project.folder.path())
        .args([setup.fresh_name(), at_once.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .await?;
    ensure!(output.status.success(), "{} failed", way.title());
    let printed: Printed =
        serde_json::from_slice(&output.stdout).context("the baseline printed something else")?;
    let calls = setup.calls().await?.split_off(before);
    Ok(Round {
        wall_s: printed.wall_s,
        seconds: printed.seconds,
        calls: calls.len(),
        connections: connections(&calls),
        failed: printed.failed,
        refused: printed.refused,
    })
}
