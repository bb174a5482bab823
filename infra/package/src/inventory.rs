//! Crates that the functions are linked from, and crates that only build them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;

use crate::compile::cargo;

/// Name and version, which identify a crate of the lock file, because there is one registry.
pub(crate) type Id = (String, String);

#[derive(Clone, Debug)]
pub(crate) struct Crate {
    /// True for a part of this workspace.
    pub(crate) own: bool,
    /// True for a part of a binary. Otherwise it runs during a build, as a macro or a build
    /// script.
    pub(crate) linked: bool,
    /// SPDX expression of its manifest, in canonical form.
    pub(crate) licence: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) repository: Option<String>,
    pub(crate) authors: Vec<String>,
    pub(crate) checksum: Option<String>,
    pub(crate) folder: PathBuf,
    /// Licence file that its manifest names.
    pub(crate) licence_file: Option<PathBuf>,
    pub(crate) uses: BTreeSet<Id>,
}

pub(crate) type Inventory = BTreeMap<Id, Crate>;

/// The used parts of `Cargo.lock`.
#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    checksum: Option<String>,
}

/// The used parts of `cargo metadata`
/// (<https://doc.rust-lang.org/cargo/commands/cargo-metadata.html>).
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    version: String,
    license: Option<String>,
    license_file: Option<PathBuf>,
    description: Option<String>,
    repository: Option<String>,
    homepage: Option<String>,
    authors: Vec<String>,
    manifest_path: PathBuf,
}

/// Reads the dependencies of these packages for a target, with the features of a common build.
///
/// # Errors
/// If Cargo fails, for example because the lock file is outdated.
pub(crate) fn read(
    root: &Path,
    target: &str,
    packages: &BTreeSet<String>,
) -> anyhow::Result<Inventory> {
    let tree = |edges| tree(root, target, packages, edges);
    let linked = edges(&tree("normal,no-proc-macro")?)?;
    let mut uses = edges(&tree("normal,build")?)?;
    for (id, more) in &linked {
        uses.entry(id.clone()).or_default().extend(more.clone());
    }
    let lock: Lock = toml::from_str(&std::fs::read_to_string(root.join("Cargo.lock"))?)?;
    let checksums: BTreeMap<Id, String> = lock
        .package
        .into_iter()
        .filter_map(|locked| Some(((locked.name, locked.version), locked.checksum?)))
        .collect();
    let metadata = run(root, &["metadata", "--locked", "--format-version", "1"])?;
    let metadata: Metadata = serde_json::from_str(&metadata)?;
    let mut inventory = Inventory::new();
    for package in metadata.packages {
        let id = (package.name, package.version);
        let Some(uses) = uses.remove(&id) else {
            continue;
        };
        let folder = package.manifest_path.parent().context("no folder")?;
        let found = Crate {
            own: metadata.workspace_members.contains(&package.id),
            linked: linked.contains_key(&id),
            licence: package.license.as_deref().and_then(expression),
            description: package.description,
            repository: package.repository.or(package.homepage),
            authors: package.authors,
            checksum: checksums.get(&id).cloned(),
            folder: folder.to_owned(),
            licence_file: package.license_file,
            uses,
        };
        inventory.insert(id, found);
    }
    if let Some(((name, version), _)) = uses.first_key_value() {
        bail!("cargo metadata lacks {name} {version}");
    }
    Ok(inventory)
}

/// Returns the canonical form of an expression, or `None` if SPDX does not know one of its
/// licences.
fn expression(text: &str) -> Option<String> {
    // An old form has a slash instead of `OR`.
    let canonical = spdx::Expression::canonicalize(text).ok()?;
    let text = canonical.unwrap_or_else(|| text.to_owned());
    spdx::Expression::parse(&text).ok().map(|_| text)
}

/// Resolves the dependencies with `cargo tree`, for the named packages as in `cargo build`. The
/// metadata contains the features of the whole workspace, including tests.
fn tree(
    root: &Path,
    target: &str,
    packages: &BTreeSet<String>,
    edges: &str,
) -> anyhow::Result<String> {
    let mut arguments = vec!["tree", "--locked", "--prefix", "depth", "--format", "{p}"];
    arguments.extend(["--target", target, "--edges", edges]);
    for name in packages {
        arguments.extend(["--package", name]);
    }
    run(root, &arguments)
}

/// Returns the output of Cargo.
fn run(root: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new(cargo())
        .args(arguments)
        .current_dir(root)
        .output()
        .context("cannot run cargo")?;
    ensure!(
        output.status.success(),
        "cargo {}: {}",
        arguments[0],
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

/// Reads the edges of a tree from lines such as `2serde v1.0.1 (proc-macro) (*)`.
fn edges(tree: &str) -> anyhow::Result<BTreeMap<Id, BTreeSet<Id>>> {
    let mut edges: BTreeMap<Id, BTreeSet<Id>> = BTreeMap::new();
    let mut path: Vec<Id> = Vec::new();
    for line in tree.lines().filter(|line| !line.is_empty()) {
        let digits = line.bytes().take_while(u8::is_ascii_digit).count();
        let (depth, package) = line.split_at(digits);
        if package.starts_with('[') {
            continue;
        }
        let depth: usize = depth.parse().with_context(|| line.to_owned())?;
        let mut words = package.split(' ');
        let name = words.next().unwrap_or_default();
        let version = words.next().and_then(|word| word.strip_prefix('v'));
        let id = (
            name.to_owned(),
            version.with_context(|| line.to_owned())?.to_owned(),
        );
        ensure!(depth <= path.len(), "a line is missing before {line}");
        path.truncate(depth);
        if let Some(user) = path.last() {
            edges.entry(user.clone()).or_default().insert(id.clone());
        }
        edges.entry(id.clone()).or_default();
        path.push(id);
    }
    Ok(edges)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tree_is_read_as_edges() {
        let tree = "0get v0.1.0 (/w/get)\n1a v1.0.0\n2b v2.0.0 (proc-macro)\n1b v2.0.0 (*)\n\n0put v0.1.0 (/w/put)\n1[build-dependencies]\n1a v1.0.0 (*)\n";
        let edges = edges(tree).unwrap();
        let id = |name: &str, version: &str| (name.to_owned(), version.to_owned());
        assert_eq!(edges.len(), 4);
        assert_eq!(
            edges[&id("get", "0.1.0")],
            BTreeSet::from([id("a", "1.0.0"), id("b", "2.0.0")])
        );
        assert_eq!(edges[&id("a", "1.0.0")], BTreeSet::from([id("b", "2.0.0")]));
        assert_eq!(
            edges[&id("put", "0.1.0")],
            BTreeSet::from([id("a", "1.0.0")])
        );
        assert!(super::edges("0a v1\n2b v1\n").is_err());
    }

    #[test]
    fn licence_expression_is_canonical() {
        for (old, new) in [
            ("MIT/Apache-2.0", Some("MIT OR Apache-2.0")),
            (
                "ISC AND (Apache-2.0 OR ISC)",
                Some("ISC AND (Apache-2.0 OR ISC)"),
            ),
            ("My Own", None),
        ] {
            assert_eq!(expression(old).as_deref(), new);
        }
    }
}
