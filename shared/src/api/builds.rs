//! Builds as `/v1/jobs/{job_id}` shows them.

use eventrelay_workflow::engine::WorkflowKind;
use http::{StatusCode, header};
use lambda_http::{Body, Response};
use serde::Serialize;

use super::{Answer, header_value, jobs, json, links::Links};
use eventrelay_core::{
    clock::Timestamp,
    error::{Error, JobError},
    ids::JobId,
    usage::Usage,
};
use eventrelay_store::jobs::{Row, WorkflowRecord};
use eventrelay_workflow::{
    build::{self, Build, Work, project, software},
    context::Context,
    job::{Job, Status},
};

/// A build as the API shows it.
#[derive(Debug, Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "BuildJob")
)]
pub(super) struct BuildView<'a> {
    job_id: String,
    #[cfg_attr(feature = "contract", schemars(extend("enum" = ["project", "deployment", "software"])))]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    video_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deployment_id: Option<String>,
    status: Status,
    #[cfg_attr(feature = "contract", schemars(extend("enum" = ["planning", "writing", "checking", "packaging", "waiting", "creating", "sending", "comparing", "proposing", "publishing", "building", "analysing", "deploying", "done", "skipped", "failed", "cancelled"])))]
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
    /// Number of files written and planned; absent unless files are being written.
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<FilesView>,
    /// One after the other, of work that has several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stages: Vec<StageView>,
    usage: Usage,
    links: BuildLinks,
}

/// Files while they are written.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "FilesWritten")
)]
pub(super) struct FilesView {
    written: usize,
    total: usize,
}

#[derive(Debug, Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "SoftwareStage")
)]
struct StageView {
    #[cfg_attr(feature = "contract", schemars(extend("enum" = ["analysing", "building", "deploying"])))]
    stage: &'static str,
    #[cfg_attr(feature = "contract", schemars(extend("enum" = ["waiting", "running", "done", "skipped", "failed", "cancelled"])))]
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<String>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema), schemars(inline))]
struct BuildLinks {
    #[serde(rename = "self")]
    this: String,
    job: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    video: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deployment: Option<String>,
}

impl<'a> BuildView<'a> {
    fn new(build: &'a Build, parts: Parts, links: &Links, now: Timestamp) -> Self {
        let this = links.job(&build.header.id);
        let (video, project, deployment) = match &build.work {
            Work::Project(work) => (None, Some(&work.project), None),
            Work::File(work) => (None, Some(&work.project), None),
            Work::Deployment(work) => (None, Some(&work.project), Some(&work.deployment)),
            Work::Software(work) => (
                Some(&work.video),
                work.project.as_ref(),
                work.deployment.as_ref(),
            ),
        };
        let variant = match &build.work {
            Work::Software(work) => Some(work.request.variant()),
            _ => None,
        };
        Self {
            job_id: build.header.id.to_string(),
            kind: build.kind(),
            video_id: video.map(ToString::to_string),
            project_id: project.map(ToString::to_string),
            deployment_id: deployment.map(ToString::to_string),
            status: build.status(),
            stage: build.stage(),
            progress: progress(build, parts.files),
            created_at: build.header.created_at.rfc3339(),
            updated_at: build.header.updated_at.rfc3339(),
            deadline_at: build.header.deadline.rfc3339(),
            notice: parts.notice.or_else(|| {
                let has_ended = build.end.is_some();
                jobs::notice(
                    build.header.notice.as_ref(),
                    has_ended,
                    build.header.due_at,
                    now,
                )
            }),
            error: build.error().filter(|_| build.status() == Status::Failed),
            files: parts.files,
            stages: stages(build, links),
            usage: build.header.usage,
            links: BuildLinks {
                job: this.clone(),
                this,
                video: video.map(|id| links.video(id, variant.as_deref())),
                project: project.map(|id| links.project(id)),
                deployment: deployment.map(|id| links.deployment(id)),
            },
        }
    }
}

/// Progress of the build, of which the files are the largest part.
fn progress(build: &Build, files: Option<FilesView>) -> u8 {
    match files {
        Some(FilesView { written, total }) if total > 0 => {
            let part = 50 * written.min(total) / total;
            30 + u8::try_from(part).unwrap_or(50)
        }
        _ => build.progress(),
    }
}

fn stages(build: &Build, links: &Links) -> Vec<StageView> {
    let Work::Software(work) = &build.work else {
        return Vec::new();
    };
    let at = match work.stage {
        software::Stage::Submitting | software::Stage::Analysing { .. } => 0,
        software::Stage::Beginning | software::Stage::Building { .. } => 1,
        software::Stage::Sending | software::Stage::Deploying { .. } => 2,
    };
    let present = match build.status() {
        Status::Queued | Status::Running => "running",
        _ => build.stage(),
    };
    let begun = [
        work.analysis_job.clone(),
        work.project
            .as_ref()
            .map(|_| software::project_job(&build.header.id)),
        work.deployment
            .as_ref()
            .map(|_| software::deployment_job(&build.header.id)),
    ];
    ["analysing", "building", "deploying"]
        .into_iter()
        .zip(begun)
        .enumerate()
        .map(|(number, (stage, job))| StageView {
            stage,
            status: match number.cmp(&at) {
                std::cmp::Ordering::Less => "done",
                std::cmp::Ordering::Equal => present,
                std::cmp::Ordering::Greater => "waiting",
            },
            job: job.map(|id| links.job(&id)),
        })
        .collect()
}

/// Progress of the builds that a build waits for, and the reasons why they wait.
#[derive(Debug, Default)]
pub(super) struct Parts {
    files: Option<FilesView>,
    notice: Option<String>,
}

/// The parts of a build; nothing for one that waits for no other.
pub(super) async fn parts(
    context: &Context,
    build: &Build,
    now: Timestamp,
) -> Result<Parts, Error> {
    if build.end.is_some() {
        return Ok(Parts::default());
    }
    match &build.work {
        Work::Project(work) => match &work.stage {
            project::Stage::Writing { round, files } => {
                let join = context.jobs.join(&build.header.id, *round).await?;
                let total = work.drafts.len();
                let pending = join.as_ref().map_or(files.len(), |join| join.pending.len());
                let written = join.as_ref().and_then(|join| {
                    let mut pending = join.pending.iter();
                    pending.find(|number| !join.waiting.contains_key(number))
                });
                let notice = match written {
                    Some(number) => {
                        let id = build::calls::part_id(&build.header.id, *round, *number);
                        notice_of::<Build>(context, &id, now).await?
                    }
                    None => None,
                };
                Ok(Parts {
                    files: Some(FilesView {
                        written: total.saturating_sub(pending),
                        total,
                    }),
                    notice,
                })
            }
            _ => Ok(Parts::default()),
        },
        Work::Software(work) => {
            let notice = match (&work.stage, &work.analysis_job) {
                (software::Stage::Analysing { .. }, Some(id)) => {
                    notice_of::<Job>(context, id, now).await?
                }
                (software::Stage::Building { job } | software::Stage::Deploying { job }, _) => {
                    notice_of::<Build>(context, job, now).await?
                }
                _ => None,
            };
            Ok(Parts {
                files: None,
                notice,
            })
        }
        Work::File(_) | Work::Deployment(_) => Ok(Parts::default()),
    }
}

/// Returns why the workflow with this id waits.
async fn notice_of<R: WorkflowRecord>(
    context: &Context,
    id: &JobId,
    now: Timestamp,
) -> Result<Option<String>, Error> {
    let row = context.jobs.get::<R>(id).await?;
    Ok(row.and_then(|Row { job, .. }| {
        jobs::notice(
            job.header().notice.as_ref(),
            job.is_terminal(),
            job.header().due_at,
            now,
        )
    }))
}

/// Returns the suggested polling delay in seconds.
fn ask_again(build: &Build, now: Timestamp) -> u64 {
    match &build.work {
        // The end of a child workflow wakes it long before it is due.
        Work::Project(_) | Work::Software(_) => 2,
        _ => now.until(build.header.due_at).as_secs().clamp(1, 15),
    }
}

/// Returns 202 with the address of the job and the polling delay.
pub(super) fn accepted(build: &Build, links: &Links, now: Timestamp) -> Answer {
    let mut response = json(
        StatusCode::ACCEPTED,
        &BuildView::new(build, Parts::default(), links, now),
    )?;
    let headers = response.headers_mut();
    headers.insert(
        header::LOCATION,
        header_value(&links.job(&build.header.id))?,
    );
    headers.insert(header::RETRY_AFTER, ask_again(build, now).into());
    Ok(response)
}

pub(super) fn shown(
    build: &Build,
    parts: Parts,
    links: &Links,
    now: Timestamp,
) -> Result<Response<Body>, Error> {
    let mut response = json(StatusCode::OK, &BuildView::new(build, parts, links, now))?;
    if matches!(build.status(), Status::Queued | Status::Running) {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, ask_again(build, now).into());
    }
    Ok(response)
}
