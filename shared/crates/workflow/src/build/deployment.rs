//! The way of a project to a target.
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
//! Every step may happen twice: a repository is known by its marker, a commit of the same content
//! and time has the same id, a branch is named after the deployment.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::machine::After;
use eventrelay_core::error::Error;
use eventrelay_project::{
    Change, DeploymentId, DeploymentRequest, DeploymentResult, ProjectId,
    deploy::{Address, MAX_NAMES, ObjectId, Target},
};

/// Looks for a repository whose name is taken and that is not shown.
const LOOKS_FOR_TAKEN: u32 = 3;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeploymentWork {
    /// What it is called.
    pub deployment: DeploymentId,
    pub project: ProjectId,
    /// Entity tag of the manifest that says which files.
    pub manifest: String,
    /// Where to, and how.
    pub request: DeploymentRequest,
    /// What there is by now.
    #[serde(default)]
    pub result: DeploymentResult,
    /// How many of the files that are no text are there.
    #[serde(default)]
    pub blobs: u32,
    /// How far it is.
    pub stage: Stage,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// A repository is made.
    Creating {
        /// Which of the names is tried, from 1.
        number: u32,
    },
    /// There is one of the name: it may be ours.
    Adopting {
        /// Which of the names.
        number: u32,
        /// How often nothing was found under it, if making it was refused.
        #[serde(default)]
        looks: Option<u32>,
    },
    /// The files are made into a tree of a new repository.
    Entering { at: Address, branch: String },
    /// A tree is made into a commit.
    Committing {
        at: Address,
        branch: String,
        /// What the commit follows.
        head: ObjectId,
        /// What is in it.
        tree: ObjectId,
        /// Whether it is proposed on a branch of its own.
        proposed: bool,
    },
    /// The first branch is moved to the commit.
    Moving {
        at: Address,
        branch: String,
        commit: ObjectId,
    },
    /// What is in the repository is compared with the files.
    Comparing { at: Address },
    /// A branch is made at the commit.
    Branching {
        at: Address,
        branch: String,
        commit: ObjectId,
    },
    /// A pull request is made.
    Requesting { at: Address, branch: String },
    /// The repository is made a site.
    Enabling { at: Address, branch: String },
    /// The site is built.
    Publishing {
        at: Address,
        /// How often was looked.
        looks: u32,
    },
    /// The files go to Vercel.
    Sending,
    Building {
        /// Vercel's id of it.
        id: String,
        /// How often was looked.
        looks: u32,
    },
    /// A site is made at Netlify.
    Siting,
    /// Netlify is told of the files.
    Announcing {
        /// Netlify's id of the site.
        site: String,
    },
    /// Netlify is given what it lacks.
    Uploading {
        /// Netlify's id of the deploy.
        deploy: String,
        /// The digests of what it lacks.
        required: Vec<String>,
    },
    Processing {
        /// Netlify's id of the deploy.
        deploy: String,
        /// How often was looked.
        looks: u32,
    },
}

impl Stage {
    /// Where a deployment to a target begins.
    #[must_use]
    pub fn first(target: Target, known: Option<Address>) -> Self {
        match (target, known) {
            (Target::GitHub | Target::GitHubPages, Some(at)) => Self::Comparing { at },
            (Target::GitHub | Target::GitHubPages, None) => Self::Creating { number: 1 },
            (Target::Vercel, _) => Self::Sending,
            (Target::Netlify, _) => Self::Siting,
        }
    }

    /// In the words of the API.
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
    /// The repository is ours and has nothing of the project yet.
    New {
        at: Address,
        branch: String,
        /// Where people look at it.
        url: String,
    },
    /// There is a repository of this name.
    NameTaken,
    /// There is none: it was there a moment ago.
    Vanished,
    /// It belongs to another owner or another project.
    Foreign,
    /// It is ours and has an earlier state of the project, or another one's work.
    Ours {
        at: Address,
        /// Where people look at it.
        url: String,
    },
    /// There is a tree.
    Tree {
        /// The repository, where it is now.
        at: Address,
        /// Where people look at it, if that was seen.
        url: Option<String>,
        /// The branch that it was compared with.
        branch: String,
        /// What that stands at.
        head: ObjectId,
        tree: ObjectId,
        /// Whether it is proposed, not put there.
        proposed: bool,
    },
    /// There is one more of the files that are no text.
    Blob,
    /// There is a commit.
    Commit(ObjectId),
    /// The branch stands at the commit.
    Moved,
    /// Another author moved the branch.
    Outrun,
    Unchanged {
        /// The repository, where it is now.
        at: Address,
        /// Where people look at it, if that was seen.
        url: Option<String>,
        /// The branch that it was compared with.
        branch: String,
    },
    /// There is a branch at the commit.
    Branch(String),
    /// There is a pull request.
    PullRequest(String),
    /// The repository is a site.
    Enabled,
    /// There is a site at Netlify.
    Site(String),
    /// Vercel has taken it.
    Sent {
        id: String,
        /// Where it will be seen.
        url: Option<String>,
    },
    /// Netlify has taken it.
    Announced {
        deploy: String,
        /// The digests of what it lacks.
        required: Vec<String>,
    },
    Uploaded,
    /// It is not done yet.
    Waiting,
    /// It can be seen.
    Ready {
        url: Option<String>,
    },
    /// The target could not build it.
    Broken {
        /// Its words, in a line.
        message: String,
        /// The end of its log.
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
            // Not shown yet, or not shown to us.
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
            // A look costs nothing of what may be written.
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
                // One that was made on the way is on no branch.
                self.result.commit = None;
                self.result.change = Some(Change::Unchanged);
                match self.request.target {
                    // What was put there before need not be a site.
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

/// 2, 4, 8, then always 15 seconds.
fn look(looks: u32) -> Duration {
    Duration::from_secs(2 << looks.min(3)).min(Duration::from_secs(15))
}

#[cfg(test)]
mod tests;
