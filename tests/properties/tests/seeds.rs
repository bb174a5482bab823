//! Every seed of the fuzzers, run as a test.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{fs, path::Path};

use eventrelay_properties::TARGETS;

const FUZZ: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz");

#[test]
fn every_seed_satisfies_its_target() {
    for (name, target) in TARGETS {
        let folder = Path::new(FUZZ).join("corpus").join(name);
        let mut seeds = 0;
        for seed in fs::read_dir(&folder).unwrap() {
            let path = seed.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            let ran = std::panic::catch_unwind(|| target(&bytes));
            assert!(ran.is_ok(), "{}", path.display());
            seeds += 1;
        }
        assert!(seeds >= 3, "{name} has {seeds} seeds");
    }
}

#[test]
fn every_target_has_its_fuzzer_and_every_fuzzer_its_target() {
    let mut fuzzers: Vec<String> = fs::read_dir(Path::new(FUZZ).join("fuzz_targets"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    fuzzers.sort();
    assert!(
        fuzzers.iter().eq(TARGETS.iter().map(|(name, _)| name)),
        "{fuzzers:?}"
    );
    let manifest = fs::read_to_string(Path::new(FUZZ).join("Cargo.toml")).unwrap();
    for name in fuzzers {
        assert!(
            manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")),
            "{name}"
        );
    }
}
