//! The figures as Markdown, and what was chosen by them.

use std::fmt;

use eventrelay_tests::figures::{short, thousands};
use serde::Serialize;

use crate::{
    compression::{Body, Packing},
    libraries::{Document, Reader, Writer},
};

/// Everything that was measured.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// RFC 3339, of the end.
    pub(crate) measured_at: String,
    pub(crate) command: String,
    pub(crate) processor: String,
    pub(crate) built: &'static str,
    pub(crate) rounds: usize,
    pub(crate) documents: Vec<Document>,
    pub(crate) bodies: Vec<Body>,
}

/// Names of the readers in the table; those of the writers follow.
const READERS: &str = "`serde_json`, bytes | `serde_json`, text | `sonic-rs` | `simd-json`";
const WRITERS: &str = "`serde_json` | `sonic-rs` | `simd-json`";

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "Measured on {} with `{}` on an {}, built {}, in turns, medians of {} rounds. \
             Microseconds a document; in brackets the part of what `serde_json` takes from bytes, or to write.\n",
            self.measured_at.get(..10).unwrap_or_default(),
            self.command,
            self.processor,
            self.built,
            self.rounds,
        )?;
        header(out, &format!("read | bytes | {READERS}"))?;
        for document in &self.documents {
            row(out, document, &document.read_us)?;
        }
        writeln!(out)?;
        header(out, &format!("written | bytes | {WRITERS}"))?;
        for document in &self.documents {
            row(out, document, &document.write_us)?;
        }
        writeln!(
            out,
            "\n`serde_json`, text: the bytes are looked through for UTF-8 at once and read as text \
             from there on, both in the figure. `simd-json` reads a copy, which is in its figure: it \
             writes into what it reads.\n"
        )?;
        header(
            out,
            "body, bytes | packed with | bytes | of the body | to pack, µs | to unpack, µs",
        )?;
        for body in &self.bodies {
            self.packings(out, body)?;
        }
        writeln!(out)?;
        self.choice(out)
    }
}

impl Report {
    fn packings(&self, out: &mut fmt::Formatter<'_>, body: &Body) -> fmt::Result {
        for packed in &body.packed {
            writeln!(
                out,
                "| {} | {} | {} | {:.1} % | {} | {} |",
                thousands(body.plain_bytes as f64),
                packed.packing.name(),
                thousands(packed.bytes as f64),
                100.0 * packed.bytes as f64 / body.plain_bytes as f64,
                short(packed.pack_us),
                short(packed.unpack_us),
            )?;
        }
        Ok(())
    }

    /// Writes the chosen library, and the figures for and against it.
    fn choice(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let read = self.most_saved(|document| &document.read_us, 2);
        let written = self.most_saved(|document| &document.write_us, 1);
        let as_text = self.most_saved(|document| document.read_us.get(..2).unwrap_or_default(), 1);
        if let (Some(read), Some(written), Some(as_text)) = (read, written, as_text) {
            writeln!(
                out,
                "JSON: `serde_json` stays. The most that another library saves of a document is \
                 {read} to read and {written} to write. An analysis is read and written by the job \
                 that makes it, which takes seconds, and by who asks for a form that is not there \
                 yet; a lookup puts its answer together from stored bytes and parses none. What \
                 every request has, its event, `lambda_runtime` parses with `serde_json`, and what \
                 every step has, the row of its job, takes {} µs beside calls that take \
                 milliseconds. For that a second parser would be in every zip, beside the one that \
                 `lambda_runtime` brings. To read text in place of bytes saves \
                 {as_text} at most: it is done where there is a text, and no text is made for it.\n",
                short(self.documents.last().map_or(0.0, |job| job.read_us[0])),
            )?;
        }
        let Some(body) = self.bodies.iter().max_by_key(|body| body.plain_bytes) else {
            return Ok(());
        };
        let bytes = |packing| body.packed(packing).map_or(0.0, |one| one.bytes as f64);
        let pack = |packing| body.packed(packing).map_or(0.0, |one| one.pack_us);
        let unpack = |packing| body.packed(packing).map_or(0.0, |one| one.unpack_us);
        writeln!(
            out,
            "Stored bodies: gzip stays. Bodies are served as stored, so clients that accept gzip, as \
             browsers and HTTP clients do, cost nothing. Few clients accept zstd: for the others, a \
             body of {} bytes would be decompressed and recompressed in {} µs. Clients that accept \
             neither wait {} µs for gzip, {} µs for zstd. Compression takes {} µs once, in a job of \
             seconds; zstd at level 3 would take {} µs and {:.0} % of the bytes.",
            thousands(body.plain_bytes as f64),
            short(body.repacked_us()),
            short(unpack(Packing::Members)),
            short(unpack(Packing::Zstd3)),
            short(pack(Packing::Members)),
            short(pack(Packing::Zstd3)),
            100.0 * bytes(Packing::Zstd3) / bytes(Packing::Members).max(1.0),
        )
    }

    /// The most that the fastest of the others saves of any document against the fastest of the
    /// first `ours`, in words.
    fn most_saved(&self, taken: impl Fn(&Document) -> &[f64], ours: usize) -> Option<String> {
        let fastest = |of: &[f64]| of.iter().copied().fold(f64::MAX, f64::min);
        let saved = self.documents.iter().filter_map(|document| {
            let (ours, others) = taken(document).split_at_checked(ours)?;
            Some((fastest(ours) - fastest(others), document))
        });
        let (saved, document) = saved.max_by(|one, other| one.0.total_cmp(&other.0))?;
        Some(if saved > 0.0 {
            format!("{} µs ({})", short(saved), document.name)
        } else {
            "nothing".to_owned()
        })
    }
}

fn header(out: &mut fmt::Formatter<'_>, cells: &str) -> fmt::Result {
    let lines = "---|".repeat(cells.split(" | ").count());
    writeln!(out, "| {cells} |\n|{lines}")
}

fn row(out: &mut fmt::Formatter<'_>, document: &Document, taken: &[f64]) -> fmt::Result {
    let bytes = thousands(document.bytes as f64);
    write!(out, "| {} | {bytes} |", document.name)?;
    let ours = taken.first().copied().unwrap_or_default();
    for (at, us) in taken.iter().enumerate() {
        match at {
            0 => write!(out, " {} |", short(*us))?,
            _ => write!(out, " {} ({:.2}) |", short(*us), us / ours)?,
        }
    }
    writeln!(out)
}

const _: () = assert!(
    Reader::ALL.len() == 4 && Writer::ALL.len() == 3 && Packing::ALL.len() == 4,
    "the tables have a column, or a row, for each"
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compression::Packed;

    #[test]
    fn a_table_has_as_many_cells_in_every_line() {
        let packed = |packing, bytes, pack_us, unpack_us| Packed {
            packing,
            bytes,
            pack_us,
            unpack_us,
        };
        let report = Report {
            measured_at: "2026-11-26T10:00:00Z".to_owned(),
            command: "cargo bench-json".to_owned(),
            processor: "processor".to_owned(),
            built: "for any",
            rounds: 9,
            documents: vec![Document {
                name: "job, as in its row".to_owned(),
                bytes: 1234,
                read_us: vec![10.0, 8.0, 6.0, 12.0],
                write_us: vec![2.0, 1.0, 4.0],
            }],
            bodies: vec![Body {
                plain_bytes: 20_000,
                packed: vec![
                    packed(Packing::Members, 7_400, 500.0, 60.0),
                    packed(Packing::Gzip, 7_300, 450.0, 50.0),
                    packed(Packing::Zstd1, 7_600, 90.0, 30.0),
                    packed(Packing::Zstd3, 7_030, 150.0, 30.0),
                ],
            }],
        };
        let text = report.to_string();
        for line in [
            "| job, as in its row | 1,234 | 10 | 8.0 (0.80) | 6.0 (0.60) | 12 (1.20) |",
            "| job, as in its row | 1,234 | 2.0 | 1.0 (0.50) | 4.0 (2.00) |",
            "| 20,000 | gzip, by members, as stored | 7,400 | 37.0 % | 500 | 60 |",
        ] {
            assert!(text.contains(line), "{text}");
        }
        // Against the faster of ours, and to be packed again by ours.
        let saved =
            "is 2.0 µs (job, as in its row) to read and 1.0 µs (job, as in its row) to write";
        assert!(text.contains(saved), "{text}");
        assert!(
            text.contains("saves 2.0 µs (job, as in its row) at most"),
            "{text}"
        );
        assert!(text.contains("in 480 µs"), "{text}");
        assert!(text.contains("500 µs once, in a job of seconds; with zstd at level 3 it would take 150 µs and 95 % of"), "{text}");
        let tables = text.split("\n\n").filter(|part| part.starts_with('|'));
        for table in tables {
            let mut cells: Vec<_> = table
                .lines()
                .map(|line| line.matches('|').count())
                .collect();
            cells.dedup();
            assert_eq!(cells.len(), 1, "{table}");
        }
    }
}
