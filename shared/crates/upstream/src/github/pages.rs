//! GitHub Pages (<https://docs.github.com/en/rest/pages/pages>).

use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use super::errors::is_refused_with;
use super::{GitHub, SERVICE, web_url};
use crate::bearer::failure_message;
use eventrelay_core::error::Error;
use eventrelay_core::limit::Cost;
use eventrelay_project::deploy::{Address, ObjectId};

/// State of a site or of a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Option<String>")]
pub enum PagesState {
    Waiting,
    Building,
    /// The site is published.
    Built,
    Errored,
}

impl From<Option<String>> for PagesState {
    /// Converts a state. An unknown one counts as unfinished.
    fn from(state: Option<String>) -> Self {
        match state.as_deref() {
            Some("built") => Self::Built,
            Some("errored") => Self::Errored,
            None | Some("queued") => Self::Waiting,
            Some(_) => Self::Building,
        }
    }
}

/// Site of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pages {
    /// Public URL, once the site is built.
    pub html_url: Option<String>,
    /// State of its last build.
    pub state: PagesState,
}

/// Build of a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PagesBuild {
    /// State of the build.
    pub state: PagesState,
    pub commit: Option<ObjectId>,
    /// Failure message of GitHub: one line, for the operator of the deployment.
    pub message: Option<String>,
}

/// Result of enabling a site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PagesEnabled {
    Site(Pages),
    Exists,
    /// The account's plan has no Pages for this repository. A private repository needs a paid plan.
    NotOffered,
}

#[derive(Serialize)]
struct WireNew<'a> {
    build_type: &'a str,
    source: WireSource<'a>,
}

#[derive(Serialize)]
struct WireSource<'a> {
    branch: &'a str,
    path: &'a str,
}

#[derive(Deserialize)]
struct WirePages {
    html_url: Option<String>,
    status: PagesState,
}

#[derive(Deserialize)]
struct WireBuild {
    status: PagesState,
    #[serde(default)]
    commit: Option<String>,
    #[serde(default)]
    error: WireError,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireError {
    message: Option<String>,
}

impl WirePages {
    fn read(self) -> Result<Pages, Error> {
        Ok(Pages {
            html_url: self.html_url.map(web_url).transpose()?,
            state: self.status,
        })
    }
}

impl GitHub {
    /// Enables a site that serves the root of a branch, processed by Jekyll only
    /// (<https://docs.github.com/en/pages/getting-started-with-github-pages/configuring-a-publishing-source-for-your-github-pages-site>).
    ///
    /// # Errors
    /// As every call. [`Error::UpstreamRejected`] also if the branch does not exist.
    pub async fn enable_pages(&self, at: &Address, branch: &str) -> Result<PagesEnabled, Error> {
        let body = WireNew {
            build_type: "legacy",
            source: WireSource { branch, path: "/" },
        };
        let url = self.url_of(at, "pages")?;
        let request = self.0.json_request(Method::POST, url, &body)?;
        let answer = self.0.call(Cost::CALL, request, |answer| {
            answer.status == StatusCode::CONFLICT || is_refused_with(answer, "does not support")
        });
        let answer = answer.await?;
        match answer.status {
            StatusCode::CONFLICT => Ok(PagesEnabled::Exists),
            StatusCode::UNPROCESSABLE_ENTITY => Ok(PagesEnabled::NotOffered),
            _ => {
                let pages = answer.json::<WirePages>(SERVICE)?.read()?;
                Ok(PagesEnabled::Site(pages))
            }
        }
    }

    /// Returns the site of a repository, or `None` if it has none.
    ///
    /// # Errors
    /// As every call.
    pub async fn pages(&self, at: &Address) -> Result<Option<Pages>, Error> {
        let found = self.0.find(self.url_of(at, "pages")?).await?;
        found.map(WirePages::read).transpose()
    }

    /// Returns the latest build of a site, or `None` if there was none.
    ///
    /// # Errors
    /// As every call.
    pub async fn latest_pages_build(&self, at: &Address) -> Result<Option<PagesBuild>, Error> {
        let url = self.url_of(at, "pages/builds/latest")?;
        let found: Option<WireBuild> = self.0.find(url).await?;
        Ok(found.map(|build| PagesBuild {
            state: build.status,
            commit: build.commit.and_then(|id| id.parse().ok()),
            message: failure_message(build.error.message),
        }))
    }
}

#[cfg(test)]
mod tests;
