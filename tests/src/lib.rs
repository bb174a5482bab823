//! What the whole-system tests share: a running `cargo local` of their own, and a client of its
//! API that knows nothing but HTTP.

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

/// How long a job of a few seconds may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The key that every stack is started with.
pub const API_KEY: &str = "er-test-key-0123456789";

/// A folder of the repository.
#[must_use]
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// A running `cargo local`. Ends with its value.
#[derive(Debug)]
pub struct Stack {
    /// None where it is a deployed stage, which nobody here has started.
    child: Option<Child>,
    /// What it said when it was ready.
    pub ready: Ready,
    data: TempDir,
    options: Vec<String>,
    environment: Vec<(String, String)>,
    recorded: bool,
    client: reqwest::Client,
}

impl Stack {
    /// Starts a stack on an empty folder.
    ///
    /// # Errors
    /// When it does not build, or does not get ready.
    pub async fn start() -> anyhow::Result<Self> {
        Self::with(&[]).await
    }

    /// The same with variables that override those of the template.
    ///
    /// # Errors
    /// When it does not build, or does not get ready.
    pub async fn with(environment: &[(&str, &str)]) -> anyhow::Result<Self> {
        Self::launched(&[], environment, false).await
    }

    /// The same with room for as many instances of a function as its queue may call at once.
    ///
    /// # Errors
    /// When it does not build, or does not get ready.
    pub async fn wide(environment: &[(&str, &str)]) -> anyhow::Result<Self> {
        Self::launched(&["--concurrency", "100"], environment, false).await
    }

    /// The same, and all that it and its functions write is in its folder.
    ///
    /// # Errors
    /// When it does not build, or does not get ready.
    pub async fn recorded(environment: &[(&str, &str)]) -> anyhow::Result<Self> {
        Self::launched(&[], environment, true).await
    }

    /// The same of another workspace: its template, and the functions in its `target/debug`.
    ///
    /// # Errors
    /// When it does not get ready.
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

    /// Kills the stack as `kill -9` does and starts another one on its folder.
    ///
    /// # Errors
    /// When that does not get ready.
    pub async fn kill_and_restart(&mut self) -> anyhow::Result<()> {
        self.kill().await?;
        self.resume().await
    }

    /// Starts another one on the folder of one that has ended.
    ///
    /// # Errors
    /// When it does not get ready.
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

    /// The same with other variables: a new version is deployed.
    ///
    /// # Errors
    /// When that does not get ready.
    pub async fn redeploy(&mut self, environment: &[(&str, &str)]) -> anyhow::Result<()> {
        self.environment = variables(environment);
        if launch::redeploy(self.data.path(), &self.environment).await? {
            Ok(())
        } else {
            self.kill_and_restart().await
        }
    }

    /// Stops the stack as Ctrl-C does and waits for its end.
    ///
    /// # Errors
    /// If it does not end in time, or with another status.
    pub async fn interrupt(&mut self) -> anyhow::Result<()> {
        let child = self
            .child
            .as_mut()
            .context("a deployed stage is not ended")?;
        let id = child.id().context("it has ended already")?.to_string();
        let sent = Command::new("kill").args(["-INT", &id]).status().await?;
        ensure!(sent.success(), "no signal was sent");
        let status = tokio::time::timeout(PATIENCE, child.wait()).await??;
        // What stands in for the local runtime ends with 0.
        let expected = [0, 130].map(Some);
        ensure!(expected.contains(&status.code()), "it ended with {status}");
        Ok(())
    }

    /// Kills the stack as `kill -9` does.
    ///
    /// # Errors
    /// When it has ended already.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        let child = self
            .child
            .as_mut()
            .context("a deployed stage is not ended")?;
        Ok(child.kill().await?)
    }

    /// What a resource of the template is called.
    ///
    /// # Panics
    /// When there is none of this logical id.
    #[must_use]
    pub fn name(&self, logical_id: &str) -> &str {
        self.ready.name(logical_id)
    }

    /// The folder of all its state.
    #[must_use]
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// Process id of the local runtime; none once it has ended.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        self.child.as_ref()?.id()
    }

    /// The instances of functions that run.
    ///
    /// # Errors
    /// When the local runtime does not answer.
    pub async fn instances(&self) -> anyhow::Result<Vec<Value>> {
        let list = read(self.client.get(format!("{}/instances", self.ready.admin)))
            .await?
            .json();
        Ok(list.as_array().context("no list")?.clone())
    }

    /// Invokes a function by its logical id with an event, past all that would invoke it. Its
    /// answer.
    ///
    /// # Errors
    /// When there is no such function, or it fails.
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

    /// The invocations that have ended, as the local runtime recorded them.
    ///
    /// # Errors
    /// When it does not answer.
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

/// Asks again and again until there is an answer, or the time is up; `EVENTRELAY_PATIENCE` is how
/// many times as long that is.
///
/// # Errors
/// When asking fails, or the time is up.
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

/// A client for what listens on this machine.
///
/// # Errors
/// When it cannot be built.
#[expect(
    clippy::disallowed_methods,
    reason = "a client of the API, not a part of it"
)]
pub fn client() -> anyhow::Result<reqwest::Client> {
    // The client speaks plain HTTP here, but is not built without a TLS provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(reqwest::Client::builder()
        .timeout(Duration::from_secs(60))
        .build()?)
}
