//! The figures as Markdown.

use std::fmt;

use eventrelay_tests::figures::{percentile, short};
use serde::Serialize;

/// Everything that was measured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// RFC 3339, of the end.
    pub(crate) measured_at: String,
    pub(crate) command: String,
    pub(crate) processor: String,
    pub(crate) rounds: usize,
    pub(crate) rows: Vec<Row>,
}

/// Cost of one call, round by round.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// Written to nowhere: what the function itself does.
    pub(crate) alone_ns: Vec<f64>,
    /// Written to a pipe; empty where nothing is written.
    pub(crate) read_ns: Vec<f64>,
}

impl Row {
    pub(crate) const fn new(name: &'static str) -> Self {
        Self {
            name,
            alone_ns: Vec::new(),
            read_ns: Vec::new(),
        }
    }

    fn alone(&self) -> f64 {
        percentile(&self.alone_ns, 0.5)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "Measured on {} with `{}` on an {}, medians of {} rounds. Nanoseconds a call; what is \
             written goes to `/dev/null`, and to a pipe that another thread reads.\n",
            self.measured_at.get(..10).unwrap_or_default(),
            self.command,
            self.processor,
            self.rounds,
        )?;
        writeln!(
            out,
            "| what a function does | ns | ns, into a pipe |\n|---|---|---|"
        )?;
        for row in &self.rows {
            let read = if row.read_ns.is_empty() {
                String::new()
            } else {
                short(percentile(&row.read_ns, 0.5))
            };
            let alone = short(row.alone());
            writeln!(out, "| {} | {alone} | {read} |", row.name)?;
        }
        let nothing = self.rows.first().map_or(0.0, Row::alone);
        let off = self.rows.iter().filter(|row| row.name.contains("is off"));
        let most = off.map(Row::alone).fold(0.0, f64::max);
        writeln!(
            out,
            "\nA level that is off costs {} ns more than nothing, whatever its fields: one \
             comparison.",
            short((most - nothing).max(0.0))
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unwritten_call_is_not_measured_with_a_pipe() {
        let report = Report {
            measured_at: "2026-11-26T10:00:00Z".to_owned(),
            command: "cargo bench-telemetry".to_owned(),
            processor: "processor".to_owned(),
            rounds: 3,
            rows: vec![
                Row {
                    name: "nothing",
                    alone_ns: vec![0.4, 0.3, 0.5],
                    read_ns: Vec::new(),
                },
                Row {
                    name: "a level that is off",
                    alone_ns: vec![0.9, 1.0, 1.1],
                    read_ns: Vec::new(),
                },
                Row {
                    name: "a line",
                    alone_ns: vec![400.0],
                    read_ns: vec![1234.0],
                },
            ],
        };
        let text = report.to_string();
        assert!(text.contains("| nothing | 0.40 |  |"), "{text}");
        assert!(text.contains("costs 0.60 ns more"), "{text}");
        assert!(text.contains("| a line | 400 | 1,234 |"), "{text}");
    }
}
