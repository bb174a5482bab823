//! The figures as Markdown, as they stand in the README.

use std::fmt::{self, Write as _};

use eventrelay_tests::figures::{short, thousands};
use serde::Serialize;

use crate::{
    calls::Counted,
    compare::{AFTER, BEFORE, Compared},
    growth::Growth,
    measure::{Measured, Spread, Turn},
    places::Places,
};

/// Everything that was measured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// RFC 3339, of the end.
    pub(crate) measured_at: String,
    pub(crate) command: String,
    pub(crate) processor: String,
    /// Version of the interpreter of the baselines; none where they were left out.
    pub(crate) python: Option<String>,
    pub(crate) rounds: usize,
    pub(crate) seconds: f64,
    pub(crate) connections: usize,
    pub(crate) body_bytes: usize,
    /// Number of videos at which servers are compared.
    pub(crate) videos: usize,
    pub(crate) calls: Vec<Counted>,
    pub(crate) compared: Vec<Compared>,
    pub(crate) stack: Vec<Compared>,
    pub(crate) growth: Vec<Growth>,
    pub(crate) places: Vec<Places>,
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.head(out)?;
        self.counts(out)?;
        self.comparison(out)?;
        self.growth(out)?;
        self.places(out)
    }
}

impl Report {
    fn head(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "Measured on {} with `{}` on one core of an {}, load and store on another; {} \
             connections, bodies of {} bytes, random ids, {} rounds in which every server has a turn \
             of {} s. Medians, in brackets the least and the most of the rounds.\n",
            self.measured_at.get(..10).unwrap_or_default(),
            self.command,
            self.processor,
            self.connections,
            thousands(self.body_bytes as f64),
            self.rounds,
            self.seconds,
        )?;
        match &self.python {
            Some(version) => writeln!(out, "Baselines: {version}, see `tests/baseline/`.\n"),
            None => writeln!(out, "No `python3` here: the baselines were left out.\n"),
        }
    }

    fn counts(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "| lookup | calls |\n|---|---|")?;
        for counted in &self.calls {
            writeln!(out, "| {} | {counted} |", counted.lookup)?;
        }
        writeln!(
            out,
            "\nBeside them one UpdateItem in `CountLookupsEverySeconds` from each instance, for the \
             statistics.\n"
        )
    }

    fn comparison(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "| lookup among {} videos | requests/s | p50, p95 ms | CPU µs per request | core busy | \
             memory MiB | CPU less than before | than after |\n|---|---|---|---|---|---|---|---|",
            thousands(self.videos as f64)
        )?;
        let baseline = |name: &str| {
            let found = self.compared.iter().find(|row| row.measured.name == name);
            found.map(|row| &row.measured)
        };
        let (before, after) = (baseline(BEFORE), baseline(AFTER));
        for row in &self.compared {
            self.row(out, row, before, after)?;
        }
        // Measured at another time: no ratios.
        for row in &self.stack {
            self.row(out, row, None, None)?;
        }
        writeln!(out)
    }

    fn row(
        &self,
        out: &mut fmt::Formatter<'_>,
        row: &Compared,
        before: Option<&Measured>,
        after: Option<&Measured>,
    ) -> fmt::Result {
        let measured = &row.measured;
        let times = |other: Option<&Measured>| match other {
            Some(other) if other.name != measured.name => {
                let ratio = measured.times_fewer(other, |turn| turn.cpu_us);
                format!("{}×", with_range(ratio, short))
            }
            _ => String::new(),
        };
        let median = |figure: fn(&Turn) -> f64| measured.spread(figure).median;
        writeln!(
            out,
            "| {} | {} | {}, {} | {} | {:.0} % | {} | {} | {} |",
            measured.name,
            with_range(measured.spread(|turn| turn.requests_per_s), thousands),
            short(median(|turn| turn.p50_ms)),
            short(median(|turn| turn.p95_ms)),
            with_range(measured.spread(|turn| turn.cpu_us), thousands),
            100.0 * median(|turn| turn.busy),
            mib(row.resident_kib),
            times(before),
            times(after),
        )
    }

    fn growth(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |memory: bool| self.growth.iter().filter(move |row| row.memory == memory);
        let mut head = "| handler, videos in the index".to_owned();
        let mut rule = "|---".to_owned();
        for row in of(false) {
            let _ = write!(head, " | {}", thousands(row.videos as f64));
            rule.push_str("|---");
        }
        writeln!(out, "{head} | most against fewest |\n{rule}|---|")?;
        let cpu = |row: &Growth| row.measured.spread(|turn| turn.cpu_us);
        for (name, memory) in [("index", false), ("in memory", true)] {
            let rows: Vec<&Growth> = of(memory).collect();
            let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
                continue;
            };
            let cells = rows.iter().map(|row| with_range(cpu(row), thousands));
            let ratio = first
                .measured
                .times_fewer(&last.measured, |turn| turn.cpu_us);
            line(
                out,
                &format!("CPU µs per lookup, {name}"),
                cells,
                ratio.median,
            )?;
            let cells = rows.iter().map(|row| mib(row.resident_kib));
            let ratio = last.resident_kib as f64 / first.resident_kib as f64;
            let title = format!(
                "memory MiB after {} lookups, {name}",
                thousands(first.lookups as f64)
            );
            line(out, &title, cells, ratio)?;
        }
        writeln!(out)
    }

    fn places(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "| compressed body, bytes | beside its row: CPU µs | p50 ms | from S3: CPU µs | p50 ms | \
             S3 costs more CPU by |\n|---|---|---|---|---|---|"
        )?;
        for places in &self.places {
            let cpu =
                |measured: &Measured| with_range(measured.spread(|turn| turn.cpu_us), thousands);
            let p50 = |measured: &Measured| short(measured.spread(|turn| turn.p50_ms).median);
            let ratio = places.row.times_fewer(&places.bucket, |turn| turn.cpu_us);
            writeln!(
                out,
                "| {} | {} | {} | {} | {} | {}× |",
                thousands(places.gzip_bytes as f64),
                cpu(&places.row),
                p50(&places.row),
                cpu(&places.bucket),
                p50(&places.bucket),
                with_range(ratio, short),
            )?;
        }
        Ok(())
    }
}

fn line(
    out: &mut fmt::Formatter<'_>,
    title: &str,
    cells: impl Iterator<Item = String>,
    ratio: f64,
) -> fmt::Result {
    let cells: Vec<String> = cells.collect();
    writeln!(
        out,
        "| {title} | {} | {:+.1} % |",
        cells.join(" | "),
        100.0 * (ratio - 1.0)
    )
}

fn with_range(spread: Spread, show: fn(f64) -> String) -> String {
    format!(
        "{} ({}–{})",
        show(spread.median),
        show(spread.least),
        show(spread.most)
    )
}

fn mib(kib: u64) -> String {
    format!("{:.1}", kib as f64 / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_shown_in_mib() {
        assert_eq!(mib(1536), "1.5");
    }

    #[test]
    fn tables_have_as_many_cells_in_every_line() {
        let turn = |cpu_us| Turn {
            requests_per_s: 1000.0,
            cpu_us,
            busy: 0.5,
            p50_ms: 0.5,
            p95_ms: 2.0,
        };
        let measured = |name: &str, cpu_us| Measured {
            name: name.to_owned(),
            turns: vec![turn(cpu_us)],
        };
        let compared = |name, cpu_us| Compared {
            measured: measured(name, cpu_us),
            resident_kib: 2048,
        };
        let growth = |videos, memory, cpu_us| Growth {
            videos,
            memory,
            lookups: 10,
            resident_kib: 2048,
            peak_kib: 4096,
            measured: measured("", cpu_us),
        };
        let report = Report {
            measured_at: "2026-11-25T10:00:00Z".to_owned(),
            command: "cargo bench-lookup".to_owned(),
            processor: "processor".to_owned(),
            python: Some("Python 3".to_owned()),
            rounds: 1,
            seconds: 1.0,
            connections: 16,
            body_bytes: 20_000,
            videos: 10_000,
            calls: Vec::new(),
            compared: vec![
                compared("handler", 10.0),
                compared(AFTER, 50.0),
                compared(BEFORE, 900.0),
            ],
            stack: vec![compared("stack", 100.0)],
            growth: vec![
                growth(10, false, 50.0),
                growth(10, true, 10.0),
                growth(100, false, 55.0),
                growth(100, true, 10.0),
            ],
            places: vec![Places {
                gzip_bytes: 7_300,
                row: measured("", 50.0),
                bucket: measured("", 150.0),
            }],
        };
        let text = report.to_string();
        assert!(text.contains("| 90 (90–90)× | 5.0 (5.0–5.0)× |"), "{text}");
        assert!(
            text.contains("| 50 (50–50) | 55 (55–55) | +10.0 % |"),
            "{text}"
        );
        assert!(text.contains("| 7,300 | 50 (50–50) |"), "{text}");
        assert!(text.contains("| 3.0 (3.0–3.0)× |"), "{text}");
        let tables = text.split("\n\n").filter(|part| part.starts_with('|'));
        for table in tables {
            let cells: Vec<usize> = table
                .lines()
                .map(|line| line.matches('|').count())
                .collect();
            assert!(cells.iter().all(|count| *count == cells[0]), "{table}");
        }
    }
}
