//! Compiled queries over syntax trees.

use std::sync::LazyLock;

use tree_sitter::{Node, Query, QueryCursor, StreamingIterator};

use super::super::fragment::ParsedFragment;

/// Compiled query for one grammar. `None` if the grammar does not know its nodes, which a test
/// excludes.
pub(super) type Made = LazyLock<Option<Query>>;

pub(super) fn made(grammar: tree_sitter::Language, text: &str) -> Option<Query> {
    Query::new(&grammar, text).ok()
}

/// Returns the captured nodes of a query with the names of their captures.
pub(super) fn captures<'t>(
    fragment: &'t ParsedFragment<'_>,
    query: &'static Made,
) -> Vec<(&'static str, Node<'t>)> {
    let Some(query) = query.as_ref() else {
        return Vec::new();
    };
    let names = query.capture_names();
    let mut cursor = QueryCursor::new();
    let mut matches = cursor.matches(query, fragment.root(), fragment.text.as_bytes());
    let mut found = Vec::new();
    while let Some(one) = matches.next() {
        let captured = one
            .captures()
            .iter()
            .map(|one| (names[one.index as usize], one.node));
        found.extend(captured);
    }
    found
}
