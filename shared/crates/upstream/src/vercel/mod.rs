//! The Vercel API: a project is sent in one request, and built there
//! (<https://vercel.com/docs/rest-api/deployments>).

mod errors;
mod events;

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use url::Url;

use super::bearer::{Bearer, Call, FREE};
use super::client::{Answer, HttpClient, Request};
use super::gate::{Target, UpstreamGuard};
use eventrelay_analysis::text;
use eventrelay_core::clock::Timestamp;
use eventrelay_core::error::{Error, Service};
use eventrelay_core::limit::Cost;
use eventrelay_project::ProjectFile;
use eventrelay_project::deploy::VercelSettings;
use eventrelay_store::secrets::Secret;

const SERVICE: Service = Service::Vercel;
/// For looking at a deployment.
const TIMEOUT: Duration = Duration::from_secs(15);
/// For sending a project of some megabytes.
const SEND_TIMEOUT: Duration = Duration::from_secs(60);
/// The description of a deployment is below 100 kB.
const LIMIT: usize = 1024 * 1024;
/// Ids have about 30 characters; they are kept and asked with.
const MAX_ID_LENGTH: usize = 100;
/// Of a name of a host (RFC 1035, section 2.3.4).
const MAX_HOST_LENGTH: usize = 253;
/// Longest message of a build that failed, in characters.
const MAX_MESSAGE_LENGTH: usize = 500;

/// The client of the API, in the name of one token. A clone is cheap and shares its connections.
///
/// Every call may fail as every call of an upstream: [`Error::Throttled`], [`Error::RateLimited`],
/// [`Error::Unavailable`], [`Error::UpstreamRejected`], [`Error::UpstreamMalformed`].
#[derive(Clone, Debug)]
pub struct Vercel {
    api: Bearer,
    team: Option<String>,
}

/// A deployment that is to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewDeployment<'a> {
    /// What the project is called; it is made where there is none.
    pub name: &'a str,
    /// How it is built.
    pub settings: VercelSettings,
    /// What is in it.
    pub files: &'a [ProjectFile],
    /// What it is called by us: shown at Vercel.
    pub deployment: &'a str,
}

/// How far a deployment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum State {
    Waiting,
    Building,
    /// What was built can be seen.
    Ready,
    /// It failed, or waits for what only somebody at Vercel can do.
    Failed,
    /// Somebody called it off.
    Cancelled,
}

impl From<String> for State {
    /// What this version does not know is not over.
    fn from(state: String) -> Self {
        match state.as_str() {
            "QUEUED" | "INITIALIZING" => Self::Waiting,
            "READY" => Self::Ready,
            "ERROR" | "BLOCKED" | "DELETED" => Self::Failed,
            "CANCELED" => Self::Cancelled,
            _ => Self::Building,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// What Vercel calls it.
    pub id: String,
    /// How far it is.
    pub state: State,
    /// Where this deployment alone can be seen, perhaps by members only.
    pub url: Option<String>,
    /// Where the project can be seen, once this deployment is the one that is served there.
    pub site_url: Option<String>,
    /// Where its owners look at it.
    pub inspector_url: Option<String>,
    /// Vercel's words on why it failed: one line, for whoever deploys.
    pub message: Option<String>,
    /// Since when it can be seen.
    pub ready_at: Option<Timestamp>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireNew<'a> {
    name: &'a str,
    target: &'a str,
    project_settings: VercelSettings,
    files: Vec<WireFile<'a>>,
    meta: WireMeta<'a>,
}

#[derive(Serialize)]
struct WireFile<'a> {
    file: &'a str,
    data: std::borrow::Cow<'a, str>,
    encoding: &'a str,
}

#[derive(Serialize)]
struct WireMeta<'a> {
    eventrelay: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireDeployment {
    id: String,
    ready_state: State,
    url: Option<String>,
    #[serde(default)]
    alias: Vec<String>,
    inspector_url: Option<String>,
    error_message: Option<String>,
    /// Milliseconds since the epoch.
    ready: Option<u64>,
}

impl WireDeployment {
    fn read(self) -> Result<Deployment, Error> {
        let is_id_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if !(1..=MAX_ID_LENGTH).contains(&self.id.len()) || !self.id.bytes().all(is_id_byte) {
            return Err(malformed("the id of a deployment that is none"));
        }
        let is_ready = self.ready_state == State::Ready;
        let alias = self.alias.into_iter().next().filter(|_| is_ready);
        let message = self.error_message;
        let message = message.map(|message| text::line(&message, MAX_MESSAGE_LENGTH));
        let inspector = self.inspector_url.filter(|url| is_web_url(url));
        Ok(Deployment {
            id: self.id,
            state: self.ready_state,
            url: self.url.as_deref().and_then(host_url),
            site_url: alias.as_deref().and_then(host_url),
            inspector_url: inspector,
            message: message.filter(|message| !message.is_empty()),
            ready_at: self.ready.map(Timestamp),
        })
    }
}

/// The URL of a host, if it is the name of one.
fn host_url(host: &str) -> Option<String> {
    let url = format!("https://{host}");
    let parsed = Url::parse(&url).ok()?;
    (host.len() <= MAX_HOST_LENGTH && parsed.host_str() == Some(host)).then_some(url)
}

fn is_web_url(text: &str) -> bool {
    let is_https = Url::parse(text).is_ok_and(|url| url.scheme() == "https");
    is_https && text.len() <= MAX_HOST_LENGTH * 2
}

fn file(file: &ProjectFile) -> WireFile<'_> {
    let (data, encoding) = match std::str::from_utf8(&file.content) {
        Ok(text) => (text.into(), "utf-8"),
        Err(_) => (STANDARD.encode(&file.content).into(), "base64"),
    };
    WireFile {
        file: &file.path,
        data,
        encoding,
    }
}

impl Vercel {
    /// A client of the API at `base_url` (`https://api.vercel.com`), for a team by its id, or for
    /// the token's own account, each call of which passes the gate.
    pub fn new(
        http: HttpClient,
        base_url: Url,
        team: Option<String>,
        token: Secret,
        gate: UpstreamGuard,
    ) -> Self {
        Self {
            api: Bearer::new(SERVICE, http, base_url, token, gate),
            team,
        }
    }

    /// The same with no call going on beyond `deadline`.
    #[must_use]
    pub fn until(&self, deadline: Instant) -> Self {
        Self {
            api: self.api.until(deadline),
            ..self.clone()
        }
    }

    /// The same for somebody who comes back at the time that [`Error::Throttled`] has told them
    /// ([`eventrelay_core::limit::check`]), or does not.
    #[must_use]
    pub fn with_reservation(&self, has_reservation: bool) -> Self {
        Self {
            api: self.api.with_reservation(has_reservation),
            ..self.clone()
        }
    }

    /// Sends a project to be built and served. What is sent again as it was is the same deployment
    /// to Vercel, unless a new one is forced, which we do not.
    ///
    /// # Errors
    /// As every call; [`Error::UpstreamRejected`] among others for what Vercel does not take.
    pub async fn create_deployment(&self, new: NewDeployment<'_>) -> Result<Deployment, Error> {
        let mut url = self.url(["v13", "deployments"])?;
        // Else a framework that looks like another one is a question to somebody.
        url.query_pairs_mut()
            .append_pair("skipAutoDetectionConfirmation", "1");
        let body = WireNew {
            name: new.name,
            target: "production",
            project_settings: new.settings,
            files: new.files.iter().map(file).collect(),
            meta: WireMeta {
                eventrelay: new.deployment,
            },
        };
        let method = Method::POST;
        let request = self
            .api
            .json_request(method, url, &body, SEND_TIMEOUT, LIMIT)?;
        let answer = self.call(Cost::CALL, request, |_| false).await?;
        answer.json::<WireDeployment>(SERVICE)?.read()
    }

    /// A deployment; none if there is none.
    ///
    /// # Errors
    /// As every call.
    pub async fn deployment(&self, id: &str) -> Result<Option<Deployment>, Error> {
        let url = self.url(["v13", "deployments", id])?;
        let request = self.api.request(Method::GET, url, TIMEOUT, LIMIT);
        let answer = self.call(FREE, request, is_nothing).await?;
        if is_nothing(&answer) {
            return Ok(None);
        }
        answer.json::<WireDeployment>(SERVICE)?.read().map(Some)
    }

    /// The last lines of the log of a build, at most 100, in their order.
    ///
    /// # Errors
    /// As every call.
    pub async fn events(&self, id: &str) -> Result<Vec<String>, Error> {
        let mut url = self.url(["v3", "deployments", id, "events"])?;
        url.query_pairs_mut()
            .append_pair("direction", "backward")
            .append_pair("limit", &events::MAX_COUNT.to_string())
            .append_pair("builds", "1");
        let request = self.api.request(Method::GET, url, TIMEOUT, LIMIT);
        let answer = self.call(FREE, request, is_nothing).await?;
        if is_nothing(&answer) {
            return Ok(Vec::new());
        }
        events::lines(&answer.body).ok_or_else(|| malformed("a log that cannot be read"))
    }

    fn url<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Result<Url, Error> {
        let mut url = self.api.url(segments)?;
        if let Some(team) = &self.team {
            url.query_pairs_mut().append_pair("teamId", team);
        }
        Ok(url)
    }

    async fn call(
        &self,
        cost: Cost,
        request: Request,
        accepts: impl Fn(&Answer) -> bool + Sync,
    ) -> Result<Answer, Error> {
        let call = Call {
            target: Target::Vercel,
            cost,
            accepts: &accepts,
            error_of: &errors::classify,
        };
        self.api.call(call, request).await
    }
}

fn is_nothing(answer: &Answer) -> bool {
    answer.status == StatusCode::NOT_FOUND
}

fn malformed(what: &'static str) -> Error {
    Error::UpstreamMalformed {
        service: SERVICE,
        source: what.into(),
    }
}

#[cfg(test)]
mod tests;
