//! `cargo local build`: from a video to software, and to where that goes.

use std::{io::Write as _, path::Path, time::Duration};

use anyhow::{Context as _, bail};
use serde_json::{Map, Value, json};

use super::{
    analyze::{analysed, transcript, wait},
    client::Client,
    on_system,
    progress::Progress,
    within,
};
use crate::{
    cli::{Build, Options, Target},
    data::Ready,
};

/// Builds and deploys with a system that runs already, or with one of its own, and prints the
/// project and its deployment.
pub(crate) async fn run(options: &Options, request: &Build) -> anyhow::Result<()> {
    let limit = Duration::from_secs(request.timeout_s);
    let built = on_system(options, async |ready| {
        within(limit, "software", follow(ready, request)).await
    });
    let text = serde_json::to_string_pretty(&built.await?)?;
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}

async fn follow(ready: &Ready, request: &Build) -> anyhow::Result<Value> {
    let progress = Progress::in_lines();
    let client = Client::new(&ready.api, &ready.api_key)?;
    let video = match is_video_id(&request.video) {
        true => request.video.clone(),
        false => {
            let mut body = Map::new();
            if let Some(path) = &request.transcript {
                body.insert("transcript".into(), transcript(path)?.into());
            }
            let url = analysed(&client, &request.video, &mut body, &progress).await?;
            let (_, id) = url.rsplit_once('/').context("the video has no id")?;
            id.split('?').next().unwrap_or(id).to_owned()
        }
    };
    let url = format!("/v1/videos/{video}/projects");
    let job = client.begin(&url, &project(request)).await?;
    let ended = wait(&client, &job, "project", &progress).await?;
    let project = ended
        .project
        .context("the job has no link to its project")?;
    let mut built = json!({"project": client.document(&project).await?});
    if let Some(path) = &request.archive {
        let zip = client.bytes(&format!("{project}/archive")).await?;
        std::fs::write(path, zip).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if let Some(target) = request.target {
        let body = deployment(request, target);
        if request.dry_run {
            built["deployment"] = client.ask(&format!("{project}/deployments"), &body).await?;
        } else {
            let url = format!("{project}/deployments");
            let job = client.begin(&url, &body).await?;
            let ended = wait(&client, &job, "deployment", &progress).await?;
            let url = ended.deployment;
            let url = url.context("the job has no link to its deployment")?;
            built["deployment"] = client.document(&url).await?;
        }
    }
    if let Some(folder) = &request.checkout {
        progress.show(99, "checking out");
        check_out(&built["deployment"], folder).await?;
    }
    progress.clear();
    Ok(built)
}

/// `yt:` or `up:`, as the API names videos.
fn is_video_id(video: &str) -> bool {
    video.starts_with("yt:") || video.starts_with("up:")
}

fn project(request: &Build) -> Value {
    let mut body = json!({
        "project_type": request.kind,
        "features": request.features,
    });
    if let Some(framework) = &request.framework {
        body["framework"] = framework.clone().into();
    }
    if let Some(language) = &request.language {
        body["language"] = language.clone().into();
    }
    if let Some(instructions) = &request.instructions {
        body["instructions"] = instructions.clone().into();
    }
    body
}

fn deployment(request: &Build, target: Target) -> Value {
    let mut body = json!({"target": target.as_str(), "dry_run": request.dry_run});
    let mut repository = Map::new();
    if let Some(name) = &request.name {
        repository.insert("name".into(), name.clone().into());
    }
    if let Some(owner) = &request.owner {
        repository.insert("owner".into(), owner.clone().into());
    }
    if request.public {
        repository.insert("private".into(), false.into());
    }
    if !repository.is_empty() {
        body["repository"] = repository.into();
    }
    body
}

/// Clones the repository that a deployment has made, as anybody would.
async fn check_out(deployment: &Value, folder: &Path) -> anyhow::Result<()> {
    let url = deployment["url"].as_str().unwrap_or_default();
    if deployment["repository"].is_null() || url.is_empty() {
        bail!("nothing to check out: the deployment has no repository");
    }
    // GitHub's address of a page is that of its repository as well.
    let cloned = tokio::process::Command::new("git")
        .args(["clone", "--quiet", "--", &format!("{url}.git")])
        .arg(folder)
        .status()
        .await
        .context("git is not there")?;
    match cloned.success() {
        true => Ok(()),
        false => bail!("git could not clone {url}"),
    }
}
