//! `cargo local analyze`: analyses one video and prints the analysis on stdout.

use std::{
    sync::atomic::AtomicU64,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use super::{
    client::{self, Client, Ended, Files, Job, Submitted, Unavailable},
    media,
    output::{self, Answer, announce_standins},
    preflight,
    progress::{Progress, Step},
    session::{self, Remains},
    source::{self, Source},
    within,
};
use crate::{
    Exit,
    cli::{Analyze, Format, Options, usage_error},
    data::Ready,
    interrupt::Interrupts,
};

/// Maximum time that a system may fail while the command polls a job. It may be starting functions.
const FAILING_TOLERANCE: Duration = Duration::from_secs(10);

/// Maximum time that a system may not answer. After it, the command starts another system.
const SILENT_TOLERANCE: Duration = Duration::from_secs(1);

/// Progress of an analysis. The command keeps it when it changes to another system.
#[derive(Debug, Default)]
pub(super) struct Course {
    job: Option<String>,
    /// Path of the video once it is analysed.
    video: Option<String>,
}

impl Course {
    pub(super) fn has_begun(&self) -> bool {
        self.job.is_some()
    }
}

/// Analyses the video with a running system, or with a system of its own.
pub(crate) async fn run(
    options: &Options,
    request: &Analyze,
    interrupts: &Interrupts,
) -> anyhow::Result<Exit> {
    let (source, body) = check(request).map_err(|reason| usage_error("analyze", reason))?;
    let limit = Duration::from_secs(request.timeout_s);
    let course = Mutex::new(Course::default());
    let reached = AtomicU64::new(0);
    session::run(
        options,
        interrupts,
        limit,
        async |ready| {
            announce_standins(ready, request.transcript.is_some());
            let progress = &Progress::new(&reached);
            let course = &mut *course.lock().await;
            let work = Box::pin(follow(ready, request, &source, &body, course, progress));
            within(limit, "analysis", work).await
        },
        |answer, ready, is_own| answer.deliver(request.out.as_deref(), ready, is_own),
        || Remains::from_course(&course, Course::has_begun),
    )
    .await
}

/// Checks the arguments before anything is started.
fn check(request: &Analyze) -> Result<(Source, Map<String, Value>), String> {
    let source = Source::read(&request.video)?;
    if let Some(end) = request.end
        && end <= request.start.unwrap_or(0.0)
    {
        return Err("--end must be after --start".to_owned());
    }
    if let Some(path) = &request.out {
        preflight::writable("--out", path)?;
    }
    let transcript = request.transcript.as_deref().map(source::transcript);
    let body = json!({
        "transcript": transcript.transpose()?,
        "language": request.language,
        "start_s": request.start,
        "end_s": request.end,
        "resolution": request.resolution,
        "max_cost_usd": request.max_cost_usd,
        "force": request.force.then_some(true),
    });
    Ok((source, client::given(body)))
}

async fn follow(
    ready: &Ready,
    request: &Analyze,
    source: &Source,
    body: &Map<String, Value>,
    course: &mut Course,
    progress: &Progress<'_>,
) -> anyhow::Result<Answer> {
    let client = Client::new(&ready.api, &ready.api_key)?;
    let video = analysed(&client, source, body, course, progress).await?;
    let is_json = request.format == Format::Json;
    let parameters = request.format.query().map(|format| ("format", format));
    let parameters: Vec<_> = parameters.into_iter().collect();
    let mut text = client.text(&video, &parameters).await?;
    let document = if is_json {
        text.clone()
    } else {
        client.text(&video, &[("fields", FIELDS)]).await?
    };
    if is_json && output::is_for_person(request.out.as_deref()) {
        text = output::pretty(&text);
    }
    progress.clear();
    Ok(Answer {
        text,
        is_only_standin: is_only_standin(&document),
    })
}

/// Fields that identify an empty answer of a stand-in.
pub(super) const FIELDS: &str = "provenance,transcript";

/// Returns whether a stand-in made the analysis without any words of the video.
pub(super) fn is_only_standin(document: &str) -> bool {
    let document: Value = serde_json::from_str(document).unwrap_or_default();
    let is_standin = document["provenance"]["model"] == "stand-in";
    let has_words = document["transcript"]
        .as_array()
        .is_some_and(|segments| !segments.is_empty());
    is_standin && !has_words
}

/// Analyses a video and returns the path of its analysis.
pub(super) async fn analysed(
    client: &Client,
    source: &Source,
    options: &Map<String, Value>,
    course: &mut Course,
    progress: &Progress<'_>,
) -> anyhow::Result<String> {
    if let Some(video) = &course.video {
        return Ok(video.clone());
    }
    if course.job.is_none() {
        let mut submission = options.clone();
        match source {
            Source::Url(url) => submission.insert("url".into(), url.clone().into()),
            Source::File { path, content_type } => {
                let upload = media::upload(path, content_type, client, progress).await?;
                submission.insert("upload_id".into(), upload.into())
            }
        };
        match client.submit(&Value::Object(submission)).await? {
            Submitted::Done { video } => course.video = Some(video),
            Submitted::Queued { job } => course.job = Some(job),
        }
    }
    let video = match (&course.video, &course.job) {
        (Some(video), _) => video.clone(),
        (None, Some(job)) => {
            let ended = wait(client, job, "analysis", progress).await?;
            client.path_of(&ended.video.context("the job has no link to its video")?)?
        }
        (None, None) => bail!("nothing was submitted"),
    };
    course.video = Some(video.clone());
    Ok(video)
}

/// Polls a job until it ends. `what` names its result.
pub(super) async fn wait(
    client: &Client,
    path: &str,
    what: &str,
    progress: &Progress<'_>,
) -> anyhow::Result<Ended> {
    let mut failing_since: Option<Instant> = None;
    loop {
        let job = match client.job(path).await {
            Ok(job) => job,
            Err(error) => {
                let since = failing_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= tolerance(&error) {
                    return Err(error);
                }
                client::pause().await;
                continue;
            }
        };
        failing_since = None;
        match job.status.as_str() {
            "done" => return Ok(job.ended),
            "failed" => {
                let reason = job.error.unwrap_or_else(|| "no reason is given".into());
                let hint = match what {
                    "analysis" => "\n`cargo local analyze --force` tries it again.",
                    _ => "",
                };
                bail!("The {what} failed. {reason}{hint}");
            }
            "cancelled" => bail!("The {what} was cancelled."),
            _ => show(&job, progress),
        }
        client::pause().await;
    }
}

/// Returns how long the command tolerates an error.
fn tolerance(error: &anyhow::Error) -> Duration {
    match error.downcast_ref::<Unavailable>() {
        Some(unavailable) if unavailable.is_silent() => SILENT_TOLERANCE,
        Some(_) => FAILING_TOLERANCE,
        None => Duration::ZERO,
    }
}

fn show(job: &Job, progress: &Progress<'_>) {
    let detail = job
        .files
        .as_ref()
        .map(|Files { written, total }| format!("{written} of {total} files"));
    progress.show(Step {
        percent: job.progress,
        stage: job.stage.as_deref().unwrap_or(&job.status),
        detail: detail.as_deref(),
        notice: job.notice.as_deref(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_empty_answer_of_a_standin_is_told_apart() {
        let segment = json!([{"text": "Hello"}]);
        for (model, transcript, expected) in [
            ("stand-in", json!([]), true),
            ("stand-in", Value::Null, true),
            ("stand-in", segment.clone(), false),
            ("gemini-3-flash", json!([]), false),
        ] {
            let document = json!({"provenance": {"model": model}, "transcript": transcript});
            assert_eq!(
                is_only_standin(&document.to_string()),
                expected,
                "{document}"
            );
        }
    }
}
