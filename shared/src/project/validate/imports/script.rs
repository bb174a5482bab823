//! Imports of JavaScript and TypeScript, as bundlers, Node.js and browsers resolve them.

use std::sync::LazyLock;

use super::{
    super::{
        super::{Framework, Language},
        finding::{Findings, Rule, excerpt},
        manifests::Registry,
        piece::Piece,
        surroundings::Surroundings,
    },
    Used, folder, is_served_as_is, join, missing, names, packages,
    query::{self, Made},
    undeclared,
};

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

/// What may be left out at the end of an import.
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

/// What the import of a compiled file stands for (TypeScript, "Module resolution").
const COMPILED: [(&str, &[&str]); 4] = [
    (".js", &[".ts", ".tsx", ".d.ts"]),
    (".jsx", &[".tsx"]),
    (".mjs", &[".mts"]),
    (".cjs", &[".cts"]),
];

/// Whether the queries are of these grammars.
#[cfg(test)]
pub(super) fn are_made() -> bool {
    [&JAVASCRIPT, &TYPESCRIPT, &TSX]
        .iter()
        .all(|query| query.is_some())
}

pub(super) fn check(
    path: &str,
    piece: &Piece<'_>,
    around: &Surroundings,
    used: &mut Used,
    findings: &mut Findings,
) {
    let query = match piece.language {
        Language::JavaScript => &JAVASCRIPT,
        Language::Tsx => &TSX,
        _ => &TYPESCRIPT,
    };
    let found = query::captures(piece, query);
    for (_, node) in found.into_iter().filter(|(name, _)| *name == "source") {
        let asked = piece.of(node).trim_matches(['"', '\'', '`']);
        one(path, asked, piece.line(node), around, used, findings);
    }
}

fn one(
    path: &str,
    asked: &str,
    line: u32,
    around: &Surroundings,
    used: &mut Used,
    findings: &mut Findings,
) {
    // Loaders and bundlers take what follows for how to read the file.
    let plain = asked.split(['?', '#']).next().unwrap_or(asked);
    let browser = is_served_as_is(around.framework);
    if asked.starts_with('.') || browser && asked.starts_with('/') {
        let from = if asked.starts_with('/') {
            ""
        } else {
            folder(path)
        };
        let wanted = join(from, plain);
        if !wanted
            .as_ref()
            .is_some_and(|wanted| resolves(wanted, around))
        {
            missing(
                around,
                wanted.as_deref().unwrap_or(plain),
                line,
                asked,
                findings,
            );
        }
        return;
    }
    let alias = |(alias, folder): &(String, String)| {
        let rest = plain.strip_prefix(alias.as_str())?;
        // An alias of one file is the whole of the import.
        (alias.ends_with('/') || rest.is_empty()).then(|| join(folder, rest))
    };
    let aliased: Vec<Option<String>> = around.aliases.iter().filter_map(alias).collect();
    if !aliased.is_empty() {
        let there = aliased
            .iter()
            .flatten()
            .any(|wanted| resolves(wanted, around));
        if !there {
            let wanted = aliased
                .iter()
                .flatten()
                .next()
                .map_or(plain, String::as_str);
            missing(around, wanted, line, asked, findings);
        }
        return;
    }
    // Addresses, modules of the system, and the project's own map of imports.
    if asked.contains(':') || asked.starts_with(['#', '/']) || asked.is_empty() {
        return;
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
        return;
    }
    let declared = |name: &str| around.packages.contains(name);
    let known = declared(package)
        || declared(&types_of(package))
        || names::is_node(package)
        || packages::brought(Registry::Npm, package)
            .iter()
            .any(|by| declared(by));
    if !known {
        undeclared(line, asked, package, findings);
    }
}

/// The package of an import: its scope, if it has one, and its name.
pub(super) fn package(asked: &str) -> &str {
    let slashes = if asked.starts_with('@') { 2 } else { 1 };
    let end = asked.match_indices('/').nth(slashes - 1);
    end.map_or(asked, |(at, _)| &asked[..at])
}

/// Where DefinitelyTyped has the types of a package.
fn types_of(package: &str) -> String {
    format!(
        "@types/{}",
        package.trim_start_matches('@').replace('/', "__")
    )
}

/// Whether a path without its ending is a file of the project, by the rules of whoever reads it.
fn resolves(wanted: &str, around: &Surroundings) -> bool {
    let paths = &around.paths;
    if paths.contains(wanted) {
        return true;
    }
    if is_served_as_is(around.framework) {
        return false;
    }
    let with = |ending: &&str| paths.contains(&format!("{wanted}{ending}"));
    let index = |ending: &&str| {
        let inner = format!("index{ending}");
        join(wanted, &inner).is_some_and(|path| paths.contains(&path))
    };
    let compiled = COMPILED.iter().any(|(ending, sources)| {
        let stem = wanted.strip_suffix(ending);
        stem.is_some_and(|stem| {
            sources
                .iter()
                .any(|source| paths.contains(&format!("{stem}{source}")))
        })
    });
    let platform = |system: &str| {
        let native = around.framework == Framework::Expo;
        native && paths.contains(&format!("{wanted}.{system}.tsx"))
    };
    ENDINGS.iter().any(|ending| with(&ending))
        || ENDINGS.iter().any(|ending| index(&ending))
        || compiled
        || ["ios", "android", "web"]
            .iter()
            .any(|system| platform(system))
}
