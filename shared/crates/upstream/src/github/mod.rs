//! The GitHub REST API: repositories, the Git Data API, pull requests and Pages
//! (<https://docs.github.com/en/rest>).
//!
//! A repository is written to by a blob for each file that is not text, one tree, one commit and
//! one move of a branch. What happens before the branch moves is seen by nobody and may happen
//! twice: the same content is the same object.

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
/// The version of the API (<https://docs.github.com/en/rest/about-the-rest-api/api-versions>).
const VERSION: HeaderValue = HeaderValue::from_static("2026-03-10");
const ACCEPT: HeaderValue = HeaderValue::from_static("application/vnd.github+json");
/// GitHub itself ends a request after 10 s; sending a tree of some megabytes comes on top.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The description of a repository or a pull request is below 30 kB.
const LIMIT: usize = 1024 * 1024;
/// URLs of GitHub have about 100 characters; some are kept and shown.
const MAX_URL_LENGTH: usize = 500;

/// The client of the API, in the name of one token. A clone is cheap and shares its connections.
///
/// Every call may fail as every call of an upstream: [`Error::Throttled`], [`Error::RateLimited`],
/// [`Error::Unavailable`], [`Error::UpstreamRejected`], [`Error::UpstreamMalformed`]. The methods
/// name what else they fail with. [`Error::NotReady`] is what has been made a moment ago and is not
/// there yet: a repository that is still empty, an object that another one refers to.
#[derive(Clone, Debug)]
pub struct GitHub(Bearer);

impl GitHub {
    /// A client of the API at `base_url` (`https://api.github.com`), each call of which passes the
    /// gate. What creates something counts there; what only reads is held in a pause alone.
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

    /// The same for one call that creates something and may be made now, so that what goes along
    /// with it is not called in vain.
    ///
    /// # Errors
    /// [`Error::Throttled`]; [`Error::Storage`] if it could not be found out.
    pub async fn admitted(&self) -> Result<Self, Error> {
        let admitted = self.0.admitted(Target::GitHub, Cost::CALL);
        admitted.await.map(Self)
    }

    /// Whether its one call finds out whether GitHub is back: no other is let through before that.
    #[must_use]
    pub fn is_probe(&self) -> bool {
        self.0.is_probe()
    }

    /// The URL of something of a repository; a `/` in `path` parts segments.
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

    /// What creates or changes something.
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

/// Takes every answer without success for an error.
fn none(_: &Answer) -> bool {
    false
}

/// Takes 404 for an answer.
fn nothing(answer: &Answer) -> bool {
    answer.status == http::StatusCode::NOT_FOUND
}

fn malformed(what: &'static str) -> Error {
    Error::UpstreamMalformed {
        service: SERVICE,
        source: what.into(),
    }
}

/// A URL that GitHub tells, to be shown: not too long, and of the web.
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
