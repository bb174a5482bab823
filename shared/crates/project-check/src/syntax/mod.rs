//! Syntax checks: one parser for each language, plus errors that the parsers accept but compilers
//! reject.

mod brackets;
mod code;
mod css;
mod html;
mod json;
mod notebook;
mod python;
mod rust;
mod script;
#[cfg(test)]
mod tests;
mod yaml;

use std::borrow::Cow;

use super::{
    finding::{Findings, Rule, excerpt},
    fragment::{Lines, ParsedFragment},
};
use eventrelay_project::{Framework, Language};

pub(super) use css::references;

/// Maximum reported syntax errors of a fragment. Later errors often follow from the first.
const MAX_ERRORS: usize = 3;

/// Parses a text and reports its errors. Returns the fragments of programs and pages that have no
/// syntax error.
pub(super) fn check<'a>(
    path: &str,
    text: &'a str,
    framework: Framework,
    findings: &mut Findings,
) -> Vec<ParsedFragment<'a>> {
    let language = Language::of_path(path);
    match language {
        Language::Json => json::check(path, text, findings),
        Language::Toml => toml(text, findings),
        Language::Yaml => yaml::check(text, findings),
        Language::Css => css::check(text, 1, findings),
        Language::Notebook => return notebook::check(text, findings),
        Language::Html => {
            let templated = framework.language() == Language::Python;
            return html::check(text, templated, findings);
        }
        _ if language.is_code() => {
            let lines = Lines::From(1);
            return code::check(language, Cow::Borrowed(text), lines, false, findings)
                .into_iter()
                .collect();
        }
        _ if is_environment(path) => environment(text, findings),
        _ => {}
    }
    Vec::new()
}

/// Checks a TOML 1.1 document.
fn toml(text: &str, findings: &mut Findings) {
    if let Err(error) = toml::from_str::<toml::Table>(text) {
        let at = error.span().map_or(0, |span| span.start);
        let (line, shown) = line_at(text, at);
        // The parser's message contains "duplicate key".
        let rule = if error.message().contains("duplicate key") {
            Rule::DuplicateKey
        } else {
            Rule::Syntax
        };
        findings.error(
            line,
            rule,
            format!("{}: {}", error.message(), excerpt(shown)),
        );
    }
}

/// Returns true for a list of environment variables like `.env.example`.
fn is_environment(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name == ".env" || name.starts_with(".env.")
}

fn environment(text: &str, findings: &mut Findings) {
    for (line, content) in (1..).zip(text.lines()) {
        let content = content.trim();
        let name = content.split_once('=').map_or("", |(name, _)| name);
        let name = name.strip_prefix("export ").unwrap_or(name);
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let named = !name.is_empty() && name.chars().all(is_name);
        if !(content.is_empty() || content.starts_with('#') || named) {
            let message = "a line is `NAME=value`, a comment that begins with `#`, or empty";
            return findings.error(line, Rule::Syntax, message);
        }
    }
}

/// Returns the line of a byte, from 1, with its text.
fn line_at(text: &str, at: usize) -> (u32, &str) {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let from = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let row = text[..from].matches('\n').count();
    let shown = text[from..].lines().next().unwrap_or_default();
    (Lines::From(1).line_at(row), shown)
}
