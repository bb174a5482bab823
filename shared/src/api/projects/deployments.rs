//! `/v1/projects/{project_id}/deployments` and `/v1/deployments/{deployment_id}`.

use futures_util::future::try_join;
use http::StatusCode;
use lambda_http::{Request, RequestExt};
use serde::Serialize;

use super::{
    super::{Answer, builds, json, links::Links, paging, path_parameter, throttle::Caller},
    find, page, read,
    view::validation,
};
use eventrelay_core::{
    error::{Error, JobError},
    ids::JobId,
};
use eventrelay_project::{
    Deployment, DeploymentId, DeploymentRequest, DeploymentResult, DeploymentStatus, Project,
    ProjectFile, Report,
    deploy::{DryRun, Target, Where, dry_run, host_name},
    plan::slug,
};
use eventrelay_workflow::{
    build::{
        Build, Work,
        start::{self, NewDeployment, deployable},
    },
    context::Context,
};

#[derive(Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "Deployment")
)]
pub(in crate::api) struct View {
    deployment_id: String,
    project_id: String,
    target: Target,
    status: DeploymentStatus,
    #[cfg_attr(feature = "contract", schemars(extend("enum" = ["waiting", "creating", "sending", "comparing", "proposing", "publishing", "building", "done", "skipped", "failed", "cancelled"])))]
    stage: &'static str,
    #[serde(flatten)]
    result: DeploymentResult,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<JobError>,
    created_at: String,
    updated_at: String,
    links: ViewLinks,
}

#[derive(Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema), schemars(inline))]
struct ViewLinks {
    #[serde(rename = "self")]
    this: String,
    job: String,
    project: String,
}

fn view(deployment: Deployment, build: Option<&Build>, links: &Links) -> View {
    let is_running = deployment.status == DeploymentStatus::Running;
    let at_work = match build.map(|build| &build.work) {
        Some(Work::Deployment(work)) if is_running => Some(work.result.clone()),
        _ => None,
    };
    let ended = match deployment.status {
        DeploymentStatus::Running => "waiting",
        DeploymentStatus::Done => "done",
        DeploymentStatus::Skipped => "skipped",
        DeploymentStatus::Failed => "failed",
        DeploymentStatus::Cancelled => "cancelled",
    };
    View {
        stage: match build {
            Some(build) if is_running => build.stage(),
            _ => ended,
        },
        links: ViewLinks {
            this: links.deployment(&deployment.id),
            job: links.job(&deployment.job),
            project: links.project(&deployment.project),
        },
        deployment_id: deployment.id.to_string(),
        project_id: deployment.project.to_string(),
        target: deployment.request.target,
        status: deployment.status,
        result: at_work.unwrap_or(deployment.result),
        error: deployment.error,
        created_at: deployment.created_at.rfc3339(),
        updated_at: deployment.updated_at.rfc3339(),
    }
}

/// `POST`: 202 with the job that deploys a project to a target, or 200 with the changes of a dry
/// run.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Conflict`] where there are no files, [`Error::InvalidInput`],
/// [`Error::Storage`].
pub async fn create(context: &Context, request: &Request) -> Answer {
    let (asked, is_dry) = read::deployment(request)?;
    let project = find(context, request).await?.doc;
    let manifest = deployable(&project, asked.target)?;
    if is_dry {
        let archive = project.made.as_ref().map(|made| made.archive.as_str());
        let (files, validation) = try_join(
            Box::pin(context.blobs.files(&project.id, manifest, archive)),
            Box::pin(validation(context, &project)),
        )
        .await?;
        return json(StatusCode::OK, &told(&project, &asked, &files, validation)?);
    }
    let now = (context.clock)();
    let new = NewDeployment {
        id: DeploymentId::random(),
        job: JobId::random(),
        request: asked,
        submitted_by: Caller::new(request).key_id,
        parent: None,
        deadline: now + context.config.job_deadline,
    };
    let (_, build) = start::deployment(context, &project, new, now).await?;
    builds::accepted(&build, &Links::new(request), now)
}

#[derive(Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "DryRun")
)]
pub(in crate::api) struct Dry {
    dry_run: bool,
    #[serde(flatten)]
    told: DryRun,
    #[serde(skip_serializing_if = "Option::is_none")]
    validation: Option<Report>,
}

fn told(
    project: &Project,
    asked: &DeploymentRequest,
    files: &[ProjectFile],
    validation: Option<Report>,
) -> Result<Dry, Error> {
    let name = slug(&project.title);
    let repository = match &asked.repository {
        Some(name) => name.clone(),
        None => name.parse().map_err(Error::internal)?,
    };
    let to = Where {
        target: asked.target,
        owner: asked.owner.as_ref(),
        repository: &repository,
        host: &host_name(&name, &project.id),
    };
    Ok(Dry {
        dry_run: true,
        told: dry_run(to, files),
        validation,
    })
}

#[derive(Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "DeploymentList")
)]
pub(in crate::api) struct Listing {
    project_id: String,
    deployments: Vec<View>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    links: paging::NextLinks,
}

/// `GET`: the deployments of a project, latest first.
///
/// # Errors
/// [`Error::NotFound`], [`Error::InvalidInput`], [`Error::Storage`].
pub async fn list(context: &Context, request: &Request) -> Answer {
    let project = find(context, request).await?.doc;
    let parent = project.id.to_string();
    let (found, cursor) = page::<Deployment>(context, request, &parent).await?;
    let links = Links::new(request);
    let deployments = found.into_iter().map(|one| view(one, None, &links));
    let view = Listing {
        project_id: parent,
        deployments: deployments.collect(),
        links: paging::NextLinks::new(request, cursor.as_deref()),
        cursor,
    };
    json(StatusCode::OK, &view)
}

/// `GET /v1/deployments/{deployment_id}`.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Storage`].
pub async fn get(context: &Context, request: &Request) -> Answer {
    let missing = || Error::NotFound { what: "deployment" };
    let parameters = request.path_parameters();
    let id: DeploymentId = path_parameter(&parameters, "deployment_id")
        .parse()
        .map_err(|_| missing())?;
    let stored = context.projects.deployment(&id).await?;
    let deployment = stored.ok_or_else(missing)?.doc;
    let row = match deployment.status {
        DeploymentStatus::Running => context.jobs.get::<Build>(&deployment.job).await?,
        _ => None,
    };
    let build = row.map(|row| row.job);
    let view = view(deployment, build.as_ref(), &Links::new(request));
    json(StatusCode::OK, &view)
}
