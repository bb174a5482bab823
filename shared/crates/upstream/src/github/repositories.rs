//! Who we are at GitHub, and repositories (<https://docs.github.com/en/rest/repos/repos>).

use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use super::errors::{Asked, is_refused_with};
use super::{GitHub, SERVICE, malformed, none, nothing, web_url};
use crate::client::Answer;
use eventrelay_core::error::Error;
use eventrelay_project::deploy::{Address, Owner, RepositoryName};

/// Longest name of a branch that we keep; git itself allows about 250.
const MAX_BRANCH_LENGTH: usize = 250;

/// A repository that is to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewRepository<'a> {
    /// The organisation that it is for; none for the token's own account.
    pub organisation: Option<&'a Owner>,
    /// What it is to be called.
    pub name: &'a RepositoryName,
    /// What it says of itself, as [`eventrelay_project::deploy::description`] makes it.
    pub description: &'a str,
    /// Whether only its owner sees it.
    pub private: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// Where it is. Of a repository that has been renamed, where it is now.
    pub address: Address,
    /// Where people look at it.
    pub html_url: String,
    /// What it says of itself.
    pub description: Option<String>,
    pub default_branch: String,
    /// Whether only its owner sees it.
    pub private: bool,
}

/// What came of making a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    /// It is there, with a first commit. It may still be empty for a moment.
    Repository(Repository),
    /// The account has one of this name: perhaps ours, from a call whose answer was lost.
    NameTaken,
    /// There is no such organisation, or the token may not see it.
    NoSuchOrganisation,
}

#[derive(Serialize)]
struct WireNew<'a> {
    name: &'a str,
    description: &'a str,
    private: bool,
    /// Without a first commit the Git Data API refuses everything.
    auto_init: bool,
    has_wiki: bool,
    has_projects: bool,
}

#[derive(Deserialize)]
struct WireRepository {
    name: RepositoryName,
    owner: WireAccount,
    html_url: String,
    description: Option<String>,
    default_branch: String,
    private: bool,
}

#[derive(Deserialize)]
struct WireMoved {
    url: String,
}

#[derive(Deserialize)]
struct WireAccount {
    login: Owner,
}

impl WireRepository {
    fn read(self) -> Result<Repository, Error> {
        if !(1..=MAX_BRANCH_LENGTH).contains(&self.default_branch.len()) {
            return Err(malformed("a branch without a name"));
        }
        Ok(Repository {
            address: Address {
                owner: self.owner.login,
                name: self.name,
            },
            html_url: web_url(self.html_url)?,
            description: self.description,
            default_branch: self.default_branch,
            private: self.private,
        })
    }
}

impl GitHub {
    /// Whose token it is.
    ///
    /// # Errors
    /// As every call.
    pub async fn viewer(&self) -> Result<Owner, Error> {
        let request = self.request(Method::GET, self.0.url(["user"])?);
        let answer = self.read(Asked::Else, request, none).await?;
        Ok(answer.json::<WireAccount>(SERVICE)?.login)
    }

    /// Makes a repository with a first commit. It is not sent twice: after a failure ask
    /// [`Self::repository`] whether it is there.
    ///
    /// # Errors
    /// As every call.
    pub async fn create_repository(&self, new: NewRepository<'_>) -> Result<Created, Error> {
        let url = match new.organisation {
            Some(organisation) => self.0.url(["orgs", organisation.as_str(), "repos"])?,
            None => self.0.url(["user", "repos"])?,
        };
        let body = WireNew {
            name: new.name.as_str(),
            description: new.description,
            private: new.private,
            auto_init: true,
            has_wiki: false,
            has_projects: false,
        };
        let request = self.json_request(Method::POST, url, &body)?;
        let is_for_organisation = new.organisation.is_some();
        let answer = self.write(Asked::Else, request, |answer| {
            is_refused_with(answer, NAME_TAKEN) || (is_for_organisation && nothing(answer))
        });
        let answer = answer.await?;
        match answer.status {
            StatusCode::UNPROCESSABLE_ENTITY => Ok(Created::NameTaken),
            StatusCode::NOT_FOUND => Ok(Created::NoSuchOrganisation),
            _ => {
                let repository = answer.json::<WireRepository>(SERVICE)?.read()?;
                Ok(Created::Repository(repository))
            }
        }
    }

    /// A repository, also by a name that it had before; none if there is none that the token may
    /// see.
    ///
    /// # Errors
    /// As every call.
    pub async fn repository(&self, at: &Address) -> Result<Option<Repository>, Error> {
        let request = self.request(Method::GET, self.url_of(at, "")?);
        let is_elsewhere = |answer: &Answer| answer.status == StatusCode::MOVED_PERMANENTLY;
        let accepts = |answer: &Answer| nothing(answer) || is_elsewhere(answer);
        let mut answer = self.read(Asked::Else, request, accepts).await?;
        if is_elsewhere(&answer) {
            let id = moved_to(&answer)?.to_string();
            let url = self.0.url(["repositories", id.as_str()])?;
            let request = self.request(Method::GET, url);
            answer = self.read(Asked::Else, request, nothing).await?;
        }
        if nothing(&answer) {
            return Ok(None);
        }
        let repository = answer.json::<WireRepository>(SERVICE)?;
        repository.read().map(Some)
    }

    /// Deletes a repository with everything that is in it; one that is not there is deleted already.
    ///
    /// # Errors
    /// As every call; [`Error::UpstreamRejected`] among others where the token may not.
    pub async fn delete_repository(&self, at: &Address) -> Result<(), Error> {
        let request = self.request(Method::DELETE, self.url_of(at, "")?);
        self.write(Asked::Else, request, nothing).await?;
        Ok(())
    }
}

/// The number of a repository that is called something else by now: an answer tells the path
/// `/repositories/` with it. No more is taken of where an answer would send us.
fn moved_to(answer: &Answer) -> Result<u64, Error> {
    let moved: WireMoved = answer.json(SERVICE)?;
    let number = moved.url.rsplit('/').next().unwrap_or_default();
    number
        .parse()
        .map_err(|_| malformed("a repository that has moved nowhere"))
}

/// Of the message "name already exists on this account".
const NAME_TAKEN: &str = "name already exists";

#[cfg(test)]
mod tests;
