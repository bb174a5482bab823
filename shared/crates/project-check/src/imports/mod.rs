//! Checks of imports: files by the rules of each language, and declared packages.

mod defined;
mod modules;
mod names;
mod packages;
mod python;
mod query;
mod rust;
mod script;
#[cfg(test)]
mod tests;
mod web;

use std::collections::BTreeSet;

use super::{
    context::ProjectContext,
    finding::{Finding, Findings, Rule, excerpt},
    fragment::ParsedFragment,
    manifests::{self, Registry},
};
use eventrelay_project::{Framework, Language, ProjectFile};

pub(super) use defined::Defined;
pub(super) use python::is_bare;
pub(super) use rust::roots;

/// Packages that files use, by their registry names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Used(BTreeSet<(Registry, String)>);

impl Used {
    fn add(&mut self, registry: Registry, name: &str) {
        self.0.insert((registry, name.to_owned()));
    }

    pub(super) fn join(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

/// Reports missing imports of a file and returns the packages that it uses.
pub(super) fn check(
    path: &str,
    text: &str,
    fragments: &[ParsedFragment<'_>],
    around: &ProjectContext,
    findings: &mut Findings,
) -> Used {
    let mut used = Used::default();
    for fragment in fragments {
        match fragment.language {
            Language::Python => python::check(path, fragment, around, &mut used, findings),
            Language::Rust => rust::check(path, fragment, around, &mut used, findings),
            Language::Html => web::page(path, fragment, around, findings),
            _ => script::check(path, fragment, around, &mut used, findings),
        }
    }
    if Language::of_path(path) == Language::Css && !findings.has(Rule::Syntax) {
        web::sheet(path, text, around, &mut used, findings);
    }
    used
}

/// Reports declared packages that no file uses. Packages of the framework, tools, and names in
/// scripts and configuration count as used.
pub(super) fn unused(files: &[ProjectFile], used: &Used) -> Vec<Finding> {
    let mut found = Vec::new();
    let declared = manifests::declared(files)
        .into_iter()
        .filter(|one| !one.own);
    for one in declared {
        let is_used = used.0.contains(&(one.registry, one.name.clone()))
            || packages::is_tool(one.registry, &one.name)
            || one.registry != Registry::Crates && is_mentioned(files, &one.name);
        if !is_used {
            let mut findings = Findings::new(&one.path);
            let message = format!("{} is declared, and nothing uses it", excerpt(&one.name));
            findings.warning(one.line, Rule::UnusedPackage, message);
            found.extend(findings.finish());
        }
    }
    found
}

/// Returns true if a package is quoted in a file other than a manifest, or in a manifest's script.
fn is_mentioned(files: &[ProjectFile], name: &str) -> bool {
    files.iter().any(|file| {
        let text = std::str::from_utf8(&file.content).unwrap_or_default();
        if file.path.ends_with("package.json") {
            let manifest: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
            let scripts = manifest
                .get("scripts")
                .and_then(|scripts| scripts.as_object());
            let mut commands = scripts.into_iter().flat_map(|scripts| scripts.values());
            let word = |command: &str| command.split_whitespace().any(|word| word == name);
            return commands.any(|command| command.as_str().is_some_and(word));
        }
        let manifest = file.path.ends_with(".toml") || file.path.ends_with(".txt");
        let quoted = |(at, _): (usize, &str)| {
            let before = text[..at].chars().next_back();
            let after = text[at + name.len()..].chars().next();
            matches!(before, Some('"' | '\'')) && matches!(after, Some('"' | '\'' | '/'))
        };
        !manifest && text.match_indices(name).any(quoted)
    })
}

/// Returns true if a list of words, one a line, contains a name.
fn lists(words: &str, name: &str) -> bool {
    words.lines().any(|word| word == name)
}

/// Returns the folder of a path without a trailing slash.
fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Resolves a path relative to a folder. Returns `None` if it leaves the project.
fn join(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Reports a missing file with a suggestion.
fn missing(around: &ProjectContext, wanted: &str, line: u32, asked: &str, findings: &mut Findings) {
    let name = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        let stem = name.split('.').next().unwrap_or(name);
        stem.to_lowercase()
    };
    let stem = name(wanted);
    let alike = around
        .paths
        .iter()
        .filter(|path| name(path) == stem && !stem.is_empty());
    let alike: Vec<&str> = alike.map(String::as_str).take(3).collect();
    let hint = if alike.is_empty() {
        String::new()
    } else {
        format!("; the project has {}", alike.join(", "))
    };
    let message = format!(
        "{} is imported, and no such file is in the project{hint}",
        excerpt(asked)
    );
    findings.error(line, Rule::MissingFile, message);
}

/// Reports imported names that a file with known exports does not define.
fn unknown(
    around: &ProjectContext,
    path: &str,
    line: u32,
    names: &[impl AsRef<str>],
    findings: &mut Findings,
) {
    let Some(defined) = around.defined.get(path) else {
        return;
    };
    for name in names.iter().map(AsRef::as_ref) {
        if name != "*" && !defined.has(name) {
            let shown = excerpt(name);
            let has = defined.some();
            let message = format!("{path} has no {shown} to import; it has {has}");
            findings.error(line, Rule::MissingName, message);
        }
    }
}

/// Reports an undeclared package.
fn undeclared(line: u32, asked: &str, package: &str, findings: &mut Findings) {
    let (asked, package) = (excerpt(asked), excerpt(package));
    let message = if asked == package {
        format!("{asked} is imported, and no manifest declares it")
    } else {
        format!("{asked} is imported, and no manifest declares its package {package}")
    };
    findings.error(line, Rule::UndeclaredPackage, message);
}

/// Returns true if programs of the framework run in a browser without a build.
fn is_served_as_is(framework: Framework) -> bool {
    framework == Framework::Static
}
