//! `cargo local build`: makes software from a video and deploys it.

mod check;
mod dry_run;

use std::{path::Path, sync::atomic::AtomicU64, time::Duration};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::{
    analyze::{self, FIELDS, analysed, is_only_standin, wait},
    client::Client,
    output::{self, Answer, announce_standins},
    progress::Progress,
    session::{self, Remains},
    within,
};
use crate::{
    Exit,
    cli::{Build, Options, usage_error},
    data::Ready,
    interrupt::Interrupts,
};
use check::{Order, Subject};

/// Progress of a build. The command keeps it when it changes to another system. All fields but the
/// id and the documents are paths.
#[derive(Debug, Default)]
struct Course {
    analysis: analyze::Course,
    analysed: Option<Analysed>,
    project_job: Option<String>,
    project: Option<String>,
    deployment_job: Option<String>,
    deployment: Option<Value>,
}

/// Analysis that software is made from.
#[derive(Clone, Debug)]
struct Analysed {
    video_id: String,
    /// Variant of the analysis; `None` means the newest.
    variant: Option<String>,
    model: Value,
    is_only_standin: bool,
}

impl Course {
    fn has_begun(&self) -> bool {
        self.analysis.has_begun() || self.project_job.is_some() || self.deployment_job.is_some()
    }
}

/// Builds and deploys with a running system, or with a system of its own. Prints the project and
/// its deployment.
pub(crate) async fn run(
    options: &Options,
    request: &Build,
    interrupts: &Interrupts,
) -> anyhow::Result<Exit> {
    let order = check::order(request).map_err(|reason| usage_error("build", reason))?;
    if let (true, Subject::New(new)) = (request.dry_run, &order.subject) {
        let told = dry_run::told(
            request,
            new,
            order.repository.as_ref(),
            order.owner.as_ref(),
        );
        output::write(&serde_json::to_string_pretty(&told)?, None)?;
        return Ok(Exit::Done);
    }
    let limit = Duration::from_secs(request.timeout_s);
    let course = Mutex::new(Course::default());
    let reached = AtomicU64::new(0);
    session::run(
        options,
        interrupts,
        limit,
        async |ready| {
            if !request.dry_run {
                announce_standins(ready, request.transcript.is_some());
            }
            let progress = &Progress::new(&reached);
            let course = &mut *course.lock().await;
            let work = Box::pin(follow(ready, request, &order, course, progress));
            within(limit, "software", work).await
        },
        |answer, ready, is_own| answer.deliver(None, ready, is_own),
        || Remains::from_course(&course, Course::has_begun),
    )
    .await
}

async fn follow(
    ready: &Ready,
    request: &Build,
    order: &Order,
    course: &mut Course,
    progress: &Progress<'_>,
) -> anyhow::Result<Answer> {
    let client = Client::new(&ready.api, &ready.api_key)?;
    let made_until = if request.target.is_some() { 85 } else { 100 };
    let project = project(&client, order, course, made_until, progress).await?;
    let mut document = json!({"project": client.document(&project).await?});
    if let Some(analysed) = &course.analysed {
        document["analysis"] = json!({"video_id": analysed.video_id, "model": analysed.model});
    }
    if let Some(path) = &request.archive {
        let zip = client.bytes(&format!("{project}/archive")).await?;
        std::fs::write(path, zip).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if request.target.is_some() {
        progress.begin_phase(made_until, 100);
        document["deployment"] =
            deployment(&client, request, order, &project, course, progress).await?;
    }
    if let Some(folder) = &request.checkout {
        progress.show_stage(99, "checking out");
        check_out(&document["deployment"], folder).await?;
    }
    progress.clear();
    Ok(Answer {
        text: serde_json::to_string_pretty(&document)?,
        is_only_standin: course
            .analysed
            .as_ref()
            .is_some_and(|analysed| analysed.is_only_standin),
    })
}

/// Returns the path of the project, and makes the project unless it exists.
async fn project(
    client: &Client,
    order: &Order,
    course: &mut Course,
    made_until: u64,
    progress: &Progress<'_>,
) -> anyhow::Result<String> {
    let new = match &order.subject {
        Subject::Project(id) => return Ok(format!("/v1/projects/{id}")),
        Subject::New(new) => new,
    };
    if let Some(project) = &course.project {
        return Ok(project.clone());
    }
    let analysed = match &course.analysed {
        Some(analysed) => analysed.clone(),
        None => {
            let path = match &new.video {
                check::Video::Analysed(key) => format!("/v1/videos/{key}"),
                check::Video::Source(source) => {
                    progress.begin_phase(0, 30);
                    let body = &new.analysis;
                    analysed(client, source, body, &mut course.analysis, progress).await?
                }
            };
            course
                .analysed
                .insert(look_up(client, &path).await?)
                .clone()
        }
    };
    let from = match new.video {
        check::Video::Analysed(_) => 0,
        check::Video::Source(_) => 30,
    };
    progress.begin_phase(from, made_until);
    let job = match &course.project_job {
        Some(job) => job.clone(),
        None => {
            let mut body = new.project.clone();
            if let Some(variant) = &analysed.variant {
                body["variant"] = variant.clone().into();
            }
            let url = format!("/v1/videos/{}/projects", analysed.video_id);
            let job = client.begin(&url, &body).await?;
            course.project_job.insert(job).clone()
        }
    };
    let ended = wait(client, &job, "project", progress).await?;
    let project = ended
        .project
        .context("the job has no link to its project")?;
    Ok(course.project.insert(client.path_of(&project)?).clone())
}

/// Reads the analysis at a path such as `/v1/videos/yt:ID?variant=V`.
async fn look_up(client: &Client, path: &str) -> anyhow::Result<Analysed> {
    let (video, query) = path.split_once('?').unwrap_or((path, ""));
    let (_, id) = video.rsplit_once('/').context("the video has no id")?;
    let mut parameters = url::form_urlencoded::parse(query.as_bytes());
    let variant = parameters.find(|(name, _)| name == "variant");
    let document = client.text(path, &[("fields", FIELDS)]).await?;
    let value: Value = serde_json::from_str(&document).unwrap_or_default();
    Ok(Analysed {
        video_id: id.to_owned(),
        variant: variant.map(|(_, value)| value.into_owned()),
        model: value["provenance"]["model"].clone(),
        is_only_standin: is_only_standin(&document),
    })
}

/// Deploys a project, or asks for a dry run, and returns the document of the response.
async fn deployment(
    client: &Client,
    request: &Build,
    order: &Order,
    project: &str,
    course: &mut Course,
    progress: &Progress<'_>,
) -> anyhow::Result<Value> {
    let url = format!("{project}/deployments");
    if request.dry_run {
        return client.ask(&url, &order.deployment).await;
    }
    if let Some(deployment) = &course.deployment {
        return Ok(deployment.clone());
    }
    let job = match &course.deployment_job {
        Some(job) => job.clone(),
        None => {
            let job = client.begin(&url, &order.deployment).await?;
            course.deployment_job.insert(job).clone()
        }
    };
    let ended = wait(client, &job, "deployment", progress).await?;
    let link = ended.deployment;
    let link = link.context("the job has no link to its deployment")?;
    let document = client.document(&client.path_of(&link)?).await?;
    Ok(course.deployment.insert(document).clone())
}

/// Clones the repository of a deployment with the git of this machine.
async fn check_out(deployment: &Value, folder: &Path) -> anyhow::Result<()> {
    let url = deployment["url"].as_str().unwrap_or_default();
    if deployment["repository"].is_null() || url.is_empty() {
        bail!("nothing to check out: the deployment has no repository");
    }
    // GitHub serves a page and its repository under the same address.
    let cloned = tokio::process::Command::new("git")
        .args(["clone", "--quiet", "--", &format!("{url}.git")])
        .arg(folder)
        .kill_on_drop(true)
        .status()
        .await
        .context("cannot run git")?;
    if !cloned.success() {
        bail!("git could not clone {url}");
    }
    Ok(())
}
