//! Build of a software: an analysis, a project and a deployment, in this order.

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
    pub project_request: ProjectRequest,
    pub deployment_request: DeploymentRequest,
    /// Job of the analysis; `None` if an analysis existed.
    #[serde(default)]
    pub analysis_job: Option<JobId>,
    /// `None` until the project is started.
    #[serde(default)]
    pub project: Option<ProjectId>,
    /// `None` until the deployment is started.
    #[serde(default)]
    pub deployment: Option<DeploymentId>,
    pub stage: Stage,
}

/// Stage of the build of a software.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    Submitting,
    Analysing {
        looks: u32,
    },
    Beginning,
    /// Waits for the project.
    Building {
        job: JobId,
    },
    Sending,
    /// Waits for the deployment.
    Deploying {
        job: JobId,
    },
}

impl Stage {
    /// Returns the name in the API.
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
    /// Job of the analysis; `None` if an analysis existed.
    Submitted {
        job: Option<JobId>,
    },
    /// The child is still running.
    Waiting,
    /// The child has ended and is being finalized.
    Ending,
    Analysed,
    Begun {
        project: ProjectId,
        job: JobId,
    },
    /// The project is finished.
    Built,
    Sent {
        deployment: DeploymentId,
        job: JobId,
    },
    /// The deployment is finished.
    Deployed,
    Failed(JobError),
    /// The child was cancelled.
    Cancelled,
}

/// Polling interval of child builds. A child that ends wakes its parent, so polling only covers a
/// crash.
const LOOK: Duration = Duration::from_secs(30);

/// Returns the id of the project build of a software.
#[must_use]
pub fn project_job(software: &JobId) -> JobId {
    JobId::derived(software.as_str(), "project")
}

/// Returns the id of the deployment build of a software.
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

/// Returns the polling interval: 1, 2, 4, 8, then always 15 seconds.
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
