//! Dependencies of the functions.

use std::{collections::BTreeMap, process::Output};

use eventrelay_tests::repository;

/// Functions by their dependencies: equal manifests have equal trees. Each function is a package
/// with the name of its folder.
fn functions() -> BTreeMap<String, Vec<String>> {
    let mut functions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for folder in std::fs::read_dir(repository("functions")).unwrap() {
        let folder = folder.unwrap();
        let Ok(manifest) = std::fs::read_to_string(folder.path().join("Cargo.toml")) else {
            continue;
        };
        let (_, dependencies) = manifest.split_once("[dependencies]").unwrap();
        let name = folder.file_name().into_string().unwrap();
        let same = functions.entry(dependencies.to_owned()).or_default();
        same.push(name);
    }
    assert!(!functions.is_empty(), "the repository has no functions");
    functions
}

fn tree(function: &str) -> Output {
    eventrelay_launch::cargo()
        .args(["tree", "--locked", "--edges", "normal", "--prefix", "none"])
        .args(["--package", function])
        .current_dir(repository(""))
        .output()
        .unwrap()
}

/// Emulators are for local runs. A second HTTP or TLS stack costs every cold start, and aws-lc
/// costs every first build about 50 seconds of compiling C.
#[test]
fn functions_link_no_emulator_and_one_http_stack() {
    for same in functions().into_values() {
        let function = &same[0];
        let tree = tree(function);
        assert!(
            tree.status.success(),
            "{}",
            String::from_utf8_lossy(&tree.stderr)
        );
        let tree = String::from_utf8(tree.stdout).unwrap();
        let versions = |name: &str| {
            let mut versions: Vec<_> = tree
                .lines()
                .filter_map(|line| line.strip_prefix(name)?.strip_prefix(" v"))
                .collect();
            versions.sort_unstable();
            versions.dedup_by_key(|version| version.split(' ').next());
            versions.len()
        };
        for emulator in [
            "dynoxide-rs",
            "rusqlite",
            "s3s",
            "eventrelay-standins",
            "axum",
        ] {
            assert_eq!(versions(emulator), 0, "{function} has {emulator}");
        }
        for other in ["aws-lc-rs", "aws-lc-sys", "native-tls", "openssl"] {
            assert_eq!(versions(other), 0, "{function} has {other}");
        }
        for one in ["hyper", "rustls", "http", "reqwest", "ring"] {
            assert_eq!(versions(one), 1, "{function} has not one {one}");
        }
    }
}
