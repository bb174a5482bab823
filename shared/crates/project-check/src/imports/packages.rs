//! Packages with a different import name, packages included in others, and packages used without an
//! import.

use super::{
    super::manifests::{Registry, normalised},
    lists,
};

/// Python modules with the packages that provide them, where the names differ.
const DISTRIBUTIONS: &str = include_str!("words/distributions.txt");

/// Namespace packages that several distributions share.
const SHARED: [&str; 3] = ["google", "azure", "opentelemetry"];

/// Packages with the packages that include them when they are declared.
const fn included(registry: Registry) -> &'static str {
    match registry {
        Registry::Npm => include_str!("words/included_npm.txt"),
        Registry::PyPi => include_str!("words/included_pypi.txt"),
        Registry::Crates => "",
    }
}

/// Framework packages and tools, used in configuration, by commands, or at run time.
const fn tools(registry: Registry) -> &'static str {
    match registry {
        Registry::Npm => include_str!("words/tools_npm.txt"),
        Registry::PyPi => include_str!("words/tools_pypi.txt"),
        Registry::Crates => include_str!("words/tools_crates.txt"),
    }
}

/// Name prefixes of tools and of packages that only provide types.
const TOOLS_BEGIN: [&str; 8] = [
    "@types/",
    "eslint",
    "@eslint/",
    "@typescript-eslint/",
    "prettier-",
    "pytest-",
    "types-",
    "@babel/",
];

/// Returns the PyPI packages that may provide a module, the most likely first. `names` are the
/// imported names.
pub(super) fn distributions(module: &str, names: &[String]) -> Vec<String> {
    let top = module.split('.').next().unwrap_or(module);
    let mut listed = row(DISTRIBUTIONS, top).map(str::to_owned).peekable();
    if listed.peek().is_some() {
        return listed.collect();
    }
    if !SHARED.contains(&top) {
        return vec![normalised(top)];
    }
    // `google.cloud.storage` and `from google.cloud import storage` belong to google-cloud-storage.
    let parts: Vec<&str> = module.split('.').collect();
    let longer = names.iter().map(|name| format!("{module}.{name}"));
    let shorter = (2..=parts.len())
        .rev()
        .map(|count| parts[..count].join("."));
    let all = longer.chain(shorter).map(|name| normalised(&name));
    let mut all: Vec<String> = all.collect();
    all.push(top.to_owned());
    all
}

/// Returns the packages that include a package.
pub(super) fn brought(registry: Registry, name: &str) -> impl Iterator<Item = &'static str> {
    row(included(registry), name)
}

/// Returns the words behind a name in a table.
fn row(table: &'static str, name: &str) -> impl Iterator<Item = &'static str> {
    let mut rows = table.lines().filter_map(|line| line.split_once(' '));
    let found = rows.find(|(first, _)| *first == name);
    found.into_iter().flat_map(|(_, rest)| rest.split(' '))
}

/// Returns true if a package is used without an import.
pub(super) fn is_tool(registry: Registry, name: &str) -> bool {
    lists(tools(registry), name) || TOOLS_BEGIN.iter().any(|begins| name.starts_with(begins))
}
