//! `/v1/videos/{video_id}/projects` and `/v1/projects/{project_id}`.

pub(super) mod deployments;
mod edit;
mod files;
pub(crate) mod read;
mod software;
pub(super) mod view;

use http::StatusCode;
use lambda_http::{Request, RequestExt};
use serde::Serialize;

use super::{
    Answer, builds, cursor::Cursors, json, links::Links, paging, path_parameter, throttle::Caller,
};
use eventrelay_analysis::PIPELINE_VERSION;
use eventrelay_core::{answer_class::AnswerClass, error::Error, ids::JobId, video::VideoKey};
use eventrelay_project::{Project, ProjectId};
use eventrelay_store::projects::{Document, Stored};
use eventrelay_workflow::{
    build::start::{self, NewProject},
    context::Context,
};

pub use deployments::{
    create as create_deployment, get as get_deployment, list as list_deployments,
};
pub use edit::{delete, edit_plan, retry};
pub use files::{archive, file};
pub use software::create as create_software;
pub use view::get;

/// `POST /v1/videos/{video_id}/projects`: 202 with the job that generates a project.
///
/// It is generated from the analysis that `GET /v1/videos/{video_id}` shows, or from the one that
/// `variant` names.
///
/// # Errors
/// [`Error::NotFound`] where there is no analysis, [`Error::Conflict`] where its class is below the
/// one that is configured, [`Error::InvalidInput`], [`Error::Storage`].
pub async fn create(context: &Context, request: &Request) -> Answer {
    let video = video(request)?;
    let (asked, variant) = read::project(request)?;
    let wanted = variant.as_deref().unwrap_or(PIPELINE_VERSION);
    let known = context.videos.look_up(&[(&video, wanted)]).await?.pop();
    let known = known.unwrap_or_default();
    let analysis = match variant {
        None => known.shown(),
        Some(_) => known.variant.analysis,
    };
    let analysis = analysis.ok_or(Error::NotFound { what: "analysis" })?;
    is_good_enough(context, "analysis", analysis.answered_by)?;
    let now = (context.clock)();
    let new = NewProject {
        id: ProjectId::random(),
        job: JobId::random(),
        video,
        analysis,
        request: asked,
        submitted_by: Caller::new(request).key_id,
        parent: None,
        deadline: now + context.config.job_deadline,
    };
    let (_, build) = start::project(context, new, now).await?;
    builds::accepted(&build, &Links::new(request), now)
}

/// Refuses to build on what a lower class than the configured one has answered.
fn is_good_enough(
    context: &Context,
    what: &'static str,
    answered_by: AnswerClass,
) -> Result<(), Error> {
    if answered_by >= context.config.answer_class {
        return Ok(());
    }
    let made_by = match answered_by {
        AnswerClass::StandIn => "a stand-in, without an AI model",
        AnswerClass::Offline | AnswerClass::Model => "a lesser service than the configured one",
    };
    let next = match what {
        "analysis" => "Submit the video again first.",
        _ => "Submit the video again, then create a new project.",
    };
    Err(Error::Conflict {
        reason: format!("The {what} was made by {made_by}. {next}").into(),
    })
}

#[derive(Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "ProjectList")
)]
pub(in crate::api) struct Listing {
    video_id: String,
    projects: Vec<view::Brief>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    links: paging::NextLinks,
}

/// `GET /v1/videos/{video_id}/projects`: what was made of a video, latest first.
///
/// # Errors
/// [`Error::NotFound`], [`Error::InvalidInput`], [`Error::Storage`].
pub async fn list(context: &Context, request: &Request) -> Answer {
    let video = video(request)?;
    let parent = video.to_string();
    let (found, cursor) = page::<Project>(context, request, &parent).await?;
    if found.is_empty() && context.videos.entry(&video).await?.is_none() {
        return Err(Error::NotFound { what: "video" });
    }
    let links = Links::new(request);
    let projects = found.iter().map(|project| view::brief(project, &links));
    let view = Listing {
        video_id: parent,
        projects: projects.collect(),
        links: paging::NextLinks::new(request, cursor.as_deref()),
        cursor,
    };
    json(StatusCode::OK, &view)
}

/// A page of what was made of a parent, and the cursor of the next one.
async fn page<D: Document>(
    context: &Context,
    request: &Request,
    parent: &str,
) -> Result<(Vec<D>, Option<String>), Error> {
    let query = request.query_string_parameters();
    let limit = paging::limit(query.first("limit"))?;
    paging::only(&query, &["limit", "cursor"])?;
    let cursors = Cursors::new(context, format!("children {parent}"));
    let after: Option<String> = cursors.position(query.first("cursor")).await?;
    let children = context.projects.children(parent, limit, after.as_deref());
    let page = children.await?;
    Ok((page.items, cursors.text(page.next).await?))
}

fn video(request: &Request) -> Result<VideoKey, Error> {
    let parameters = request.path_parameters();
    let missing = |_| Error::NotFound { what: "video" };
    path_parameter(&parameters, "video_id")
        .parse()
        .map_err(missing)
}

/// The project that a request is about.
async fn find(context: &Context, request: &Request) -> Result<Stored<Project>, Error> {
    let missing = || Error::NotFound { what: "project" };
    let parameters = request.path_parameters();
    let id: ProjectId = path_parameter(&parameters, "project_id")
        .parse()
        .map_err(|_| missing())?;
    context.projects.project(&id).await?.ok_or_else(missing)
}

/// Strong tag of a project as it is shown: it says nothing that its row does not lead to.
fn etag(stored: &Stored<Project>) -> String {
    format!("\"{}\"", stored.version)
}
