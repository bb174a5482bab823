//! The figures as Markdown, as they stand in the README.

use std::fmt;

use eventrelay_tests::figures::percentile;
use serde::Serialize;

use crate::generate::Made;

/// Everything that was measured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// RFC 3339, of the end.
    pub(crate) measured_at: String,
    pub(crate) command: String,
    pub(crate) processor: String,
    /// Files that the model writes.
    pub(crate) files: usize,
    pub(crate) answer_ms: u64,
    pub(crate) rounds: usize,
    pub(crate) rows: Vec<Row>,
}

/// Projects of one kind.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) runs: Vec<Made>,
}

impl Row {
    fn median(&self, figure: impl Fn(&Made) -> f64) -> f64 {
        let figures: Vec<f64> = self.runs.iter().map(figure).collect();
        percentile(&figures, 0.5)
    }

    fn most(&self, figure: impl Fn(&Made) -> usize) -> usize {
        self.runs.iter().map(figure).max().unwrap_or(0)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "Measured on {} with `{}` on an {}: a plan and {} files that a model writes, {} ms an \
             answer, medians of {} projects.\n",
            self.measured_at.get(..10).unwrap_or_default(),
            self.command,
            self.processor,
            self.files,
            self.answer_ms,
            self.rounds,
        )?;
        writeln!(
            out,
            "| longest chain of files | questions | at once, most | submission to ready, s | plan \
             and chain alone, s | against them | one question after the other, s |\n\
             |---|---|---|---|---|---|---|"
        )?;
        let answer_s = self.answer_ms as f64 / 1000.0;
        for row in &self.rows {
            let (chain, questions) = (row.most(|made| made.chain), row.most(|made| made.questions));
            let wall = row.median(|made| made.wall_s);
            // The plan is asked for before any file.
            let chain_s = (chain + 1) as f64 * answer_s;
            writeln!(
                out,
                "| {chain} | {questions} | {} | {wall:.2} | {chain_s:.1} | {:.2} | {:.1} |",
                row.most(|made| made.at_once),
                wall / chain_s,
                questions as f64 * answer_s,
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_compares_project_with_its_longest_chain() {
        let made = |wall_s| Made {
            wall_s,
            chain: 4,
            questions: 31,
            at_once: 27,
        };
        let report = Report {
            measured_at: "2026-11-26T10:00:00Z".to_owned(),
            command: "cargo bench-generate".to_owned(),
            processor: "processor".to_owned(),
            files: 30,
            answer_ms: 2000,
            rounds: 3,
            rows: vec![Row {
                runs: [11.0, 12.0, 14.0].map(made).to_vec(),
            }],
        };
        let text = report.to_string();
        let line = "| 4 | 31 | 27 | 12.00 | 10.0 | 1.20 | 62.0 |";
        assert!(text.contains(line), "{text}");
        let table = text.lines().filter(|line| line.starts_with('|'));
        let cells: Vec<usize> = table.map(|line| line.matches('|').count()).collect();
        assert_eq!(cells, [8, 8, 8]);
    }
}
