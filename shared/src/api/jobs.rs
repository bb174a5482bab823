//! `/v1/jobs/{job_id}`.

use std::time::Duration;

use http::{StatusCode, header};
use lambda_http::{Body, Request, RequestExt, Response};
use serde::Serialize;

use super::{Answer, header_value, json, links::Links, path_parameter};
use crate::{
    analysis::Usage,
    clock::Timestamp,
    context::Context,
    error::Error,
    job::{Job, JobError, Stage, Status, machine},
    store::jobs::JobRow,
};

/// How long a job's message may be overdue before it counts as lost.
const OVERDUE: Duration = Duration::from_secs(30);

/// A job as the API shows it.
#[derive(Debug, Serialize)]
pub(super) struct JobView {
    job_id: String,
    video_id: String,
    status: Status,
    stage: Stage,
    progress: u8,
    created_at: String,
    updated_at: String,
    deadline_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<JobError>,
    usage: Usage,
    links: JobLinks,
}

#[derive(Debug, Serialize)]
struct JobLinks {
    #[serde(rename = "self")]
    this: String,
    job: String,
    video: String,
}

impl JobView {
    pub(super) fn of(job: &Job, links: &Links) -> Self {
        let variant = job.variant();
        let special = (variant != crate::analysis::PIPELINE_VERSION).then_some(variant.as_str());
        let this = links.job(&job.id);
        Self {
            job_id: job.id.to_string(),
            video_id: job.video.to_string(),
            status: job.state.status(),
            stage: job.state.stage(),
            progress: job.progress(),
            created_at: job.created_at.rfc3339(),
            updated_at: job.updated_at.rfc3339(),
            deadline_at: job.deadline.rfc3339(),
            error: match &job.state {
                crate::job::State::Failed { error } => Some(error.clone()),
                _ => None,
            },
            usage: job.usage,
            links: JobLinks {
                job: this.clone(),
                this,
                video: links.video(&job.video, special),
            },
        }
    }
}

/// When it is worth to ask again: when something is due, but not within the second.
fn ask_again(job: &Job, now: Timestamp) -> u64 {
    now.until(job.due_at).as_secs().clamp(1, 30)
}

/// A job that is on its way: 202 with where to ask and when.
pub(super) fn accepted(job: &Job, links: &Links, now: Timestamp) -> Answer {
    let mut response = json(StatusCode::ACCEPTED, &JobView::of(job, links))?;
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, header_value(&links.job(&job.id))?);
    headers.insert(header::RETRY_AFTER, ask_again(job, now).into());
    Ok(response)
}

fn shown(job: &Job, links: &Links, now: Timestamp) -> Result<Response<Body>, Error> {
    let mut response = json(StatusCode::OK, &JobView::of(job, links))?;
    if !job.state.is_terminal() {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, ask_again(job, now).into());
    }
    Ok(response)
}

/// `GET`: where a job stands.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Storage`].
pub async fn get(context: &Context, request: &Request) -> Answer {
    let now = (context.clock)();
    let row = find(context, request).await?;
    revive_if_lost(context, &row, now).await;
    shown(&row.job, &Links::of(request), now)
}

/// `DELETE`: gives a job up. A job that has ended stays as it is, and is shown.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Storage`].
pub async fn cancel(context: &Context, request: &Request) -> Answer {
    let links = Links::of(request);
    let now = (context.clock)();
    // The job may take a step between the read and the write; it takes few of them.
    for _ in 0..8 {
        let JobRow { job, version, .. } = find(context, request).await?;
        let Some(cancelled) = machine::cancel(job.clone(), now) else {
            return shown(&job, &links, now);
        };
        if context.jobs.overrule(&cancelled, version).await? {
            context
                .queue
                .send(&cancelled.id, version + 1, Duration::ZERO)
                .await?;
            return shown(&cancelled, &links, now);
        }
    }
    Err(Error::Conflict {
        reason: "The job is changing; try again.".into(),
    })
}

async fn find(context: &Context, request: &Request) -> Result<JobRow, Error> {
    let missing = || Error::NotFound { what: "job" };
    let parameters = request.path_parameters();
    let id = path_parameter(&parameters, "job_id")
        .parse()
        .map_err(|_| missing())?;
    context.jobs.get(&id).await?.ok_or_else(missing)
}

/// Sends the message of a job anew that should have gone on long ago: whoever was to send it died
/// between writing the job down and doing so. Somebody who asks for the job is a good moment; that
/// it fails is no reason not to answer them.
pub(super) async fn revive_if_lost(context: &Context, row: &JobRow, now: Timestamp) {
    let waited_for = row.running_until.unwrap_or_default().max(row.job.due_at) + OVERDUE;
    if row.job.settled || now < waited_for {
        return;
    }
    let revived = async {
        if context.jobs.revive(row, now).await? {
            tracing::warn!(job.id = %row.job.id, "Sent the lost message of a job anew");
            context
                .queue
                .send(&row.job.id, row.version, Duration::ZERO)
                .await?;
        }
        Ok::<_, Error>(())
    };
    if let Err(error) = revived.await {
        tracing::warn!(job.id = %row.job.id, error = error.report(), "Could not revive a job");
    }
}
