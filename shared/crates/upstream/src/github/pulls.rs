//! Pull requests (<https://docs.github.com/en/rest/pulls/pulls>).

use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use super::errors::Refusal;
use super::{GitHub, SERVICE, web_url};
use crate::client::Answer;
use eventrelay_core::error::Error;
use eventrelay_core::limit::Cost;
use eventrelay_project::deploy::Address;

/// Pull request to create, within one repository.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct NewPullRequest<'a> {
    /// Branch with the changes.
    pub head: &'a str,
    /// Branch that the changes are merged into.
    pub base: &'a str,
    pub title: &'a str,
    pub body: &'a str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullRequest {
    /// Number in the repository.
    pub number: u64,
    /// URL of its page.
    pub html_url: String,
    pub state: PullRequestState,
}

/// State of a pull request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PullRequestState {
    /// The pull request awaits review.
    Open,
    /// The changes were merged.
    Merged,
    Closed,
}

/// Result of creating a pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullRequestCreated {
    Opened(PullRequest),
    /// The branch has an open pull request already. [`GitHub::pull_request_of`] finds it.
    Exists,
    /// The branch has no commits that its base lacks.
    NothingToMerge,
}

#[derive(Deserialize)]
struct WirePullRequest {
    number: u64,
    html_url: String,
    state: String,
    merged_at: Option<String>,
}

impl WirePullRequest {
    fn read(self) -> Result<PullRequest, Error> {
        Ok(PullRequest {
            number: self.number,
            html_url: web_url(self.html_url)?,
            state: match self.state.as_str() {
                "open" => PullRequestState::Open,
                _ if self.merged_at.is_some() => PullRequestState::Merged,
                _ => PullRequestState::Closed,
            },
        })
    }
}

/// Returns the outcome of a response that is no pull request.
fn refused(answer: &Answer) -> Option<PullRequestCreated> {
    if answer.status != StatusCode::UNPROCESSABLE_ENTITY {
        return None;
    }
    let refusal = Refusal::new(answer);
    match () {
        () if refusal.says("pull request already exists") => Some(PullRequestCreated::Exists),
        () if refusal.says("no commits between") => Some(PullRequestCreated::NothingToMerge),
        () => None,
    }
}

impl GitHub {
    /// Creates a pull request. The client does not retry it, but a duplicate call does no harm.
    ///
    /// # Errors
    /// As every call.
    pub async fn create_pull_request(
        &self,
        at: &Address,
        new: NewPullRequest<'_>,
    ) -> Result<PullRequestCreated, Error> {
        let url = self.url_of(at, "pulls")?;
        let request = self.0.json_request(Method::POST, url, &new)?;
        let is_refused = |answer: &_| refused(answer).is_some();
        let answer = self.0.call(Cost::CALL, request, is_refused).await?;
        if let Some(refused) = refused(&answer) {
            return Ok(refused);
        }
        let opened = answer.json::<WirePullRequest>(SERVICE)?.read()?;
        Ok(PullRequestCreated::Opened(opened))
    }

    /// Returns the latest pull request of a branch of the same repository, open or not, or `None`
    /// if there was none.
    ///
    /// # Errors
    /// As every call.
    pub async fn pull_request_of(
        &self,
        at: &Address,
        head: &str,
    ) -> Result<Option<PullRequest>, Error> {
        let mut url = self.url_of(at, "pulls")?;
        url.query_pairs_mut()
            .append_pair("state", "all")
            .append_pair("head", &format!("{}:{head}", at.owner))
            .append_pair("per_page", "1");
        let list: Vec<WirePullRequest> = self.0.get(url).await?;
        let first = list.into_iter().next();
        first.map(WirePullRequest::read).transpose()
    }
}

#[cfg(test)]
mod tests;
