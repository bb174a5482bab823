//! Stored projects and deployments.

use serde::{Deserialize, Serialize};

use super::{
    DeploymentId, ProjectId, ProjectRequest,
    deploy::{Owner, RepositoryName, Target},
};
use eventrelay_core::{
    answer_class::AnswerClass, clock::Timestamp, error::JobError, ids::JobId, usage::Usage,
    video::VideoKey,
};

/// Software project generated from an analysis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Project {
    pub id: ProjectId,
    pub video: VideoKey,
    /// Entity tag of the source analysis.
    pub analysis: String,
    /// Variant of the source analysis. `None` in rows stored before the field existed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Lowest class of the answers used, including those of the analysis. Missing in rows stored
    /// before the field existed.
    #[serde(default)]
    pub answered_by: AnswerClass,
    /// Request of the caller.
    pub request: ProjectRequest,
    /// Progress of the project.
    pub status: ProjectStatus,
    /// Job of the current build, or of the last one.
    pub job: JobId,
    /// Title in one line; the video's title until there is a plan.
    pub title: String,
    /// Entity tag of the plan.
    #[serde(default)]
    pub plan: Option<String>,
    /// Entity tag of the validation report of the files.
    #[serde(default)]
    pub report: Option<String>,
    /// Manifest and archive of the finished project.
    #[serde(default)]
    pub made: Option<Made>,
    /// Usage of all builds before the last one.
    #[serde(default)]
    pub usage_before: Usage,
    /// Usage of all builds.
    #[serde(default)]
    pub usage: Usage,
    /// Error of a failed project.
    #[serde(default)]
    pub error: Option<JobError>,
    /// Time of the request.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
    /// Id of the API key that submitted the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_by: Option<String>,
}

/// Location of the files of a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Entity tag of the manifest.
    pub manifest: String,
    /// Entity tag of the archive.
    pub archive: String,
    /// Size of the archive in bytes.
    pub archive_bytes: u64,
    pub files: u32,
    /// Total size of all files in bytes.
    pub bytes: u64,
}

/// Progress of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub enum ProjectStatus {
    /// The plan is being made.
    Planning,
    /// The plan is ready, and its files have not been requested.
    Planned,
    /// The files are being generated.
    Building,
    /// All files are ready.
    Ready,
    /// The build failed.
    Failed,
    /// The caller cancelled it.
    Cancelled,
}

impl ProjectStatus {
    /// Returns true if a build is running.
    #[must_use]
    pub const fn is_at_work(self) -> bool {
        matches!(self, Self::Planning | Self::Building)
    }
}

/// Request of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentRequest {
    pub target: Target,
    /// Name of the repository; the project's name if `None`.
    #[serde(default)]
    pub repository: Option<RepositoryName>,
    /// Owner of the repository; the token's owner if `None`.
    #[serde(default)]
    pub owner: Option<Owner>,
    /// True if the repository is private.
    pub private: bool,
    /// Description of the repository; the project's summary if `None`.
    #[serde(default)]
    pub description: Option<String>,
    /// True if a failed deployment deletes the repository it created. The repository stays if
    /// another author has added content.
    #[serde(default)]
    pub delete_on_failure: bool,
}

/// Attempt to deploy a project to a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    pub id: DeploymentId,
    pub project: ProjectId,
    /// Entity tag of the manifest that lists the deployed files.
    pub manifest: String,
    /// Request of the caller.
    pub request: DeploymentRequest,
    /// Progress of the deployment.
    pub status: DeploymentStatus,
    /// Job that executes the deployment.
    pub job: JobId,
    #[serde(default)]
    pub result: DeploymentResult,
    /// Error of a failed deployment.
    #[serde(default)]
    pub error: Option<JobError>,
    /// Time of the request.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
}

/// Progress of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub enum DeploymentStatus {
    /// The deployment is in progress.
    Running,
    /// The deployment has finished.
    Done,
    /// The target is not configured here.
    Skipped,
    /// The deployment failed.
    Failed,
    /// The caller cancelled it.
    Cancelled,
}

/// Results of a deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct DeploymentResult {
    /// Change made at the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// URL of the deployed project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Repository in the form `owner/name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// True if this deployment created the repository.
    #[serde(default)]
    pub made_repository: bool,
    /// True if the created repository was deleted after a failure.
    #[serde(default)]
    pub deleted_repository: bool,
    /// Hash of the commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Branch that contains the commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// URL of the pull request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_request: Option<String>,
    /// Id of the deployment at the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_id: Option<String>,
    /// Last lines of the target's log of a failed build.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
    /// Missing configuration of a skipped deployment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

/// Change made at a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "DeploymentChange")
)]
pub enum Change {
    /// The project was deployed for the first time.
    Created,
    /// A pull request proposes the difference.
    Proposed,
    /// The target already had the same content.
    Unchanged,
    /// The project was published again.
    Published,
}
