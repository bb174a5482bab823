//! What the whole-system tests share: a running `cargo local` of their own, and a client of its
//! API that knows nothing but HTTP.

mod affinity;
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
mod response;
mod rows;
mod stage;
mod standins;
pub mod words;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use launch::launch;

pub use audit::is_open;
pub use launch::local;
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

/// The line of `--json`.
#[derive(Clone, Debug, Deserialize)]
pub struct Ready {
    /// Base URL of the API.
    pub api: String,
    /// A key that is good for it.
    pub api_key: String,
    /// Base URLs of the embedded services.
    pub aws: Aws,
    /// Base URLs of the stand-ins.
    pub standins: Standins,
    /// Base URL of the local runtime's own view.
    pub admin: String,
    /// What each resource of the template is called, as `Ref` has it: the URL of a queue, the name
    /// of all else.
    pub resources: BTreeMap<String, String>,
}

impl Ready {
    /// What a resource of the template is called.
    ///
    /// # Panics
    /// When there is none of this logical id.
    #[must_use]
    pub fn name(&self, logical_id: &str) -> &str {
        let name = self.resources.get(logical_id);
        name.unwrap_or_else(|| panic!("no resource {logical_id}"))
    }
}

/// Base URLs of the embedded services.
#[derive(Clone, Debug, Deserialize)]
pub struct Aws {
    /// DynamoDB.
    pub dynamodb: String,
    /// S3.
    pub s3: String,
    /// Secrets Manager.
    pub secrets_manager: String,
    /// SQS.
    pub sqs: String,
}

/// Base URLs of the stand-ins.
#[derive(Clone, Debug, Deserialize)]
pub struct Standins {
    /// Gemini.
    pub gemini: String,
    /// YouTube.
    pub youtube: String,
    /// GitHub; empty where no token of it is configured.
    #[serde(default)]
    pub github: String,
    /// Vercel; empty where no token of it is configured.
    #[serde(default)]
    pub vercel: String,
    /// Netlify; empty where no token of it is configured.
    #[serde(default)]
    pub netlify: String,
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
        match launch::redeploy(self.data.path(), &self.environment).await? {
            true => Ok(()),
            false => self.kill_and_restart().await,
        }
    }

    /// Stops the stack as Ctrl-C does and waits for its end.
    ///
    /// # Errors
    /// When it does not end in time, or not well.
    pub async fn interrupt(&mut self) -> anyhow::Result<()> {
        let child = self
            .child
            .as_mut()
            .context("a deployed stage is not ended")?;
        let id = child.id().context("it has ended already")?.to_string();
        let sent = Command::new("kill").args(["-INT", &id]).status().await?;
        ensure!(sent.success(), "no signal was sent");
        let status = tokio::time::timeout(PATIENCE, child.wait()).await??;
        ensure!(status.success(), "it ended with {status}");
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

    /// A request to the API with the key, unless the headers name another; `url` is absolute or a
    /// path.
    ///
    /// # Errors
    /// When there is no response.
    pub async fn call(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> anyhow::Result<Response> {
        let url = match url.starts_with("http") {
            true => url.to_owned(),
            false => format!("{}{url}", self.ready.api),
        };
        let mut request = self.client.request(method, url);
        if !headers.iter().any(|(name, _)| *name == "x-api-key") {
            request = request.header("x-api-key", &self.ready.api_key);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        read(request).await
    }

    /// `GET`.
    ///
    /// # Errors
    /// When there is no response.
    pub async fn get(&self, url: &str) -> anyhow::Result<Response> {
        self.call(Method::GET, url, &[], None).await
    }

    /// `POST` of JSON.
    ///
    /// # Errors
    /// When there is no response.
    pub async fn post(&self, url: &str, body: Value) -> anyhow::Result<Response> {
        self.call(Method::POST, url, &[], Some(body)).await
    }

    /// `GET` of a document that is there.
    ///
    /// # Errors
    /// When there is no response.
    ///
    /// # Panics
    /// When it is another than 200.
    pub async fn get_json(&self, url: &str) -> anyhow::Result<Value> {
        Ok(self.get(url).await?.expect(200).json())
    }

    /// `POST` of JSON that becomes a job. The job.
    ///
    /// # Errors
    /// When there is no response.
    ///
    /// # Panics
    /// When it is another than 202.
    pub async fn accepted(&self, url: &str, body: Value) -> anyhow::Result<Value> {
        Ok(self.post(url, body).await?.expect(202).json())
    }

    /// A request that is not the API's own: without key, headers as given.
    #[must_use]
    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// Submits a video and waits for the end of its job. The job as it was shown last.
    ///
    /// # Errors
    /// When it does not end in time.
    ///
    /// # Panics
    /// When it is not accepted.
    pub async fn run(&self, submission: Value) -> anyhow::Result<Value> {
        let job = self.accepted("/v1/videos", submission).await?;
        self.end_of(&job).await
    }

    /// Waits for the end of a job.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn end_of(&self, job: &Value) -> anyhow::Result<Value> {
        let path = format!("/v1/jobs/{}", job["job_id"].as_str().context("no job id")?);
        until(PATIENCE, async || {
            let job = self.get_json(&path).await?;
            let ended = ["done", "failed", "cancelled"]
                .iter()
                .any(|end| job["status"] == **end);
            Ok(ended.then_some(job))
        })
        .await
    }

    /// Puts a recording of the test data into the bucket, as a client of the API does. Its
    /// upload id.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn upload(&self, name: &str, bytes: Vec<u8>) -> anyhow::Result<String> {
        use sha2::Digest;
        let sha256 = hex::encode(sha2::Sha256::digest(&bytes));
        let body = json!({
            "file_name": name, "content_type": "video/mp4", "size_bytes": bytes.len(), "sha256": sha256,
        });
        let granted = self.post("/v1/uploads", body).await?.expect(201).json();
        self.put_upload(&granted, bytes).await
    }

    /// Puts the bytes of an upload that was granted. Its id.
    ///
    /// # Errors
    /// When they are refused.
    pub async fn put_upload(&self, granted: &Value, bytes: Vec<u8>) -> anyhow::Result<String> {
        let put = &granted["upload"];
        let mut request = self.client.put(put["url"].as_str().context("no URL")?);
        for (name, value) in put["headers"].as_object().context("no headers")? {
            request = request.header(name, value.as_str().unwrap_or_default());
        }
        let _ = read(request.body(bytes)).await?.expect(200);
        let id = granted["upload_id"].as_str().context("no upload id")?;
        Ok(id.to_owned())
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
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Ok(reqwest::Client::builder()
        .timeout(Duration::from_secs(60))
        .build()?)
}
