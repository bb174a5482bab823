//! Measurements of a function.

use std::collections::BTreeSet;

use eventrelay_tests::figures::percentile;
use serde::Serialize;

use crate::starts::Subject;

/// An instance from its start to its end.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Start {
    /// From the start of the process to its first question for a request.
    pub(crate) init_ms: f64,
    pub(crate) first_ms: f64,
    pub(crate) later_ms: Vec<f64>,
    pub(crate) peak_mb: u64,
}

/// Measurements of a function.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Measured {
    pub(crate) name: String,
    pub(crate) is_python: bool,
    pub(crate) zip_bytes: usize,
    pub(crate) answers: BTreeSet<String>,
    /// With its files in memory.
    pub(crate) warm: Vec<Start>,
    /// With its files on the disk alone.
    pub(crate) cold: Vec<Start>,
}

impl Measured {
    pub(crate) fn new(subject: &Subject) -> Self {
        Self {
            name: subject.name.clone(),
            is_python: subject.is_python,
            zip_bytes: subject.zip_bytes,
            answers: BTreeSet::new(),
            warm: Vec::new(),
            cold: Vec::new(),
        }
    }

    /// Median of the starts with its files in memory.
    pub(crate) fn init_ms(&self) -> f64 {
        median(self.warm.iter().map(|start| start.init_ms))
    }

    /// Median of the starts with its files on the disk.
    pub(crate) fn cold_init_ms(&self) -> f64 {
        median(self.cold.iter().map(|start| start.init_ms))
    }

    /// Median of the first requests after a start with its files in memory.
    pub(crate) fn first_ms(&self) -> f64 {
        median(self.warm.iter().map(|start| start.first_ms))
    }

    /// Median of all requests after the first.
    pub(crate) fn later_ms(&self) -> f64 {
        let starts = self.warm.iter().chain(&self.cold);
        median(starts.flat_map(|start| start.later_ms.iter().copied()))
    }

    /// Most memory of all instances.
    pub(crate) fn peak_mb(&self) -> u64 {
        let starts = self.warm.iter().chain(&self.cold);
        starts.map(|start| start.peak_mb).max().unwrap_or(0)
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    percentile(&values.collect::<Vec<_>>(), 0.5)
}
