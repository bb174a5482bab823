//! Checks of manifests: valid package names and versions, only packages of registries, and no
//! install scripts.

mod cargo;
mod expo;
mod npm;
mod python;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value;

use super::finding::{Findings, Rule, excerpt};
use eventrelay_project::ProjectFile;

pub(super) use python::normalised;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Registry {
    Npm,
    PyPi,
    Crates,
}

/// Package declared in a manifest, or the project's own name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Declared {
    /// Name in the registry; on PyPI in normal form.
    pub(super) name: String,
    pub(super) registry: Registry,
    /// Path of the manifest.
    pub(super) path: String,
    pub(super) line: Option<u32>,
    /// True if this is the project's own name.
    pub(super) own: bool,
}

/// Checks a manifest. Other files and files that do not parse are skipped.
pub(super) fn check(path: &str, text: &str, findings: &mut Findings) {
    match (name(path), findings.has(Rule::Syntax)) {
        ("package.json", false) => npm::check(text, findings),
        ("app.json", false) => expo::check(text, findings),
        ("pyproject.toml", false) => python::check_project(text, findings),
        ("Cargo.toml", false) => cargo::check(text, findings),
        (requirements, _) if is_requirements(requirements) => {
            python::check_requirements(text, findings);
        }
        _ => {}
    }
}

/// Returns all packages that the manifests declare.
pub(super) fn declared(files: &[ProjectFile]) -> Vec<Declared> {
    let mut declared = Vec::new();
    for file in files {
        let Ok(text) = std::str::from_utf8(&file.content) else {
            continue;
        };
        let (registry, names, own) = match name(&file.path) {
            "package.json" => (Registry::Npm, npm::names(text), Vec::new()),
            "pyproject.toml" => (Registry::PyPi, python::names(text), Vec::new()),
            "Cargo.toml" => (Registry::Crates, cargo::names(text), cargo::own(text)),
            requirements if is_requirements(requirements) => {
                (Registry::PyPi, python::required(text), Vec::new())
            }
            _ => continue,
        };
        let is_own = |own| move |name| (name, own);
        let all = names
            .into_iter()
            .map(is_own(false))
            .chain(own.into_iter().map(is_own(true)));
        declared.extend(all.map(|(name, own)| Declared {
            line: line_of(text, &name),
            name,
            registry,
            path: file.path.clone(),
            own,
        }));
    }
    declared
}

/// Returns the import aliases of `tsconfig.json` as pairs of prefix and folder. `None` if there is
/// no such file.
pub(super) fn aliases(files: &[ProjectFile]) -> Option<Vec<(String, String)>> {
    let file = files.iter().find(|file| file.path == "tsconfig.json")?;
    let options: Value = serde_json::from_slice(&file.content).ok()?;
    let options = options.get("compilerOptions")?;
    let base = options
        .get("baseUrl")
        .and_then(Value::as_str)
        .unwrap_or(".");
    let paths: BTreeMap<String, Vec<String>> =
        serde_json::from_value(options.get("paths")?.clone()).ok()?;
    let mut aliases = Vec::new();
    for (alias, targets) in paths {
        for target in targets {
            let (alias, target) = (alias.trim_end_matches('*'), target.trim_end_matches('*'));
            let folder = format!("{base}/{target}");
            let folder: Vec<&str> = folder
                .split('/')
                .filter(|part| !matches!(*part, "" | "."))
                .collect();
            aliases.push((alias.to_owned(), folder.join("/")));
        }
    }
    Some(aliases)
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn is_requirements(name: &str) -> bool {
    name.starts_with("requirements") && name.ends_with(".txt")
}

/// Returns the first line that contains a name as a separate word.
fn line_of(text: &str, name: &str) -> Option<u32> {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | '/');
    let alike = |word: &str| word == name || normalised(word) == normalised(name);
    let found = text.lines().position(|line| {
        let before = line.split(" #").next().unwrap_or(line);
        before
            .split(|c: char| !part(c))
            .any(|word| !word.is_empty() && alike(word))
    });
    found.and_then(|row| u32::try_from(row + 1).ok())
}

/// Reports a package that does not come from its registry.
fn from_elsewhere(findings: &mut Findings, line: Option<u32>, name: &str) {
    let name = excerpt(name);
    let message =
        format!("{name} comes from elsewhere than the registry: name a range of versions");
    findings.error(line, Rule::PackageSource, message);
}
