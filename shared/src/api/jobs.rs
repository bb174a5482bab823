//! `/v1/jobs/{job_id}`.

use std::time::Duration;

use http::{StatusCode, header};
use lambda_http::{Body, Request, RequestExt, Response};
use serde::Serialize;

use super::{Answer, builds, header_value, links::Links, path_parameter};
use crate::{
    analysis::Usage,
    build,
    clock::Timestamp,
    context::Context,
    error::Error,
    job::{Job, JobError, Notice, Stage, Status, machine, revival},
    store::jobs::{AnyRow, JobRow},
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
    pub(super) fn of(job: &Job, links: &Links, now: Timestamp) -> Self {
        let this = links.job(&job.id);
        Self {
            job_id: job.id.to_string(),
            kind: "analysis",
            video_id: job.video.to_string(),
            status: job.state.status(),
            stage: job.state.stage(),
            progress: job.progress(),
            created_at: job.created_at.rfc3339(),
            updated_at: job.updated_at.rfc3339(),
            deadline_at: job.deadline.rfc3339(),
            notice: notice(
                job.notice.as_ref(),
                job.state.is_terminal(),
                job.due_at,
                now,
            ),
            error: match &job.state {
                crate::job::State::Failed { error, .. } => Some(error.clone()),
                _ => None,
            },
            usage: job.usage,
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

/// When it is worth to ask again: when something is due, but not within the second.
fn ask_again(job: &Job, now: Timestamp) -> u64 {
    now.until(job.due_at).as_secs().clamp(1, 30)
}

/// A job that is on its way: 202 with where to ask and when.
pub(super) fn accepted(job: &Job, links: &Links, now: Timestamp) -> Answer {
    let mut response = super::json(StatusCode::ACCEPTED, &JobView::of(job, links, now))?;
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, header_value(&links.job(&job.id))?);
    headers.insert(header::RETRY_AFTER, ask_again(job, now).into());
    Ok(response)
}

fn shown(job: &Job, links: &Links, now: Timestamp) -> Result<Response<Body>, Error> {
    let mut response = super::json(StatusCode::OK, &JobView::of(job, links, now))?;
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
    /// What was done so far.
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

/// Stage of a task, which has one step that repeats.
const fn task_stage(task: &Task) -> &'static str {
    match (task.status, &task.work) {
        (Status::Queued, _) => "submitted",
        (Status::Running, Work::DeleteVideos { .. }) => "deleting",
        (Status::Running, Work::Playlist { .. }) => "submitting",
        (Status::Running, Work::Recount { .. }) => "counting",
        (Status::Done, _) => "done",
        (Status::Failed, _) => "failed",
        (Status::Cancelled, _) => "cancelled",
    }
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
            let videos = counts.of("status_").map(|(_, count)| count).sum();
            let repaired = counts.get(REPAIRED);
            (
                "recount",
                Counted::Recount(RecountCounts { videos, repaired }),
            )
        }
    };
    let this = links.job(&task.id);
    TaskView {
        job_id: task.id.to_string(),
        kind,
        status: task.status,
        stage: task_stage(task),
        // How many videos there are is not known before the last of them.
        progress: if task.status == Status::Done { 100 } else { 0 },
        created_at: task.created_at.rfc3339(),
        updated_at: task.updated_at.rfc3339(),
        deadline_at: task.deadline.rfc3339(),
        notice: notice(task.notice.as_ref(), task.has_ended(), task.due_at, now),
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
    context.jobs.create_task(&task).await?;
    context
        .tasks_queue
        .send(&task.id, 0, Duration::ZERO)
        .await?;
    let links = Links::of(request);
    let mut response = task_shown(StatusCode::ACCEPTED, &task, &links, now)?;
    response
        .headers_mut()
        .insert(header::LOCATION, header_value(&links.job(&task.id))?);
    Ok(response)
}

/// `GET`: where a job or a task stands.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Storage`].
pub async fn get(context: &Context, request: &Request) -> Answer {
    let now = (context.clock)();
    let links = Links::of(request);
    match find(context, request).await? {
        AnyRow::Job(row) => {
            revival::revive_if_lost(&context.jobs, &context.queue, &row, now).await;
            shown(&row.job, &links, now)
        }
        AnyRow::Build(row) => {
            revival::revive_if_lost(&context.jobs, &context.builds_queue, &row, now).await;
            let parts = builds::parts(context, &row.job, now).await?;
            builds::shown(&row.job, parts, &links, now)
        }
        AnyRow::Task(task, version) => {
            revival::revive_task_if_lost(&context.jobs, &context.tasks_queue, &task, version, now)
                .await;
            task_shown(StatusCode::OK, &task, &links, now)
        }
    }
}

/// `DELETE`: gives a job or a task up. What has ended stays as it is, and is shown; what a task
/// has done stays done.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Storage`].
pub async fn cancel(context: &Context, request: &Request) -> Answer {
    let links = Links::of(request);
    let now = (context.clock)();
    // The job may take a step between the read and the write; it takes few of them.
    for _ in 0..8 {
        match find(context, request).await? {
            AnyRow::Job(row) => {
                let JobRow { job, version, .. } = *row;
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
            AnyRow::Build(row) => {
                let cancel = build::machine::cancel;
                let cancelled = build::start::overrule(context, &row.job.id, cancel, now).await?;
                let build = cancelled.as_ref().unwrap_or(&row.job);
                return builds::shown(build, builds::Parts::default(), &links, now);
            }
            AnyRow::Task(mut task, version) => {
                if task.has_ended() {
                    return task_shown(StatusCode::OK, &task, &links, now);
                }
                (task.status, task.updated_at) = (Status::Cancelled, now);
                if context.jobs.save_task(&task, version).await? {
                    return task_shown(StatusCode::OK, &task, &links, now);
                }
            }
        }
    }
    Err(Error::Conflict {
        reason: "The job is changing; try again.".into(),
    })
}

async fn find(context: &Context, request: &Request) -> Result<AnyRow, Error> {
    let missing = || Error::NotFound { what: "job" };
    let parameters = request.path_parameters();
    let id = path_parameter(&parameters, "job_id")
        .parse()
        .map_err(|_| missing())?;
    match context.jobs.any(&id).await?.ok_or_else(missing)? {
        // A part of a project's build is nobody's business.
        AnyRow::Build(row) if matches!(row.job.work, build::Work::File(_)) => Err(missing()),
        row => Ok(row),
    }
}
