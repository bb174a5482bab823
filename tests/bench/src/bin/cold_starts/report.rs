//! The figures as Markdown, and which of those that are wanted are met.

use std::fmt;

use eventrelay_tests::figures::short;
use serde::Serialize;

use crate::{measured::Measured, python::EQUAL_TO, starts::Effort};

/// The most that the zip of a function is to have.
const WANTED_ZIP_BYTES: f64 = 4e6;

/// The most that a function is to take until it can take a request, its binary in memory.
const WANTED_INIT_MS: f64 = 15.0;

/// The same against the function in Python.
const WANTED_SHARE: f64 = 0.1;

/// The most memory that a function is to need, in MB of 2^20 bytes as Lambda counts them.
const WANTED_PEAK_MB: f64 = 40.0;

/// Functions above what is wanted that are named, the worst first.
const MAX_NAMES: usize = 8;

/// Everything that was measured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// RFC 3339, of the end.
    pub(crate) measured_at: String,
    pub(crate) command: String,
    pub(crate) processor: String,
    pub(crate) origin: String,
    /// Version of the interpreter of the baseline; none where it was left out.
    pub(crate) python: Option<String>,
    pub(crate) effort: Effort,
    pub(crate) rows: Vec<Measured>,
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Effort {
            warm_starts,
            cold_starts,
            later_requests,
        } = self.effort;
        writeln!(
            out,
            "Measured on {} with `{}` on an {}: {}, run by `cargo local` beside all of AWS that \
             they call, by plain HTTP. Init is from the start of the process to its first question \
             for a request, connections to DynamoDB, S3 and SQS included; medians of {warm_starts} starts, and of \
             {cold_starts} with what it is read from on the disk alone, each with a request and \
             {later_requests} more.\n",
            self.measured_at.get(..10).unwrap_or_default(),
            self.command,
            self.processor,
            self.origin,
        )?;
        match &self.python {
            Some(version) => writeln!(
                out,
                "Baseline: {version} with `awslambdaric`, `boto3` and `httpx`, see \
                 `tests/baseline/`; its init opens no connection.\n"
            )?,
            None => writeln!(
                out,
                "No `python3` here, or no {EQUAL_TO} to compare with: the baseline was left out.\n"
            )?,
        }
        writeln!(
            out,
            "| function | zip, MB | init, ms | against Python | from the disk, ms | first request, \
             ms | later ones, ms | peak memory, MB | answers |\n|---|---|---|---|---|---|---|---|---|"
        )?;
        for row in &self.rows {
            self.row(out, row)?;
        }
        writeln!(out)?;
        self.wanted(out)
    }
}

impl Report {
    fn row(&self, out: &mut fmt::Formatter<'_>, row: &Measured) -> fmt::Result {
        let answers: Vec<_> = row.answers.iter().map(String::as_str).collect();
        writeln!(
            out,
            "| {} | {:.2} | {:.1} | {} | {} | {:.1} | {:.1} | {} | {} |",
            row.name,
            megabytes(row),
            row.init_ms(),
            if row.is_python {
                String::new()
            } else {
                self.share(row)
                    .map_or_else(String::new, |share| format!("{share:.3}"))
            },
            short(row.cold_init_ms()),
            row.first_ms(),
            row.later_ms(),
            row.peak_mb(),
            answers.join(", "),
        )
    }

    /// Init against that of Python.
    fn share(&self, row: &Measured) -> Option<f64> {
        let python = self.rows.iter().find(|row| row.is_python)?;
        Some(row.init_ms() / python.init_ms())
    }

    fn wanted(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "| wanted of each function | most | above it |\n|---|---|---|"
        )?;
        let line = |out: &mut fmt::Formatter<'_>, what: &str, wanted: f64, of: Figure<'_>| {
            let ours: Vec<_> = self.rows.iter().filter(|row| !row.is_python).collect();
            let figures = ours.iter().filter_map(|row| Some((of(row)?, &row.name)));
            let mut figures: Vec<_> = figures.collect();
            figures.sort_by(|one, other| other.0.total_cmp(&one.0));
            let Some((most, name)) = figures.first() else {
                return Ok(());
            };
            let above = figures.iter().filter(|(figure, _)| *figure > wanted);
            let above: Vec<_> = above.map(|(_, name)| name.as_str()).collect();
            let above = match above.as_slice() {
                [] => "none: met".to_owned(),
                some => {
                    let (named, more) = some.split_at(some.len().min(MAX_NAMES));
                    let more = if more.is_empty() { "" } else { ", …" };
                    let named = named.join(", ");
                    format!("{} of {}: {named}{more}", some.len(), ours.len())
                }
            };
            writeln!(out, "| {what} | {most:.2} ({name}) | {above} |")
        };
        line(out, "zip of 4 MB", WANTED_ZIP_BYTES / 1e6, &|row| {
            Some(megabytes(row))
        })?;
        line(out, "init of 15 ms", WANTED_INIT_MS, &|row| {
            Some(row.init_ms())
        })?;
        line(out, "a tenth of Python's", WANTED_SHARE, &|row| {
            self.share(row)
        })?;
        line(out, "peak memory of 40 MB", WANTED_PEAK_MB, &|row| {
            Some(row.peak_mb() as f64)
        })
    }
}

/// A figure of a function, where there is one.
type Figure<'a> = &'a dyn Fn(&Measured) -> Option<f64>;

fn megabytes(row: &Measured) -> f64 {
    row.zip_bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measured::Start;

    fn measured(name: &str, is_python: bool, init_ms: f64, zip_bytes: usize) -> Measured {
        let start = |init_ms| Start {
            init_ms,
            first_ms: 4.25,
            later_ms: vec![1.0, 2.0, 3.0],
            peak_mb: 14,
        };
        Measured {
            name: name.to_owned(),
            is_python,
            zip_bytes,
            answers: ["200".to_owned(), "404".to_owned()].into(),
            warm: vec![start(init_ms)],
            cold: vec![start(3.0 * init_ms)],
        }
    }

    fn report(rows: Vec<Measured>) -> String {
        let report = Report {
            measured_at: "2026-11-26T10:00:00Z".to_owned(),
            command: "cargo cold-starts".to_owned(),
            processor: "processor".to_owned(),
            origin: "zips".to_owned(),
            python: Some("Python 3.11.7".to_owned()),
            effort: Effort {
                warm_starts: 1,
                cold_starts: 1,
                later_requests: 3,
            },
            rows,
        };
        report.to_string()
    }

    #[test]
    fn report_names_functions_above_the_target() {
        let text = report(vec![
            measured("GetVideo", false, 10.0, 3_900_000),
            measured("AdvanceBuild", false, 20.0, 6_900_000),
            measured("InPython", true, 400.0, 17_000_000),
        ]);
        for line in [
            "| GetVideo | 3.90 | 10.0 | 0.025 | 30 | 4.2 | 2.0 | 14 | 200, 404 |",
            "| InPython | 17.00 | 400.0 |  | 1,200 | 4.2 | 2.0 | 14 | 200, 404 |",
            "| zip of 4 MB | 6.90 (AdvanceBuild) | 1 of 2: AdvanceBuild |",
            "| init of 15 ms | 20.00 (AdvanceBuild) | 1 of 2: AdvanceBuild |",
            "| a tenth of Python's | 0.05 (AdvanceBuild) | none: met |",
            "| peak memory of 40 MB | 14.00 (GetVideo) | none: met |",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }

    #[test]
    fn report_without_python_has_no_comparison() {
        let text = report(vec![measured("GetHealth", false, 10.0, 3_900_000)]);
        assert!(
            text.contains("| GetHealth | 3.90 | 10.0 |  | 30 |"),
            "{text}"
        );
        assert!(!text.contains("a tenth"), "{text}");
    }
}
