//! Functions without an implementation.

use tree_sitter::Node;

use super::{
    super::{
        finding::{Findings, Rule, excerpt},
        fragment::{ParsedFragment, has_token, named},
    },
    remarks,
};
use eventrelay_project::Language;

/// Returns true if a fragment has only comments and strings.
pub(in super::super) fn is_idle(fragment: &ParsedFragment<'_>) -> bool {
    let idle = |node: Node<'_>| match node.kind() {
        "pass_statement" | "empty_statement" | "doctype" => true,
        "expression_statement" => {
            named(node).all(|inner| matches!(inner.kind(), "string" | "ellipsis"))
        }
        kind => kind.ends_with("comment"),
    };
    named(fragment.root()).all(idle)
}

pub(super) fn check(fragment: &ParsedFragment<'_>, findings: &mut Findings) {
    fragment.walk(|node, within| {
        let found = match fragment.language {
            Language::Python => python(fragment, node, within),
            Language::Rust => rust(fragment, node, within),
            Language::Html => None,
            _ => script(fragment, node, within),
        };
        if let Some((sure, message)) = found {
            let message = format!("{message}: {}", excerpt(fragment.line_text(node)));
            if sure {
                findings.error(fragment.line(node), Rule::Stub, message)
            } else {
                findings.warning(fragment.line(node), Rule::Stub, message)
            }
        }
        true
    });
}

/// Certainty of a stub finding, and its fix.
type Stub = Option<(bool, &'static str)>;

const WRITE: &str = "this function does nothing: write what it is for";

/// Returns true if a comment of the body announces an implementation.
fn is_promised(fragment: &ParsedFragment<'_>, body: Node<'_>) -> bool {
    let mut comments = named(body).filter(|node| node.kind().ends_with("comment"));
    comments.any(|node| remarks::rule(fragment.source(node)).is_some())
}

fn python(fragment: &ParsedFragment<'_>, node: Node<'_>, within: &[Node<'_>]) -> Stub {
    if node.kind() != "function_definition" {
        return None;
    }
    let body = node.child_by_field_name("body")?;
    let mut fails = false;
    let empty = named(body).all(|statement| match statement.kind() {
        "pass_statement" => true,
        "expression_statement" => {
            named(statement).all(|inner| matches!(inner.kind(), "string" | "ellipsis"))
        }
        "raise_statement" => {
            let raised = statement
                .named_child(0)
                .map_or("", |raised| fragment.source(raised));
            let of_stub = raised.starts_with("NotImplementedError");
            fails |= of_stub;
            of_stub
        }
        kind => kind.ends_with("comment"),
    });
    if !empty || is_open(fragment, within) {
        return None;
    }
    let class = within
        .iter()
        .rev()
        .find(|outer| outer.kind() == "class_definition");
    let bases = class.and_then(|class| class.child_by_field_name("superclasses"));
    let bases = bases.map_or("", |bases| fragment.source(bases));
    let name = class.and_then(|class| class.child_by_field_name("name"));
    let is_interface = bases.contains("Protocol")
        || bases.contains("ABC")
        || name.is_some_and(|name| is_base(fragment, fragment.source(name)));
    if is_interface {
        return None;
    }
    // An overriding method may be empty if its base class has an implementation.
    let overrides = !bases.is_empty() && !fails && !is_promised(fragment, body);
    Some((!overrides, WRITE))
}

/// Returns true if another class of the fragment inherits from that one.
fn is_base(fragment: &ParsedFragment<'_>, name: &str) -> bool {
    let mut found = false;
    fragment.walk(|node, _| {
        let bases = (node.kind() == "class_definition")
            .then(|| node.child_by_field_name("superclasses"))
            .flatten();
        found |= bases.is_some_and(|bases| named(bases).any(|base| fragment.source(base) == name));
        !found
    });
    found
}

/// Returns true if a decorator allows an empty body.
fn is_open(fragment: &ParsedFragment<'_>, within: &[Node<'_>]) -> bool {
    let decorated = within
        .last()
        .filter(|outer| outer.kind() == "decorated_definition");
    decorated.is_some_and(|outer| {
        let decorators = named(*outer).filter(|node| node.kind() == "decorator");
        decorators.into_iter().any(|decorator| {
            let name = fragment.source(decorator).trim_start_matches('@');
            let name = name.split('(').next().unwrap_or_default();
            let last = name.rsplit('.').next().unwrap_or_default();
            matches!(
                last,
                "abstractmethod" | "abstractproperty" | "overload" | "group" | "callback"
            )
        })
    })
}

fn rust(fragment: &ParsedFragment<'_>, node: Node<'_>, within: &[Node<'_>]) -> Stub {
    match node.kind() {
        "macro_invocation" => {
            let name = node
                .child_by_field_name("macro")
                .map_or("", |name| fragment.source(name));
            let stub = matches!(name.rsplit("::").next(), Some("todo" | "unimplemented"));
            stub.then_some((true, "this panics when it is called: write what it is for"))
        }
        "function_item" => {
            let body = node.child_by_field_name("body")?;
            let empty = named(body).all(|inner| inner.kind().ends_with("comment"));
            // A trait implementation may be empty.
            let of_type = within.iter().any(|outer| {
                outer.kind() == "trait_item"
                    || outer.kind() == "impl_item" && outer.child_by_field_name("trait").is_some()
            });
            // An empty generic function can assert type bounds at compile time.
            let asks = node.child_by_field_name("type_parameters").is_some();
            (empty && (!(of_type || asks) || is_promised(fragment, body))).then_some((true, WRITE))
        }
        _ => None,
    }
}

fn script(fragment: &ParsedFragment<'_>, node: Node<'_>, within: &[Node<'_>]) -> Stub {
    match node.kind() {
        "throw_statement" => {
            let text = fragment.source(node).to_lowercase();
            let words = [
                "not implemented",
                "not yet implemented",
                "unimplemented",
                "todo",
            ];
            let stub = words.iter().any(|words| text.contains(words));
            stub.then_some((true, "this fails when it is called: write what it is for"))
        }
        "statement_block" => {
            let function = within.last()?;
            let kinds = [
                "function_declaration",
                "generator_function_declaration",
                "method_definition",
                "arrow_function",
                "function_expression",
            ];
            let empty = named(node).all(|inner| inner.kind().ends_with("comment"));
            if !kinds.contains(&function.kind()) || !empty {
                return None;
            }
            if is_promised(fragment, node) {
                return Some((true, WRITE));
            }
            let name = function
                .child_by_field_name("name")
                .map_or("", |name| fragment.source(name));
            let idle = name.to_lowercase().contains("noop") || has_token(*function, "abstract");
            (function.kind() == "function_declaration" && !idle).then_some((true, WRITE))
        }
        _ => None,
    }
}
