//! Search for unbalanced brackets.
//!
//! They cause most syntax errors of a model, and a grammar reports them too late.

use tree_sitter::Node;

use super::super::{finding::excerpt, fragment::ParsedFragment};

/// Returns the line of the first unbalanced bracket with its fix. The tree separates code from
/// strings and comments.
pub(super) fn unbalanced(fragment: &ParsedFragment<'_>) -> Option<(u32, String)> {
    let mut open: Vec<(Node<'_>, char)> = Vec::new();
    let mut found = None;
    fragment.walk(|node, _| {
        if found.is_some() {
            return false;
        }
        if node.is_missing() || node.child_count() > 0 {
            return true;
        }
        let Some(end) = fragment.source(node).chars().last() else {
            return true;
        };
        match node.kind() {
            // `${` and `#[` end with the bracket that they open.
            "(" | "[" | "{" | "${" => open.push((node, end)),
            ")" | "]" | "}" => found = close(fragment, &mut open, node, end),
            _ => {}
        }
        true
    });
    found.or_else(|| {
        let (node, bracket) = open.last()?;
        Some((fragment.line(*node), unclosed(fragment, *node, *bracket)))
    })
}

fn close<'t>(
    fragment: &ParsedFragment<'_>,
    open: &mut Vec<(Node<'t>, char)>,
    node: Node<'t>,
    closing: char,
) -> Option<(u32, String)> {
    let line = fragment.line(node);
    let shown = excerpt(fragment.line_text(node));
    match open.pop() {
        None => Some((line, format!("`{closing}` closes nothing in {shown}"))),
        Some((_, opened)) if partner(opened) == closing => None,
        Some((opening, bracket)) => {
            let opened = unclosed(fragment, opening, bracket);
            let message = format!("{opened} before `{closing}` of line {line}: {shown}");
            Some((fragment.line(opening), message))
        }
    }
}

fn unclosed(fragment: &ParsedFragment<'_>, node: Node<'_>, bracket: char) -> String {
    let (line, shown) = (fragment.line(node), excerpt(fragment.line_text(node)));
    format!("`{bracket}` of line {line} is never closed, in {shown}")
}

const fn partner(bracket: char) -> char {
    match bracket {
        '(' => ')',
        '[' => ']',
        _ => '}',
    }
}
