//! Removal of a video and of everything that was made of it.

use crate::{build::Build, context::Context, engine, job::Job};
use eventrelay_core::{clock::Timestamp, error::Error, video::VideoKey};
use eventrelay_project::{Deployment, DeploymentStatus, Project};
use eventrelay_store::Page;
use eventrelay_store::project_blobs;

/// Projects or deployments per page.
const PAGE: u16 = 50;

/// Ends the jobs of a video, then removes its rows, its search rows and its blobs. Returns whether
/// anything existed. Idempotent.
///
/// Blobs go last, so that no row refers to a missing blob.
///
/// # Errors
/// [`Error::Storage`]. Some may be gone then.
pub async fn remove(context: &Context, video: &VideoKey, now: Timestamp) -> Result<bool, Error> {
    for job in context.videos.jobs_at_work(video, now).await? {
        engine::preempt(context, &job, engine::cancelled::<Job>, now).await?;
    }
    let had_projects = remove_projects(context, video, now).await?;
    // Listed before the rows go, so that blobs of a new job of the video stay.
    let blobs = context.blobs.keys_of(video).await?;
    let had_rows = context.videos.remove(video).await?;
    context.search.forget(video, None).await?;
    let had_blobs = !blobs.is_empty();
    context.blobs.delete(blobs).await?;
    Ok(had_rows || had_blobs || had_projects)
}

/// Removes all projects of a video. Returns whether any existed.
async fn remove_projects(
    context: &Context,
    video: &VideoKey,
    now: Timestamp,
) -> Result<bool, Error> {
    let parent = video.to_string();
    let mut had_projects = false;
    let mut after: Option<String> = None;
    loop {
        let children = context
            .projects
            .children::<Project>(&parent, PAGE, after.as_deref());
        let Page {
            items: projects,
            next,
        } = children.await?;
        for project in &projects {
            // The index may briefly list a removed project.
            had_projects |= context.projects.project(&project.id).await?.is_some();
            remove_project(context, project, now).await?;
        }
        match next {
            Some(next) => after = Some(next),
            None => return Ok(had_projects),
        }
    }
}

/// Ends the build of a project, then removes its row, its deployments and its blobs. Deployed sites
/// and repositories stay. Idempotent.
///
/// # Errors
/// [`Error::Storage`]. Some may be gone then.
pub async fn remove_project(
    context: &Context,
    project: &Project,
    now: Timestamp,
) -> Result<(), Error> {
    engine::preempt(context, &project.job, engine::cancelled::<Build>, now).await?;
    context.projects.delete(project.id.as_str()).await?;
    let parent = project.id.as_str();
    let mut after: Option<String> = None;
    loop {
        let children = context
            .projects
            .children::<Deployment>(parent, PAGE, after.as_deref());
        let Page {
            items: deployments,
            next,
        } = children.await?;
        for deployment in deployments {
            if deployment.status == DeploymentStatus::Running {
                engine::preempt(context, &deployment.job, engine::cancelled::<Build>, now).await?;
            }
            context.projects.delete(deployment.id.as_str()).await?;
        }
        match next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    let prefix = project_blobs::prefix(&project.id);
    let blobs = context.blobs.keys_under(&prefix).await?;
    context.blobs.delete(blobs).await
}
