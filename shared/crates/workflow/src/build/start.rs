//! Starts builds.

use std::time::Duration;

use super::{
    deployment::{DeploymentWork, Stage},
    model::{Build, Work},
    project::ProjectWork,
};
use crate::context::Context;
use eventrelay_core::{clock::Timestamp, error::Error, ids::JobId, usage::Usage, video::VideoKey};
use eventrelay_project::{
    Deployment, DeploymentId, DeploymentRequest, DeploymentResult, DeploymentStatus, Project,
    ProjectId, ProjectRequest, ProjectStatus,
    deploy::{Address, Target},
};
use eventrelay_store::StoredAnalysis;

/// Maximum deployments of a project in which its repository is searched.
pub(super) const LOOKED_BACK: u16 = 20;

/// Request for a new project.
#[derive(Clone, Debug)]
pub struct NewProject {
    pub id: ProjectId,
    pub job: JobId,
    pub video: VideoKey,
    pub analysis: StoredAnalysis,
    pub request: ProjectRequest,
    /// Id of the API key.
    pub submitted_by: Option<String>,
    /// Build that waits for this one.
    pub parent: Option<JobId>,
    pub deadline: Timestamp,
}

/// Creates a project and its build, then sends the message of the build. Idempotent.
///
/// # Errors
/// [`Error::Storage`].
pub async fn project(
    context: &Context,
    new: NewProject,
    now: Timestamp,
) -> Result<(Project, Build), Error> {
    let work = ProjectWork::new(new.id.clone(), new.request.plan_only);
    let mut build = Build::new(new.job.clone(), Work::Project(work), new.deadline, now);
    build.header.submitted_by.clone_from(&new.submitted_by);
    build.parent = new.parent;
    let project = Project {
        id: new.id,
        video: new.video,
        answered_by: new.analysis.answered_by,
        analysis: new.analysis.etag,
        variant: Some(new.analysis.variant),
        request: new.request,
        status: ProjectStatus::Planning,
        job: new.job,
        title: new.analysis.title,
        plan: None,
        report: None,
        made: None,
        usage_before: Usage::default(),
        usage: Usage::default(),
        error: None,
        created_at: now,
        updated_at: now,
        submitted_by: new.submitted_by,
    };
    if !context.projects.start(&project, None, &build).await? {
        return Err(taken());
    }
    send(context, &build.header.id, 0).await?;
    Ok((project, build))
}

/// Starts another build of a project that was read as `version`. Returns `None` if another request
/// was faster.
///
/// # Errors
/// [`Error::Storage`].
pub async fn again(
    context: &Context,
    mut project: Project,
    version: u32,
    work: ProjectWork,
    submitted_by: Option<String>,
    now: Timestamp,
) -> Result<Option<(Project, Build)>, Error> {
    let id = JobId::random();
    project.status = match work.plan {
        None => ProjectStatus::Planning,
        Some(_) => ProjectStatus::Building,
    };
    (project.usage_before, project.error) = (project.usage, None);
    (project.job, project.updated_at) = (id.clone(), now);
    let deadline = now + context.config.job_deadline;
    let mut build = Build::new(id, Work::Project(work), deadline, now);
    build.header.submitted_by = submitted_by;
    let started = context.projects.start(&project, Some(version), &build);
    if !started.await? {
        return Ok(None);
    }
    send(context, &build.header.id, 0).await?;
    Ok(Some((project, build)))
}

/// Request for a new deployment.
#[derive(Clone, Debug)]
pub struct NewDeployment {
    pub id: DeploymentId,
    pub job: JobId,
    pub request: DeploymentRequest,
    /// Id of the API key.
    pub submitted_by: Option<String>,
    /// Build that waits for this one.
    pub parent: Option<JobId>,
    pub deadline: Timestamp,
}

/// Creates a deployment and its build, then sends the message of the build. Idempotent.
///
/// # Errors
/// [`Error::Conflict`] if the project has no files yet, or the target does not take it;
/// [`Error::Storage`].
pub async fn deployment(
    context: &Context,
    project: &Project,
    new: NewDeployment,
    now: Timestamp,
) -> Result<(Deployment, Build), Error> {
    let made = deployable(project, new.request.target)?;
    let known = if new.request.target.has_repository() {
        known_repository(context, project, &new.request).await?
    } else {
        None
    };
    let work = DeploymentWork {
        deployment: new.id.clone(),
        project: project.id.clone(),
        manifest: made.to_owned(),
        request: new.request.clone(),
        result: DeploymentResult::default(),
        blobs: 0,
        stage: Stage::first(new.request.target, known),
    };
    let mut build = Build::new(new.job.clone(), Work::Deployment(work), new.deadline, now);
    build.header.submitted_by = new.submitted_by;
    build.parent = new.parent;
    let deployment = Deployment {
        id: new.id,
        project: project.id.clone(),
        manifest: made.to_owned(),
        request: new.request,
        status: DeploymentStatus::Running,
        job: new.job,
        result: DeploymentResult::default(),
        error: None,
        created_at: now,
        updated_at: now,
    };
    if !context.projects.start(&deployment, None, &build).await? {
        return Err(taken());
    }
    send(context, &build.header.id, 0).await?;
    Ok((deployment, build))
}

/// Returns the entity tag of the manifest if the target accepts the project.
///
/// # Errors
/// [`Error::Conflict`] if it has no files yet, [`Error::InvalidInput`] if the target does not
/// take it.
pub fn deployable(project: &Project, target: Target) -> Result<&str, Error> {
    if !target.takes(project.request.framework) {
        return Err(Error::invalid(
            "target",
            "does not take a project of this framework",
        ));
    }
    match (&project.made, project.status) {
        (Some(made), ProjectStatus::Ready) => Ok(&made.manifest),
        _ => Err(Error::Conflict {
            reason: "The project has no files that could be deployed.".into(),
        }),
    }
}

/// Returns the repository of an earlier deployment of the project, unless the new one names
/// another.
async fn known_repository(
    context: &Context,
    project: &Project,
    request: &DeploymentRequest,
) -> Result<Option<Address>, Error> {
    let found = context
        .projects
        .children::<Deployment>(project.id.as_str(), LOOKED_BACK, None);
    let found = found.await?.items;
    let addresses = found.into_iter().filter_map(|earlier| {
        let is_there = earlier.status == DeploymentStatus::Done;
        let at = super::calls::address(earlier.result.repository.as_deref()?)?;
        is_there.then_some(at)
    });
    let is_asked = |at: &Address| {
        request
            .repository
            .as_ref()
            .is_none_or(|name| name.is_same(&at.name))
            && request
                .owner
                .as_ref()
                .is_none_or(|owner| owner.is_same(&at.owner))
    };
    let mut addresses = addresses.filter(is_asked);
    Ok(addresses.next())
}

fn taken() -> Error {
    Error::internal("a new id is taken")
}

async fn send(context: &Context, id: &JobId, step: u32) -> Result<(), Error> {
    context.builds_queue.send(id, step, Duration::ZERO).await
}
