//! Client of the API.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, anyhow, bail};
use reqwest::{Response, StatusCode, header};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use url::Url;

use crate::data::Ready;

/// Pause between two polls of a job. The API asks for at least a second, because callers on AWS pay
/// for each request. Here a person watches, and some stages pass faster.
const PAUSE: Duration = Duration::from_millis(250);

/// Maximum size of a response, in bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// Returns the error for a system that has ended.
pub(super) fn gone(ready: &Ready) -> anyhow::Error {
    let api = ready.api.clone();
    anyhow::Error::new(Unavailable { api, fault: SILENT })
}

/// Reason of [`Unavailable`] for a system that does not respond.
const SILENT: &str = "does not answer";

/// Returns the members of a request body that are not `null`.
pub(super) fn given(body: Value) -> Map<String, Value> {
    let Value::Object(mut members) = body else {
        return Map::new();
    };
    members.retain(|_, member| !member.is_null());
    members
}

/// Client of one API with one key.
pub(super) struct Client {
    http: reqwest::Client,
    api: Url,
    key: String,
}

/// Outcome of a submission.
pub(super) enum Submitted {
    /// A stored analysis, with the path of the video.
    Done { video: String },
    /// An analysis in progress, with the path of its job.
    Queued { job: String },
}

/// The system cannot answer: it has ended, or its functions fail. Another system on the same data
/// may.
#[derive(Debug, thiserror::Error)]
#[error("the system at {api} {fault}")]
pub(super) struct Unavailable {
    api: String,
    fault: &'static str,
}

impl Unavailable {
    /// Returns whether the system did not respond at all.
    pub(super) fn is_silent(&self) -> bool {
        self.fault == SILENT
    }
}

/// A job, as far as a progress bar shows it.
pub(super) struct Job {
    pub(super) status: String,
    pub(super) stage: Option<String>,
    /// Written files, while files are written.
    pub(super) files: Option<Files>,
    /// Reason that the job waits, in a sentence.
    pub(super) notice: Option<String>,
    /// Percentage from 0 to 100.
    pub(super) progress: u64,
    pub(super) error: Option<String>,
    pub(super) ended: Ended,
}

/// Links to the results of a job.
#[derive(Deserialize)]
pub(super) struct Ended {
    pub(super) video: Option<String>,
    pub(super) project: Option<String>,
    pub(super) deployment: Option<String>,
}

/// Destination of an upload.
#[derive(Deserialize)]
pub(super) struct Upload {
    pub(super) upload_id: String,
    /// The same file has already been uploaded.
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
    notice: Option<String>,
    links: Ended,
}

impl From<JobAnswer> for Job {
    fn from(answer: JobAnswer) -> Self {
        Self {
            status: answer.status,
            stage: answer.stage,
            files: answer.files,
            notice: answer.notice,
            progress: answer.progress.unwrap_or_default().clamp(0.0, 100.0) as u64,
            error: answer.error.and_then(Problem::words),
            ended: answer.links,
        }
    }
}

/// Progress of writing files.
#[derive(Deserialize)]
pub(super) struct Files {
    pub(super) written: u64,
    pub(super) total: u64,
}

/// Problem document of RFC 9457.
#[derive(Deserialize)]
struct Problem {
    title: Option<String>,
    detail: Option<String>,
}

impl Problem {
    fn words(self) -> Option<String> {
        match (self.title, self.detail) {
            (Some(title), Some(detail)) if !detail.starts_with(&title) => {
                Some(format!("{title}: {detail}"))
            }
            (title, detail) => detail.or(title),
        }
    }
}

/// Returns a client for services on 127.0.0.1.
pub(super) fn http() -> reqwest::Result<reqwest::Client> {
    // A second installation fails and changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
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
        let is_done = response.status() == StatusCode::OK;
        let SubmitAnswer { links } = self.read(response).await?;
        match (is_done, links.video, links.job) {
            (true, Some(video), _) => Ok(Submitted::Done {
                video: self.path_of(&video)?,
            }),
            (false, _, Some(job)) => Ok(Submitted::Queued {
                job: self.path_of(&job)?,
            }),
            _ => bail!("the response of the API has no link to its result"),
        }
    }

    pub(super) async fn create_upload(&self, body: &Value) -> anyhow::Result<Upload> {
        self.read(self.post("/v1/uploads", body).await?).await
    }

    /// Uploads the bytes with exactly the headers of the target.
    pub(super) async fn put(&self, target: &Target, body: reqwest::Body) -> anyhow::Result<()> {
        let method = target
            .method
            .parse()
            .context("the upload has an unknown method")?;
        let mut request = self.http.request(method, &target.url).body(body);
        for (name, value) in &target.headers {
            request = request.header(name, value);
        }
        // The URL is a secret, so no error may contain it.
        let response = request
            .send()
            .await
            .map_err(reqwest::Error::without_url)
            .with_context(|| self.unavailable(SILENT))?;
        let status = response.status();
        if !status.is_success() {
            let text = String::from_utf8_lossy(&self.whole(response).await?).into_owned();
            bail!("the upload was refused with {status}: {text}");
        }
        Ok(())
    }

    /// Returns the current state of a job.
    pub(super) async fn job(&self, path: &str) -> anyhow::Result<Job> {
        let answer: JobAnswer = self.read(self.get(path).await?).await?;
        Ok(answer.into())
    }

    /// Starts work and returns the path of its job.
    pub(super) async fn begin(&self, path: &str, body: &Value) -> anyhow::Result<String> {
        let answer: SubmitAnswer = self.read(self.post(path, body).await?).await?;
        let job = answer.links.job;
        self.path_of(&job.context("the response of the API has no link to its result")?)
    }

    /// Posts a request and returns the document of the response.
    pub(super) async fn ask(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.read(self.post(path, body).await?).await
    }

    /// Returns the document at a path.
    pub(super) async fn document(&self, path: &str) -> anyhow::Result<Value> {
        self.read(self.get(path).await?).await
    }

    /// Returns the bytes at a path.
    pub(super) async fn bytes(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let response = self.succeeded(self.get(path).await?).await?;
        self.whole(response).await
    }

    /// Returns the text at a path with additional query parameters.
    pub(super) async fn text(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
    ) -> anyhow::Result<String> {
        let mut url = self.api.join(path)?;
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        let body = self.bytes(url.as_str()).await?;
        String::from_utf8(body).context("the API sent bytes that are not UTF-8 text")
    }

    /// Returns path and query of a link. They are the same in another system on the same data.
    pub(super) fn path_of(&self, link: &str) -> anyhow::Result<String> {
        let url = self.own(link)?;
        Ok(match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        })
    }

    /// Checks that a link points to this API, so that the key goes nowhere else.
    fn own(&self, link: &str) -> anyhow::Result<Url> {
        let url = self.api.join(link)?;
        if url.origin() != self.api.origin() {
            bail!("the API sent a link to another origin");
        }
        Ok(url)
    }

    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Response> {
        let request = self
            .http
            .post(self.own(path)?)
            .header("x-api-key", &self.key)
            .bearer_auth(&self.key)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string());
        self.send(request).await
    }

    async fn get(&self, path: &str) -> anyhow::Result<Response> {
        let request = self
            .http
            .get(self.own(path)?)
            .header("x-api-key", &self.key)
            .bearer_auth(&self.key);
        self.send(request).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Response> {
        let sent = request.send().await;
        sent.map_err(|error| anyhow::Error::new(error).context(self.unavailable(SILENT)))
    }

    fn unavailable(&self, fault: &'static str) -> Unavailable {
        Unavailable {
            api: self.api.as_str().trim_end_matches('/').to_owned(),
            fault,
        }
    }

    /// Returns a successful response.
    ///
    /// # Errors
    /// The reason in a problem document, or [`Unavailable`] if the system is at fault.
    async fn succeeded(&self, response: Response) -> anyhow::Result<Response> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = self.whole(response).await?;
        let problem = serde_json::from_slice::<Problem>(&body)
            .ok()
            .and_then(Problem::words);
        let error = match problem {
            Some(words) => anyhow!("{words} ({status})"),
            None => anyhow!("status {status}: {}", String::from_utf8_lossy(&body)),
        };
        Err(if status.is_server_error() {
            error.context(self.unavailable("fails"))
        } else {
            error
        })
    }

    async fn read<T: DeserializeOwned>(&self, response: Response) -> anyhow::Result<T> {
        let response = self.succeeded(response).await?;
        let body = self.whole(response).await?;
        serde_json::from_slice(&body).context("the API sent a malformed response")
    }

    /// Reads the whole body of a response.
    async fn whole(&self, mut response: Response) -> anyhow::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            // The URL of an upload is a secret.
            let chunk = response.chunk().await.map_err(reqwest::Error::without_url);
            match chunk {
                Ok(None) => return Ok(body),
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Err(error) => {
                    return Err(anyhow::Error::new(error).context(self.unavailable(SILENT)));
                }
            }
            if body.len() > MAX_ANSWER_BYTES {
                bail!("the answer is larger than {MAX_ANSWER_BYTES} bytes");
            }
        }
    }
}

pub(crate) async fn pause() {
    #[expect(
        clippy::disallowed_methods,
        reason = "a command in front of a person waits; no function does"
    )]
    tokio::time::sleep(PAUSE).await;
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(value: Value) -> Job {
        serde_json::from_value::<JobAnswer>(value).unwrap().into()
    }

    #[test]
    fn job_is_read_with_and_without_its_optional_members() {
        let plain = job(json!({"status": "running", "links": {"self": "s"}}));
        assert_eq!((plain.progress, plain.notice, plain.stage), (0, None, None));
        let full = job(json!({
            "status": "running", "stage": "writing", "progress": 31,
            "files": {"written": 1, "total": 3},
            "notice": "Cannot reach example.org. Next try in 20 s.",
            "links": {},
        }));
        assert_eq!(full.progress, 31);
        assert_eq!(
            full.files.map(|files| (files.written, files.total)),
            Some((1, 3))
        );
        assert!(
            full.notice
                .is_some_and(|notice| notice.starts_with("Cannot reach"))
        );
    }

    #[test]
    fn problem_is_told_by_title_and_detail() {
        let words = |title: Option<&str>, detail: Option<&str>| {
            let owned = |text: &str| text.to_owned();
            Problem {
                title: title.map(owned),
                detail: detail.map(owned),
            }
            .words()
        };
        assert_eq!(words(Some("No"), Some("Why.")).unwrap(), "No: Why.");
        assert_eq!(words(Some("No"), Some("No (why).")).unwrap(), "No (why).");
        assert_eq!(words(Some("No"), None).unwrap(), "No");
        assert_eq!(words(None, None), None);
    }

    #[test]
    fn links_are_followed_by_their_path_and_never_elsewhere() {
        let client = Client::new("http://127.0.0.1:8787", "k").unwrap();
        let path = client
            .path_of("http://127.0.0.1:8787/v1/videos/yt:a?variant=1")
            .unwrap();
        assert_eq!(path, "/v1/videos/yt:a?variant=1");
        for link in [
            "http://127.0.0.1:9999/v1/jobs/a",
            "https://example.org/v1/jobs/a",
        ] {
            assert!(client.path_of(link).is_err(), "{link}");
        }
    }
}
