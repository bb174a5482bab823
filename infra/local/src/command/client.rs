//! The API as the commands use it.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, bail};
use reqwest::{Response, StatusCode, header};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;

/// Pause between two questions for a job. The API asks for a second and more, for the sake of those
/// who pay for a question; here somebody looks on, and stages pass in less.
const PAUSE: Duration = Duration::from_millis(250);

/// Largest answer that is read, in bytes.
const MAXIMUM_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// A client of one API with one key.
pub(super) struct Client {
    http: reqwest::Client,
    api: Url,
    key: String,
}

/// What became of a submitted video.
pub(super) enum Submitted {
    /// There is an analysis: the URL of the video.
    Done { video: String },
    /// The URL of the job.
    Queued { job: String },
}

/// A job, as far as a progress bar is concerned.
pub(super) struct Job {
    pub(super) status: String,
    pub(super) stage: Option<String>,
    /// 0 to 100.
    pub(super) progress: u64,
    /// In words.
    pub(super) error: Option<String>,
    pub(super) ended: Ended,
}

/// Where to find what a job makes.
#[derive(Deserialize)]
pub(super) struct Ended {
    pub(super) video: Option<String>,
    pub(super) project: Option<String>,
    pub(super) deployment: Option<String>,
}

/// Where an upload goes.
#[derive(Deserialize)]
pub(super) struct Upload {
    pub(super) upload_id: String,
    /// The same file is there already.
    pub(super) uploaded: bool,
    pub(super) upload: Option<Target>,
}

#[derive(Deserialize)]
pub(super) struct Target {
    pub(super) method: String,
    pub(super) url: String,
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Links {
    video: Option<String>,
    job: Option<String>,
}

#[derive(Deserialize)]
struct SubmitAnswer {
    links: Links,
}

#[derive(Deserialize)]
struct JobAnswer {
    status: String,
    stage: Option<String>,
    progress: Option<f64>,
    error: Option<Problem>,
    files: Option<Files>,
    links: Ended,
}

/// Files while they are written.
#[derive(Deserialize)]
struct Files {
    written: u64,
    total: u64,
}

/// RFC 9457.
#[derive(Deserialize)]
struct Problem {
    title: Option<String>,
    detail: Option<String>,
}

impl Problem {
    fn words(self) -> Option<String> {
        match (self.title, self.detail) {
            (Some(title), Some(detail)) if title != detail => Some(format!("{title}: {detail}")),
            (title, detail) => detail.or(title),
        }
    }
}

/// A client of whatever is on 127.0.0.1.
pub(super) fn http() -> reqwest::Result<reqwest::Client> {
    // A second installation fails, and changes nothing.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    #[expect(
        clippy::disallowed_methods,
        reason = "the one warm client of the functions is not for a command line that calls 127.0.0.1"
    )]
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
}

impl Client {
    pub(super) fn new(api: &str, key: &str) -> anyhow::Result<Self> {
        Ok(Self {
            http: http()?,
            api: Url::parse(api)?,
            key: key.to_owned(),
        })
    }

    pub(super) async fn submit(&self, body: &Value) -> anyhow::Result<Submitted> {
        let response = self.post("/v1/videos", body).await?;
        let done = response.status() == StatusCode::OK;
        let SubmitAnswer { links } = read(response).await?;
        match (done, links.video, links.job) {
            (true, Some(video), _) => Ok(Submitted::Done { video }),
            (false, _, Some(job)) => Ok(Submitted::Queued { job }),
            _ => bail!("the API answered without a link to go on with"),
        }
    }

    pub(super) async fn create_upload(&self, body: &Value) -> anyhow::Result<Upload> {
        read(self.post("/v1/uploads", body).await?).await
    }

    /// Sends the bytes to where the upload goes, with exactly its headers.
    pub(super) async fn put(&self, target: &Target, body: reqwest::Body) -> anyhow::Result<()> {
        let method = target
            .method
            .parse()
            .context("the upload has an unknown method")?;
        let mut request = self.http.request(method, &target.url).body(body);
        for (name, value) in &target.headers {
            request = request.header(name, value);
        }
        // The URL is a secret: it must not stand in an error.
        let response = request.send().await.map_err(reqwest::Error::without_url)?;
        let status = response.status();
        if !status.is_success() {
            let text = String::from_utf8_lossy(&bytes(response).await?).into_owned();
            bail!("the upload was refused with {status}: {text}");
        }
        Ok(())
    }

    /// The job as it is now.
    pub(super) async fn job(&self, url: &str) -> anyhow::Result<Job> {
        let answer: JobAnswer = read(self.get(self.api.join(url)?).await?).await?;
        let stage = answer.stage.map(|stage| match answer.files {
            Some(Files { written, total }) => format!("{stage}, {written} of {total} files"),
            None => stage,
        });
        Ok(Job {
            status: answer.status,
            stage,
            progress: answer.progress.unwrap_or_default().clamp(0.0, 100.0) as u64,
            error: answer.error.and_then(Problem::words),
            ended: answer.links,
        })
    }

    /// Begins something; the URL of its job.
    pub(super) async fn begin(&self, url: &str, body: &Value) -> anyhow::Result<String> {
        let url = self.api.join(url)?;
        let answer: SubmitAnswer = read(self.post(url.path(), body).await?).await?;
        answer
            .links
            .job
            .context("the API answered without a link to go on with")
    }

    /// What is answered at once.
    pub(super) async fn ask(&self, url: &str, body: &Value) -> anyhow::Result<Value> {
        let url = self.api.join(url)?;
        read(self.post(url.path(), body).await?).await
    }

    /// A document, by its URL.
    pub(super) async fn document(&self, url: &str) -> anyhow::Result<Value> {
        read(self.get(self.api.join(url)?).await?).await
    }

    /// Bytes, by their URL.
    pub(super) async fn bytes(&self, url: &str) -> anyhow::Result<Vec<u8>> {
        bytes(succeeded(self.get(self.api.join(url)?).await?).await?).await
    }

    /// The analysis as it was sent.
    pub(super) async fn video(&self, url: &str, markdown: bool) -> anyhow::Result<String> {
        let mut url = self.api.join(url)?;
        if markdown {
            url.query_pairs_mut().append_pair("format", "md");
        }
        let body = bytes(succeeded(self.get(url).await?).await?).await?;
        let mut text = String::from_utf8(body).context("the analysis is no text")?;
        if !text.ends_with('\n') {
            text.push('\n');
        }
        Ok(text)
    }

    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Response> {
        let request = self
            .http
            .post(self.api.join(path)?)
            .header("x-api-key", &self.key)
            .bearer_auth(&self.key)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string());
        succeeded(request.send().await.context("the API does not answer")?).await
    }

    async fn get(&self, url: Url) -> anyhow::Result<Response> {
        // The key goes to the API and nowhere else, whatever a link says.
        if url.origin() != self.api.origin() {
            bail!("the API answered with a link to another place");
        }
        let request = self
            .http
            .get(url)
            .header("x-api-key", &self.key)
            .bearer_auth(&self.key);
        request.send().await.context("the API does not answer")
    }
}

/// Waits before the next question for a job.
pub(super) async fn pause() {
    #[expect(
        clippy::disallowed_methods,
        reason = "a command line in front of somebody waits; no function does"
    )]
    tokio::time::sleep(PAUSE).await;
}

/// The response, or the reason that a problem document gives.
async fn succeeded(response: Response) -> anyhow::Result<Response> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let body = bytes(response).await?;
    let problem = serde_json::from_slice::<Problem>(&body)
        .ok()
        .and_then(Problem::words);
    match problem {
        Some(words) => bail!("{words} ({status})"),
        None => bail!(
            "the API answered {status}: {}",
            String::from_utf8_lossy(&body)
        ),
    }
}

async fn read<T: DeserializeOwned>(response: Response) -> anyhow::Result<T> {
    let body = bytes(succeeded(response).await?).await?;
    serde_json::from_slice(&body).context("the API answered what this program does not understand")
}

async fn bytes(mut response: Response) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(reqwest::Error::without_url)?
    {
        body.extend_from_slice(&chunk);
        if body.len() > MAXIMUM_ANSWER_BYTES {
            bail!("the answer is larger than 64 MiB");
        }
    }
    Ok(body)
}
