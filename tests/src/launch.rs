//! Build and start of the local runtime as a process.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::OnceLock,
};

use anyhow::{Context as _, ensure};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::{API_KEY, PATIENCE, Ready, contract, repository, stage::times_as_patient};

/// Starts the local runtime and waits until it is ready. If `recorded`, the file `written` of the
/// folder receives its output and that of the functions.
pub(crate) async fn launch(
    data: &Path,
    options: &[String],
    environment: &[(String, String)],
    recorded: bool,
) -> anyhow::Result<(Child, Ready)> {
    let mut command = command(data, environment)?;
    if recorded {
        let path = data.join("written");
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)?;
        command.arg("--verbose").stderr(file);
    }
    let mut child = command.args(options).stdout(Stdio::piped()).spawn()?;
    let stdout = child.stdout.take().context("no standard output")?;
    let mut lines = BufReader::new(stdout).lines();
    let line = tokio::time::timeout(PATIENCE * times_as_patient(), lines.next_line()).await??;
    let line = line.context("the local runtime ended before it was ready")?;
    let ready: Ready = serde_json::from_str(&line).with_context(|| line.clone())?;
    contract::watch(&ready);
    Ok((child, ready))
}

/// Redeploys the stack of a folder with other variables. Returns `false` if only a restart can do
/// that.
pub(crate) async fn redeploy(
    data: &Path,
    environment: &[(String, String)],
) -> anyhow::Result<bool> {
    if other().is_none() {
        return Ok(false);
    }
    let status = command(data, environment)?
        .arg("--redeploy")
        .status()
        .await?;
    ensure!(status.success(), "the redeployment failed");
    Ok(true)
}

fn command(data: &Path, environment: &[(String, String)]) -> anyhow::Result<Command> {
    let local = local()?;
    let mut command = Command::new(other().unwrap_or_else(|| local.to_owned()));
    command
        .args(["--json", "--no-build", "--port", "0"])
        .args(["--api-key", API_KEY, "--data"])
        .arg(data)
        .current_dir(repository(""))
        .env_remove("GEMINI_API_KEY")
        .env_remove("YOUTUBE_API_KEY")
        .env_remove("GITHUB_TOKEN")
        .env_remove("VERCEL_TOKEN")
        .env_remove("NETLIFY_AUTH_TOKEN")
        // Tests poll more often than the default rate limit allows.
        .env("API_REQUESTS_PER_MINUTE", "0")
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .kill_on_drop(true);
    Ok(command)
}

/// Program that replaces the local runtime, with the same options and the same line of JSON.
fn other() -> Option<PathBuf> {
    std::env::var_os("EVENTRELAY_LAUNCHER").map(PathBuf::from)
}

/// Path of the local runtime, built with the functions once per process.
pub fn local() -> anyhow::Result<&'static Path> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| build().map_err(|error| format!("{error:#}")));
    built
        .as_deref()
        .map_err(|error| anyhow::anyhow!(error.clone()))
}

/// Builds the functions and the local runtime with the profile of this program: `cargo test` builds
/// the tests of their crates, not the programs.
fn build() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    // A test is in `deps`, a binary beside it.
    let binaries = own
        .ancestors()
        .skip(1)
        .find(|folder| !folder.ends_with("deps"))
        .context("not in a target folder")?;
    let profile = match binaries.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(folder) => folder,
    };
    let status = eventrelay_launch::cargo()
        .args(["build", "--quiet", "--bins", "--locked"])
        .args(["--profile", profile])
        .current_dir(repository(""))
        .status()?;
    ensure!(status.success(), "the functions do not build");
    Ok(binaries.join("eventrelay-local"))
}
