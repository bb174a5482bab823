//! `cargo local analyze`: one video through the whole system, and the analysis on stdout.

use std::{io::Write as _, path::Path, time::Duration};

use anyhow::{Context as _, bail};
use eventrelay::video::Argument;
use serde_json::{Map, Value};

use super::{
    client::{self, Client, Ended, Job, Submitted},
    media, on_system,
    progress::Progress,
    within,
};
use crate::{
    cli::{Analyze, Format, Options},
    data::Ready,
};

/// Largest transcript that is sent, in bytes.
const MAXIMUM_TRANSCRIPT_BYTES: u64 = 4 * 1024 * 1024;

/// Analyses the video with a system that runs already, or with one of its own.
pub(crate) async fn run(options: &Options, request: &Analyze) -> anyhow::Result<()> {
    let limit = Duration::from_secs(request.timeout_s);
    let analysis = on_system(options, async |ready| {
        within(limit, "analysis", follow(ready, request)).await
    });
    std::io::stdout().write_all(analysis.await?.as_bytes())?;
    Ok(())
}

async fn follow(ready: &Ready, request: &Analyze) -> anyhow::Result<String> {
    let progress = Progress::new();
    let client = Client::new(&ready.api, &ready.api_key)?;
    let mut body = options_of(request)?;
    let video = analysed(&client, &request.video, &mut body, &progress).await?;
    progress.clear();
    client.video(&video, request.format == Format::Md).await
}

/// Has a video, a URL or a file, analysed; the URL of the analysis.
pub(super) async fn analysed(
    client: &Client,
    video: &str,
    options: &mut Map<String, Value>,
    progress: &Progress,
) -> anyhow::Result<String> {
    if Argument::read(video, Path::new(video).exists()) == Argument::Reference {
        options.insert("url".into(), video.into());
    } else {
        let upload = media::upload(Path::new(video), client, progress).await?;
        options.insert("upload_id".into(), upload.into());
    }
    let submission = Value::Object(std::mem::take(options));
    Ok(match client.submit(&submission).await? {
        Submitted::Done { video } => video,
        Submitted::Queued { job } => {
            let ended = wait(client, &job, "analysis", progress).await?;
            ended.video.context("the job has no link to its video")?
        }
    })
}

/// Asks for the job until it has ended. `what` is what it makes.
pub(super) async fn wait(
    client: &Client,
    url: &str,
    what: &str,
    progress: &Progress,
) -> anyhow::Result<Ended> {
    loop {
        let Job {
            status,
            stage,
            progress: percent,
            error,
            ended,
        } = client.job(url).await?;
        match status.as_str() {
            "done" => return Ok(ended),
            "failed" | "cancelled" => {
                bail!(
                    "the {what} {}: {}",
                    status_words(&status),
                    error.unwrap_or_else(|| "no reason is given".into())
                );
            }
            _ => progress.show(percent, stage.as_deref().unwrap_or(&status)),
        }
        client::pause().await;
    }
}

fn status_words(status: &str) -> &'static str {
    match status {
        "cancelled" => "was cancelled",
        _ => "failed",
    }
}

fn options_of(request: &Analyze) -> anyhow::Result<Map<String, Value>> {
    let mut body = Map::new();
    if let Some(path) = &request.transcript {
        body.insert("transcript".into(), transcript(path)?.into());
    }
    if let Some(language) = &request.language {
        body.insert("language".into(), language.clone().into());
    }
    if let Some(start) = request.start {
        body.insert("start_s".into(), start.into());
    }
    if let Some(end) = request.end {
        body.insert("end_s".into(), end.into());
    }
    if request.force {
        body.insert("force".into(), true.into());
    }
    Ok(body)
}

/// The text of a transcript, if it is of a size that is taken.
pub(super) fn transcript(path: &Path) -> anyhow::Result<String> {
    let size = std::fs::metadata(path)
        .with_context(|| format!("cannot read {}", path.display()))?
        .len();
    if size > MAXIMUM_TRANSCRIPT_BYTES {
        bail!("{} is larger than 4 MiB", path.display());
    }
    std::fs::read_to_string(path).with_context(|| format!("cannot read {} as text", path.display()))
}
