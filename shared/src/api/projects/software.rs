//! `POST /v1/video-to-software`.

use std::time::Duration;

use lambda_http::Request;

use super::{
    super::{Answer, builds, links::Links},
    read,
};
use eventrelay_core::{error::Error, ids::JobId};
use eventrelay_workflow::{
    build::{
        Build, Work,
        software::{SoftwareWork, Stage},
    },
    context::Context,
};

/// `POST`: 202 with the job that analyses a video, makes software of it and deploys that.
///
/// # Errors
/// [`Error::NotAVideo`], [`Error::InvalidInput`], [`Error::Storage`].
pub async fn create(context: &Context, request: &Request) -> Answer {
    let whole = read::whole(request)?;
    let now = (context.clock)();
    let work = SoftwareWork {
        video: whole.video,
        request: whole.request,
        project_request: whole.project,
        deployment_request: whole.deployment,
        analysis_job: None,
        project: None,
        deployment: None,
        stage: Stage::Submitting,
    };
    let deadline = now + context.config.job_deadline;
    let mut build = Build::new(JobId::random(), Work::Software(work), deadline, now);
    build.header.submitted_by = whole.submitted_by;
    if !context.jobs.create(&build).await? {
        return Err(Error::internal("a new id is taken"));
    }
    let queue = &context.builds_queue;
    queue.send(&build.header.id, 0, Duration::ZERO).await?;
    builds::accepted(&build, &Links::new(request), now)
}
