//! `cargo fuzz-smoke [seconds]`: builds the fuzzers and runs each for a number of seconds.
//!
//! They have coverage instrumentation on the stable toolchain, as with `cargo fuzz run --sanitizer
//! none`. Corpora and crashes go to `target/fuzz`.

#![allow(clippy::print_stdout, reason = "output of a command")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use anyhow::{Context as _, ensure};
use clap::Parser;
use eventrelay_properties::TARGETS;

/// Coverage without a sanitizer, which is all that libFuzzer needs
/// (<https://llvm.org/docs/LibFuzzer.html>, cargo-fuzz's `src/project.rs`).
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares \
    --cfg fuzzing";

/// Runs each fuzzer for a number of seconds.
#[derive(Parser)]
struct Cli {
    /// Seconds for each target.
    #[arg(default_value_t = 20)]
    seconds: u32,
    /// Run only this target; may be repeated.
    #[arg(long = "target")]
    targets: Vec<String>,
    /// Maximum input size in bytes.
    #[arg(long, default_value_t = 16_384)]
    max_len: u32,
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<bool> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()?;
    let home = root.join("target/fuzz");
    let host = host()?;
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    // Without a named target, Cargo would pass the flags to build scripts, which lack the counters.
    let built = Command::new(cargo)
        .args([
            "build",
            "--release",
            "--locked",
            "--quiet",
            "--target",
            &host,
        ])
        .arg("--target-dir")
        .arg(&home)
        .current_dir(root.join("tests/fuzz"))
        .env("RUSTFLAGS", FLAGS)
        .status()?;
    ensure!(built.success(), "the fuzzers do not build");
    let mut all_passed = true;
    for (name, _) in TARGETS {
        if !cli.targets.is_empty() && !cli.targets.iter().any(|one| one == name) {
            continue;
        }
        let outcome = fuzz(
            cli,
            &root,
            &home,
            &home.join(&host).join("release").join(name),
            name,
        )?;
        println!("{name:<18} {}", outcome.line);
        all_passed &= outcome.passed;
    }
    Ok(all_passed)
}

struct Outcome {
    passed: bool,
    line: String,
}

fn fuzz(cli: &Cli, root: &Path, home: &Path, binary: &Path, name: &str) -> anyhow::Result<Outcome> {
    let folder = |kind: &str| -> anyhow::Result<PathBuf> {
        let folder = home.join(kind).join(name);
        fs::create_dir_all(&folder)?;
        Ok(folder)
    };
    let (found, broken) = (folder("corpus")?, folder("artifacts")?);
    let ran = Command::new(binary)
        .arg(format!("-max_total_time={}", cli.seconds))
        .arg(format!("-max_len={}", cli.max_len))
        .arg(format!("-artifact_prefix={}/", broken.display()))
        .args(["-timeout=10", "-rss_limit_mb=1024", "-print_final_stats=1"])
        // libFuzzer writes new inputs to the first folder.
        .arg(&found)
        .arg(root.join("tests/fuzz/corpus").join(name))
        .stdin(Stdio::null())
        .output()
        .with_context(|| binary.display().to_string())?;
    let log = String::from_utf8_lossy(&ran.stderr);
    fs::write(home.join(format!("{name}.log")), log.as_bytes())?;
    let stat = |name: &str| {
        let line = log.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_whitespace().nth(1))
            .unwrap_or("?")
            .to_owned()
    };
    let (runs, rate) = (
        stat("stat::number_of_executed_units"),
        stat("stat::average_exec_per_sec"),
    );
    let covered = log.lines().rev().find_map(|line| line.split_once("cov: "));
    let covered = covered
        .and_then(|(_, rest)| rest.split_whitespace().next())
        .unwrap_or("?");
    let mut line = format!("{runs} runs, {rate} a second, {covered} edges");
    let passed = ran.status.success();
    if !passed {
        let failed = log
            .lines()
            .find(|line| line.contains("panicked at") || line.contains("ERROR"));
        line.push_str(&format!(
            ", FAILED: {} (target/fuzz/{name}.log, target/fuzz/artifacts/{name})",
            failed.unwrap_or("exited with an error"),
        ));
    }
    Ok(Outcome { passed, line })
}

/// Target triple of this machine.
fn host() -> anyhow::Result<String> {
    let version = Command::new("rustc").arg("-vV").output()?;
    let version = String::from_utf8(version.stdout)?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc -vV does not name its host")?.to_owned())
}
