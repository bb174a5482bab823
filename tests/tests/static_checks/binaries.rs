//! What the functions are built with.

use std::process::Command;

use eventrelay_tests::repository;

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

/// Emulators are for local runs. A second HTTP or TLS stack costs every cold start, and aws-lc
/// costs every first build about 50 seconds of compiling C.
#[test]
fn functions_link_no_emulator_and_one_http_stack() {
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
        for other in ["aws-lc-rs", "aws-lc-sys", "native-tls", "openssl"] {
            assert_eq!(versions(other), 0, "{function} has {other}");
        }
        for one in ["hyper", "rustls", "http", "reqwest", "ring"] {
            assert_eq!(versions(one), 1, "{function} has not one {one}");
        }
    }
}
