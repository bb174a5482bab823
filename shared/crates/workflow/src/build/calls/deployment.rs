//! Steps of a deployment to any target.

use super::Calls;
use crate::build::{
    deployment::{DeploymentWork, Seen, Stage},
    model::{Build, End, Work},
};
use crate::engine;
use eventrelay_core::{
    clock::Timestamp,
    error::{Error, JobError},
};
use eventrelay_project::{Deployment, DeploymentResult, DeploymentStatus};

impl Calls {
    pub(super) async fn deployment_step(
        &self,
        build: &Build,
        work: &DeploymentWork,
    ) -> Result<Seen, Error> {
        if let Some(parent) = &build.parent {
            self.at_work(parent).await?;
        }
        match &work.stage {
            Stage::Sending
            | Stage::Building { .. }
            | Stage::Siting
            | Stage::Announcing { .. }
            | Stage::Uploading { .. }
            | Stage::Processing { .. } => self.host_step(work).await,
            _ => self.repository_step(build, work).await,
        }
    }

    /// Saves the end of the build in the row of the deployment, then deletes leftovers. The row
    /// comes first: the caller waits for it, and the repository may never be deletable.
    pub(super) async fn finalize_deployment(
        &self,
        build: &Build,
        work: &DeploymentWork,
    ) -> Result<(), Error> {
        let mut result = work.result.clone();
        let (status, error) = match &build.end {
            Some(End::Failed { error }) => (DeploymentStatus::Failed, Some(error.clone())),
            Some(End::Cancelled) => (DeploymentStatus::Cancelled, None),
            Some(End::Skipped { missing }) => {
                result.missing = Some(missing.clone());
                (DeploymentStatus::Skipped, None)
            }
            _ => (DeploymentStatus::Done, None),
        };
        let has_failed = matches!(
            status,
            DeploymentStatus::Failed | DeploymentStatus::Cancelled
        );
        self.say(work, status, &result, error.as_ref()).await?;
        if has_failed && result.made_repository && work.request.delete_on_failure {
            result.deleted_repository = self.delete_if_ours(work).await?;
            self.say(work, status, &result, error.as_ref()).await?;
        }
        // A deployment that started during the deletion of its project may have been missed.
        let projects = &self.context.projects;
        if projects.project(&work.project).await?.is_none() {
            projects.delete(work.deployment.as_str()).await?;
        }
        Ok(())
    }

    /// Finalizes a build that was ended while a step was creating its repository.
    pub(in crate::build) async fn lost(&self, build: &Build) -> Result<(), Error> {
        let Work::Deployment(lost) = &build.work else {
            return Ok(());
        };
        if !lost.result.made_repository {
            return Ok(());
        }
        let learn = |mut build: Build, now| {
            let has_ended = build.end.is_some();
            match &mut build.work {
                Work::Deployment(work) if has_ended && !work.result.made_repository => {
                    work.result = lost.result.clone();
                    (build.header.finalized, build.header.due_at) = (false, now);
                    Some(build)
                }
                _ => None,
            }
        };
        engine::preempt(&self.context, &build.header.id, learn, Timestamp::now()).await?;
        Ok(())
    }

    async fn say(
        &self,
        work: &DeploymentWork,
        status: DeploymentStatus,
        result: &DeploymentResult,
        error: Option<&JobError>,
    ) -> Result<(), Error> {
        let now = Timestamp::now();
        let change = |deployment: &mut Deployment| {
            let was = (deployment.status, &deployment.result);
            let changed = was != (status, result) || deployment.error.as_ref() != error;
            (deployment.status, deployment.result) = (status, result.clone());
            (deployment.error, deployment.updated_at) = (error.cloned(), now);
            changed
        };
        let projects = &self.context.projects;
        projects.change(work.deployment.as_str(), change).await?;
        Ok(())
    }
}
