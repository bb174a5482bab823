//! Vercel API: a project is sent in one request and built by Vercel
//! (<https://vercel.com/docs/rest-api/deployments>).

mod errors;
mod events;

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde::{Deserialize, Serialize};
use url::Url;

use super::bearer::{Api, Bearer, FREE, accept_none, failure_message, is_id, is_missing};
use super::client::{HttpClient, malformed};
use super::guard::UpstreamGuard;
use eventrelay_core::clock::Timestamp;
use eventrelay_core::error::{Error, Service};
use eventrelay_core::limit::{Cost, Target};
use eventrelay_project::ProjectFile;
use eventrelay_project::deploy::VercelSettings;
use eventrelay_store::secrets::Secret;

const SERVICE: Service = Service::Vercel;
static API: Api = Api {
    service: SERVICE,
    target: Target::Vercel,
    headers: &[],
    timeout: Duration::from_secs(15),
    // The description of a deployment is below 100 kB.
    limit: 1024 * 1024,
    error_of: errors::classify,
};
/// Timeout of sending a project of some megabytes.
const SEND_TIMEOUT: Duration = Duration::from_secs(60);
/// Maximum length of a host name (RFC 1035, section 2.3.4).
const MAX_HOST_LENGTH: usize = 253;

/// Client of the API with one token. A clone is cheap and shares the connection pool.
///
/// Every call may fail with [`Error::Throttled`], [`Error::RateLimited`], [`Error::Unavailable`],
/// [`Error::UpstreamRejected`] or [`Error::UpstreamMalformed`].
#[derive(Clone, Debug)]
pub struct Vercel {
    api: Bearer,
    team: Option<String>,
}

#[derive(Clone, Copy, Debug)]
pub struct NewDeployment<'a> {
    /// Name of the project, which Vercel creates if it does not exist.
    pub name: &'a str,
    pub settings: VercelSettings,
    /// Files of the project.
    pub files: &'a [ProjectFile],
    /// Our id of the deployment, shown at Vercel.
    pub deployment: &'a str,
}

/// State of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum State {
    Waiting,
    Building,
    /// The deployment is published.
    Ready,
    /// The deployment failed, or is blocked until Vercel's staff acts.
    Failed,
    /// The deployment was cancelled.
    Cancelled,
}

impl From<String> for State {
    /// Converts a state. An unknown one counts as unfinished.
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
    pub id: String,
    /// State of the deployment.
    pub state: State,
    /// URL of this deployment, perhaps for members only.
    pub url: Option<String>,
    /// Public URL of the project, once it serves this deployment.
    pub site_url: Option<String>,
    /// URL of its page in the dashboard.
    pub inspector_url: Option<String>,
    /// Failure message of Vercel: one line, for the operator of the deployment.
    pub message: Option<String>,
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
        if !is_id(&self.id) {
            return Err(malformed(SERVICE, "the id of a deployment that is none"));
        }
        let is_ready = self.ready_state == State::Ready;
        let alias = self.alias.into_iter().next().filter(|_| is_ready);
        let inspector = self.inspector_url.filter(|url| is_web_url(url));
        Ok(Deployment {
            id: self.id,
            state: self.ready_state,
            url: self.url.as_deref().and_then(host_url),
            site_url: alias.as_deref().and_then(host_url),
            inspector_url: inspector,
            message: failure_message(self.error_message),
            ready_at: self.ready.map(Timestamp),
        })
    }
}

/// Returns the URL of a host, if the text is a host name.
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
    /// Creates a client of the API at `base_url` (`https://api.vercel.com`), for a team by its id
    /// or for the token's own account. Each call passes the upstream guard.
    pub fn new(
        http: HttpClient,
        base_url: Url,
        team: Option<String>,
        token: Secret,
        guard: UpstreamGuard,
    ) -> Self {
        Self {
            api: Bearer::new(&API, http, base_url, token, guard),
            team,
        }
    }

    /// Returns a client whose calls end at `deadline`, for a caller that does or does not return at
    /// the time of [`Error::Throttled`] ([`eventrelay_core::limit::check`]).
    #[must_use]
    pub fn within(&self, deadline: Instant, has_reservation: bool) -> Self {
        Self {
            api: self.api.within(deadline, has_reservation),
            ..self.clone()
        }
    }

    /// Sends a project to be built and served. Idempotent: Vercel returns the same deployment for the
    /// same content unless a new one is forced, which we do not do.
    ///
    /// # Errors
    /// As every call. [`Error::UpstreamRejected`] also if Vercel does not accept the project.
    pub async fn create_deployment(&self, new: NewDeployment<'_>) -> Result<Deployment, Error> {
        let mut url = self.url(["v13", "deployments"])?;
        // Otherwise Vercel asks for confirmation if it detects another framework.
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
        let request = self.api.json_request(Method::POST, url, &body)?;
        let request = request.timeout(SEND_TIMEOUT);
        let answer = self.api.call(Cost::CALL, request, accept_none).await?;
        answer.json::<WireDeployment>(SERVICE)?.read()
    }

    /// Returns a deployment, or `None` if it does not exist.
    ///
    /// # Errors
    /// As every call.
    pub async fn deployment(&self, id: &str) -> Result<Option<Deployment>, Error> {
        let found = self.api.find(self.url(["v13", "deployments", id])?);
        found.await?.map(WireDeployment::read).transpose()
    }

    /// Returns the last lines of a build log, at most 100, in their order.
    ///
    /// # Errors
    /// As every call.
    pub async fn events(&self, id: &str) -> Result<Vec<String>, Error> {
        let mut url = self.url(["v3", "deployments", id, "events"])?;
        url.query_pairs_mut()
            .append_pair("direction", "backward")
            .append_pair("limit", &events::MAX_COUNT.to_string())
            .append_pair("builds", "1");
        let request = self.api.request(Method::GET, url);
        let answer = self.api.call(FREE, request, is_missing).await?;
        if is_missing(&answer) {
            return Ok(Vec::new());
        }
        events::lines(&answer.body).ok_or_else(|| malformed(SERVICE, "a log that cannot be read"))
    }

    fn url<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Result<Url, Error> {
        let mut url = self.api.url(segments)?;
        if let Some(team) = &self.team {
            url.query_pairs_mut().append_pair("teamId", team);
        }
        Ok(url)
    }
}

#[cfg(test)]
mod tests;
