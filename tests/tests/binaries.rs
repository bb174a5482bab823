//! What the functions are built with.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::process::Command;

use eventrelay_tests::{local, repository};

/// Every function is a package of the name of its folder.
fn functions() -> Vec<String> {
    let folders = std::fs::read_dir(repository("functions")).unwrap();
    let mut names: Vec<_> = folders
        .map(|folder| folder.unwrap())
        .filter(|folder| folder.path().join("Cargo.toml").is_file())
        .map(|folder| folder.file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    assert!(!names.is_empty(), "there are no functions to look at");
    names
}

/// aws-lc gathers jitter entropy for some 50 ms of every cold start unless it is built without,
/// by a variable that a build can lose without a word. The names of its functions are in the
/// symbol table of a binary that has it. One binary tells for all: they link the same library.
#[test]
fn the_cryptography_gathers_no_jitter_entropy() {
    let function = local().unwrap().with_file_name("get-health");
    let binary = std::fs::read(function).unwrap();
    let has = |text: &str| memchr::memmem::find(&binary, text.as_bytes()).is_some();
    assert!(has("aws_lc_"), "there are no symbols to look at");
    assert!(!has("jent_read_entropy"), "jitter entropy is gathered");
}

/// Emulators are for local runs, and a second HTTP or TLS stack costs every cold start.
#[test]
fn no_function_depends_on_an_emulator_or_a_second_stack() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    for function in functions() {
        let tree = Command::new(&cargo)
            .args([
                "tree",
                "--locked",
                "--edges",
                "normal",
                "--prefix",
                "none",
                "--package",
                function.as_str(),
            ])
            .current_dir(repository(""))
            .output()
            .unwrap();
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
        for other in ["ring", "native-tls", "openssl"] {
            assert_eq!(versions(other), 0, "{function} has {other}");
        }
        for one in ["hyper", "rustls", "http", "reqwest", "aws-lc-rs"] {
            assert_eq!(versions(one), 1, "{function} has not one {one}");
        }
    }
}
