//! Modules of the standard libraries.

/// Modules of Node.js (<https://nodejs.org/api/modules.html#built-in-modules>) that need no `node:`
/// prefix.
const OF_NODE: &str = include_str!("words/node.txt");

/// Modules of Python 3.12 (`sys.stdlib_module_names`) without internal ones.
const OF_PYTHON: &str = include_str!("words/python.txt");

/// First segments of Rust paths that are not packages: built-in crates, the prelude, primitive
/// types and tool attributes.
const OF_RUST: &str = include_str!("words/rust.txt");

/// Returns true if a package is a module of Node.js.
pub(super) fn is_node(name: &str) -> bool {
    super::lists(OF_NODE, name)
}

/// Returns true if a module comes with Python.
pub(super) fn is_python(name: &str) -> bool {
    name.starts_with("__") || super::lists(OF_PYTHON, name)
}

/// Returns true if a crate comes with Rust, or if the name cannot be a crate.
pub(super) fn is_rust(name: &str) -> bool {
    super::lists(OF_RUST, name)
}
