//! A running stack with a project that can be deployed.

use std::{
    fs,
    sync::atomic::{AtomicUsize, Ordering},
};

use anyhow::{Context as _, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Stack, read};

/// Variables of a stack without limits for deployments.
pub const UNLIMITED: &[(&str, &str)] = &[
    ("GITHUB_WRITES_PER_SECOND", "0"),
    ("GITHUB_WRITES_PER_MINUTE", "0"),
    ("GITHUB_WRITES_PER_HOUR", "0"),
];

const VIDEO: &str = "https://youtu.be/dQw4w9WgXcQ";

/// Files of the first project, which shows how many come from templates.
const FEW: usize = 8;

/// Call quota that no run exceeds.
const MANY: u32 = 1_000_000;

/// The system under test.
#[derive(Debug)]
pub struct Setup {
    pub stack: Stack,
    pub project: Project,
    names: AtomicUsize,
}

/// A project whose files are there.
#[derive(Debug)]
pub struct Project {
    pub id: String,
    /// Paths of all files.
    pub files: Vec<String>,
    /// The same files for the baseline programs.
    pub folder: TempDir,
}

impl Setup {
    /// Starts a stack with a project of at least so many files and a GitHub stand-in with this latency.
    pub async fn new(
        environment: &[(&str, &str)],
        files: usize,
        latency_ms: u64,
    ) -> anyhow::Result<Self> {
        let stack = Stack::wide(environment).await?;
        let video = stack.run(json!({"url": VIDEO})).await?;
        let video = video["video_id"].as_str().context("no video")?.to_owned();
        let few = project(&stack, &video, FEW).await?;
        // The files of templates do not depend on the model.
        let templates = few.files.len().saturating_sub(FEW);
        let wanted = files.saturating_sub(templates);
        let project = project(&stack, &video, wanted).await?;
        // A run exceeds the hourly quota of GitHub.
        let settings = json!({"latency_ms": latency_ms, "limits": {"primary": MANY}});
        let url = format!("{}/_control/settings", stack.ready.standins.github);
        stack.control(Method::PUT, url, settings).await?;
        Ok(Self {
            stack,
            project,
            names: AtomicUsize::new(0),
        })
    }

    /// Returns an unused name of a repository.
    #[must_use]
    pub fn fresh_name(&self) -> String {
        format!("bench-{}", self.names.fetch_add(1, Ordering::Relaxed))
    }

    /// Calls that the GitHub stand-in has received.
    pub async fn calls(&self) -> anyhow::Result<Vec<Value>> {
        let url = format!("{}/_control/calls", self.stack.ready.standins.github);
        let calls = read(self.stack.client().get(url)).await?.json();
        Ok(calls.as_array().context("no list of calls")?.clone())
    }
}

async fn project(stack: &Stack, video: &str, files: usize) -> anyhow::Result<Project> {
    stack
        .gemini_settings(json!({"project_files": files}))
        .await?;
    let asked = json!({"project_type": "cli", "framework": "python"});
    let job = stack
        .accepted(&format!("/v1/videos/{video}/projects"), asked)
        .await?;
    let done = stack.end_of(&job).await?;
    ensure!(done["status"] == "done", "no project: {done:#}");
    let link = done["links"]["project"].as_str().context("no link")?;
    let shown = stack.get_json(link).await?;
    let folder = TempDir::with_prefix("bench-deploy-")?;
    let mut paths = Vec::new();
    for file in shown["manifest"]["files"].as_array().context("no files")? {
        let path = file["path"].as_str().context("no path")?;
        let content = stack
            .get(file["link"].as_str().context("no link")?)
            .await?
            .expect(200);
        let to = folder.path().join(path);
        fs::create_dir_all(to.parent().context("no folder")?)?;
        fs::write(to, content.body)?;
        paths.push(path.to_owned());
    }
    Ok(Project {
        id: shown["project_id"].as_str().context("no id")?.to_owned(),
        files: paths,
        folder,
    })
}
