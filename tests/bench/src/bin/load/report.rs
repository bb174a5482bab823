//! Report of a run: Markdown for the terminal, and an HTML file with plots.

use std::fmt::{self, Write as _};

use eventrelay_tests::figures;

use crate::plot::{Plot, escape};

/// Results of a scenario.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// Description of the scenario, in sentences.
    pub(crate) what: String,
    pub(crate) tables: Vec<Table>,
    pub(crate) wanted: Vec<Wanted>,
    /// Remarks, one sentence each.
    pub(crate) notes: Vec<String>,
    pub(crate) plots: Vec<Plot>,
}

/// A table; each row has as many cells as its head.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) head: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

/// A figure that is wanted, and what it is.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) what: String,
    pub(crate) wanted: String,
    pub(crate) measured: String,
    pub(crate) is_met: bool,
}

/// A run with what it found.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    scenario: &'static str,
    measured_at: String,
    command: String,
    processor: String,
    found: Found,
}

impl Table {
    pub(crate) fn new<S: Into<String>>(head: impl IntoIterator<Item = S>) -> Self {
        Self {
            head: head.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
        }
    }

    pub(crate) fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }
}

impl Report {
    /// Report of a run that ends now.
    pub(crate) fn new(scenario: &'static str, found: Found) -> anyhow::Result<Self> {
        Ok(Self {
            scenario,
            measured_at: jiff::Timestamp::now().to_string(),
            command: figures::command("load"),
            processor: figures::processor(),
            found,
        })
    }

    fn introduction(&self) -> String {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        format!(
            "Measured on {} with `{}` on {cores} cores of an {}, load and system on the same. {}",
            self.measured_at.get(..10).unwrap_or_default(),
            self.command,
            self.processor,
            self.found.what,
        )
    }

    fn tables(&self) -> Vec<Table> {
        let mut tables = self.found.tables.clone();
        if !self.found.wanted.is_empty() {
            let mut table = Table::new(["wanted", "", "measured", "met"]);
            for one in &self.found.wanted {
                let is_met = if one.is_met { "yes" } else { "no" };
                table.row([&*one.what, &*one.wanted, &*one.measured, is_met]);
            }
            tables.push(table);
        }
        tables
    }

    /// One file that needs no other.
    pub(crate) fn html(&self) -> String {
        let title = format!("EventRelay under load: {}", self.scenario);
        let mut out = format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
             <style>body{{font:15px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}}\
             table{{border-collapse:collapse;margin:1rem 0}}td,th{{border:1px solid #ccc;\
             padding:.2rem .6rem;text-align:left}}svg{{width:100%;margin:.5rem 0}}</style>\n\
             <h1>{title}</h1>\n<p>{}</p>\n",
            in_html(&self.introduction()),
        );
        let row = |out: &mut String, cells: &[String], tag: &str| {
            let cells = cells.iter();
            let cells: String = cells
                .map(|cell| format!("<{tag}>{}</{tag}>", in_html(cell)))
                .collect();
            // Writing to a string does not fail.
            let _ = writeln!(out, "<tr>{cells}</tr>");
        };
        for table in self.tables() {
            out.push_str("<table>\n");
            row(&mut out, &table.head, "th");
            table
                .rows
                .iter()
                .for_each(|cells| row(&mut out, cells, "td"));
            out.push_str("</table>\n");
        }
        for note in &self.found.notes {
            let _ = writeln!(out, "<p>{}</p>", in_html(note));
        }
        for plot in &self.found.plots {
            out.push_str(&plot.svg());
        }
        out.push_str("</html>\n");
        out
    }
}

/// Text in which backquotes stand around code.
fn in_html(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let parts = parts.map(|(position, part)| match position % 2 {
        0 => escape(part),
        _ => format!("<code>{}</code>", escape(part)),
    });
    parts.collect()
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}", self.introduction())?;
        for table in self.tables() {
            write!(out, "\n{table}")?;
        }
        for note in &self.found.notes {
            write!(out, "\n{note}\n")?;
        }
        Ok(())
    }
}

impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "| {} |", self.head.join(" | "))?;
        writeln!(out, "|{}", "---|".repeat(self.head.len()))?;
        for row in &self.rows {
            writeln!(out, "| {} |", row.join(" | "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::{Axis, Scale, Series};

    fn report() -> Report {
        let mut table = Table::new(["a", "b"]);
        table.row(["1", "<2>"]);
        let axis = Axis {
            name: "s",
            scale: Scale::Linear,
        };
        let found = Found {
            what: "With `x`.".to_owned(),
            tables: vec![table],
            wanted: vec![Wanted {
                what: "speed".to_owned(),
                wanted: "1".to_owned(),
                measured: "2".to_owned(),
                is_met: false,
            }],
            notes: vec!["A note.".to_owned()],
            plots: vec![Plot {
                title: "plot".to_owned(),
                x: axis,
                y: axis,
                series: vec![Series {
                    name: "line".to_owned(),
                    points: vec![(0.0, 1.0), (1.0, 2.0)],
                }],
            }],
        };
        Report::new("process", found).unwrap()
    }

    #[test]
    fn tables_have_as_many_cells_in_every_line() {
        let text = report().to_string();
        assert!(text.contains("| speed | 1 | 2 | no |"), "{text}");
        for table in text.split("\n\n").filter(|part| part.starts_with('|')) {
            let lines = table.lines().filter(|line| line.starts_with('|'));
            let cells: Vec<usize> = lines.map(|line| line.matches('|').count()).collect();
            assert!(cells.iter().all(|count| *count == cells[0]), "{table}");
        }
    }

    #[test]
    fn page_loads_no_external_resources() {
        let page = report().html();
        assert!(
            page.contains("<polyline") && page.contains("&lt;2&gt;"),
            "{page}"
        );
        assert!(page.contains("With <code>x</code>."), "{page}");
        assert!(
            !page.contains("<script") && !page.contains("src="),
            "{page}"
        );
        let names = page.matches("http").count();
        assert_eq!(names, page.matches("http://www.w3.org/2000/svg").count());
    }
}
