//! Netlify API: file digest deploys.
//!
//! A deploy lists the SHA-1 of each file of a site, and uploads the files that Netlify requests
//! (<https://open-api.netlify.com>,
//! <https://docs.netlify.com/api/get-started/#file-digest-method>). Netlify builds nothing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::bearer::{
    Api, Bearer, FREE, Redact, accept_none, failure_message, is_id, is_web_url, logged, refusal,
};
use super::client::{Answer, HttpClient, malformed};
use super::guard::UpstreamGuard;
use eventrelay_core::clock::Timestamp;
use eventrelay_core::error::{Error, Service};
use eventrelay_core::limit::{Cost, Target};
use eventrelay_project::MAX_FILES;
use eventrelay_store::secrets::Secret;

const SERVICE: Service = Service::Netlify;
static API: Api = Api {
    service: SERVICE,
    target: Target::Netlify,
    headers: &[],
    timeout: Duration::from_secs(30),
    // The description of a site or a deploy has about 10 kB.
    limit: 1024 * 1024,
    error_of: classify,
};
/// Latest deploys that are searched for one of ours.
const DEPLOYS: &str = "20";
/// Domain of all sites.
const DOMAIN: &str = "netlify.app";
/// Pause after a rate limit without a header that states one. Limits are per minute.
const PAUSE: Duration = Duration::from_secs(60);

/// Client of the API with one token. A clone is cheap and shares the connection pool.
///
/// Every call may fail with [`Error::Throttled`], [`Error::RateLimited`], [`Error::Unavailable`],
/// [`Error::UpstreamRejected`] or [`Error::UpstreamMalformed`].
#[derive(Clone, Debug)]
pub struct Netlify(Bearer);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    pub id: String,
    /// Name of the site, a subdomain of `netlify.app`.
    pub name: String,
    /// Public URL, once there is a deploy.
    pub url: String,
}

/// Result of creating a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SiteCreated {
    Site(Site),
    /// A site of this name exists, perhaps created by a call whose response was lost.
    NameTaken,
}

/// State of a deploy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum State {
    /// Netlify waits for files.
    Uploading,
    Processing,
    /// The deploy is published.
    Ready,
    Failed,
}

impl From<String> for State {
    /// Converts a state. An unknown one counts as unfinished.
    fn from(state: String) -> Self {
        match state.as_str() {
            "new" | "uploading" => Self::Uploading,
            "ready" => Self::Ready,
            "error" | "rejected" => Self::Failed,
            _ => Self::Processing,
        }
    }
}

/// Deploy of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deploy {
    pub id: String,
    /// State of the deploy.
    pub state: State,
    /// SHA-1 of each content that Netlify does not have yet
    /// ([`eventrelay_project::deploy::required`]).
    pub required: Vec<String>,
    /// Title given at creation.
    pub title: Option<String>,
    /// Public URL of the site.
    pub url: Option<String>,
    /// Failure message of Netlify: one line, for the operator of the deployment.
    pub message: Option<String>,
    pub ready_at: Option<Timestamp>,
}

#[derive(Serialize)]
struct WireNewSite<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct WireNewDeploy<'a> {
    files: &'a BTreeMap<String, String>,
    draft: bool,
    /// Without it, a later response lists the required files.
    #[serde(rename = "async")]
    is_async: bool,
}

#[derive(Deserialize)]
struct WireSite {
    id: String,
    name: String,
    ssl_url: Option<String>,
    url: Option<String>,
}

#[derive(Deserialize)]
struct WireDeploy {
    id: String,
    state: State,
    #[serde(default)]
    required: Option<Vec<String>>,
    title: Option<String>,
    ssl_url: Option<String>,
    url: Option<String>,
    error_message: Option<String>,
    published_at: Option<String>,
}

impl WireSite {
    fn read(self) -> Result<Site, Error> {
        let url = self.ssl_url.or(self.url).filter(|url| is_web_url(url));
        match url {
            Some(url) if is_id(&self.id) && is_id(&self.name) => Ok(Site {
                id: self.id,
                name: self.name,
                url,
            }),
            _ => Err(malformed(SERVICE, "a site that is none")),
        }
    }
}

impl WireDeploy {
    fn read(self) -> Result<Deploy, Error> {
        let required = self.required.unwrap_or_default();
        if !is_id(&self.id) || required.len() > MAX_FILES {
            return Err(malformed(SERVICE, "a deploy that is none"));
        }
        Ok(Deploy {
            id: self.id,
            state: self.state,
            required,
            title: self.title,
            url: self.ssl_url.or(self.url).filter(|url| is_web_url(url)),
            message: failure_message(self.error_message),
            ready_at: self
                .published_at
                .as_deref()
                .and_then(Timestamp::parse_rfc3339),
        })
    }
}

impl Netlify {
    /// Creates a client of the API at `base_url` (`https://api.netlify.com`). Each call passes the
    /// upstream guard.
    pub fn new(http: HttpClient, base_url: Url, token: Secret, guard: UpstreamGuard) -> Self {
        Self(Bearer::new(&API, http, base_url, token, guard))
    }

    /// Returns a client whose calls end at `deadline`, for a caller that does or does not return at
    /// the time of [`Error::Throttled`] ([`eventrelay_core::limit::check`]).
    #[must_use]
    pub fn within(&self, deadline: Instant, has_reservation: bool) -> Self {
        Self(self.0.within(deadline, has_reservation))
    }

    /// Creates a site. The client does not retry it. After a failure, [`Self::site`] tells whether
    /// it exists.
    ///
    /// # Errors
    /// As every call.
    pub async fn create_site(&self, name: &str) -> Result<SiteCreated, Error> {
        let url = self.url(["sites"])?;
        let body = WireNewSite { name };
        let request = self.0.json_request(Method::POST, url, &body)?;
        let answer = self.0.call(FREE, request, is_taken).await?;
        if is_taken(&answer) {
            return Ok(SiteCreated::NameTaken);
        }
        let site = answer.json::<WireSite>(SERVICE)?.read()?;
        Ok(SiteCreated::Site(site))
    }

    /// Returns the site of this name, or `None` if the token's account has none.
    ///
    /// # Errors
    /// As every call.
    pub async fn site(&self, name: &str) -> Result<Option<Site>, Error> {
        let domain = format!("{name}.{DOMAIN}");
        let found = self.0.find(self.url(["sites", domain.as_str()])?).await?;
        found.map(WireSite::read).transpose()
    }

    /// Creates a deploy of the files with these digests ([`eventrelay_project::deploy::digests`]).
    /// Netlify publishes it when all files are uploaded.
    ///
    /// The client does not retry it. After a failure, [`Self::deploys`] lists the deploy with its
    /// title if it exists.
    ///
    /// # Errors
    /// As every call.
    pub async fn create_deploy(
        &self,
        site: &str,
        title: &str,
        digests: &BTreeMap<String, String>,
    ) -> Result<Deploy, Error> {
        let mut url = self.url(["sites", site, "deploys"])?;
        url.query_pairs_mut().append_pair("title", title);
        let body = WireNewDeploy {
            files: digests,
            draft: false,
            is_async: false,
        };
        let request = self.0.json_request(Method::POST, url, &body)?;
        let answer = self.0.call(Cost::CALL, request, accept_none).await?;
        answer.json::<WireDeploy>(SERVICE)?.read()
    }

    /// Returns the latest deploys of a site, at most 20, newest first.
    ///
    /// # Errors
    /// As every call.
    pub async fn deploys(&self, site: &str) -> Result<Vec<Deploy>, Error> {
        let mut url = self.url(["sites", site, "deploys"])?;
        url.query_pairs_mut().append_pair("per_page", DEPLOYS);
        let list: Vec<WireDeploy> = self.0.get(url).await?;
        list.into_iter().map(WireDeploy::read).collect()
    }

    /// Uploads a file of a deploy. `path` is relative to the site's root, with `/`.
    ///
    /// # Errors
    /// As every call.
    pub async fn upload(&self, deploy: &str, path: &str, content: Bytes) -> Result<(), Error> {
        let segments = ["deploys", deploy, "files"];
        let url = self.url(segments.into_iter().chain(path.split('/')))?;
        let octets = HeaderValue::from_static("application/octet-stream");
        let request = self
            .0
            .request(Method::PUT, url)
            .header("content-type", octets)
            .body(content);
        self.0.call(FREE, request, accept_none).await?;
        Ok(())
    }

    /// Returns a deploy, or `None` if it does not exist.
    ///
    /// # Errors
    /// As every call.
    pub async fn deploy(&self, id: &str) -> Result<Option<Deploy>, Error> {
        let found = self.0.find(self.url(["deploys", id])?).await?;
        found.map(WireDeploy::read).transpose()
    }

    fn url<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Result<Url, Error> {
        self.0.url(["api", "v1"].into_iter().chain(segments))
    }
}

/// Returns whether a name is refused because it is taken.
///
/// The response is `{"errors":{"subdomain":["must be unique"]}}`, which the API's description lacks
/// (<https://github.com/netlify/open-api/issues/377>).
fn is_taken(answer: &Answer) -> bool {
    let document: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    answer.status == StatusCode::UNPROCESSABLE_ENTITY
        && !document["errors"]["subdomain"].is_null()
        && document["errors"]["subdomain"]
            .to_string()
            .contains("unique")
}

/// Maps an error response to an error.
fn classify(answer: &Answer, redact: Redact<'_>) -> Error {
    let document: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let message = document["message"].as_str().unwrap_or_default();
    let errors = match &document["errors"] {
        Value::Null => String::new(),
        errors => errors.to_string(),
    };
    let source = logged(answer, message, &errors, redact);
    refusal(SERVICE, answer, PAUSE, source)
}

#[cfg(test)]
mod tests;
