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

use url::Url;

use super::bearer::{Api, Bearer, is_web_url};
use super::client::{HttpClient, malformed};
use super::guard::UpstreamGuard;
use eventrelay_core::error::{Error, Service};
use eventrelay_core::limit::{Cost, Target};
use eventrelay_project::deploy::Address;
use eventrelay_store::secrets::Secret;

const SERVICE: Service = Service::GitHub;
const API: Api = Api {
    service: SERVICE,
    target: Target::GitHub,
    headers: &[
        ("accept", "application/vnd.github+json"),
        // <https://docs.github.com/en/rest/about-the-rest-api/api-versions>
        ("x-github-api-version", "2026-03-10"),
    ],
    // GitHub itself ends a request after 10 s. Sending a tree of some megabytes takes additional
    // time.
    timeout: Duration::from_secs(30),
    // The description of a repository or a pull request is below 30 kB.
    limit: 1024 * 1024,
    error_of: errors::classify,
};
/// Git objects and references. A recently created one may not be visible yet.
const GIT: Api = Api {
    error_of: errors::classify_git,
    ..API
};

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
    pub fn new(http: HttpClient, base_url: Url, token: Secret, guard: UpstreamGuard) -> Self {
        Self(Bearer::new(&API, http, base_url, token, guard))
    }

    /// Returns a client whose calls end at `deadline`, for a caller that does or does not return at
    /// the time of [`Error::Throttled`] ([`eventrelay_core::limit::check`]).
    #[must_use]
    pub fn within(&self, deadline: Instant, has_reservation: bool) -> Self {
        Self(self.0.within(deadline, has_reservation))
    }

    /// Returns a client for one call that creates content and is admitted now. So the accompanying
    /// calls are not made in vain.
    ///
    /// # Errors
    /// [`Error::Throttled`]; [`Error::Storage`] if the limits cannot be read.
    pub async fn admitted(&self) -> Result<Self, Error> {
        self.0.admitted(Cost::CALL).await.map(Self)
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

    fn git(&self) -> Bearer {
        self.0.with_api(&GIT)
    }
}

/// Validates a URL from GitHub that is shown: bounded, and http or https.
fn web_url(text: String) -> Result<String, Error> {
    let text = Some(text).filter(|text| is_web_url(text));
    text.ok_or_else(|| malformed(SERVICE, "a URL that is none"))
}

#[cfg(test)]
mod tests;
