//! Rust errors that the grammar accepts.

use tree_sitter::Node;

use super::super::fragment::{ParsedFragment, has_token};

/// Reports code that does not compile in any context.
pub(super) fn check<'t>(fragment: &'t ParsedFragment<'_>) -> Vec<(Node<'t>, String)> {
    let mut found = Vec::new();
    fragment.walk(|node, within| {
        let message = match node.kind() {
            "function_signature_item" if !is_declared_in(within) => {
                Some("a function outside of a trait has a body")
            }
            "expression_statement" | "let_declaration" if within.len() == 1 => {
                Some("a statement stands in a function")
            }
            "await_expression" => waits(within),
            _ => None,
        };
        found.extend(message.map(|message| (node, message.to_owned())));
        true
    });
    // The grammar parses a macro call between items as an expression.
    found.retain(|(node, _)| {
        let inner = node.named_child(0).map(|child| child.kind());
        node.kind() != "expression_statement" || inner != Some("macro_invocation")
    });
    found
}

fn is_declared_in(within: &[Node<'_>]) -> bool {
    let kinds = ["trait_item", "foreign_mod_item", "macro_definition"];
    within
        .iter()
        .rev()
        .take(2)
        .any(|node| kinds.contains(&node.kind()))
}

fn waits(within: &[Node<'_>]) -> Option<&'static str> {
    let kinds = ["function_item", "async_block", "closure_expression"];
    let inner = within
        .iter()
        .rev()
        .find(|node| kinds.contains(&node.kind()))?;
    match inner.kind() {
        "async_block" => None,
        "closure_expression" if has_token(*inner, "async") => None,
        "closure_expression" => Some("`.await` in a closure that is not `async`"),
        _ => {
            let modifiers = inner.child(0).into_iter().chain(inner.child(1));
            let is_async = modifiers
                .filter(|child| child.kind() == "function_modifiers")
                .any(|child| has_token(child, "async"));
            (!is_async).then_some("`.await` in a function that is not `async`")
        }
    }
}
