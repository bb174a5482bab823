//! Rust modules and crates (<https://doc.rust-lang.org/reference/items/modules.html>).

use std::collections::BTreeSet;

use tree_sitter::Node;

use super::{
    super::{
        context::ProjectContext,
        finding::{Findings, Rule, excerpt},
        fragment::{Lines, ParsedFragment, named},
        manifests::Registry,
    },
    Used, folder, join, missing, names, undeclared, unknown,
};
use eventrelay_project::{Language, ProjectFile};

pub(super) fn check(
    path: &str,
    fragment: &ParsedFragment<'_>,
    around: &ProjectContext,
    used: &mut Used,
    findings: &mut Findings,
) {
    let local = Local::new(fragment);
    fragment.walk(|node, within| {
        let line = fragment.line(node);
        match node.kind() {
            "mod_item" if node.child_by_field_name("body").is_none() => {
                module(path, fragment, node, within, around, findings);
            }
            "use_declaration" => {
                let argument = node.child_by_field_name("argument");
                for name in argument
                    .map(|node| flat(fragment, node))
                    .unwrap_or_default()
                {
                    if !of_crate(path, &name, line, around, findings) {
                        krate(&name, line, true, &local, around, used, findings);
                    }
                }
                return false;
            }
            "extern_crate_declaration" => {
                let name = node
                    .child_by_field_name("name")
                    .map_or("", |name| fragment.source(name));
                krate(name, line, true, &local, around, used, findings);
            }
            "scoped_identifier" | "scoped_type_identifier" => {
                let name: String = fragment.source(node).split_whitespace().collect();
                if !of_crate(path, &name, line, around, findings) && name.contains("::") {
                    krate(&name, line, false, &local, around, used, findings);
                }
                return name.starts_with('<');
            }
            // Macro arguments are tokens.
            "identifier"
                if within
                    .last()
                    .is_some_and(|outer| outer.kind() == "token_tree") =>
            {
                let next = node.next_sibling().map_or("", |next| next.kind());
                if next == "::" {
                    for name in named_so(around, fragment.source(node)) {
                        used.add(Registry::Crates, &name);
                    }
                }
            }
            _ => {}
        }
        true
    });
}

/// Checks a module declared in a separate file.
fn module(
    path: &str,
    fragment: &ParsedFragment<'_>,
    node: Node<'_>,
    within: &[Node<'_>],
    around: &ProjectContext,
    findings: &mut Findings,
) {
    let text = |node: Node<'_>| {
        node.child_by_field_name("name")
            .map_or("", |name| fragment.source(name))
    };
    let name = text(node).trim_start_matches("r#");
    // An explicit path attribute takes precedence.
    let attribute = node
        .prev_named_sibling()
        .filter(|node| node.kind() == "attribute_item");
    if attribute.is_some_and(|attribute| fragment.source(attribute).contains("path")) {
        return;
    }
    let file = path.rsplit('/').next().unwrap_or(path);
    let is_root = |file: &str| matches!(file, "main.rs" | "lib.rs" | "mod.rs" | "build.rs");
    let parent = folder(path);
    let top = ["src/bin", "tests", "examples", "benches"].contains(&parent);
    let mut home = if is_root(file) || top {
        parent.to_owned()
    } else {
        path.trim_end_matches(".rs").to_owned()
    };
    for outer in within.iter().filter(|outer| outer.kind() == "mod_item") {
        home = join(&home, text(*outer)).unwrap_or_default();
    }
    let at = |inner: &str| join(&home, inner).is_some_and(|path| around.paths.contains(&path));
    if !at(&format!("{name}.rs")) && !at(&format!("{name}/mod.rs")) {
        let wanted = join(&home, &format!("{name}.rs")).unwrap_or_default();
        missing(
            around,
            &wanted,
            fragment.line(node),
            &format!("mod {name}"),
            findings,
        );
    }
}

/// Returns true for a path from the crate root, and reports it if its target is missing.
fn of_crate(
    path: &str,
    name: &str,
    line: u32,
    around: &ProjectContext,
    findings: &mut Findings,
) -> bool {
    let Some(rest) = name.strip_prefix("crate::") else {
        return ["crate", "self", "super", "Self"]
            .contains(&name.split("::").next().unwrap_or(name));
    };
    let mut parts = rest.split("::");
    let first = parts.next().unwrap_or_default().trim_start_matches("r#");
    // Each additional program is a separate crate.
    let of_main = path.starts_with("src/") && !path.starts_with("src/bin/");
    let is_file = |inner: String| around.paths.contains(&inner);
    let there = is_file(format!("src/{first}.rs")) || is_file(format!("src/{first}/mod.rs"));
    let defined = around
        .roots
        .as_ref()
        .map(|roots| roots.contains(first) || roots.contains("*"));
    if let Some(name) = rest.split("::").nth(1).filter(|_| of_main && there) {
        member(first, name, line, around, findings);
    }
    // If the roots are unknown, only names that must be modules are reported.
    let lower = first.starts_with(|c: char| c.is_ascii_lowercase());
    let guessed = lower && parts.next().is_some();
    let root = matches!(path, "src/main.rs" | "src/lib.rs");
    let lost = match defined {
        Some(defined) => !defined,
        None => guessed && !root,
    };
    if of_main && there && defined == Some(false) {
        let name = excerpt(&format!("mod {first};"));
        let message =
            format!("{first} is no part of the program: write {name} in src/main.rs or src/lib.rs");
        findings.error(line, Rule::MissingName, message);
    }
    if of_main && !there && lost {
        missing(around, &format!("src/{first}.rs"), line, name, findings);
    }
    true
}

/// Checks a name imported from a module of the project.
fn member(module: &str, name: &str, line: u32, around: &ProjectContext, findings: &mut Findings) {
    let name = name.trim_start_matches("r#");
    let exists = |path: &String| around.paths.contains(path);
    let inner = [
        format!("src/{module}/{name}.rs"),
        format!("src/{module}/{name}/mod.rs"),
    ];
    // Macros have their own scoping rules.
    let is_name = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if name == "self" || !is_name || inner.iter().any(exists) {
        return;
    }
    let files = [format!("src/{module}.rs"), format!("src/{module}/mod.rs")];
    if let Some(file) = files.iter().find(|file| exists(file)) {
        unknown(around, file, line, &[name], findings);
    }
}

/// Checks a path that begins with a crate name. Outside of a `use`, the first segment can be many
/// other things.
fn krate(
    name: &str,
    line: u32,
    imported: bool,
    local: &Local,
    around: &ProjectContext,
    used: &mut Used,
    findings: &mut Findings,
) {
    let name = name.trim_start_matches("::");
    let first = name
        .split("::")
        .next()
        .unwrap_or(name)
        .trim_start_matches("r#");
    let declared = named_so(around, first);
    for name in &declared {
        used.add(Registry::Crates, name);
    }
    let lower = first.starts_with(|c: char| c.is_ascii_lowercase());
    let known = !declared.is_empty() || names::is_rust(first) || local.names.contains(first);
    if !known && lower && (imported || !local.open) {
        undeclared(line, first, &first.replace('_', "-"), findings);
    }
}

/// Returns the declared packages with this import name.
fn named_so(around: &ProjectContext, name: &str) -> Vec<String> {
    let so = around
        .packages
        .iter()
        .filter(|one| one.replace('-', "_") == name);
    so.cloned().collect()
}

/// Names that a file defines or imports.
pub(super) struct Local {
    pub(super) names: BTreeSet<String>,
    /// True if a glob import may add names.
    pub(super) open: bool,
}

impl Local {
    pub(super) fn new(fragment: &ParsedFragment<'_>) -> Self {
        let mut local = Self {
            names: BTreeSet::new(),
            open: false,
        };
        fragment.walk(|node, _| {
            let name = node
                .child_by_field_name("name")
                .map_or("", |name| fragment.source(name));
            match node.kind() {
                "use_declaration" => {
                    let argument = node.child_by_field_name("argument");
                    for path in argument
                        .map(|node| flat(fragment, node))
                        .unwrap_or_default()
                    {
                        local.open |= path.ends_with('*');
                        let last = path.rsplit("::").next().unwrap_or_default();
                        // An import from a crate of the same name refers to the crate.
                        if path.contains("::") {
                            local.names.insert(last.to_owned());
                        }
                    }
                }
                "use_as_clause" => {
                    let alias = node.child_by_field_name("alias");
                    local
                        .names
                        .extend(alias.map(|alias| fragment.source(alias).to_owned()));
                }
                kind if kind.ends_with("_item") || kind == "macro_definition" => {
                    local.names.insert(name.to_owned());
                }
                _ => {}
            }
            true
        });
        local
    }
}

/// Expands a `use` to its full paths. Glob imports end in `*`.
fn flat(fragment: &ParsedFragment<'_>, node: Node<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![(node, String::new())];
    while let Some((node, before)) = open.pop() {
        let with = |text: &str| {
            if before.is_empty() {
                text.to_owned()
            } else {
                format!("{before}::{text}")
            }
        };
        let text = |node: Node<'_>| fragment.source(node).split_whitespace().collect::<String>();
        match node.kind() {
            "use_list" => open.extend(named(node).map(|inner| (inner, before.clone()))),
            "scoped_use_list" => {
                let path = node
                    .child_by_field_name("path")
                    .map(text)
                    .unwrap_or_default();
                let list = node.child_by_field_name("list");
                open.extend(list.map(|list| (list, with(&path))));
            }
            "use_as_clause" => {
                let path = node.child_by_field_name("path");
                open.extend(path.map(|path| (path, before.clone())));
            }
            kind if kind.ends_with("comment") => {}
            // `self` in a list is the prefix path.
            "self" if !before.is_empty() => found.push(before),
            _ => found.push(with(&text(node))),
        }
    }
    found
}

/// Collects the names that the crate roots define, which may follow `crate::` like files.
pub(in super::super) fn roots(files: &[ProjectFile]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in files
        .iter()
        .filter(|file| matches!(file.path.as_str(), "src/main.rs" | "src/lib.rs"))
    {
        let text = String::from_utf8_lossy(&file.content);
        if let Some(fragment) = ParsedFragment::parse(Language::Rust, text, Lines::From(1)) {
            let local = Local::new(&fragment);
            found.extend(local.names);
            // A root that does not parse may define any name.
            let open = local.open || fragment.root().has_error();
            found.extend(open.then(|| "*".to_owned()));
        }
    }
    found
}
