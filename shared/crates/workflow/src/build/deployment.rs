//! Deployment of a project to a target.
//!
//! ```text
//! creating ─ entering ─ committing ─ moving ────────────────┬─ done
//!    └─ adopting (the name is taken) ─┬─ entering           └─ (Pages) enabling ─ publishing ─ done
//!                                     └─ comparing ─┬─ committing ─ branching ─ requesting ─ done
//!                                                   └─ (nothing differs) as after moving
//! (Vercel)  sending ─ building ─ done
//! (Netlify) siting ─ announcing ─ uploading ─ processing ─ done
//! ```
//!
//! Every step is idempotent. A repository is identified by its marker, and a branch by the name of
//! the deployment. A commit with the same content and time has the same id.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::machine::After;
use eventrelay_core::error::Error;
use eventrelay_project::{
    Change, DeploymentId, DeploymentRequest, DeploymentResult, ProjectId,
    deploy::{Address, MAX_NAMES, ObjectId, Target},
};

/// Maximum polls for a repository whose name is taken and that GitHub does not show.
const LOOKS_FOR_TAKEN: u32 = 3;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeploymentWork {
    pub deployment: DeploymentId,
    pub project: ProjectId,
    /// Entity tag of the manifest of the files.
    pub manifest: String,
    pub request: DeploymentRequest,
    #[serde(default)]
    pub result: DeploymentResult,
    /// Number of binary files that were uploaded.
    #[serde(default)]
    pub blobs: u32,
    pub stage: Stage,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    Creating {
        /// Number of the candidate name, from 1.
        number: u32,
    },
    /// A repository of this name exists and may be ours.
    Adopting {
        /// Number of the candidate name.
        number: u32,
        /// Number of polls that found no repository after GitHub refused to create it.
        #[serde(default)]
        looks: Option<u32>,
    },
    /// Creates a tree of the files in a new repository.
    Entering {
        at: Address,
        branch: String,
    },
    /// Creates a commit of a tree.
    Committing {
        at: Address,
        branch: String,
        /// Parent of the commit.
        head: ObjectId,
        tree: ObjectId,
        /// Proposes the commit on its own branch.
        proposed: bool,
    },
    /// Moves the first branch to the commit.
    Moving {
        at: Address,
        branch: String,
        commit: ObjectId,
    },
    /// Compares the files with the content of the repository.
    Comparing {
        at: Address,
    },
    /// Creates a branch at the commit.
    Branching {
        at: Address,
        branch: String,
        commit: ObjectId,
    },
    /// Opens a pull request.
    Requesting {
        at: Address,
        branch: String,
    },
    Enabling {
        at: Address,
        branch: String,
    },
    /// Waits for the Pages build.
    Publishing {
        at: Address,
        looks: u32,
    },
    /// Sends the files to Vercel.
    Sending,
    Building {
        id: String,
        looks: u32,
    },
    /// Creates a site at Netlify.
    Siting,
    /// Announces the digests of the files to Netlify.
    Announcing {
        /// Netlify's id of the site.
        site: String,
    },
    /// Uploads the files that Netlify lacks.
    Uploading {
        /// Netlify's id of the deploy.
        deploy: String,
        /// Digests of the missing files.
        required: Vec<String>,
    },
    Processing {
        /// Netlify's id of the deploy.
        deploy: String,
        looks: u32,
    },
}

impl Stage {
    /// Returns the first stage of a deployment to a target.
    #[must_use]
    pub fn first(target: Target, known: Option<Address>) -> Self {
        match (target, known) {
            (Target::GitHub | Target::GitHubPages, Some(at)) => Self::Comparing { at },
            (Target::GitHub | Target::GitHubPages, None) => Self::Creating { number: 1 },
            (Target::Vercel, _) => Self::Sending,
            (Target::Netlify, _) => Self::Siting,
        }
    }

    /// Returns the name in the API.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Creating { .. } | Self::Adopting { .. } | Self::Siting => "creating",
            Self::Entering { .. }
            | Self::Committing { .. }
            | Self::Moving { .. }
            | Self::Sending
            | Self::Announcing { .. }
            | Self::Uploading { .. } => "sending",
            Self::Comparing { .. } => "comparing",
            Self::Branching { .. } | Self::Requesting { .. } => "proposing",
            Self::Enabling { .. } | Self::Publishing { .. } | Self::Processing { .. } => {
                "publishing"
            }
            Self::Building { .. } => "building",
        }
    }

    #[must_use]
    pub const fn progress(&self) -> u8 {
        match self {
            Self::Creating { .. } | Self::Adopting { .. } | Self::Siting => 5,
            Self::Comparing { .. } => 15,
            Self::Entering { .. } | Self::Announcing { .. } | Self::Sending => 25,
            Self::Committing { .. } | Self::Uploading { .. } => 50,
            Self::Moving { .. } | Self::Branching { .. } => 70,
            Self::Requesting { .. } | Self::Enabling { .. } => 80,
            Self::Publishing { .. } | Self::Building { .. } | Self::Processing { .. } => 85,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// Our repository, still without files of the project.
    New {
        at: Address,
        branch: String,
        /// Address of its web page.
        url: String,
    },
    /// A repository of this name exists.
    NameTaken,
    /// The repository disappeared since the last step.
    Vanished,
    /// The repository belongs to another owner or project.
    Foreign,
    /// Our repository, with an earlier state of the project or commits of another author.
    Ours {
        at: Address,
        /// Address of its web page.
        url: String,
    },
    Tree {
        /// Current address of the repository.
        at: Address,
        /// Address of its web page, if known.
        url: Option<String>,
        /// Branch that was compared.
        branch: String,
        /// Head of the branch.
        head: ObjectId,
        tree: ObjectId,
        /// Proposes the change in a pull request.
        proposed: bool,
    },
    /// One more binary file was uploaded.
    Blob,
    Commit(ObjectId),
    /// The branch points to the commit.
    Moved,
    /// Another author moved the branch.
    Outrun,
    Unchanged {
        /// Current address of the repository.
        at: Address,
        /// Address of its web page, if known.
        url: Option<String>,
        /// Branch that was compared.
        branch: String,
    },
    /// A branch at the commit exists.
    Branch(String),
    /// The pull request is open.
    PullRequest(String),
    /// GitHub Pages is enabled.
    Enabled,
    /// The site at Netlify exists.
    Site(String),
    /// Vercel accepted the files.
    Sent {
        id: String,
        /// Future address of the site.
        url: Option<String>,
    },
    /// Netlify accepted the announcement.
    Announced {
        deploy: String,
        /// Digests of the missing files.
        required: Vec<String>,
    },
    Uploaded,
    /// The target is still building.
    Waiting,
    /// The site is online.
    Ready {
        url: Option<String>,
    },
    /// The target could not build it.
    Broken {
        /// Message of the target in one line.
        message: String,
        /// Last lines of the log.
        log: Vec<String>,
    },
}

impl DeploymentWork {
    pub(super) fn observe(&mut self, seen: Seen) -> Result<After, Error> {
        let stage = self.stage.clone();
        self.stage = match (seen, stage) {
            (Seen::New { at, branch, url }, _) => {
                self.found(&at, Some(url));
                self.result.made_repository = true;
                self.blobs = 0;
                Stage::Entering { at, branch }
            }
            (Seen::Blob, stage) => {
                self.blobs += 1;
                stage
            }
            (Seen::NameTaken, Stage::Creating { number }) => Stage::Adopting {
                number,
                looks: Some(0),
            },
            // GitHub does not show the repository yet, or not to this token.
            (
                Seen::Vanished,
                Stage::Adopting {
                    number,
                    looks: Some(looks),
                },
            ) if looks < LOOKS_FOR_TAKEN => {
                self.stage = Stage::Adopting {
                    number,
                    looks: Some(looks + 1),
                };
                return Ok(After::Later(look(looks)));
            }
            (Seen::Vanished, Stage::Adopting { number, looks }) => {
                match number + u32::from(looks.is_some()) {
                    number if number > MAX_NAMES => return Err(no_name()),
                    number => Stage::Creating { number },
                }
            }
            (Seen::Vanished, _) => Stage::Creating { number: 1 },
            (Seen::Foreign, Stage::Adopting { number, .. }) if number >= MAX_NAMES => {
                return Err(no_name());
            }
            // A read does not count against the limit of writes.
            (Seen::Foreign, Stage::Adopting { number, .. }) => Stage::Adopting {
                number: number + 1,
                looks: None,
            },
            (Seen::Foreign, _) => Stage::Creating { number: 1 },
            (Seen::Ours { at, url }, _) => {
                self.found(&at, Some(url));
                self.blobs = 0;
                Stage::Comparing { at }
            }
            (
                Seen::Tree {
                    at,
                    url,
                    branch,
                    head,
                    tree,
                    proposed,
                },
                Stage::Entering { .. } | Stage::Comparing { .. },
            ) => {
                self.found(&at, url);
                Stage::Committing {
                    at,
                    branch,
                    head,
                    tree,
                    proposed,
                }
            }
            (
                Seen::Commit(commit),
                Stage::Committing {
                    at,
                    branch,
                    proposed,
                    ..
                },
            ) => {
                self.result.commit = Some(commit.to_string());
                if proposed {
                    Stage::Branching { at, branch, commit }
                } else {
                    Stage::Moving { at, branch, commit }
                }
            }
            (Seen::Moved, Stage::Moving { at, branch, .. }) => {
                self.result.change = Some(Change::Created);
                self.result.branch = Some(branch.clone());
                match self.request.target {
                    Target::GitHubPages => Stage::Enabling { at, branch },
                    _ => return Ok(After::Done),
                }
            }
            (Seen::Outrun, Stage::Entering { at, .. } | Stage::Moving { at, .. }) => {
                Stage::Comparing { at }
            }
            (
                Seen::Unchanged { at, url, branch },
                Stage::Comparing { .. } | Stage::Requesting { .. },
            ) => {
                self.found(&at, url);
                // An abandoned commit is on no branch.
                self.result.commit = None;
                self.result.change = Some(Change::Unchanged);
                match self.request.target {
                    // An earlier deployment need not have enabled Pages.
                    Target::GitHubPages => Stage::Enabling { at, branch },
                    _ => return Ok(After::Done),
                }
            }
            (Seen::Branch(name), Stage::Branching { at, branch, .. }) => {
                self.result.branch = Some(name);
                Stage::Requesting { at, branch }
            }
            (Seen::PullRequest(url), _) => {
                self.result.change = Some(Change::Proposed);
                self.result.pull_request = Some(url);
                return Ok(After::Done);
            }
            (Seen::Enabled, Stage::Enabling { at, .. }) => {
                self.stage = Stage::Publishing { at, looks: 0 };
                return Ok(After::Later(look(0)));
            }
            (Seen::Site(site), _) => Stage::Announcing { site },
            (Seen::Sent { id, url }, _) => {
                (self.result.remote_id, self.result.url) = (Some(id.clone()), url);
                self.stage = Stage::Building { id, looks: 0 };
                return Ok(After::Later(look(0)));
            }
            (Seen::Announced { deploy, required }, _) => {
                self.result.remote_id = Some(deploy.clone());
                Stage::Uploading { deploy, required }
            }
            (Seen::Uploaded, Stage::Uploading { deploy, .. }) => {
                Stage::Processing { deploy, looks: 0 }
            }
            (Seen::Waiting, mut stage) => {
                let mut wait = look(0);
                if let Stage::Publishing { looks, .. }
                | Stage::Building { looks, .. }
                | Stage::Processing { looks, .. } = &mut stage
                {
                    *looks += 1;
                    wait = look(*looks);
                }
                self.stage = stage;
                return Ok(After::Later(wait));
            }
            (Seen::Ready { url }, _) => {
                self.result.change = Some(Change::Published);
                self.result.url = url.or(self.result.url.take());
                return Ok(After::Done);
            }
            (Seen::Broken { message, log }, _) => {
                self.result.log = log;
                return Err(Error::DeploymentBroken {
                    target: self.request.target.into_str(),
                    message,
                });
            }
            (_, _) => return Err(Error::internal("a deployment saw what it did not look for")),
        };
        Ok(After::Now)
    }

    fn found(&mut self, at: &Address, url: Option<String>) {
        self.result.repository = Some(at.to_string());
        self.result.url = url.or(self.result.url.take());
    }
}

fn no_name() -> Error {
    Error::Conflict {
        reason: "The name is taken, and so are the next ones with a number.".into(),
    }
}

/// Returns the polling interval: 2, 4, 8, then always 15 seconds.
fn look(looks: u32) -> Duration {
    Duration::from_secs(2 << looks.min(3)).min(Duration::from_secs(15))
}

#[cfg(test)]
mod tests;
