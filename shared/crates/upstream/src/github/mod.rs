//! GitHub REST API: repositories, the Git Data API, pull requests and Pages
//! (<https://docs.github.com/en/rest>).
//!
//! A deployment creates one blob per binary file, one tree and one commit, and then moves the
//! branch. The steps before the move are invisible and idempotent, since the same content is the
//! same object.

mod errors;
mod git;
mod pages;
mod pulls;
mod repositories;

pub use git::{Commit, Moved, NewCommit, ReferenceCreated, Tree};
pub use pages::{Pages, PagesBuild, PagesEnabled, PagesState};
pub use pulls::{NewPullRequest, PullRequest, PullRequestCreated, PullRequestState};
pub use repositories::{Created, NewRepository, Repository};

use std::time::{Duration, Instant};

use http::{HeaderValue, Method};
use serde::Serialize;
use url::Url;

use super::bearer::{Bearer, Call, FREE};
use super::client::{Answer, HttpClient, Request};
use super::gate::{Target, UpstreamGuard};
use errors::Asked;
use eventrelay_core::error::{Error, Service};
use eventrelay_core::limit::Cost;
use eventrelay_project::deploy::Address;
use eventrelay_store::secrets::Secret;

const SERVICE: Service = Service::GitHub;
/// Version of the API (<https://docs.github.com/en/rest/about-the-rest-api/api-versions>).
const VERSION: HeaderValue = HeaderValue::from_static("2026-03-10");
const ACCEPT: HeaderValue = HeaderValue::from_static("application/vnd.github+json");
/// Timeout of a request. GitHub itself ends a request after 10 s. Sending a tree of some megabytes
/// takes additional time.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Maximum response size. The description of a repository or a pull request is below 30 kB.
const LIMIT: usize = 1024 * 1024;
/// Maximum length of a URL that is kept and shown. URLs of GitHub have about 100 characters.
const MAX_URL_LENGTH: usize = 500;

/// Client of the API with one token. A clone is cheap and shares the connection pool.
///
/// Every call may fail with [`Error::Throttled`], [`Error::RateLimited`], [`Error::Unavailable`],
/// [`Error::UpstreamRejected`] or [`Error::UpstreamMalformed`]. The methods name their additional
/// errors. [`Error::NotReady`] means that a recently created resource is not visible yet: a
/// repository is still empty, or a referenced object is missing.
#[derive(Clone, Debug)]
pub struct GitHub(Bearer);

impl GitHub {
    /// Creates a client of the API at `base_url` (`https://api.github.com`). Each call passes the
    /// upstream guard. Calls that create content are counted. Reads are throttled only during a
    /// pause.
    pub fn new(http: HttpClient, base_url: Url, token: Secret, gate: UpstreamGuard) -> Self {
        Self(Bearer::new(SERVICE, http, base_url, token, gate))
    }

    /// Returns a client whose calls end at `deadline`.
    #[must_use]
    pub fn until(&self, deadline: Instant) -> Self {
        Self(self.0.until(deadline))
    }

    /// Returns a client for a caller that does or does not return at the time of
    /// [`Error::Throttled`] ([`eventrelay_core::limit::check`]).
    #[must_use]
    pub fn with_reservation(&self, has_reservation: bool) -> Self {
        Self(self.0.with_reservation(has_reservation))
    }

    /// Returns a client for one call that creates content and is admitted now. So the accompanying
    /// calls are not made in vain.
    ///
    /// # Errors
    /// [`Error::Throttled`]; [`Error::Storage`] if the limits cannot be read.
    pub async fn admitted(&self) -> Result<Self, Error> {
        let admitted = self.0.admitted(Target::GitHub, Cost::CALL);
        admitted.await.map(Self)
    }

    /// Returns whether its one call is the probe of GitHub. No other call is admitted before its
    /// outcome is known.
    #[must_use]
    pub fn is_probe(&self) -> bool {
        self.0.is_probe()
    }

    /// Returns the URL of a resource of a repository. A `/` in `path` separates segments.
    fn url_of(&self, at: &Address, path: &str) -> Result<Url, Error> {
        let repository = ["repos", at.owner.as_str(), at.name.as_str()];
        let path = path.split('/').filter(|segment| !segment.is_empty());
        self.0.url(repository.into_iter().chain(path))
    }

    fn request(&self, method: Method, url: Url) -> Request {
        headers(self.0.request(method, url, TIMEOUT, LIMIT))
    }

    fn json_request(
        &self,
        method: Method,
        url: Url,
        body: &impl Serialize,
    ) -> Result<Request, Error> {
        let request = self.0.json_request(method, url, body, TIMEOUT, LIMIT)?;
        Ok(headers(request))
    }

    async fn read(
        &self,
        asked: Asked,
        request: Request,
        accepts: impl Fn(&Answer) -> bool + Sync,
    ) -> Result<Answer, Error> {
        self.call(asked, FREE, request, accepts).await
    }

    /// Makes a call that creates or changes content.
    async fn write(
        &self,
        asked: Asked,
        request: Request,
        accepts: impl Fn(&Answer) -> bool + Sync,
    ) -> Result<Answer, Error> {
        self.call(asked, Cost::CALL, request, accepts).await
    }

    async fn call(
        &self,
        asked: Asked,
        cost: Cost,
        request: Request,
        accepts: impl Fn(&Answer) -> bool + Sync,
    ) -> Result<Answer, Error> {
        let call = Call {
            target: Target::GitHub,
            cost,
            accepts: &accepts,
            error_of: &|answer, redact| errors::classify(asked, answer, redact),
        };
        self.0.call(call, request).await
    }
}

fn headers(request: Request) -> Request {
    request
        .header("accept", ACCEPT)
        .header("x-github-api-version", VERSION)
}

/// Treats every error response as an error.
fn none(_: &Answer) -> bool {
    false
}

/// Treats 404 as a valid response.
fn nothing(answer: &Answer) -> bool {
    answer.status == http::StatusCode::NOT_FOUND
}

fn malformed(what: &'static str) -> Error {
    Error::UpstreamMalformed {
        service: SERVICE,
        source: what.into(),
    }
}

/// Validates a URL from GitHub that is shown: bounded, and http or https.
fn web_url(text: String) -> Result<String, Error> {
    let is_of_the_web = Url::parse(&text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if is_of_the_web && text.len() <= MAX_URL_LENGTH {
        Ok(text)
    } else {
        Err(malformed("a URL that is none"))
    }
}

#[cfg(test)]
mod tests;
