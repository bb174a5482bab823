//! `/v1/jobs/{job_id}`.

use std::time::Duration;

use http::{StatusCode, header};
use lambda_http::{Body, Request, RequestExt, Response};
use serde::Serialize;

use super::{Answer, builds, header_value, links::Links, path_parameter};
use eventrelay_core::{
    clock::Timestamp,
    error::{Error, JobError},
    notice::Notice,
    usage::Usage,
};
use eventrelay_store::jobs::Row;
use eventrelay_workflow::{
    any::AnyRow,
    build,
    context::Context,
    engine::{self, WorkflowKind},
    job::{Job, Stage, Status},
    task::{REPAIRED, Task, Work},
};

/// A job as the API shows it.
#[derive(Debug, Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "AnalysisJob")
)]
pub(super) struct JobView {
    job_id: String,
    #[cfg_attr(feature = "contract", schemars(extend("const" = "analysis")))]
    kind: &'static str,
    video_id: String,
    status: Status,
    stage: Stage,
    progress: u8,
    created_at: String,
    updated_at: String,
    deadline_at: String,
    /// Why it waits, in a sentence for a person; absent while all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<JobError>,
    usage: Usage,
    links: JobLinks,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema), schemars(inline))]
struct JobLinks {
    #[serde(rename = "self")]
    this: String,
    job: String,
    video: String,
}

impl JobView {
    pub(super) fn new(job: &Job, links: &Links, now: Timestamp) -> Self {
        let this = links.job(&job.header.id);
        Self {
            job_id: job.header.id.to_string(),
            kind: "analysis",
            video_id: job.video.to_string(),
            status: job.state.status(),
            stage: job.state.stage(),
            progress: job.progress(),
            created_at: job.header.created_at.rfc3339(),
            updated_at: job.header.updated_at.rfc3339(),
            deadline_at: job.header.deadline.rfc3339(),
            notice: notice(
                job.header.notice.as_ref(),
                job.state.is_terminal(),
                job.header.due_at,
                now,
            ),
            error: match &job.state {
                eventrelay_workflow::job::State::Failed { error, .. } => Some(error.clone()),
                _ => None,
            },
            usage: job.header.usage,
            links: JobLinks {
                job: this.clone(),
                this,
                video: links.video(&job.video, Some(&job.variant())),
            },
        }
    }
}

/// Why a job waits. What is cleaned up behind its end does not concern its caller.
pub(super) fn notice(
    notice: Option<&Notice>,
    has_ended: bool,
    due_at: Timestamp,
    now: Timestamp,
) -> Option<String> {
    let notice = notice.filter(|_| !has_ended);
    notice.map(|notice| notice.sentence(due_at, now))
}

/// Returns the suggested polling delay in seconds: until the job is due, but at least one.
fn ask_again(job: &Job, now: Timestamp) -> u64 {
    now.until(job.header.due_at).as_secs().clamp(1, 30)
}

/// A job that is on its way: 202 with where to ask and when.
pub(super) fn accepted(job: &Job, links: &Links, now: Timestamp) -> Answer {
    let mut response = super::json(StatusCode::ACCEPTED, &JobView::new(job, links, now))?;
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, header_value(&links.job(&job.header.id))?);
    headers.insert(header::RETRY_AFTER, ask_again(job, now).into());
    Ok(response)
}

fn shown(job: &Job, links: &Links, now: Timestamp) -> Result<Response<Body>, Error> {
    let mut response = super::json(StatusCode::OK, &JobView::new(job, links, now))?;
    if !job.state.is_terminal() {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, ask_again(job, now).into());
    }
    Ok(response)
}

/// Progress of a playlist: how many of its videos were found, and what came of these.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub(super) struct PlaylistCounts {
    playlist_id: String,
    #[cfg_attr(feature = "contract", schemars(range(min = 0)))]
    found: i64,
    #[cfg_attr(feature = "contract", schemars(range(min = 0)))]
    cached: i64,
    #[cfg_attr(feature = "contract", schemars(range(min = 0)))]
    queued: i64,
    #[cfg_attr(feature = "contract", schemars(range(min = 0)))]
    joined: i64,
    #[cfg_attr(feature = "contract", schemars(range(min = 0)))]
    refused: i64,
    #[cfg_attr(feature = "contract", schemars(range(min = 0)))]
    unavailable: i64,
}

/// Progress of a deletion: how many videos are deleted.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub(super) struct DeletionCounts {
    deleted: u64,
}

/// Progress of a recount: how many videos are counted, and how many of them were repaired in the
/// listing or the search.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub(super) struct RecountCounts {
    #[cfg_attr(feature = "contract", schemars(range(min = 0)))]
    videos: i64,
    #[cfg_attr(feature = "contract", schemars(range(min = 0)))]
    repaired: i64,
}

/// Counts of a task, by its kind.
#[derive(Debug, Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "TaskCounts")
)]
#[serde(untagged)]
enum Counted {
    Deletion(DeletionCounts),
    Playlist(PlaylistCounts),
    Recount(RecountCounts),
}

/// A task as the API shows it.
#[derive(Debug, Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "TaskJob")
)]
pub(super) struct TaskView<'a> {
    job_id: String,
    #[cfg_attr(feature = "contract", schemars(extend("enum" = ["delete_videos", "playlist", "recount"])))]
    kind: &'static str,
    status: Status,
    #[cfg_attr(feature = "contract", schemars(extend("enum" = ["submitted", "deleting", "submitting", "counting", "done", "failed", "cancelled"])))]
    stage: &'static str,
    progress: u8,
    created_at: String,
    updated_at: String,
    deadline_at: String,
    /// Why it waits, in a sentence for a person; absent while all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a JobError>,
    /// Progress of the job.
    done: Counted,
    links: TaskLinks,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema), schemars(inline))]
struct TaskLinks {
    #[serde(rename = "self")]
    this: String,
    job: String,
}

fn task_view<'a>(task: &'a Task, links: &Links, now: Timestamp) -> TaskView<'a> {
    let (kind, done) = match &task.work {
        Work::DeleteVideos { deleted } => (
            "delete_videos",
            Counted::Deletion(DeletionCounts { deleted: *deleted }),
        ),
        Work::Playlist {
            playlist, counts, ..
        } => (
            "playlist",
            Counted::Playlist(PlaylistCounts {
                playlist_id: playlist.to_string(),
                found: counts.get("found"),
                cached: counts.get("cached"),
                queued: counts.get("queued"),
                joined: counts.get("joined"),
                refused: counts.get("refused"),
                unavailable: counts.get("unavailable"),
            }),
        ),
        Work::Recount { counts, .. } => {
            let videos = counts.with_prefix("status_").map(|(_, count)| count).sum();
            let repaired = counts.get(REPAIRED);
            (
                "recount",
                Counted::Recount(RecountCounts { videos, repaired }),
            )
        }
    };
    let this = links.job(&task.header.id);
    TaskView {
        job_id: task.header.id.to_string(),
        kind,
        status: task.status,
        stage: task.stage_name(),
        // How many videos there are is not known before the last of them.
        progress: if task.status == Status::Done { 100 } else { 0 },
        created_at: task.header.created_at.rfc3339(),
        updated_at: task.header.updated_at.rfc3339(),
        deadline_at: task.header.deadline.rfc3339(),
        notice: notice(
            task.header.notice.as_ref(),
            task.has_ended(),
            task.header.due_at,
            now,
        ),
        error: task.error.as_ref(),
        done,
        links: TaskLinks {
            job: this.clone(),
            this,
        },
    }
}

fn task_shown(
    status: StatusCode,
    task: &Task,
    links: &Links,
    now: Timestamp,
) -> Result<Response<Body>, Error> {
    let mut response = super::json(status, &task_view(task, links, now))?;
    if !task.has_ended() {
        response.headers_mut().insert(header::RETRY_AFTER, 2.into());
    }
    Ok(response)
}

/// Writes a task down, sends its first message and says so: 202 with where to ask and when.
pub(super) async fn start_task(context: &Context, request: &Request, work: Work) -> Answer {
    let now = (context.clock)();
    let task = Task::new(work, now + context.config.job_deadline, now);
    context.jobs.create(&task).await?;
    context
        .tasks_queue
        .send(&task.header.id, 0, Duration::ZERO)
        .await?;
    let links = Links::new(request);
    let mut response = task_shown(StatusCode::ACCEPTED, &task, &links, now)?;
    response
        .headers_mut()
        .insert(header::LOCATION, header_value(&links.job(&task.header.id))?);
    Ok(response)
}

/// `GET`: where a job or a task stands.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Storage`].
pub async fn get(context: &Context, request: &Request) -> Answer {
    let now = (context.clock)();
    let links = Links::new(request);
    match find(context, request).await? {
        AnyRow::Job(row) => {
            engine::requeue_if_lost(context, &row, now).await;
            shown(&row.job, &links, now)
        }
        AnyRow::Build(row) => {
            engine::requeue_if_lost(context, &row, now).await;
            let parts = builds::parts(context, &row.job, now).await?;
            builds::shown(&row.job, parts, &links, now)
        }
        AnyRow::Task(row) => {
            engine::requeue_if_lost(context, &row, now).await;
            task_shown(StatusCode::OK, &row.job, &links, now)
        }
    }
}

/// `DELETE`: cancels a job. A job that has ended stays as it is, and is shown. Pages that a task
/// has finished are not undone.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Conflict`], [`Error::Storage`].
pub async fn cancel(context: &Context, request: &Request) -> Answer {
    let links = Links::new(request);
    let now = (context.clock)();
    match find(context, request).await? {
        AnyRow::Job(row) => shown(&cancelled(context, *row, now).await?, &links, now),
        AnyRow::Build(row) => {
            let build = cancelled(context, *row, now).await?;
            builds::shown(&build, builds::Parts::default(), &links, now)
        }
        AnyRow::Task(row) => {
            let task = cancelled(context, *row, now).await?;
            task_shown(StatusCode::OK, &task, &links, now)
        }
    }
}

/// Cancels a workflow; returns it as it is if it had ended.
async fn cancelled<R: WorkflowKind>(
    context: &Context,
    row: Row<R>,
    now: Timestamp,
) -> Result<R, Error> {
    let cancelled = engine::preempt(context, &row.job.header().id, engine::cancelled, now).await?;
    Ok(cancelled.unwrap_or(row.job))
}

async fn find(context: &Context, request: &Request) -> Result<AnyRow, Error> {
    let missing = || Error::NotFound { what: "job" };
    let parameters = request.path_parameters();
    let id = path_parameter(&parameters, "job_id")
        .parse()
        .map_err(|_| missing())?;
    match AnyRow::find(&context.jobs, &id)
        .await?
        .ok_or_else(missing)?
    {
        // The workflow of a file is internal to its project.
        AnyRow::Build(row) if matches!(row.job.work, build::Work::File(_)) => Err(missing()),
        row => Ok(row),
    }
}
