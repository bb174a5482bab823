//! Whether what files ask for is there: files of the project by the rules of each language, and
//! packages among those that it declares.

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

/// Packages that files use, by their names in the registry.
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

/// What a file asks for that is not there. Gives the packages that it uses.
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

/// What is declared and that no file uses. A framework's own packages, tools, and what is named in
/// scripts and configuration are used otherwise.
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

/// Whether a package is named in quotes in a file that is no manifest, or in a script of one.
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

/// The folder of a path, without a slash at its end.
fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path as seen from a folder. None where it leaves the project.
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

/// Tells of a file that is not there, and of what may have been meant.
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

/// Tells of names that a file of the project does not have, where it is known what it has.
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

/// Tells of a package that is not declared.
fn undeclared(line: u32, asked: &str, package: &str, findings: &mut Findings) {
    let (asked, package) = (excerpt(asked), excerpt(package));
    let message = if asked == package {
        format!("{asked} is imported, and no manifest declares it")
    } else {
        format!("{asked} is imported, and no manifest declares its package {package}")
    };
    findings.error(line, Rule::UndeclaredPackage, message);
}

/// Whether a framework's programs run in a browser as they are.
fn is_served_as_is(framework: Framework) -> bool {
    framework == Framework::Static
}
