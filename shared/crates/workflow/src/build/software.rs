//! An analysis, a project and a deployment, one after the other.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::machine::After;
use crate::job::Request;
use eventrelay_core::{error::JobError, ids::JobId, video::VideoKey};
use eventrelay_project::{DeploymentId, DeploymentRequest, ProjectId, ProjectRequest};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SoftwareWork {
    pub video: VideoKey,
    pub request: Request,
    /// What is made of it.
    pub project_request: ProjectRequest,
    pub deployment_request: DeploymentRequest,
    /// The job that analyses; none where an analysis was there.
    #[serde(default)]
    pub analysis_job: Option<JobId>,
    /// The project, once it was begun.
    #[serde(default)]
    pub project: Option<ProjectId>,
    /// The deployment, once it was begun.
    #[serde(default)]
    pub deployment: Option<DeploymentId>,
    /// How far it is.
    pub stage: Stage,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// The video is submitted.
    Submitting,
    Analysing {
        /// How often was looked.
        looks: u32,
    },
    /// The project is begun.
    Beginning,
    /// The project is made.
    Building { job: JobId },
    /// The deployment is begun.
    Sending,
    /// The deployment is made.
    Deploying { job: JobId },
}

impl Stage {
    /// In the words of the API.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Submitting | Self::Analysing { .. } => "analysing",
            Self::Beginning | Self::Building { .. } => "building",
            Self::Sending | Self::Deploying { .. } => "deploying",
        }
    }

    #[must_use]
    pub const fn progress(&self) -> u8 {
        match self {
            Self::Submitting => 0,
            Self::Analysing { .. } => 10,
            Self::Beginning | Self::Building { .. } => 40,
            Self::Sending | Self::Deploying { .. } => 80,
        }
    }

    pub(super) const fn waits_for_others(&self) -> bool {
        matches!(self, Self::Building { .. } | Self::Deploying { .. })
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// The video is analysed by this job, or was before.
    Submitted { job: Option<JobId> },
    /// What is waited for goes on.
    Waiting,
    /// What is waited for has ended and is being finalized.
    Ending,
    /// There is an analysis.
    Analysed,
    /// The project was begun.
    Begun { project: ProjectId, job: JobId },
    /// The project is there.
    Built,
    /// The deployment was begun.
    Sent {
        deployment: DeploymentId,
        job: JobId,
    },
    /// The deployment is there.
    Deployed,
    /// What was waited for has failed.
    Failed(JobError),
    /// What was waited for was called off.
    Cancelled,
}

/// How long to wait before looking unasked at builds, which say themselves when they have ended.
const LOOK: Duration = Duration::from_secs(30);

/// The build of the project of a software.
#[must_use]
pub fn project_job(software: &JobId) -> JobId {
    JobId::derived(software.as_str(), "project")
}

/// The build of the deployment of a software.
#[must_use]
pub fn deployment_job(software: &JobId) -> JobId {
    JobId::derived(software.as_str(), "deployment")
}

impl SoftwareWork {
    pub(super) fn observe(&mut self, seen: Seen) -> After {
        let next = match seen {
            Seen::Submitted { job: None } | Seen::Analysed => Stage::Beginning,
            Seen::Submitted { job } => {
                self.analysis_job = job;
                self.stage = Stage::Analysing { looks: 0 };
                return After::Later(first_looks(0));
            }
            Seen::Waiting => match &mut self.stage {
                Stage::Analysing { looks } => {
                    *looks += 1;
                    return After::Later(first_looks(*looks));
                }
                _ => return After::Later(LOOK),
            },
            Seen::Ending => return After::Later(first_looks(0)),
            Seen::Begun { project, job } => {
                self.project = Some(project);
                Stage::Building { job }
            }
            Seen::Built => Stage::Sending,
            Seen::Sent { deployment, job } => {
                self.deployment = Some(deployment);
                Stage::Deploying { job }
            }
            Seen::Deployed => return After::Done,
            Seen::Failed(error) => return After::Failed(error),
            Seen::Cancelled => return After::Cancelled,
        };
        self.stage = next;
        After::Now
    }
}

/// 1, 2, 4, 8, then always 15 seconds.
fn first_looks(looks: u32) -> Duration {
    Duration::from_secs(1 << looks.min(4)).min(Duration::from_secs(15))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_ended_is_looked_at_soon_and_what_goes_on_is_left_to_wake_it() {
        let job: JobId = "job_0193a1b2c3d47e5f8a9b0c1d2e3f4a5b".parse().unwrap();
        let request = r#"{"project_type": "web", "framework": "static"}"#;
        let target = r#"{"target": "netlify", "private": true}"#;
        let mut work = SoftwareWork {
            video: "yt:dQw4w9WgXcQ".parse().unwrap(),
            request: Request::default(),
            project_request: serde_json::from_str(request).unwrap(),
            deployment_request: serde_json::from_str(target).unwrap(),
            analysis_job: None,
            project: None,
            deployment: None,
            stage: Stage::Deploying { job },
        };
        assert_eq!(work.observe(Seen::Waiting), After::Later(LOOK));
        assert_eq!(
            work.observe(Seen::Ending),
            After::Later(Duration::from_secs(1))
        );
        assert_eq!(work.observe(Seen::Deployed), After::Done);
    }
}
