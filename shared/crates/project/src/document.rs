//! Projects and deployments as their rows hold them.

use serde::{Deserialize, Serialize};

use super::{
    DeploymentId, ProjectId, ProjectRequest,
    deploy::{Owner, RepositoryName, Target},
};
use eventrelay_core::{
    answer_class::AnswerClass, clock::Timestamp, error::JobError, ids::JobId, usage::Usage,
    video::VideoKey,
};

/// Software that was made, or is being made, of an analysis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// The video.
    pub video: VideoKey,
    /// Entity tag of the analysis that it is made of.
    pub analysis: String,
    /// Variant of that analysis. None in rows that were stored before it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Lowest class of the answers that it is made of, those of the analysis included. Absent in
    /// rows that were stored before the class was.
    #[serde(default)]
    pub answered_by: AnswerClass,
    /// How it was asked for.
    pub request: ProjectRequest,
    /// How far it is.
    pub status: ProjectStatus,
    /// The build that works on it, or has last.
    pub job: JobId,
    /// A line; the video's title until there is a plan.
    pub title: String,
    /// Entity tag of the plan.
    #[serde(default)]
    pub plan: Option<String>,
    /// Entity tag of what validation says of the files.
    #[serde(default)]
    pub report: Option<String>,
    /// What came of it.
    #[serde(default)]
    pub made: Option<Made>,
    /// What the builds before the last one took.
    #[serde(default)]
    pub usage_before: Usage,
    /// What all builds of it took.
    #[serde(default)]
    pub usage: Usage,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<JobError>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Id of the API key on whose behalf it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_by: Option<String>,
}

/// Where the files of a project are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Entity tag of the manifest.
    pub manifest: String,
    /// Entity tag of the archive.
    pub archive: String,
    /// Its size.
    pub archive_bytes: u64,
    /// Number of files.
    pub files: u32,
    /// Bytes of all files.
    pub bytes: u64,
}

/// How far a project is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub enum ProjectStatus {
    /// It is being planned.
    Planning,
    /// It was planned and waits for files to be asked for.
    Planned,
    /// Its files are being made.
    Building,
    /// All is there.
    Ready,
    /// It could not be done.
    Failed,
    /// The caller did not want it any more.
    Cancelled,
}

impl ProjectStatus {
    /// Whether a build is at it.
    #[must_use]
    pub const fn is_at_work(self) -> bool {
        matches!(self, Self::Planning | Self::Building)
    }
}

/// How a deployment is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentRequest {
    /// Where to.
    pub target: Target,
    /// What its repository is to be called; the project's name if none.
    #[serde(default)]
    pub repository: Option<RepositoryName>,
    /// Whose repository it is to be; the token's owner's if none.
    #[serde(default)]
    pub owner: Option<Owner>,
    /// Whether nobody else may see the repository.
    pub private: bool,
    /// What the repository is for; the project's summary if none.
    #[serde(default)]
    pub description: Option<String>,
    /// A repository that was made for it is deleted if it fails, as long as nobody else has put
    /// anything into it.
    #[serde(default)]
    pub delete_on_failure: bool,
}

/// A try to bring a project to a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// Its id.
    pub id: DeploymentId,
    /// What is deployed.
    pub project: ProjectId,
    /// Entity tag of the manifest that says which files.
    pub manifest: String,
    /// How it was asked for.
    pub request: DeploymentRequest,
    /// How far it is.
    pub status: DeploymentStatus,
    /// The build that does it.
    pub job: JobId,
    /// What there is by now.
    #[serde(default)]
    pub result: DeploymentResult,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<JobError>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// How far a deployment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub enum DeploymentStatus {
    /// On its way.
    Running,
    /// It is there.
    Done,
    /// The target is not configured here.
    Skipped,
    /// It could not be done.
    Failed,
    /// The caller did not want it any more.
    Cancelled,
}

/// What a deployment has brought about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct DeploymentResult {
    /// What was done there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// Where it can be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The repository, `owner/name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Whether this deployment has made the repository.
    #[serde(default)]
    pub made_repository: bool,
    /// Whether it was deleted again.
    #[serde(default)]
    pub deleted_repository: bool,
    /// The commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The branch that the commit is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The pull request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_request: Option<String>,
    /// The target's own id of the deployment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_id: Option<String>,
    /// The end of the target's log of a build that failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
    /// What is missing where it was skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

/// What was done at a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "DeploymentChange")
)]
pub enum Change {
    /// The project is there for the first time.
    Created,
    /// The difference is proposed in a pull request.
    Proposed,
    /// It was there already, the same.
    Unchanged,
    /// It was published anew.
    Published,
}
