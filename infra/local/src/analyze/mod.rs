//! `cargo local analyze`: one video through the whole system, and the analysis on stdout.

mod client;
mod media;
mod progress;

use std::{io::Write as _, path::Path, time::Duration};

use anyhow::{Context as _, bail};
use serde_json::{Map, Value};

use self::{
    client::{Client, Job, Submitted},
    progress::Progress,
};
use crate::{
    cli::{Analyze, Format, Options},
    data::{Data, Opened, Ready},
    system::System,
    until_stopped,
};

/// Largest transcript that is sent, in bytes.
const MAXIMUM_TRANSCRIPT_BYTES: u64 = 4 * 1024 * 1024;

/// Analyses the video with a system that runs already, or with one of its own.
pub(crate) async fn run(options: &Options, request: &Analyze) -> anyhow::Result<()> {
    let data = match options.ephemeral {
        true => Opened::Free(Data::temporary()?),
        false => Data::open(&options.data)?,
    };
    let analysis = match data {
        Opened::InUse(Some(ready)) => until_stopped(analysis(&ready, request)).await?,
        Opened::InUse(None) => bail!("another `cargo local` is just starting in this folder"),
        Opened::Free(data) => {
            let port = options.port.unwrap_or(0);
            match until_stopped(System::start(options, port, data)).await? {
                None => None,
                Some(system) => {
                    let system = system?;
                    let analysis = until_stopped(analysis(&system.ready, request)).await;
                    system.stop().await;
                    analysis?
                }
            }
        }
    };
    let Some(analysis) = analysis else {
        bail!("interrupted")
    };
    std::io::stdout().write_all(analysis?.as_bytes())?;
    Ok(())
}

async fn analysis(ready: &Ready, request: &Analyze) -> anyhow::Result<String> {
    let limit = Duration::from_secs(request.timeout_s);
    match tokio::time::timeout(limit, follow(ready, request)).await {
        Ok(analysis) => analysis,
        Err(_) => bail!("no analysis after {} s", request.timeout_s),
    }
}

async fn follow(ready: &Ready, request: &Analyze) -> anyhow::Result<String> {
    let progress = Progress::new();
    let client = Client::new(&ready.api, &ready.api_key)?;
    let mut body = options_of(request)?;
    if is_url(&request.video) {
        body.insert("url".into(), request.video.clone().into());
    } else {
        let upload = media::upload(Path::new(&request.video), &client, &progress).await?;
        body.insert("upload_id".into(), upload.into());
    }
    let video = match client.submit(&Value::Object(body)).await? {
        Submitted::Done { video } => video,
        Submitted::Queued { job } => wait(&client, &job, &progress).await?,
    };
    progress.clear();
    client.video(&video, request.format == Format::Md).await
}

/// Asks for the job as often as it wants to be asked.
async fn wait(client: &Client, url: &str, progress: &Progress) -> anyhow::Result<String> {
    loop {
        let (job, pause) = client.job(url).await?;
        let Job {
            status,
            stage,
            progress: percent,
            error,
            video,
        } = job;
        match status.as_str() {
            "done" => return Ok(video),
            "failed" | "cancelled" => {
                bail!(
                    "the analysis {}: {}",
                    status_words(&status),
                    error.unwrap_or_else(|| "no reason is given".into())
                );
            }
            _ => progress.show(percent, stage.as_deref().unwrap_or(&status)),
        }
        client::pause(pause).await;
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
        let size = std::fs::metadata(path)
            .with_context(|| format!("cannot read {}", path.display()))?
            .len();
        if size > MAXIMUM_TRANSCRIPT_BYTES {
            bail!("{} is larger than 4 MiB", path.display());
        }
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {} as text", path.display()))?;
        body.insert("transcript".into(), text.into());
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

fn is_url(video: &str) -> bool {
    video.starts_with("https://") || video.starts_with("http://")
}
