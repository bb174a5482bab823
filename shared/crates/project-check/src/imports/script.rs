//! JavaScript and TypeScript imports, resolved as in bundlers, Node.js and browsers.

use std::sync::LazyLock;

use tree_sitter::Node;

use super::{
    super::{
        context::ProjectContext,
        finding::{Findings, Rule, excerpt},
        fragment::{ParsedFragment, named},
        manifests::Registry,
    },
    Used, folder, is_served_as_is, join, missing, names, packages,
    query::{self, Made},
    undeclared, unknown,
};
use eventrelay_project::{Framework, Language};

const OF_SCRIPTS: &str = r#"
(import_statement source: (string) @source)
(export_statement source: (string) @source)
(call_expression function: (import) arguments: (arguments . (string) @source))
(call_expression
  function: (identifier) @called
  arguments: (arguments . (string) @source)
  (#eq? @called "require"))
"#;

const OF_TYPES: &str = "(import_require_clause source: (string) @source)";

static JAVASCRIPT: Made =
    LazyLock::new(|| query::made(tree_sitter_javascript::LANGUAGE.into(), OF_SCRIPTS));
static TYPESCRIPT: Made = LazyLock::new(|| {
    let text = format!("{OF_SCRIPTS}{OF_TYPES}");
    query::made(tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(), &text)
});
static TSX: Made = LazyLock::new(|| {
    let text = format!("{OF_SCRIPTS}{OF_TYPES}");
    query::made(tree_sitter_typescript::LANGUAGE_TSX.into(), &text)
});

/// Suffixes that an import may omit.
const ENDINGS: [&str; 11] = [
    ".ts",
    ".tsx",
    ".d.ts",
    ".js",
    ".jsx",
    ".mjs",
    ".cjs",
    ".mts",
    ".cts",
    ".json",
    ".native.tsx",
];

/// Source extensions of imported compiled files (TypeScript, "Module resolution").
const COMPILED: [(&str, &[&str]); 4] = [
    (".js", &[".ts", ".tsx", ".d.ts"]),
    (".jsx", &[".tsx"]),
    (".mjs", &[".mts"]),
    (".cjs", &[".cts"]),
];

/// Returns true if the queries compile with these grammars.
#[cfg(test)]
pub(super) fn are_made() -> bool {
    [&JAVASCRIPT, &TYPESCRIPT, &TSX]
        .iter()
        .all(|query| query.is_some())
}

pub(super) fn check(
    path: &str,
    fragment: &ParsedFragment<'_>,
    around: &ProjectContext,
    used: &mut Used,
    findings: &mut Findings,
) {
    let query = match fragment.language {
        Language::JavaScript => &JAVASCRIPT,
        Language::Tsx => &TSX,
        _ => &TYPESCRIPT,
    };
    let found = query::captures(fragment, query);
    for (_, node) in found.into_iter().filter(|(name, _)| *name == "source") {
        let asked = fragment.source(node).trim_matches(['"', '\'', '`']);
        let line = fragment.line(node);
        if let Some(file) = one(path, asked, line, around, used, findings) {
            let names = node
                .parent()
                .map(|parent| taken(fragment, parent))
                .unwrap_or_default();
            unknown(around, &file, line, &names, findings);
        }
    }
}

/// Returns the names that an import or a re-export takes.
fn taken(fragment: &ParsedFragment<'_>, statement: Node<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let clauses =
        named(statement).filter(|node| matches!(node.kind(), "import_clause" | "export_clause"));
    for clause in clauses {
        let lists = named(clause).filter(|node| node.kind() == "named_imports");
        let specifiers = lists.flat_map(named).chain(named(clause));
        for one in specifiers {
            match one.kind() {
                "identifier" => found.push("default".to_owned()),
                "import_specifier" | "export_specifier" => {
                    let name = one
                        .child_by_field_name("name")
                        .map_or("", |name| fragment.source(name));
                    found.push(name.trim_matches(['"', '\'']).to_owned());
                }
                _ => {}
            }
        }
    }
    found
}

/// Resolves one import to a file of the project, and reports it if its target is missing.
fn one(
    path: &str,
    asked: &str,
    line: u32,
    around: &ProjectContext,
    used: &mut Used,
    findings: &mut Findings,
) -> Option<String> {
    // Loaders and bundlers use the suffix as an instruction.
    let plain = asked.split(['?', '#']).next().unwrap_or(asked);
    let browser = is_served_as_is(around.framework);
    if asked.starts_with('.') || browser && asked.starts_with('/') {
        let from = if asked.starts_with('/') {
            ""
        } else {
            folder(path)
        };
        let wanted = join(from, plain);
        let file = wanted.as_ref().and_then(|wanted| resolved(wanted, around));
        if file.is_none() {
            let wanted = wanted.as_deref().unwrap_or(plain);
            missing(around, wanted, line, asked, findings);
        }
        return file;
    }
    let alias = |(alias, folder): &(String, String)| {
        let rest = plain.strip_prefix(alias.as_str())?;
        // An alias of one file must match the whole import.
        (alias.ends_with('/') || rest.is_empty()).then(|| join(folder, rest))
    };
    let aliased: Vec<Option<String>> = around.aliases.iter().filter_map(alias).collect();
    if !aliased.is_empty() {
        let file = aliased
            .iter()
            .flatten()
            .find_map(|wanted| resolved(wanted, around));
        if file.is_none() {
            let wanted = aliased
                .iter()
                .flatten()
                .next()
                .map_or(plain, String::as_str);
            missing(around, wanted, line, asked, findings);
        }
        return file;
    }
    // URLs, system modules, and the project's import map.
    if asked.contains(':') || asked.starts_with(['#', '/']) || asked.is_empty() {
        return None;
    }
    let package = package(plain);
    used.add(Registry::Npm, package);
    used.add(Registry::Npm, &types_of(package));
    if browser {
        let message = format!(
            "a browser knows no package {}: import a file or an address",
            excerpt(asked)
        );
        match around.has_import_map {
            Some(true) => {}
            Some(false) => findings.error(line, Rule::UndeclaredPackage, message),
            None => findings.warning(line, Rule::UndeclaredPackage, message),
        }
        return None;
    }
    let declared = |name: &str| around.packages.contains(name);
    let known = declared(package)
        || declared(&types_of(package))
        || names::is_node(package)
        || packages::brought(Registry::Npm, package).any(declared);
    if !known {
        undeclared(line, asked, package, findings);
    }
    None
}

/// Returns the package of an import: optional scope and name.
pub(super) fn package(asked: &str) -> &str {
    let slashes = if asked.starts_with('@') { 2 } else { 1 };
    let end = asked.match_indices('/').nth(slashes - 1);
    end.map_or(asked, |(at, _)| &asked[..at])
}

/// Returns the DefinitelyTyped package for the types of a package.
fn types_of(package: &str) -> String {
    format!(
        "@types/{}",
        package.trim_start_matches('@').replace('/', "__")
    )
}

/// Resolves a path without extension to a file of the project.
fn resolved(wanted: &str, around: &ProjectContext) -> Option<String> {
    let there = |path: &String| around.paths.contains(path);
    let exact = Some(wanted.to_owned()).filter(there);
    if exact.is_some() || is_served_as_is(around.framework) {
        return exact;
    }
    let compiled = COMPILED.iter().flat_map(|(ending, sources)| {
        let stem = wanted.strip_suffix(ending);
        let sources = stem.map(|stem| sources.iter().map(move |source| format!("{stem}{source}")));
        sources.into_iter().flatten()
    });
    let with = ENDINGS.iter().map(|ending| format!("{wanted}{ending}"));
    let index = ENDINGS
        .iter()
        .filter_map(|ending| join(wanted, &format!("index{ending}")));
    let systems = ["ios", "android", "web"]
        .iter()
        .filter(|_| around.framework == Framework::Expo);
    let platform = systems.map(|system| format!("{wanted}.{system}.tsx"));
    with.chain(index)
        .chain(compiled)
        .chain(platform)
        .find(there)
}
