//! Python errors that the grammar accepts.

use tree_sitter::Node;

use super::super::fragment::{ParsedFragment, has_token, named};

type Found<'t> = Vec<(Node<'t>, String)>;

/// Reports code that does not compile in Python 3. `interactive` permits top-level `await`.
pub(super) fn check<'t>(fragment: &'t ParsedFragment<'_>, interactive: bool) -> Found<'t> {
    let mut found = Found::new();
    fragment.walk(|node, within| {
        let message = match node.kind() {
            "block" if is_empty(node) => Some("an indented block is expected after this line"),
            "module" | "block" => {
                let odd = indented(node);
                if let Some(odd) = odd {
                    found.push((
                        odd,
                        "the indentation is unlike that of the lines around".into(),
                    ));
                }
                None
            }
            "print_statement" => Some("`print` is a function in Python 3: write `print(…)`"),
            "exec_statement" => Some("`exec` is a function in Python 3: write `exec(…)`"),
            "comparison_operator" if has_token(node, "<>") => Some("write `!=` for `<>`"),
            "try_statement" if !handles(node) => Some("`try` without `except` or `finally`"),
            "parameters" | "lambda_parameters" if misordered(node) => {
                Some("a parameter without a default follows one with a default")
            }
            "return_statement" if function(within).is_none() => {
                Some("`return` outside of a function")
            }
            "yield" if function(within).is_none() => Some("`yield` outside of a function"),
            "await" => waits(within, interactive),
            "break_statement" | "continue_statement" if !in_loop(within) => {
                Some("`break` and `continue` stand in a loop")
            }
            _ => None,
        };
        found.extend(message.map(|message| (node, message.to_owned())));
        true
    });
    // A missing body has no line of its own.
    for (node, _) in &mut found {
        if node.kind() == "block" {
            *node = node.parent().unwrap_or(*node);
        }
    }
    found
}

fn is_empty(block: Node<'_>) -> bool {
    named(block).all(|child| child.kind() == "comment")
}

/// Returns the first statement whose indentation differs from the first of its block.
fn indented(block: Node<'_>) -> Option<Node<'_>> {
    let mut first: Option<(usize, usize)> = None;
    named(block)
        .filter(|child| child.kind() != "comment")
        .find(|child| {
            let at = child.start_position();
            let (row, column) = *first.get_or_insert((at.row, at.column));
            // After a semicolon, a statement is on the line of the previous one.
            let alone = child
                .prev_sibling()
                .is_none_or(|other| other.end_position().row != at.row);
            alone && at.row != row && at.column != column
        })
}

fn handles(statement: Node<'_>) -> bool {
    named(statement).any(|child| {
        matches!(
            child.kind(),
            "except_clause" | "except_group_clause" | "finally_clause"
        )
    })
}

fn misordered(parameters: Node<'_>) -> bool {
    let mut defaulted = false;
    for parameter in named(parameters) {
        match parameter.kind() {
            "default_parameter" | "typed_default_parameter" => defaulted = true,
            "identifier" if defaulted => return true,
            "typed_parameter" => {
                let starred = parameter.named_child(0).is_some_and(|inner| {
                    matches!(
                        inner.kind(),
                        "list_splat_pattern" | "dictionary_splat_pattern"
                    )
                });
                if starred {
                    return false;
                }
                if defaulted {
                    return true;
                }
            }
            // The following parameters are keyword-only, in any order.
            "list_splat_pattern" | "keyword_separator" => return false,
            _ => {}
        }
    }
    false
}

/// Returns the innermost function around a place. A class resets it, and a lambda counts as a
/// function.
fn function<'t>(within: &[Node<'t>]) -> Option<Node<'t>> {
    let kinds = ["function_definition", "lambda", "class_definition"];
    let inner = within
        .iter()
        .rev()
        .find(|node| kinds.contains(&node.kind()))?;
    (inner.kind() != "class_definition").then_some(*inner)
}

fn waits(within: &[Node<'_>], interactive: bool) -> Option<&'static str> {
    match function(within) {
        None if interactive => None,
        None => Some("`await` outside of a function"),
        Some(function) if has_token(function, "async") => None,
        Some(_) => Some("`await` in a function that is not `async`"),
    }
}

fn in_loop(within: &[Node<'_>]) -> bool {
    let bounds = [
        "for_statement",
        "while_statement",
        "function_definition",
        "class_definition",
    ];
    let inner = within
        .iter()
        .rev()
        .find(|node| bounds.contains(&node.kind()));
    inner.is_some_and(|node| node.kind().ends_with("_statement"))
}
