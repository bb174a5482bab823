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

/// Deployments of a project that are looked at for its repository.
pub(super) const LOOKED_BACK: u16 = 20;

/// A project that is to be made.
#[derive(Clone, Debug)]
pub struct NewProject {
    /// What it will be called.
    pub id: ProjectId,
    /// What its build will be called.
    pub job: JobId,
    pub video: VideoKey,
    pub analysis: StoredAnalysis,
    /// How it was asked for.
    pub request: ProjectRequest,
    /// On behalf of which API key.
    pub submitted_by: Option<String>,
    /// The build that waits for it.
    pub parent: Option<JobId>,
    /// When it fails if it has not ended before.
    pub deadline: Timestamp,
}

/// Writes a project and its build down and sends the build's message. Doing it twice does it once.
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

/// Starts another build of a project that was read as `version`, for an API key. Returns `None` if
/// another request was faster.
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

/// A deployment that is to be made.
#[derive(Clone, Debug)]
pub struct NewDeployment {
    /// What it will be called.
    pub id: DeploymentId,
    /// What its build will be called.
    pub job: JobId,
    /// How it was asked for.
    pub request: DeploymentRequest,
    /// On behalf of which API key.
    pub submitted_by: Option<String>,
    /// The build that waits for it.
    pub parent: Option<JobId>,
    /// When it fails if it has not ended before.
    pub deadline: Timestamp,
}

/// Writes a deployment and its build down and sends the build's message. Doing it twice does it
/// once.
///
/// # Errors
/// [`Error::Conflict`] where the project has no files yet, or the target does not take it;
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

/// Entity tag of the manifest of a project that a target takes.
///
/// # Errors
/// [`Error::Conflict`] where it has no files yet, [`Error::InvalidInput`] where the target does not
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

/// The repository that an earlier deployment of the project has made or found, if the new one does
/// not ask for another one.
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
