//! The Netlify API: a site is made, told the SHA-1 of each of its files, and given those that it
//! asks for (<https://open-api.netlify.com>,
//! <https://docs.netlify.com/api/get-started/#file-digest-method>). Nothing is built.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::bearer::{Bearer, Call, FREE, Redact, logged, refusal};
use super::client::{Answer, HttpClient, Request};
use super::gate::{Target, UpstreamGuard};
use eventrelay_analysis::text;
use eventrelay_core::clock::Timestamp;
use eventrelay_core::error::{Error, Service};
use eventrelay_core::limit::Cost;
use eventrelay_project::MAX_FILES;
use eventrelay_store::secrets::Secret;

const SERVICE: Service = Service::Netlify;
const TIMEOUT: Duration = Duration::from_secs(30);
/// A site is described in some 10 kB, and so is a deploy.
const LIMIT: usize = 1024 * 1024;
/// Deploys that are looked through for one of ours, the latest of them.
const DEPLOYS: &str = "20";
/// The domain that each site has a name under.
const DOMAIN: &str = "netlify.app";
/// Ids have 36 characters at most; they are kept and asked with.
const MAX_ID_LENGTH: usize = 100;
/// URLs have about 80 characters; some are kept and shown.
const MAX_URL_LENGTH: usize = 500;
/// Longest message of a deploy that failed, in characters.
const MAX_MESSAGE_LENGTH: usize = 500;
/// What is waited where a limit was reached and no header says for how long: limits are per minute.
const PAUSE: Duration = Duration::from_secs(60);

/// The client of the API, in the name of one token. A clone is cheap and shares its connections.
///
/// Every call may fail as every call of an upstream: [`Error::Throttled`], [`Error::RateLimited`],
/// [`Error::Unavailable`], [`Error::UpstreamRejected`], [`Error::UpstreamMalformed`].
#[derive(Clone, Debug)]
pub struct Netlify(Bearer);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// What Netlify calls it.
    pub id: String,
    /// What it is called under `netlify.app`.
    pub name: String,
    /// Where it can be seen, once something has been deployed.
    pub url: String,
}

/// What came of making a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SiteCreated {
    Site(Site),
    /// Somebody has one of this name: perhaps we, from a call whose answer was lost.
    NameTaken,
}

/// How far a deploy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum State {
    /// It waits for files.
    Uploading,
    Processing,
    /// It can be seen.
    Ready,
    Failed,
}

impl From<String> for State {
    /// What this version does not know is not over.
    fn from(state: String) -> Self {
        match state.as_str() {
            "new" | "uploading" => Self::Uploading,
            "ready" => Self::Ready,
            "error" | "rejected" => Self::Failed,
            _ => Self::Processing,
        }
    }
}

/// A deploy of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deploy {
    /// What Netlify calls it.
    pub id: String,
    /// How far it is.
    pub state: State,
    /// The SHA-1 of each content that Netlify does not have yet
    /// ([`eventrelay_project::deploy::required`]).
    pub required: Vec<String>,
    /// The title that it was made with.
    pub title: Option<String>,
    /// Where the site can be seen.
    pub url: Option<String>,
    /// Netlify's words on why it failed: one line, for whoever deploys.
    pub message: Option<String>,
    /// Since when it can be seen.
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
    /// Else what is required is told by a later answer.
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
            _ => Err(malformed("a site that is none")),
        }
    }
}

impl WireDeploy {
    fn read(self) -> Result<Deploy, Error> {
        let required = self.required.unwrap_or_default();
        if !is_id(&self.id) || required.len() > MAX_FILES {
            return Err(malformed("a deploy that is none"));
        }
        let message = self.error_message;
        let message = message.map(|message| text::line(&message, MAX_MESSAGE_LENGTH));
        Ok(Deploy {
            id: self.id,
            state: self.state,
            required,
            title: self.title,
            url: self.ssl_url.or(self.url).filter(|url| is_web_url(url)),
            message: message.filter(|message| !message.is_empty()),
            ready_at: self
                .published_at
                .as_deref()
                .and_then(Timestamp::parse_rfc3339),
        })
    }
}

fn is_id(text: &str) -> bool {
    let is_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=MAX_ID_LENGTH).contains(&text.len()) && text.bytes().all(is_byte)
}

fn is_web_url(text: &str) -> bool {
    let is_of_the_web = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    is_of_the_web && text.len() <= MAX_URL_LENGTH
}

impl Netlify {
    /// A client of the API at `base_url` (`https://api.netlify.com`), each call of which passes the
    /// gate.
    pub fn new(http: HttpClient, base_url: Url, token: Secret, gate: UpstreamGuard) -> Self {
        Self(Bearer::new(SERVICE, http, base_url, token, gate))
    }

    /// The same with no call going on beyond `deadline`.
    #[must_use]
    pub fn until(&self, deadline: Instant) -> Self {
        Self(self.0.until(deadline))
    }

    /// The same for somebody who comes back at the time that [`Error::Throttled`] has told them
    /// ([`eventrelay_core::limit::check`]), or does not.
    #[must_use]
    pub fn with_reservation(&self, has_reservation: bool) -> Self {
        Self(self.0.with_reservation(has_reservation))
    }

    /// Makes a site. It is not sent twice: after a failure ask [`Self::site`] whether it is there.
    ///
    /// # Errors
    /// As every call.
    pub async fn create_site(&self, name: &str) -> Result<SiteCreated, Error> {
        let url = self.url(["sites"])?;
        let request = self.json_request(url, &WireNewSite { name })?;
        let answer = self.call(FREE, request, is_taken).await?;
        if is_taken(&answer) {
            return Ok(SiteCreated::NameTaken);
        }
        let site = answer.json::<WireSite>(SERVICE)?.read()?;
        Ok(SiteCreated::Site(site))
    }

    /// The site of this name; none if the token's account has none.
    ///
    /// # Errors
    /// As every call.
    pub async fn site(&self, name: &str) -> Result<Option<Site>, Error> {
        let domain = format!("{name}.{DOMAIN}");
        let request = self.get(self.url(["sites", domain.as_str()])?);
        let answer = self.call(FREE, request, is_nothing).await?;
        if is_nothing(&answer) {
            return Ok(None);
        }
        answer.json::<WireSite>(SERVICE)?.read().map(Some)
    }

    /// Makes a deploy of the files with these digests ([`eventrelay_project::deploy::digests`]), to be
    /// published as soon as all of them are there. It is not sent twice: after a failure look for
    /// the title in [`Self::deploys`].
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
        let request = self.json_request(url, &body)?;
        let answer = self.call(Cost::CALL, request, |_| false).await?;
        answer.json::<WireDeploy>(SERVICE)?.read()
    }

    /// The latest deploys of a site, 20 at most, the last one first.
    ///
    /// # Errors
    /// As every call.
    pub async fn deploys(&self, site: &str) -> Result<Vec<Deploy>, Error> {
        let mut url = self.url(["sites", site, "deploys"])?;
        url.query_pairs_mut().append_pair("per_page", DEPLOYS);
        let answer = self.call(FREE, self.get(url), |_| false).await?;
        let list: Vec<WireDeploy> = answer.json(SERVICE)?;
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
            .request(Method::PUT, url, TIMEOUT, LIMIT)
            .header("content-type", octets)
            .body(content);
        self.call(FREE, request, |_| false).await?;
        Ok(())
    }

    /// A deploy; none if there is none.
    ///
    /// # Errors
    /// As every call.
    pub async fn deploy(&self, id: &str) -> Result<Option<Deploy>, Error> {
        let request = self.get(self.url(["deploys", id])?);
        let answer = self.call(FREE, request, is_nothing).await?;
        if is_nothing(&answer) {
            return Ok(None);
        }
        answer.json::<WireDeploy>(SERVICE)?.read().map(Some)
    }

    fn url<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Result<Url, Error> {
        self.0.url(["api", "v1"].into_iter().chain(segments))
    }

    fn get(&self, url: Url) -> Request {
        self.0.request(Method::GET, url, TIMEOUT, LIMIT)
    }

    fn json_request(&self, url: Url, body: &impl Serialize) -> Result<Request, Error> {
        self.0.json_request(Method::POST, url, body, TIMEOUT, LIMIT)
    }

    async fn call(
        &self,
        cost: Cost,
        request: Request,
        accepts: impl Fn(&Answer) -> bool + Sync,
    ) -> Result<Answer, Error> {
        let call = Call {
            target: Target::Netlify,
            cost,
            accepts: &accepts,
            error_of: &classify,
        };
        self.0.call(call, request).await
    }
}

fn is_nothing(answer: &Answer) -> bool {
    answer.status == StatusCode::NOT_FOUND
}

/// How a name is refused that somebody has: `{"errors":{"subdomain":["must be unique"]}}`, which
/// the description of the API does not have
/// (<https://github.com/netlify/open-api/issues/377>).
fn is_taken(answer: &Answer) -> bool {
    let document: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    answer.status == StatusCode::UNPROCESSABLE_ENTITY
        && !document["errors"]["subdomain"].is_null()
        && document["errors"]["subdomain"]
            .to_string()
            .contains("unique")
}

/// The error that an answer without success means.
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

fn malformed(what: &'static str) -> Error {
    Error::UpstreamMalformed {
        service: SERVICE,
        source: what.into(),
    }
}

#[cfg(test)]
mod tests;
