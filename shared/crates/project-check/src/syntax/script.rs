//! JavaScript and TypeScript errors that the grammars accept.

use tree_sitter::Node;

use super::super::{
    finding::excerpt,
    fragment::{ParsedFragment, has_token, named},
};
use eventrelay_project::Language;

/// Reports code that every engine rejects.
pub(super) fn check<'t>(fragment: &'t ParsedFragment<'_>) -> Vec<(Node<'t>, String)> {
    let mut found = unlike_elements(fragment);
    fragment.walk(|node, within| {
        let message = match node.kind() {
            "lexical_declaration" if unset(fragment, node, within) => {
                Some("a `const` has a value".to_owned())
            }
            "try_statement" if !handles(node) => {
                Some("`try` without `catch` or `finally`".to_owned())
            }
            "return_statement" if function(within).is_none() => {
                Some("`return` outside of a function".to_owned())
            }
            "await_expression" => {
                let idle = function(within).filter(|function| !has_token(*function, "async"));
                idle.map(|_| "`await` in a function that is not `async`".to_owned())
            }
            _ => None,
        };
        found.extend(message.map(|message| (node, message)));
        true
    });
    found
}

/// Reports elements whose end tag has another name.
pub(super) fn unlike_elements<'t>(fragment: &'t ParsedFragment<'_>) -> Vec<(Node<'t>, String)> {
    let mut found = Vec::new();
    fragment.walk(|node, _| {
        if node.kind() == "jsx_element" {
            found.extend(unlike(fragment, node).map(|message| (node, message)));
        }
        true
    });
    found
}

fn unlike(fragment: &ParsedFragment<'_>, element: Node<'_>) -> Option<String> {
    let name = |field: &str| {
        let tag = element.child_by_field_name(field)?;
        Some(
            tag.child_by_field_name("name")
                .map_or("", |name| fragment.source(name)),
        )
    };
    let (open, close) = (name("open_tag")?, name("close_tag")?);
    let message = || {
        let (open, close) = (format!("<{open}>"), format!("</{close}>"));
        format!("{} is closed by {}", excerpt(&open), excerpt(&close))
    };
    (open != close).then(message)
}

/// Returns true for a constant without a value, unless it is ambient or a loop assigns it.
fn unset(fragment: &ParsedFragment<'_>, declaration: Node<'_>, within: &[Node<'_>]) -> bool {
    let kind = declaration.child_by_field_name("kind");
    let constant = kind.is_some_and(|kind| fragment.source(kind) == "const");
    let ambient = matches!(fragment.language, Language::TypeScript | Language::Tsx)
        && within
            .iter()
            .any(|node| node.kind() == "ambient_declaration");
    let mut declared = named(declaration).filter(|node| node.kind() == "variable_declarator");
    constant && !ambient && declared.any(|one| one.child_by_field_name("value").is_none())
}

fn handles(statement: Node<'_>) -> bool {
    let field = |name| statement.child_by_field_name(name).is_some();
    field("handler") || field("finalizer")
}

/// Returns the innermost function around a place. Class bodies are ignored.
fn function<'t>(within: &[Node<'t>]) -> Option<Node<'t>> {
    let kinds = [
        "function_declaration",
        "function_expression",
        "generator_function",
        "generator_function_declaration",
        "arrow_function",
        "method_definition",
    ];
    within
        .iter()
        .rev()
        .find(|node| kinds.contains(&node.kind()))
        .copied()
}
