//! Syntax check of programs by their grammars.

use std::borrow::Cow;

use tree_sitter::Node;

use super::{
    super::{
        finding::{Findings, Rule, excerpt},
        fragment::{Lines, ParsedFragment},
    },
    MAX_ERRORS, brackets, python, rust, script,
};
use eventrelay_project::Language;

/// Parses a program. `interactive` permits top-level `await` as in a notebook cell. Returns `None`
/// on an error.
pub(super) fn check<'a>(
    language: Language,
    text: Cow<'a, str>,
    lines: Lines,
    interactive: bool,
    findings: &mut Findings,
) -> Option<ParsedFragment<'a>> {
    let first = lines.line_at(0);
    let Some(fragment) = ParsedFragment::parse(language, text, lines) else {
        let message =
            "the parser gave up: the code is nested too deeply, or is none of this language";
        findings.error(first, Rule::Syntax, message);
        return None;
    };
    if fragment.root().has_error() {
        errors(&fragment, findings);
        return None;
    }
    let found = match language {
        Language::Python => python::check(&fragment, interactive),
        Language::Rust => rust::check(&fragment),
        _ => script::check(&fragment),
    };
    let sound = found.is_empty();
    for (node, message) in found.into_iter().take(MAX_ERRORS) {
        let shown = excerpt(fragment.line_text(node));
        findings.error(
            fragment.line(node),
            Rule::Syntax,
            format!("{message}: {shown}"),
        );
    }
    sound.then_some(fragment)
}

/// Reports errors and missing nodes of the tree.
pub(super) fn errors(fragment: &ParsedFragment<'_>, findings: &mut Findings) {
    // For an unbalanced bracket or element, the grammar reports only a general error.
    if let Some((line, message)) = brackets::unbalanced(fragment) {
        return findings.error(line, Rule::Syntax, message);
    }
    if let Some((node, message)) = script::unlike_elements(fragment).into_iter().next() {
        let shown = excerpt(fragment.line_text(node));
        return findings.error(
            fragment.line(node),
            Rule::Syntax,
            format!("{message}: {shown}"),
        );
    }
    let mut told: Vec<u32> = Vec::new();
    fragment.walk(|node, _| {
        if told.len() >= MAX_ERRORS || !(node.has_error() || node.is_missing()) {
            return false;
        }
        // An error that spans lines is imprecise; errors inside it are closer to the cause.
        let wide = node.start_position().row != node.end_position().row;
        let broken = node.is_missing() || node.is_error() && !(wide && contains_error(node));
        let line = fragment.line(node);
        if broken && !told.contains(&line) {
            told.push(line);
            findings.error(line, Rule::Syntax, message(fragment, node));
        }
        !broken
    });
    if told.is_empty() && !findings.has(Rule::Syntax) {
        let message = "no program of its language";
        findings.error(fragment.line(fragment.root()), Rule::Syntax, message);
    }
}

fn contains_error(node: Node<'_>) -> bool {
    let mut cursor = node.walk();
    node.children(&mut cursor)
        .any(|child| child.is_error() || child.is_missing() || child.has_error())
}

fn message(fragment: &ParsedFragment<'_>, node: Node<'_>) -> String {
    let line = excerpt(fragment.line_text(node));
    let kind = node.kind();
    if node.is_missing() && !kind.is_empty() {
        return format!("{} is missing in or before {line}", excerpt(kind));
    }
    match fragment.source(node).trim() {
        "" => format!("syntax error in {line}"),
        text => format!("syntax error at {} in {line}", excerpt(text)),
    }
}
