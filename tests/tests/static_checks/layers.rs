//! Layers: which crate of `shared/` may depend on which, and modules without cycles inside them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use eventrelay_tests::files;
use regex::Regex;
use serde_json::Value;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Crates of `shared/`, each with the ones that it may depend on.
const LAYERS: [(&str, &[&str]); 8] = [
    ("eventrelay-core", &[]),
    ("eventrelay-analysis", &["eventrelay-core"]),
    (
        "eventrelay-project",
        &["eventrelay-core", "eventrelay-analysis"],
    ),
    (
        "eventrelay-project-check",
        &["eventrelay-core", "eventrelay-project"],
    ),
    (
        "eventrelay-store",
        &[
            "eventrelay-core",
            "eventrelay-analysis",
            "eventrelay-project",
        ],
    ),
    (
        "eventrelay-upstream",
        &[
            "eventrelay-core",
            "eventrelay-analysis",
            "eventrelay-project",
            "eventrelay-store",
        ],
    ),
    (
        "eventrelay-workflow",
        &[
            "eventrelay-core",
            "eventrelay-analysis",
            "eventrelay-project",
            "eventrelay-store",
            "eventrelay-upstream",
        ],
    ),
    (
        "eventrelay",
        &[
            "eventrelay-core",
            "eventrelay-analysis",
            "eventrelay-project",
            "eventrelay-store",
            "eventrelay-upstream",
            "eventrelay-workflow",
        ],
    ),
];

/// Prefixes of crates that only one crate of `shared/` may depend on.
const HOMES: [(&str, &str); 4] = [
    ("aws-sdk-", "eventrelay-store"),
    ("aws-config", "eventrelay-store"),
    ("reqwest", "eventrelay-upstream"),
    ("tree-sitter", "eventrelay-project-check"),
];

/// Dependencies of each package of the workspace that are not for its tests alone.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version=1", "--offline"])
        .current_dir(ROOT)
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages
        .map(|package| {
            let all = package["dependencies"].as_array().unwrap().iter();
            let shipped = all.filter(|dependency| dependency["kind"].is_null());
            (name(package), shipped.map(name).collect())
        })
        .collect()
}

#[test]
fn crates_of_shared_depend_on_lower_layers_only() {
    let dependencies = dependencies();
    for (name, allowed) in LAYERS {
        for dependency in &dependencies[name] {
            if dependency.starts_with("eventrelay") {
                let is_allowed = allowed.contains(&dependency.as_str());
                assert!(is_allowed, "{name} depends on {dependency}");
            }
            let home = HOMES.iter().find(|(of, _)| dependency.starts_with(of));
            let is_home = home.is_none_or(|(_, home)| *home == name);
            assert!(is_home, "{name} depends on {dependency}");
        }
    }
}

#[test]
fn functions_depend_on_the_shared_crate_alone() {
    let functions = fs::read_dir(Path::new(ROOT).join("functions")).unwrap();
    let names: BTreeSet<String> = functions
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    for (name, dependencies) in dependencies()
        .iter()
        .filter(|(name, _)| names.contains(*name))
    {
        let ours = dependencies
            .iter()
            .filter(|one| one.starts_with("eventrelay"));
        let ours: Vec<&str> = ours.map(String::as_str).collect();
        let expected: &[&str] = match name.as_str() {
            "advance-build" => &["eventrelay", "eventrelay-project-check"],
            _ => &["eventrelay"],
        };
        assert_eq!(ours, expected, "{name}");
    }
}

/// Modules at the top of a crate, each with the others that its code uses.
fn modules(source: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let path = Regex::new(r"\bcrate::(?:(\w+)|\{)").unwrap();
    let mut used = BTreeMap::<String, BTreeSet<String>>::new();
    for file in rust_files(source) {
        let relative = file.strip_prefix(source).unwrap().with_extension("");
        let mut parts = relative
            .iter()
            .map(|part| part.to_str().unwrap().to_owned());
        let Some(module) = parts.next() else { continue };
        let is_test = relative.iter().any(|part| part == "tests");
        if is_test || module == "lib" {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let code: String = code
            .lines()
            .map(|line| line.split("//").next().unwrap().to_owned() + "\n")
            .collect();
        let uses = used.entry(module.clone()).or_default();
        for found in path.captures_iter(&code) {
            match found.get(1) {
                Some(name) => uses.extend([name.as_str().to_owned()]),
                None => uses.extend(first_names(&code[found.get(0).unwrap().end()..])),
            }
        }
        uses.remove(&module);
    }
    let names: BTreeSet<String> = used.keys().cloned().collect();
    for uses in used.values_mut() {
        uses.retain(|name| names.contains(name));
    }
    used
}

/// First names of the paths in a use group, up to its closing brace.
fn first_names(group: &str) -> Vec<String> {
    let (mut depth, mut names, mut name) = (0, Vec::new(), String::new());
    let mut is_first = true;
    for char in group.chars() {
        match char {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(std::mem::take(&mut name));
                is_first = true;
            }
            ':' if depth == 0 => is_first = false,
            char if depth == 0 && is_first && !char.is_whitespace() => name.push(char),
            _ => {}
        }
    }
    names.push(name);
    names
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = files(folder);
    files.retain(|path| path.extension().is_some_and(|ending| ending == "rs"));
    files
}

/// Removes modules that use none of the remaining ones, until none is left or a cycle remains.
fn cycle(mut modules: BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    loop {
        let is_leaf = |uses: &BTreeSet<String>| uses.is_empty();
        let leaves: Vec<String> = { modules.iter() }
            .filter(|(_, uses)| is_leaf(uses))
            .map(|(name, _)| name.clone())
            .collect();
        if leaves.is_empty() {
            return modules.into_keys().collect();
        }
        for leaf in leaves {
            modules.remove(&leaf);
            for uses in modules.values_mut() {
                uses.remove(&leaf);
            }
        }
    }
}

#[test]
fn modules_inside_a_crate_have_no_cycle() {
    for (name, _) in LAYERS {
        let folder = name.strip_prefix("eventrelay-");
        let folder = folder.map_or("shared/src".to_owned(), |name| {
            format!("shared/crates/{name}/src")
        });
        let modules = modules(&Path::new(ROOT).join(folder));
        assert!(!modules.is_empty(), "{name}");
        assert_eq!(
            cycle(modules),
            [""; 0],
            "modules of {name} that use each other"
        );
    }
}

#[test]
fn cycle_of_two_modules_is_found() {
    let used = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    let modules = BTreeMap::from([
        ("a".to_owned(), used(&["b"])),
        ("b".to_owned(), used(&["a", "c"])),
        ("c".to_owned(), used(&[])),
    ]);
    assert_eq!(cycle(modules), ["a", "b"]);
    assert_eq!(first_names("a::{b, c}, d, self::e}; f"), ["a", "d", "self"]);
}
