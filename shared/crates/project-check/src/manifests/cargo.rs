//! `Cargo.toml` (<https://doc.rust-lang.org/cargo/reference/manifest.html>).

use toml::{Table, Value};

use super::{
    super::finding::{Findings, Rule, excerpt},
    from_elsewhere, line_of,
};

/// Maximum length of a package name on crates.io.
const MAX_NAME_LENGTH: usize = 64;

const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

const EDITIONS: [&str; 4] = ["2015", "2018", "2021", "2024"];

pub(super) fn check(text: &str, findings: &mut Findings) {
    let Ok(manifest) = toml::from_str::<Table>(text) else {
        return;
    };
    let Some(Value::Table(package)) = manifest.get("package") else {
        return findings.error(None, Rule::Manifest, "`[package]` is missing");
    };
    let field = |key: &str| {
        package
            .get(key)
            .map(|value| value.as_str().unwrap_or_default())
    };
    let at = |key: &str| line_of(text, key);
    if !field("name").is_some_and(is_name) {
        let message = "`name` begins with a letter and has letters, digits, `-` and `_`";
        findings.error(at("name"), Rule::PackageName, message);
    }
    if field("version").is_some_and(|version| semver::Version::parse(version).is_err()) {
        let message = "`version` is three numbers, as in \"0.1.0\"";
        findings.error(at("version"), Rule::PackageVersion, message);
    }
    if field("edition").is_some_and(|edition| !EDITIONS.contains(&edition)) {
        let message = format!("`edition` is one of {}", EDITIONS.join(", "));
        findings.error(at("edition"), Rule::Manifest, message);
    }
    for (name, wanted) in dependencies(&manifest) {
        let line = line_of(text, name);
        if !is_name(name) {
            let message = format!("{} is no name of a crate", excerpt(name));
            findings.error(line, Rule::PackageName, message);
        }
        dependency(name, wanted, line, findings);
    }
}

fn dependency(name: &str, wanted: &Value, line: Option<u32>, findings: &mut Findings) {
    let version = match wanted {
        Value::String(version) => Some(version.as_str()),
        Value::Table(table) => {
            let elsewhere = ["git", "path", "registry", "registry-index", "workspace"];
            if elsewhere.iter().any(|key| table.contains_key(*key)) {
                return from_elsewhere(findings, line, name);
            }
            table.get("version").and_then(Value::as_str)
        }
        _ => None,
    };
    let range = version.map(semver::VersionReq::parse);
    if !matches!(range, Some(Ok(_))) {
        let message = format!(
            "{} asks for no range of versions, as \"1.2\" is one",
            excerpt(name)
        );
        findings.error(line, Rule::PackageVersion, message);
    }
}

fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
    begins && name.len() <= MAX_NAME_LENGTH && name.chars().all(fits)
}

fn dependencies(manifest: &Table) -> Vec<(&String, &Value)> {
    let targets = manifest.get("target").and_then(Value::as_table);
    let targets = targets
        .into_iter()
        .flat_map(Table::values)
        .filter_map(Value::as_table);
    let tables = std::iter::once(manifest).chain(targets);
    let kinds =
        tables.flat_map(|table| KINDS.iter().filter_map(|kind| table.get(*kind)?.as_table()));
    kinds.flat_map(Table::iter).collect()
}

/// Returns the declared crates by the names that code uses.
pub(super) fn names(text: &str) -> Vec<String> {
    let manifest: Table = toml::from_str(text).unwrap_or_default();
    let names = dependencies(&manifest).into_iter();
    names.map(|(name, _)| name.clone()).collect()
}

/// Returns the name of the project's own library.
pub(super) fn own(text: &str) -> Vec<String> {
    let manifest: Table = toml::from_str(text).unwrap_or_default();
    let name = |table: &str| {
        manifest
            .get(table)?
            .get("name")?
            .as_str()
            .map(str::to_owned)
    };
    [name("package"), name("lib")]
        .into_iter()
        .flatten()
        .collect()
}
