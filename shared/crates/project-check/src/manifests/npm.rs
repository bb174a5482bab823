//! `package.json` (<https://docs.npmjs.com/cli/v11/configuring-npm/package-json>).

use serde_json::{Map, Value};

use super::{
    super::finding::{Findings, Rule, excerpt},
    from_elsewhere, line_of,
};

const MAX_NAME_LENGTH: usize = 214;

/// Scripts that npm runs automatically at installation
/// (<https://docs.npmjs.com/cli/v11/using-npm/scripts>).
const HOOKS: [&str; 7] = [
    "preinstall",
    "install",
    "postinstall",
    "prepare",
    "preprepare",
    "postprepare",
    "prepublish",
];

const KINDS: [&str; 4] = [
    "dependencies",
    "devDependencies",
    "peerDependencies",
    "optionalDependencies",
];

/// Registry tags that are accepted as a version.
const TAGS: [&str; 7] = [
    "latest",
    "next",
    "beta",
    "alpha",
    "canary",
    "rc",
    "experimental",
];

/// Reason why a range is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotARange {
    Version,
    Elsewhere,
}

pub(super) fn check(text: &str, findings: &mut Findings) {
    let Ok(Value::Object(manifest)) = serde_json::from_str(text) else {
        return findings.error(None, Rule::Manifest, "`package.json` is an object");
    };
    let at = |key: &str| line_of(text, key);
    match manifest.get("name") {
        Some(Value::String(name)) if is_name(name) => {}
        Some(Value::String(name)) => {
            let message = format!(
                "{} is no name of a package: small letters, digits and hyphens",
                excerpt(name)
            );
            findings.error(at("name"), Rule::PackageName, message);
        }
        None if manifest.get("private") == Some(&Value::Bool(true)) => {}
        _ => findings.error(None, Rule::Manifest, "`name` is a text"),
    }
    match manifest.get("version") {
        None => {}
        Some(Value::String(version)) if semver::Version::parse(version).is_ok() => {}
        Some(_) => {
            let message = "`version` is three numbers, as in \"0.1.0\"";
            findings.error(at("version"), Rule::PackageVersion, message);
        }
    }
    scripts(&manifest, text, findings);
    for kind in KINDS {
        match manifest.get(kind) {
            None => {}
            Some(Value::Object(packages)) => dependencies(packages, text, findings),
            Some(_) => {
                let message = format!("`{kind}` is an object of names and ranges");
                findings.error(at(kind), Rule::Manifest, message);
            }
        }
    }
}

fn scripts(manifest: &Map<String, Value>, text: &str, findings: &mut Findings) {
    let Some(scripts) = manifest.get("scripts") else {
        return;
    };
    let Value::Object(scripts) = scripts else {
        let message = "`scripts` is an object of names and commands";
        return findings.error(line_of(text, "scripts"), Rule::Manifest, message);
    };
    for (name, command) in scripts {
        let line = line_of(text, name);
        if HOOKS.contains(&name.as_str()) {
            let message =
                format!("the script `{name}` runs when packages are installed: name it otherwise");
            findings.error(line, Rule::InstallHook, message);
        } else if !command.is_string() {
            findings.error(
                line,
                Rule::Manifest,
                format!("the script {} is a text", excerpt(name)),
            );
        }
    }
}

fn dependencies(packages: &Map<String, Value>, text: &str, findings: &mut Findings) {
    for (name, wanted) in packages {
        let line = line_of(text, name);
        if !is_name(name) {
            let message = format!("{} is no name of a package of npm", excerpt(name));
            findings.error(line, Rule::PackageName, message);
        }
        match wanted.as_str().map_or(Err(NotARange::Version), range) {
            Ok(()) => {}
            Err(NotARange::Elsewhere) => from_elsewhere(findings, line, name),
            Err(NotARange::Version) => {
                let message = format!(
                    "{} asks for no range of versions, as \"^1.2.3\" is one",
                    excerpt(name)
                );
                findings.error(line, Rule::PackageVersion, message);
            }
        }
    }
}

/// <https://docs.npmjs.com/cli/v11/configuring-npm/package-json#name>
fn is_name(name: &str) -> bool {
    let part = |part: &str| {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.~".contains(c);
        !part.is_empty() && !part.starts_with(['.', '_']) && part.chars().all(fits)
    };
    let sound = match name.strip_prefix('@').map(|rest| rest.split_once('/')) {
        Some(Some((scope, name))) => part(scope) && part(name),
        Some(None) => false,
        None => part(name),
    };
    sound && name.len() <= MAX_NAME_LENGTH && !matches!(name, "node_modules" | "favicon.ico")
}

/// Checks a version range (<https://github.com/npm/node-semver#ranges>) or a tag.
pub(super) fn range(text: &str) -> Result<(), NotARange> {
    let text = text.trim();
    if text.contains([':', '/']) {
        return Err(NotARange::Elsewhere);
    }
    if TAGS.contains(&text) || text.split("||").all(is_comparators) {
        return Ok(());
    }
    Err(NotARange::Version)
}

fn is_comparators(text: &str) -> bool {
    let text = text.trim();
    if let Some((from, to)) = text.split_once(" - ") {
        return is_partial(from.trim()) && is_partial(to.trim());
    }
    // White space may separate an operator from its version.
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        let version = word.trim_start_matches(['<', '>', '=', '^', '~']);
        let sign = &word[..word.len() - version.len()];
        let known = ["", "<", ">", "=", "<=", ">=", "^", "~", "~>"].contains(&sign);
        let version = match version {
            "" if !sign.is_empty() => words.next().unwrap_or_default(),
            version => version,
        };
        if !known || !is_partial(version) {
            return false;
        }
    }
    true
}

/// Returns true for a version whose last numbers may be missing or wildcards.
fn is_partial(text: &str) -> bool {
    let text = text.strip_prefix('v').unwrap_or(text);
    let (numbers, build) = text
        .split_once('+')
        .map_or((text, None), |(a, b)| (a, Some(b)));
    let (numbers, pre) = numbers
        .split_once('-')
        .map_or((numbers, None), |(a, b)| (a, Some(b)));
    let parts: Vec<&str> = numbers.split('.').collect();
    let number = |part: &&str| {
        matches!(*part, "x" | "X" | "*")
            || !part.is_empty() && part.len() <= 16 && part.bytes().all(|b| b.is_ascii_digit())
    };
    let word = |part: &str| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
        !part.is_empty() && part.bytes().all(fits)
    };
    let whole = parts.len() == 3 || pre.is_none() && build.is_none();
    parts.len() <= 3
        && parts.iter().all(number)
        && pre.is_none_or(word)
        && build.is_none_or(word)
        && whole
}

/// Returns the names of all declared packages.
pub(super) fn names(text: &str) -> Vec<String> {
    let manifest: Value = serde_json::from_str(text).unwrap_or_default();
    let kinds = KINDS
        .iter()
        .filter_map(|kind| manifest.get(kind)?.as_object());
    kinds
        .flat_map(|packages| packages.keys().cloned())
        .collect()
}
