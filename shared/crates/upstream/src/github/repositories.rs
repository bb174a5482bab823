//! Repositories, and the account of the token (<https://docs.github.com/en/rest/repos/repos>).

use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use super::errors::is_refused_with;
use super::{GitHub, SERVICE, web_url};
use crate::bearer::{FREE, is_missing};
use crate::client::{Answer, malformed};
use eventrelay_core::error::Error;
use eventrelay_core::limit::Cost;
use eventrelay_project::deploy::{Address, Owner, RepositoryName};

/// Maximum length of a branch name; git itself allows about 250.
const MAX_BRANCH_LENGTH: usize = 250;

#[derive(Clone, Copy, Debug)]
pub struct NewRepository<'a> {
    /// Organisation of the repository, or `None` for the token's own account.
    pub organisation: Option<&'a Owner>,
    /// Name of the repository.
    pub name: &'a RepositoryName,
    /// Description, as made by [`eventrelay_project::deploy::description`].
    pub description: &'a str,
    /// Indicates that the repository is private.
    pub private: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// Address of the repository. After a rename, the new one.
    pub address: Address,
    /// URL of its page.
    pub html_url: String,
    pub description: Option<String>,
    pub default_branch: String,
    /// Indicates that the repository is private.
    pub private: bool,
}

/// Result of creating a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    /// The repository was created with an initial commit. It may appear empty for a moment.
    Repository(Repository),
    /// The account has a repository of this name, perhaps created by a call whose response was
    /// lost.
    NameTaken,
    /// The organisation does not exist or is not visible to the token.
    NoSuchOrganisation,
}

#[derive(Serialize)]
struct WireNew<'a> {
    name: &'a str,
    description: &'a str,
    private: bool,
    /// The Git Data API refuses every call on a repository without a commit.
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
            return Err(malformed(SERVICE, "a branch without a name"));
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
    /// Returns the account of the token.
    ///
    /// # Errors
    /// As every call.
    pub async fn viewer(&self) -> Result<Owner, Error> {
        let account: WireAccount = self.0.get(self.0.url(["user"])?).await?;
        Ok(account.login)
    }

    /// Creates a repository with an initial commit. The client does not retry it. After a failure,
    /// [`Self::repository`] tells whether it exists.
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
        let request = self.0.json_request(Method::POST, url, &body)?;
        let is_for_organisation = new.organisation.is_some();
        let answer = self.0.call(Cost::CALL, request, |answer| {
            is_refused_with(answer, NAME_TAKEN) || (is_for_organisation && is_missing(answer))
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

    /// Returns a repository by its current or a former name, or `None` if the token sees none.
    ///
    /// # Errors
    /// As every call.
    pub async fn repository(&self, at: &Address) -> Result<Option<Repository>, Error> {
        let request = self.0.request(Method::GET, self.url_of(at, "")?);
        let is_elsewhere = |answer: &Answer| answer.status == StatusCode::MOVED_PERMANENTLY;
        let accepts = |answer: &Answer| is_missing(answer) || is_elsewhere(answer);
        let answer = self.0.call(FREE, request, accepts).await?;
        let found: Option<WireRepository> = if is_elsewhere(&answer) {
            let id = moved_to(&answer)?.to_string();
            let url = self.0.url(["repositories", id.as_str()])?;
            self.0.find(url).await?
        } else if is_missing(&answer) {
            None
        } else {
            answer.json(SERVICE)?
        };
        found.map(WireRepository::read).transpose()
    }

    /// Deletes a repository with all its content. Deleting a missing one is no error.
    ///
    /// # Errors
    /// As every call. [`Error::UpstreamRejected`] also if the token lacks the permission.
    pub async fn delete_repository(&self, at: &Address) -> Result<(), Error> {
        let request = self.0.request(Method::DELETE, self.url_of(at, "")?);
        self.0.call(Cost::CALL, request, is_missing).await?;
        Ok(())
    }
}

/// Returns the id of a renamed repository from the redirect path `/repositories/<id>`. The rest of
/// the redirect target is ignored.
fn moved_to(answer: &Answer) -> Result<u64, Error> {
    let moved: WireMoved = answer.json(SERVICE)?;
    let number = moved.url.rsplit('/').next().unwrap_or_default();
    number
        .parse()
        .map_err(|_| malformed(SERVICE, "a repository that has moved nowhere"))
}

/// Words of the message "name already exists on this account".
const NAME_TAKEN: &str = "name already exists";

#[cfg(test)]
mod tests;
