//! The figures as Markdown, as they stand in the README.

use std::fmt;

use eventrelay_tests::{
    deployments::Round,
    figures::{percentile, short},
};
use serde::Serialize;

/// Everything that was measured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// RFC 3339, of the end.
    pub(crate) measured_at: String,
    pub(crate) command: String,
    pub(crate) processor: String,
    /// Version of the interpreter of the baselines; none where they were left out.
    pub(crate) python: Option<String>,
    /// Files of the project.
    pub(crate) files: usize,
    pub(crate) latency_ms: u64,
    pub(crate) rounds: usize,
    pub(crate) rows: Vec<Row>,
}

/// One way, so many at once.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) at_once: usize,
    /// Lower bound of the duration of all deployments together.
    pub(crate) floor_s: f64,
    pub(crate) rounds: Vec<Round>,
}

impl Row {
    pub(crate) const fn new(name: &'static str, at_once: usize, floor_s: f64) -> Self {
        Self {
            name,
            at_once,
            floor_s,
            rounds: Vec::new(),
        }
    }

    fn median(&self, figure: impl Fn(&Round) -> f64) -> f64 {
        let figures: Vec<f64> = self.rounds.iter().map(figure).collect();
        percentile(&figures, 0.5)
    }

    fn sum(&self, figure: impl Fn(&Round) -> usize) -> usize {
        self.rounds.iter().map(figure).sum()
    }

    /// Mean of a figure per deployment, over all rounds.
    fn each(&self, figure: impl Fn(&Round) -> usize) -> f64 {
        let deployments = self.at_once * self.rounds.len();
        self.sum(figure) as f64 / deployments.max(1) as f64
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "Measured on {} with `{}` on an {}: {} text files, {} ms a call of GitHub, {} rounds. \
             Seconds; the wall time is the median of the rounds, the percentiles are of all \
             deployments.\n",
            self.measured_at.get(..10).unwrap_or_default(),
            self.command,
            self.processor,
            self.files,
            self.latency_ms,
            self.rounds,
        )?;
        match &self.python {
            Some(version) => writeln!(out, "Baselines: {version}, see `tests/baseline/`.\n")?,
            None => writeln!(out, "No `python3` here: the baselines were left out.\n")?,
        }
        writeln!(
            out,
            "| at once | deployment | calls each | connections each | all, wall | one, p50 | one, \
             p95 | wall against the floor | failed | files refused |\n\
             |---|---|---|---|---|---|---|---|---|---|"
        )?;
        self.rows.iter().try_for_each(|row| row.fmt(out))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds: Vec<f64> = self
            .rounds
            .iter()
            .flat_map(|round| round.seconds.iter().copied())
            .collect();
        let wall = self.median(|round| round.wall_s);
        writeln!(
            out,
            "| {} | {} | {} | {} | {wall:.2} | {:.2} | {:.2} | {wall:.2} / {:.2} = {:.2} | {} | {} |",
            self.at_once,
            self.name,
            short(self.each(|round| round.calls)),
            short(self.each(|round| round.connections)),
            percentile(&seconds, 0.5),
            percentile(&seconds, 0.95),
            self.floor_s,
            wall / self.floor_s,
            self.sum(|round| round.failed),
            self.sum(|round| round.refused),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_as_many_cells_in_every_line() {
        let mut row = Row::new("EventRelay", 2, 0.6);
        row.rounds = vec![Round {
            wall_s: 0.9,
            seconds: vec![0.7, 0.9],
            calls: 10,
            connections: 3,
            failed: 0,
            refused: 0,
        }];
        let report = Report {
            measured_at: "2026-11-26T10:00:00Z".to_owned(),
            command: "cargo bench-deploy".to_owned(),
            processor: "processor".to_owned(),
            python: None,
            files: 30,
            latency_ms: 150,
            rounds: 1,
            rows: vec![row],
        };
        let text = report.to_string();
        let line =
            "| 2 | EventRelay | 5.0 | 1.5 | 0.90 | 0.70 | 0.90 | 0.90 / 0.60 = 1.50 | 0 | 0 |";
        assert!(text.contains(line), "{text}");
        let table = text.lines().filter(|line| line.starts_with('|'));
        let cells: Vec<usize> = table.map(|line| line.matches('|').count()).collect();
        assert_eq!(cells, [11, 11, 11]);
    }
}
