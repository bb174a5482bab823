//! Steps from a video to a deployment.

use super::Calls;
use crate::engine;
use crate::{
    build::{
        model::{Build, End},
        software::{Seen, SoftwareWork, Stage, deployment_job, project_job},
        start::{self, NewDeployment, NewProject},
    },
    job::{Job, State},
    submission::{self, Outcome, Submission},
};
use eventrelay_core::{clock::Timestamp, error::Error, ids::JobId};
use eventrelay_project::{DeploymentId, ProjectId};

impl Calls {
    pub(super) async fn software_step(
        &self,
        build: &Build,
        work: &SoftwareWork,
    ) -> Result<Seen, Error> {
        match &work.stage {
            Stage::Submitting => self.submit(build, work).await,
            Stage::Analysing { .. } => self.look_at_analysis(work).await,
            Stage::Beginning => self.begin_project(build, work).await,
            Stage::Building { job } => self.look_at_build(job, Seen::Built).await,
            Stage::Sending => self.begin_deployment(build, work).await,
            Stage::Deploying { job } => self.look_at_build(job, Seen::Deployed).await,
        }
    }

    async fn look_at_build(&self, job: &JobId, done: Seen) -> Result<Seen, Error> {
        let row = self.context.jobs.get::<Build>(job).await?;
        let build = row.ok_or_else(|| Error::internal("a build is gone"))?.job;
        Ok(match build.end {
            None => Seen::Waiting,
            // A child wakes its parent before it is finalized.
            Some(_) if !build.header.finalized => Seen::Ending,
            Some(End::Done | End::Skipped { .. }) => done,
            Some(End::Failed { error }) => Seen::Failed(error),
            Some(End::Cancelled) => Seen::Cancelled,
        })
    }

    async fn submit(&self, build: &Build, work: &SoftwareWork) -> Result<Seen, Error> {
        let submission = Submission {
            video: work.video.clone(),
            request: work.request.clone(),
            transcript: None,
            submitted_by: build.header.submitted_by.clone(),
        };
        let now = Timestamp::now();
        let outcomes = submission::submit(&self.context, vec![submission], now).await?;
        let lost = || Error::internal("a submission without an outcome");
        Ok(match outcomes.into_iter().next().ok_or_else(lost)?? {
            Outcome::Cached(_) => Seen::Submitted { job: None },
            Outcome::Queued(job) | Outcome::Joined(job) => Seen::Submitted {
                job: Some(job.header.id),
            },
        })
    }

    async fn look_at_analysis(&self, work: &SoftwareWork) -> Result<Seen, Error> {
        let id = work.analysis_job.as_ref();
        let id = id.ok_or_else(|| Error::internal("no analysis to wait for"))?;
        let row = self.context.jobs.get::<Job>(id).await?;
        Ok(match row.map(|row| row.job.state) {
            Some(State::Done) => Seen::Analysed,
            Some(State::Failed { error, .. }) => Seen::Failed(error),
            Some(State::Cancelled) => Seen::Cancelled,
            Some(_) => Seen::Waiting,
            None => return Err(Error::internal("a job is gone")),
        })
    }

    async fn begin_project(&self, build: &Build, work: &SoftwareWork) -> Result<Seen, Error> {
        let variant = work.request.variant();
        let wanted = [(&work.video, variant.as_str())];
        let known = self.context.videos.look_up(&wanted).await?.pop();
        let analysis = known.unwrap_or_default().shown();
        let analysis = analysis.ok_or(Error::NotFound { what: "analysis" })?;
        let id = ProjectId::derived(build.header.id.as_str(), "prj_");
        let job = project_job(&build.header.id);
        let new = NewProject {
            id: id.clone(),
            job: job.clone(),
            video: work.video.clone(),
            analysis,
            request: work.project_request.clone(),
            submitted_by: build.header.submitted_by.clone(),
            parent: Some(build.header.id.clone()),
            deadline: build.header.deadline,
        };
        start::project(&self.context, new, Timestamp::now()).await?;
        Ok(Seen::Begun { project: id, job })
    }

    async fn begin_deployment(&self, build: &Build, work: &SoftwareWork) -> Result<Seen, Error> {
        let project = work.project.as_ref();
        let project = project.ok_or_else(|| Error::internal("no project to deploy"))?;
        let id = DeploymentId::derived(build.header.id.as_str(), "dpl_");
        let job = deployment_job(&build.header.id);
        let new = NewDeployment {
            id: id.clone(),
            job: job.clone(),
            request: work.deployment_request.clone(),
            submitted_by: build.header.submitted_by.clone(),
            parent: Some(build.header.id.clone()),
            deadline: build.header.deadline,
        };
        let project = self.project(project).await?;
        start::deployment(&self.context, &project, new, Timestamp::now()).await?;
        Ok(Seen::Sent {
            deployment: id,
            job,
        })
    }

    /// Cancels the child builds. The analysis continues, since other callers may wait for it.
    pub(super) async fn finalize_software(
        &self,
        build: &Build,
        work: &SoftwareWork,
    ) -> Result<(), Error> {
        // A child build may exist although the step that started it was not saved.
        let begun = match &work.stage {
            Stage::Beginning | Stage::Building { .. } => project_job(&build.header.id),
            Stage::Sending | Stage::Deploying { .. } => deployment_job(&build.header.id),
            Stage::Submitting | Stage::Analysing { .. } => return Ok(()),
        };
        if build.end == Some(End::Done) {
            return Ok(());
        }
        engine::preempt(
            &self.context,
            &begun,
            engine::cancelled::<Build>,
            Timestamp::now(),
        )
        .await?;
        Ok(())
    }
}
