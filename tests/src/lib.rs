//! Shared parts of the whole-system tests: a running `cargo local` and an HTTP client of its API.

mod affinity;
mod api;
mod audit;
mod aws;
pub mod catalog;
pub mod contract;
pub mod deployments;
pub mod events;
pub mod faults;
pub mod figures;
pub mod gate;
mod launch;
pub mod process;
mod project_audit;
mod ready;
mod response;
mod rows;
mod stage;
mod standins;
pub mod words;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use launch::launch;

pub use audit::is_open;
pub use launch::local;
pub use ready::{Aws, Ready, Standins};
pub use response::{Response, read};

/// Deadline of a job of a few seconds on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The key that every stack is started with.
pub const API_KEY: &str = "er-test-key-0123456789";

/// Returns all files under a folder.
#[must_use]
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder)
        .expect("a readable folder")
        .map(|entry| entry.expect("a readable folder").path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// Path of a file or folder of the repository.
#[must_use]
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// A running `cargo local`. Dropping it ends the process.
#[derive(Debug)]
pub struct Stack {
    /// Process of the local runtime; `None` for a deployed stage.
    child: Option<Child>,
    /// Addresses and names of the stack.
    pub ready: Ready,
    data: TempDir,
    options: Vec<String>,
    environment: Vec<(String, String)>,
    recorded: bool,
    client: reqwest::Client,
}

impl Stack {
    /// Starts a stack on an empty folder.
    pub async fn start() -> anyhow::Result<Self> {
        Self::with(&[]).await
    }

    /// Starts a stack with variables that override those of the template.
    pub async fn with(environment: &[(&str, &str)]) -> anyhow::Result<Self> {
        Self::launched(&[], environment, false).await
    }

    /// Starts a stack that runs as many instances of a function as its queue may invoke.
    pub async fn wide(environment: &[(&str, &str)]) -> anyhow::Result<Self> {
        Self::launched(&["--concurrency", "100"], environment, false).await
    }

    /// Starts a stack whose output, and that of its functions, is the file `written` of its folder.
    pub async fn recorded(environment: &[(&str, &str)]) -> anyhow::Result<Self> {
        Self::launched(&[], environment, true).await
    }

    /// Starts a stack of another workspace: its template and the functions in its `target/debug`.
    pub async fn of_workspace(
        workspace: &Path,
        environment: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let workspace = workspace.to_str().context("no text")?;
        Self::launched(&["--workspace", workspace], environment, false).await
    }

    async fn launched(
        options: &[&str],
        environment: &[(&str, &str)],
        recorded: bool,
    ) -> anyhow::Result<Self> {
        let environment = variables(environment);
        let options: Vec<_> = options.iter().map(|&option| option.to_owned()).collect();
        let data = TempDir::new()?;
        let (child, ready) = match stage::attached()? {
            Some(ready) => {
                ensure!(
                    environment.is_empty(),
                    "a deployed stage has its own variables"
                );
                (None, ready)
            }
            None => {
                let started = launch(data.path(), &options, &environment, recorded).await?;
                (Some(started.0), started.1)
            }
        };
        Ok(Self {
            child,
            ready,
            data,
            options,
            environment,
            recorded,
            client: client()?,
        })
    }

    /// Kills the stack with SIGKILL and restarts it on its folder.
    pub async fn kill_and_restart(&mut self) -> anyhow::Result<()> {
        self.kill().await?;
        self.resume().await
    }

    /// Restarts an ended stack on its folder.
    pub async fn resume(&mut self) -> anyhow::Result<()> {
        let (child, ready) = launch(
            self.data.path(),
            &self.options,
            &self.environment,
            self.recorded,
        )
        .await?;
        self.child = Some(child);
        self.ready = ready;
        Ok(())
    }

    /// Deploys a new version with other variables.
    pub async fn redeploy(&mut self, environment: &[(&str, &str)]) -> anyhow::Result<()> {
        self.environment = variables(environment);
        if launch::redeploy(self.data.path(), &self.environment).await? {
            Ok(())
        } else {
            self.kill_and_restart().await
        }
    }

    /// Interrupts the stack with SIGINT and waits for its exit.
    pub async fn interrupt(&mut self) -> anyhow::Result<()> {
        let child = self
            .child
            .as_mut()
            .context("a deployed stage is not ended")?;
        let id = child.id().context("it has ended already")?.to_string();
        let sent = Command::new("kill").args(["-INT", &id]).status().await?;
        ensure!(sent.success(), "no signal was sent");
        let status = tokio::time::timeout(PATIENCE, child.wait()).await??;
        // The launcher of the second opinion exits with 0.
        let expected = [0, 130].map(Some);
        ensure!(expected.contains(&status.code()), "it ended with {status}");
        Ok(())
    }

    /// Kills the stack with SIGKILL.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        let child = self
            .child
            .as_mut()
            .context("a deployed stage is not ended")?;
        Ok(child.kill().await?)
    }

    /// Physical name of a resource of the template.
    #[must_use]
    pub fn name(&self, logical_id: &str) -> &str {
        self.ready.name(logical_id)
    }

    /// Folder of its state.
    #[must_use]
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// Process id of the local runtime; none once it has ended.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        self.child.as_ref()?.id()
    }

    /// Running instances of functions.
    pub async fn instances(&self) -> anyhow::Result<Vec<Value>> {
        let list = read(self.client.get(format!("{}/instances", self.ready.admin)))
            .await?
            .json();
        Ok(list.as_array().context("no list")?.clone())
    }

    /// Invokes a function directly, by its logical id. Returns its response.
    pub async fn invoke(&self, function: &str, event: Value) -> anyhow::Result<Value> {
        let url = format!(
            "{}/2015-03-31/functions/{function}/invocations",
            self.ready.admin
        );
        let request = self
            .client
            .post(url)
            .header("content-type", "application/json")
            .body(event.to_string());
        let answer = read(request).await?;
        let has_failed = answer.headers.contains_key("x-amz-function-error");
        ensure!(
            answer.status == 200 && !has_failed,
            "{function}: {}",
            answer.text()
        );
        Ok(answer.json())
    }

    /// Ended invocations that the local runtime has recorded.
    pub async fn invocations(&self) -> anyhow::Result<Vec<Value>> {
        let answer = read(self.client.get(format!("{}/invocations", self.ready.admin))).await?;
        let list = answer.json();
        Ok(list.as_array().context("no list")?.clone())
    }
}

fn variables(environment: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    environment.iter().map(owned).collect()
}

/// Polls until `ask` returns a value. Fails after `patience`, which `EVENTRELAY_PATIENCE` multiplies.
pub async fn until<T>(
    patience: Duration,
    mut ask: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let patience = patience * stage::times_as_patient();
    let started = Instant::now();
    let mut ticks = tokio::time::interval(stage::rhythm());
    loop {
        ticks.tick().await;
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        if started.elapsed() > patience {
            bail!("not within {patience:?}");
        }
    }
}

/// HTTP client for servers on this machine.
#[expect(
    clippy::disallowed_methods,
    reason = "a client of the API, not a part of it"
)]
pub fn client() -> anyhow::Result<reqwest::Client> {
    // reqwest needs a TLS provider even for plain HTTP.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(reqwest::Client::builder()
        .timeout(Duration::from_secs(60))
        .build()?)
}
