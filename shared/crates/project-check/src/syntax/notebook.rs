//! Syntax check of notebooks: nbformat 4
//! (<https://nbformat.readthedocs.io/en/latest/format_description.html>) and the code of their
//! cells.

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::{Value, value::RawValue};

use super::{
    super::{
        finding::{Findings, Rule},
        fragment::{Lines, ParsedFragment},
    },
    code, json, line_at,
};
use eventrelay_project::Language;

const MAX_CELLS: usize = 300;

type Object<'a> = BTreeMap<String, &'a RawValue>;

/// Checks a notebook and returns its code cell by cell.
pub(super) fn check<'a>(text: &'a str, findings: &mut Findings) -> Vec<ParsedFragment<'a>> {
    json::check("", text, findings);
    if findings.has(Rule::Syntax) || findings.has(Rule::DuplicateKey) {
        return Vec::new();
    }
    match cells(text, findings) {
        Ok(cells) => {
            let mut fragments = Vec::new();
            for (number, cell) in (1..).zip(&cells) {
                match read_cell(text, cell) {
                    Ok(Some((code, lines))) => {
                        let code = Cow::Owned(without_magics(&code));
                        let lines = Lines::Each(lines);
                        fragments.extend(code::check(
                            Language::Python,
                            code,
                            lines,
                            true,
                            findings,
                        ));
                    }
                    Ok(None) => {}
                    Err(why) => {
                        let line = line_of(text, cell);
                        findings.error(line, Rule::Notebook, format!("cell {number}: {why}"));
                    }
                }
            }
            fragments
        }
        Err(why) => {
            findings.error(None, Rule::Notebook, why);
            Vec::new()
        }
    }
}

fn cells<'a>(text: &'a str, findings: &mut Findings) -> Result<Vec<&'a RawValue>, String> {
    let notebook: Object<'a> =
        serde_json::from_str(text).map_err(|_| "a notebook is an object".to_owned())?;
    let member = |name: &str| notebook.get(name).map(|raw| value(raw));
    if member("nbformat") != Some(Value::from(4)) {
        return Err("`nbformat` is 4".to_owned());
    }
    let minor = member("nbformat_minor").and_then(|minor| minor.as_u64());
    let minor = minor.ok_or("`nbformat_minor` is a number")?;
    if !member("metadata").is_some_and(|metadata| metadata.is_object()) {
        return Err("`metadata` is an object".to_owned());
    }
    let cells = notebook.get("cells").ok_or("`cells` is a list")?;
    let cells: Vec<&'a RawValue> =
        serde_json::from_str(cells.get()).map_err(|_| "`cells` is a list".to_owned())?;
    if cells.len() > MAX_CELLS {
        return Err(format!("at most {MAX_CELLS} cells"));
    }
    let unnamed = cells.iter().any(|cell| value(cell).get("id").is_none());
    if minor >= 5 && unnamed {
        let message =
            "each cell has an `id` since nbformat 4.5; else write `\"nbformat_minor\": 4`";
        findings.warning(None, Rule::Notebook, message);
    }
    Ok(cells)
}

/// Returns the code of a cell with the file line of each code line. `None` if the cell has no code.
fn read_cell(text: &str, cell: &RawValue) -> Result<Option<(String, Vec<u32>)>, &'static str> {
    let object: Object<'_> = serde_json::from_str(cell.get()).map_err(|_| "a cell is an object")?;
    let member = |name: &str| object.get(name).map(|raw| value(raw));
    if !member("metadata").is_some_and(|metadata| metadata.is_object()) {
        return Err("`metadata` is an object");
    }
    let source = object
        .get("source")
        .ok_or("`source` is a text or a list of texts")?;
    let source = lines(text, source).ok_or("`source` is a text or a list of texts")?;
    match member("cell_type").as_ref().and_then(Value::as_str) {
        Some("markdown" | "raw") => Ok(None),
        Some("code") if !member("outputs").is_some_and(|outputs| outputs.is_array()) => {
            Err("`outputs` of a code cell is a list, `[]` where it has not run")
        }
        Some("code") => match member("execution_count") {
            Some(Value::Null | Value::Number(_)) => Ok(Some(source)),
            _ => {
                Err("`execution_count` of a code cell is a number, or `null` where it has not run")
            }
        },
        _ => Err("`cell_type` is `code`, `markdown` or `raw`"),
    }
}

/// Joins a source to one text, with the file line of each of its lines.
fn lines(text: &str, source: &RawValue) -> Option<(String, Vec<u32>)> {
    let parts: Vec<&RawValue> = if source.get().starts_with('[') {
        serde_json::from_str(source.get()).ok()?
    } else {
        vec![source]
    };
    let (mut code, mut lines) = (String::new(), Vec::new());
    for part in parts {
        let content: String = serde_json::from_str(part.get()).ok()?;
        let line = line_of(text, part);
        let begun = !code.is_empty() && !code.ends_with('\n');
        lines.extend(
            content
                .split_inclusive('\n')
                .skip(usize::from(begun))
                .map(|_| line),
        );
        code.push_str(&content);
    }
    Some((code, lines))
}

/// Returns the file line at which a value begins.
fn line_of(text: &str, value: &RawValue) -> u32 {
    // The value borrows from the text.
    let at = (value.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    line_at(text, at).0
}

fn value(raw: &RawValue) -> Value {
    serde_json::from_str(raw.get()).unwrap_or_default()
}

/// Removes IPython syntax from a cell: magics and shell commands.
fn without_magics(code: &str) -> String {
    // Cell magics that Python code follows. Other cells are in another language.
    const OF_CODE: [&str; 4] = ["%%time", "%%timeit", "%%capture", "%%prun"];
    let first = code.split_whitespace().next().unwrap_or_default();
    if first.starts_with("%%") && !OF_CODE.contains(&first) {
        return String::new();
    }
    let mut out = String::with_capacity(code.len());
    let mut continued = false;
    for line in code.split_inclusive('\n') {
        let inner = line.trim();
        let is_magic = inner.starts_with(['%', '!', '?']) || is_help(inner);
        if continued {
            out.push('\n');
        } else if is_magic {
            let indent = line.len() - line.trim_start().len();
            out.push_str(&line[..indent.min(line.len())]);
            out.push_str("pass\n");
        } else {
            out.push_str(line);
        }
        continued = (is_magic || continued) && inner.ends_with('\\');
    }
    out
}

/// Returns true for a help request: a name with a question mark.
fn is_help(line: &str) -> bool {
    let name = line.trim_end_matches('?');
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    name.len() < line.len() && !name.is_empty() && name.chars().all(is_name)
}
