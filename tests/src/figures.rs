//! Environment and report format that the benchmarks share.

use std::{
    fmt, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context as _, ensure};
use serde::Serialize;
use tokio::process::Command;

use crate::repository;

/// Prints a report. If `json` is set, also writes its figures there as one line of JSON.
pub fn publish(
    report: &(impl fmt::Display + Serialize),
    json: Option<&Path>,
) -> anyhow::Result<()> {
    if let Some(path) = json {
        fs::write(path, serde_json::to_string(report)? + "\n")
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    writeln!(io::stdout(), "{report}")?;
    Ok(())
}

/// A Python interpreter with the packages of a baseline.
#[derive(Clone, Debug)]
pub struct Python {
    program: PathBuf,
}

impl Python {
    /// Creates the virtual environment `name` in the target folder, with exactly the packages of a
    /// requirements file of `tests/baseline/`. Returns `None` if Python is missing.
    pub async fn prepare(name: &str, requirements: &str) -> anyhow::Result<Option<Self>> {
        let version = Command::new("python3").arg("--version").output().await;
        if !version.is_ok_and(|output| output.status.success()) {
            return Ok(None);
        }
        let folder = target_folder()?.join(name);
        let program = install(&folder, &repository("tests/baseline").join(requirements)).await?;
        Ok(Some(Self { program }))
    }

    /// Version of the interpreter.
    pub async fn version(&self) -> anyhow::Result<String> {
        let output = Command::new(&self.program)
            .arg("--version")
            .output()
            .await?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// A command that runs a script of `tests/baseline/`.
    #[must_use]
    pub fn script(&self, path: &str) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg(repository("tests/baseline").join(path))
            .env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}

async fn install(folder: &Path, requirements: &Path) -> anyhow::Result<PathBuf> {
    let wanted = fs::read(requirements)?;
    // Written last: its presence marks a complete environment.
    let (installed, python) = (folder.join("installed.txt"), folder.join("bin/python"));
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    let mut create = Command::new("python3");
    create.args(["-m", "venv", "--clear"]).arg(folder);
    run(create).await?;
    let mut install = Command::new(&python);
    install
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .arg("--requirement")
        .arg(requirements);
    run(install).await?;
    fs::write(installed, wanted)?;
    Ok(python)
}

async fn run(mut command: Command) -> anyhow::Result<()> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let status = command.status().await?;
    ensure!(status.success(), "{:?} failed", command.as_std());
    Ok(())
}

/// The target folder that this program was built in.
pub fn target_folder() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.ancestors().nth(2).map(Path::to_owned);
    folder.context("not in a target folder")
}

/// The Cargo alias that started this program.
#[must_use]
pub fn command(alias: &str) -> String {
    let arguments = std::env::args().skip(1);
    std::iter::once(format!("cargo {alias}"))
        .chain(arguments)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Name of the processor, as it calls itself.
#[must_use]
pub fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map(|(_, name)| name.trim());
    name.unwrap_or("unknown processor").to_owned()
}

/// Percentile of the values, or 0 if there are none.
#[must_use]
pub fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in a short list"
    )]
    let place = (share * sorted.len() as f64).ceil() as usize;
    sorted
        .get(place.clamp(1, sorted.len().max(1)) - 1)
        .copied()
        .unwrap_or(0.0)
}

/// Formats a figure with at least two significant digits.
#[must_use]
pub fn short(value: f64) -> String {
    match value {
        value if value >= 100.0 => thousands(value),
        value if value >= 10.0 => format!("{value:.0}"),
        value if value >= 1.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

#[must_use]
pub fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_formats_figures_with_few_digits() {
        let shown = [0.0423, 1.26, 12.6, 126.0, 12_345.4].map(short);
        assert_eq!(shown, ["0.04", "1.3", "13", "126", "12,345"]);
        assert_eq!(thousands(1_234_567.0), "1,234,567");
    }

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let values = [3.0, 1.0, 2.0, 4.0];
        let found = [0.0, 0.5, 0.95, 1.0].map(|share| percentile(&values, share));
        assert_eq!(found.map(|value| format!("{value}")), ["1", "2", "4", "4"]);
        assert!(percentile(&[], 0.5).abs() < f64::EPSILON);
        assert!((percentile(&[7.0], 0.95) - 7.0).abs() < f64::EPSILON);
    }
}
