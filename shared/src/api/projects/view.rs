//! `GET /v1/projects/{project_id}`.

use futures_util::future::try_join3;
use http::{StatusCode, header};
use lambda_http::{Body, Request, Response};
use serde::Serialize;

use super::{
    super::{Answer, header_value, links::Links, negotiate},
    etag, find,
};
use eventrelay_core::{
    answer_class::AnswerClass,
    error::{Error, JobError},
    usage::Usage,
};
use eventrelay_project::{
    Framework, Language, Project, ProjectStatus, ProjectType, Report,
    package::{Manifest, ManifestEntry},
    plan::{Dependency, Plan, PlannedFile},
    templates::{self, Commands},
};
use eventrelay_store::project_blobs::Kind;
use eventrelay_workflow::context::Context;

/// A project in a list.
#[derive(Debug, Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "ProjectSummary")
)]
pub(super) struct Brief {
    project_id: String,
    video_id: String,
    status: ProjectStatus,
    title: String,
    project_type: ProjectType,
    framework: Framework,
    language: Language,
    answered_by: AnswerClass,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    created_at: String,
    updated_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<JobError>,
    links: ProjectLinks,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema), schemars(inline))]
struct ProjectLinks {
    #[serde(rename = "self")]
    this: String,
    job: String,
    video: String,
    deployments: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    archive: Option<String>,
}

/// View of a project in responses.
#[derive(Debug, Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "Project")
)]
pub(in crate::api) struct Whole {
    #[serde(flatten)]
    brief: Brief,
    features: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<String>,
    plan: Option<PlanView>,
    manifest: Option<ManifestView>,
    validation: Option<Report>,
    usage: Usage,
}

#[derive(Debug, Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "ProjectPlan")
)]
struct PlanView {
    title: String,
    summary: String,
    name: String,
    files: Vec<PlannedFile>,
    dependencies: Vec<Dependency>,
    made_elsewhere: &'static [&'static str],
    commands: Commands,
}

#[derive(Debug, Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "ProjectManifest")
)]
struct ManifestView {
    sha256: String,
    bytes: usize,
    files: Vec<FileView>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "ProjectFile")
)]
struct FileView {
    #[serde(flatten)]
    entry: ManifestEntry,
    link: String,
}

pub(super) fn brief(project: &Project, links: &Links) -> Brief {
    let this = links.project(&project.id);
    let made = project.made.as_ref();
    Brief {
        project_id: project.id.to_string(),
        video_id: project.video.to_string(),
        status: project.status,
        title: project.title.clone(),
        project_type: project.request.project_type,
        framework: project.request.framework,
        language: project.request.framework.language(),
        answered_by: project.answered_by,
        files: made.map(|made| made.files),
        bytes: made.map(|made| made.bytes),
        created_at: project.created_at.rfc3339(),
        updated_at: project.updated_at.rfc3339(),
        error: project.error.clone(),
        links: ProjectLinks {
            job: links.job(&project.job),
            video: links.video(&project.video, project.variant.as_deref()),
            deployments: format!("{this}/deployments"),
            archive: made.map(|_| format!("{this}/archive")),
            this,
        },
    }
}

/// `GET`: the plan, the files, what validation says of them, and what it took, as far as there is
/// any of it.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Storage`].
pub async fn get(context: &Context, request: &Request) -> Answer {
    let stored = find(context, request).await?;
    let tag = etag(&stored);
    let response = || {
        Response::builder()
            .header(header::ETAG, &tag)
            .header(header::CACHE_CONTROL, "private, no-cache")
    };
    if negotiate::has(request.headers(), &tag) {
        let unchanged = response().status(StatusCode::NOT_MODIFIED);
        return unchanged.body(Body::Empty).map_err(Error::internal);
    }
    let links = Links::new(request);
    let view = whole(context, &stored.doc, &links).await?;
    let text = serde_json::to_string(&view).map_err(Error::internal)?;
    response()
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::Text(text))
        .map_err(Error::internal)
}

/// Responds with a project to the caller that has changed it.
pub(super) async fn shown(
    context: &Context,
    project: &Project,
    tag: &str,
    links: &Links,
) -> Answer {
    let view = whole(context, project, links).await?;
    let mut response = super::super::json(StatusCode::OK, &view)?;
    response
        .headers_mut()
        .insert(header::ETAG, header_value(tag)?);
    Ok(response)
}

/// Returns the findings of the validation of all files.
pub(super) async fn validation(
    context: &Context,
    project: &Project,
) -> Result<Option<Report>, Error> {
    match &project.report {
        Some(etag) => {
            let report = context.blobs.document(&project.id, Kind::Report, etag);
            report.await.map(Some)
        }
        None => Ok(None),
    }
}

async fn whole(context: &Context, project: &Project, links: &Links) -> Result<Whole, Error> {
    let (blobs, id) = (&context.blobs, &project.id);
    let plan = async {
        match &project.plan {
            Some(etag) => blobs.document::<Plan>(id, Kind::Plan, etag).await.map(Some),
            None => Ok(None),
        }
    };
    let manifest = async {
        match &project.made {
            Some(made) => {
                let manifest = blobs.document::<Manifest>(id, Kind::Manifest, &made.manifest);
                manifest.await.map(Some)
            }
            None => Ok(None),
        }
    };
    let validation = validation(context, project);
    let read = try_join3(Box::pin(plan), Box::pin(manifest), Box::pin(validation));
    let (plan, manifest, validation) = read.await?;
    let framework = project.request.framework;
    Ok(Whole {
        brief: brief(project, links),
        features: project.request.features.clone(),
        instructions: project.request.instructions.clone(),
        plan: plan.map(|plan| PlanView {
            title: plan.title,
            summary: plan.summary,
            name: plan.name,
            files: plan.files,
            dependencies: plan.dependencies,
            made_elsewhere: templates::paths(framework),
            commands: templates::commands(framework),
        }),
        manifest: manifest.map(|manifest| ManifestView {
            sha256: manifest.sha256(),
            bytes: manifest.bytes(),
            files: manifest
                .files
                .into_iter()
                .map(|entry| FileView {
                    link: links.project_file(id, &entry.path),
                    entry,
                })
                .collect(),
        }),
        validation,
        usage: project.usage,
    })
}
