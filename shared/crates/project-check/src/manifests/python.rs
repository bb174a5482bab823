//! Checks of Python manifests with the names and versions of PEP 508 and PEP 440.
//!
//! `pyproject.toml`: <https://packaging.python.org/en/latest/specifications/pyproject-toml/>.
//! `requirements.txt`: <https://pip.pypa.io/en/stable/reference/requirements-file-format/>.

use toml::{Table, Value};

use super::{
    super::finding::{Findings, Rule, excerpt},
    from_elsewhere, line_of,
};

/// Reason why a requirement is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotARequirement {
    Name,
    Version,
    Elsewhere,
}

/// Returns the normal form of a name (PEP 503).
pub(in super::super) fn normalised(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            c => out.push(c.to_ascii_lowercase()),
        }
    }
    out
}

/// Parses a requirement, `name[extras] (versions) ; marker`, and returns its name.
///
/// # Errors
/// [`NotARequirement`] if it violates PEP 508 or does not come from the registry.
pub(super) fn requirement(text: &str) -> Result<&str, NotARequirement> {
    let text = text.trim();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let rest = rest.trim_start();
    if rest.starts_with([':', '/', '@', '+']) {
        return Err(NotARequirement::Elsewhere);
    }
    if !edge(name.chars().next()) || !edge(name.chars().last()) {
        return Err(NotARequirement::Name);
    }
    let rest = match rest.strip_prefix('[') {
        Some(inner) => {
            let (extras, rest) = inner.split_once(']').ok_or(NotARequirement::Name)?;
            let sound = |extra: &str| extra.trim().chars().all(is_name);
            if !extras.split(',').all(sound) {
                return Err(NotARequirement::Name);
            }
            rest.trim_start()
        }
        None => rest,
    };
    if rest.starts_with('@') {
        return Err(NotARequirement::Elsewhere);
    }
    let (versions, marker) = rest
        .split_once(';')
        .map_or((rest, None), |(a, b)| (a, Some(b)));
    let versions = versions.trim();
    let bare = versions
        .strip_prefix('(')
        .and_then(|inner| inner.strip_suffix(')'));
    let marked = marker.is_none_or(|marker| !marker.trim().is_empty());
    if is_specifiers(bare.unwrap_or(versions)) && marked {
        Ok(name)
    } else {
        Err(NotARequirement::Version)
    }
}

/// Returns true for version specifiers separated by commas (PEP 440, "Version specifiers").
fn is_specifiers(text: &str) -> bool {
    let signs = ["===", "~=", "==", "!=", "<=", ">=", "<", ">"];
    let one = |one: &str| {
        let one = one.trim();
        let found = signs
            .iter()
            .find_map(|sign| Some((*sign, one.strip_prefix(sign)?)));
        found.is_some_and(|(sign, version)| {
            let version = version.trim();
            let any = version
                .strip_suffix(".*")
                .filter(|_| matches!(sign, "==" | "!="));
            is_version(any.unwrap_or(version))
        })
    };
    text.trim().is_empty() || text.trim().trim_end_matches(',').split(',').all(one)
}

/// Returns true for a PEP 440 version: epoch, release numbers, pre-, post- or development suffix,
/// and local label.
fn is_version(text: &str) -> bool {
    let text = text.trim_start_matches(['v', 'V']).to_ascii_lowercase();
    let (text, local) = text
        .split_once('+')
        .map_or((text.as_str(), None), |(a, b)| (a, Some(b)));
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    let text = match text.split_once('!') {
        Some((epoch, rest)) if epoch.bytes().all(|b| b.is_ascii_digit()) => rest,
        Some(_) => return false,
        None => text,
    };
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let (release, suffix) = text.split_at(end);
    let numbers = release
        .strip_suffix('.')
        .filter(|_| !suffix.is_empty())
        .unwrap_or(release);
    let numbered = numbers
        .split('.')
        .all(|part| !part.is_empty() && part.len() <= 16);
    let words = [
        "alpha", "beta", "preview", "post", "rev", "dev", "pre", "rc", "a", "b", "c", "r",
    ];
    let known = suffix
        .split(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '_'))
        .all(|word| word.is_empty() || words.contains(&word));
    let ends = !suffix.ends_with(['.', '-', '_']);
    numbered
        && known
        && ends
        && local.is_none_or(|local| !local.is_empty() && local.bytes().all(fits))
}

fn tell(text: &str, line: Option<u32>, findings: &mut Findings) {
    let shown = excerpt(text);
    match requirement(text) {
        Ok(_) => {}
        Err(NotARequirement::Elsewhere) => from_elsewhere(findings, line, text),
        Err(NotARequirement::Name) => {
            let message = format!("{shown} begins with no name of a package of PyPI");
            findings.error(line, Rule::PackageName, message);
        }
        Err(NotARequirement::Version) => {
            let message = format!("{shown} asks for no range of versions, as `name>=1.2,<2` does");
            findings.error(line, Rule::PackageVersion, message);
        }
    }
}

/// Returns the numbered lines of requirements, without comments and blank lines.
fn lines(text: &str) -> impl Iterator<Item = (u32, &str)> {
    let content = |line: &'_ str| -> usize {
        let comment = line.find(" #").unwrap_or(line.len());
        if line.trim_start().starts_with('#') {
            0
        } else {
            comment
        }
    };
    let lines = (1..).zip(text.lines());
    let lines = lines.map(move |(number, line)| (number, line[..content(line)].trim()));
    lines.filter(|(_, line)| !line.is_empty())
}

pub(super) fn check_requirements(text: &str, findings: &mut Findings) {
    for (number, line) in lines(text) {
        // Options that include another file of the project.
        let file = ["-r ", "--requirement ", "-c ", "--constraint "];
        if file.iter().any(|option| line.starts_with(option)) {
            continue;
        }
        if line.starts_with('-') {
            from_elsewhere(findings, Some(number), line)
        } else {
            tell(
                line.split(" --").next().unwrap_or(line),
                Some(number),
                findings,
            )
        }
    }
}

pub(super) fn check_project(text: &str, findings: &mut Findings) {
    let Ok(manifest) = toml::from_str::<Table>(text) else {
        return;
    };
    let at = |key: &str| line_of(text, key);
    if let Some(project) = manifest.get("project") {
        let field = |key: &str| {
            project
                .get(key)
                .map(|value| value.as_str().unwrap_or_default())
        };
        if !field("name").is_some_and(|name| requirement(name) == Ok(name)) {
            let message = "`name` of `[project]` is letters, digits, `-`, `_` and `.`";
            findings.error(at("name"), Rule::PackageName, message);
        }
        let dynamic = project.get("dynamic").and_then(Value::as_array);
        let dynamic =
            dynamic.is_some_and(|all| all.iter().any(|one| one.as_str() == Some("version")));
        if !dynamic && !field("version").is_some_and(is_version) {
            let message = "`version` of `[project]` is a version, as in \"0.1.0\"";
            findings.error(at("version"), Rule::PackageVersion, message);
        }
        if field("requires-python").is_some_and(|range| !is_specifiers(range)) {
            let message = "`requires-python` is a range, as in \">=3.12\"";
            findings.error(at("requires-python"), Rule::PackageVersion, message);
        }
        if project
            .get("dependencies")
            .is_some_and(|list| !list.is_array())
        {
            let message = "`dependencies` of `[project]` is a list of texts";
            findings.error(at("dependencies"), Rule::Manifest, message);
        }
    }
    for one in requirements(&manifest) {
        let line = requirement(&one).ok().and_then(|name| line_of(text, name));
        tell(&one, line, findings);
    }
}

/// Returns all requirements of a project, including its build and its groups.
fn requirements(manifest: &Table) -> Vec<String> {
    let get = |table: &str, key: &str| manifest.get(table).and_then(|table| table.get(key));
    let lists = [
        get("project", "dependencies"),
        get("build-system", "requires"),
    ];
    let tables = [
        get("project", "optional-dependencies"),
        manifest.get("dependency-groups"),
    ];
    let tables = tables.into_iter().flatten().filter_map(Value::as_table);
    let lists = lists
        .into_iter()
        .flatten()
        .chain(tables.flat_map(Table::values));
    let all = lists.filter_map(Value::as_array).flatten();
    all.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Returns the declared packages of a project without its build requirements.
pub(super) fn names(text: &str) -> Vec<String> {
    let mut manifest: Table = toml::from_str(text).unwrap_or_default();
    manifest.remove("build-system");
    let all = requirements(&manifest);
    all.iter()
        .filter_map(|one| requirement(one).ok().map(normalised))
        .collect()
}

/// Returns the package names of a requirements list.
pub(super) fn required(text: &str) -> Vec<String> {
    lines(text)
        .filter_map(|(_, line)| requirement(line.split(" --").next()?).ok())
        .map(normalised)
        .collect()
}
