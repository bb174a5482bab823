//! Jobs and lookups on a stack, and what was used for them.

use std::{cell::Cell, collections::BTreeMap, time::Duration};

use anyhow::{Context as _, ensure};
use eventrelay_template::{Site, model::Template, read};
use eventrelay_tests::{PATIENCE, Stack, repository, until, words::sentence};
use fastrand::Rng;
use futures_util::future::{pending, try_join_all};
use reqwest::{Method, header::RETRY_AFTER};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::usage::Usage;
use crate::{
    http::Caller,
    open_loop::{self, Schedule},
    process::wave::{Calls, Recordings, cpu_ms, now_ms},
};

/// A function of so many MB has a whole processor; a smaller one has its share.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>
const WHOLE_PROCESSOR_MB: f64 = 1769.0;

/// Length of the videos.
pub(super) const VIDEO_S: u32 = 300;

/// Length of a cue of a transcript, at 150 words a minute.
const CUE_S: u32 = 5;
const CUE_WORDS: usize = 12;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Jobs {
    pub(super) usage: Usage,
    /// Looks at the file of one, the last included.
    pub(super) looks: f64,
    /// Questions of a caller after the job of one.
    pub(super) polls: f64,
    /// The same of all callers together, a second.
    pub(super) polls_a_second: f64,
}

/// Counters at a moment.
struct Moment {
    at_ms: f64,
    cpu_ms: f64,
    logged: f64,
}

impl Moment {
    fn read(stack: &Stack) -> anyhow::Result<Self> {
        Ok(Self {
            at_ms: now_ms(),
            cpu_ms: cpu_ms(stack)?.0,
            logged: logged(stack)?,
        })
    }

    /// Returns the usage of the functions since this moment, as billed by the local runtime.
    ///
    /// Here a function has a whole processor. Lambda assigns a share of one, so computation takes
    /// longer there.
    async fn since(&self, stack: &Stack) -> anyhow::Result<Usage> {
        let queued = queued(&template()?);
        let all = stack.invocations().await?;
        let started = |one: &Value| one["started_at"].as_f64().unwrap_or(0.0);
        ensure!(
            all.first().is_none_or(|first| started(first) < self.at_ms) || all.len() < REMEMBERED,
            "the local runtime does not remember so many invocations"
        );
        let mut usage = Usage::default();
        let mut gb = 0.0;
        for one in all.iter().filter(|one| started(one) >= self.at_ms) {
            let figure = |name: &str| one[name].as_f64().context("an invocation without a figure");
            gb = figure("memory_mb")? / 1024.0;
            usage.gb_s += gb * figure("billed_ms")? / 1000.0;
            usage.invocations += 1.0;
            let function = one["function"].as_str().unwrap_or_default();
            if queued.iter().any(|name| name == function) {
                // The runtime receives the message and deletes it.
                usage.queue_calls += 2.0;
            }
        }
        let cpu_s = (cpu_ms(stack)?.0 - self.cpu_ms) / 1000.0;
        let slower = WHOLE_PROCESSOR_MB / (1024.0 * gb.max(0.125)) - 1.0;
        usage.gb_s += gb * cpu_s * slower.max(0.0);
        usage.logged = logged(stack)? - self.logged;
        Ok(usage)
    }
}

/// Maximum number of invocations that the local runtime remembers.
const REMEMBERED: usize = 10_000;

pub(super) fn template() -> anyhow::Result<Template> {
    let text = std::fs::read_to_string(repository("template.yaml"))?;
    let site = Site {
        sqs: "http://127.0.0.1",
        overrides: &BTreeMap::new(),
    };
    Ok(read(&text, &site)?)
}

/// Functions that a queue calls, by name.
fn queued(template: &Template) -> Vec<String> {
    let functions = template.functions.iter();
    let queued = functions.filter(|function| !function.queue_sources.is_empty());
    queued.map(|function| function.name.clone()).collect()
}

/// Bytes of all logs.
fn logged(stack: &Stack) -> anyhow::Result<f64> {
    let mut bytes = 0;
    for file in std::fs::read_dir(stack.data().join("logs"))? {
        bytes += file?.metadata()?.len();
    }
    Ok(bytes as f64)
}

/// Has all calls of AWS be counted from now on, on a stack that can be broken.
pub(super) async fn count(counting: &Stack) -> anyhow::Result<()> {
    let begun = counting.admin(Method::POST, "/faults/calls", Value::Null);
    begun.await.map(|_| ())
}

/// Returns the calls counted since then.
pub(super) async fn counted(counting: &Stack) -> anyhow::Result<Usage> {
    let calls = counting
        .admin(Method::GET, "/faults/calls", Value::Null)
        .await?;
    let mut usage = Usage::default();
    for call in calls.as_array().context("no list of calls")? {
        let (operation, count, units) = (
            call["operation"].as_str().context("no operation")?,
            call["calls"].as_f64().context("no calls")?,
            call["units"].as_f64().context("no units")?,
        );
        match (call["service"].as_str().unwrap_or_default(), operation) {
            ("sqs", _) => usage.queue_calls += count,
            ("s3", "GET" | "HEAD") => usage.gets += count,
            // Deleting is free.
            ("s3", "DELETE") => {}
            ("s3", _) => usage.puts += count,
            (_, operation) if READS.contains(&operation) => usage.read += units,
            _ => usage.written += units,
        }
    }
    Ok(usage)
}

const READS: [&str; 5] = [
    "BatchGetItem",
    "GetItem",
    "Query",
    "Scan",
    "TransactGetItems",
];

/// Uploads, submits, asks after and reads so many videos of five minutes at once. What one used: on
/// `counting` calls of AWS, on another stack all that functions use.
pub(super) async fn jobs(
    stack: &Stack,
    counting: bool,
    recordings: &mut Recordings,
    videos: usize,
) -> anyhow::Result<Jobs> {
    let bytes: Vec<Vec<u8>> = (0..videos).map(|_| recordings.next()).collect();
    let (before, calls) = (Moment::read(stack)?, Calls::read(stack).await?);
    if counting {
        count(stack).await?;
    }
    let all = bytes.into_iter().enumerate();
    let begun = Instant::now();
    let polls = try_join_all(all.map(|(seed, bytes)| one(stack, bytes, seed))).await?;
    let polls = f64::from(polls.iter().sum::<u32>());
    let seconds = begun.elapsed().as_secs_f64();
    let mut usage = if counting {
        counted(stack).await?
    } else {
        before.since(stack).await?
    };
    if !counting {
        usage.requests = REQUESTS * videos as f64 + polls;
    }
    let (_, looks) = Calls::read(stack).await?.since(&calls);
    let each = 1.0 / videos as f64;
    Ok(Jobs {
        usage: usage * each,
        looks: looks as f64 * each,
        polls: polls * each,
        polls_a_second: polls / seconds,
    })
}

/// Requests of a caller to the API for one video, without polls of its job. The caller requests an
/// upload, submits it and reads the analysis.
const REQUESTS: f64 = 3.0;

/// Measures the usage of one poll of a file.
///
/// Submits so many videos whose files never become ready
/// and whose jobs no caller reads, then measures `looks` polls after the first of each. The videos
/// continue to wait.
pub(super) async fn look(
    stack: &Stack,
    counting: bool,
    recordings: &mut Recordings,
    videos: usize,
    looks: usize,
) -> anyhow::Result<Usage> {
    let bytes: Vec<Vec<u8>> = (0..videos).map(|_| recordings.next()).collect();
    let calls = Calls::read(stack).await?;
    let all = bytes.into_iter().enumerate();
    let submitted = all.map(|(seed, bytes)| submit(stack, bytes, seed));
    try_join_all(submitted).await?;
    looked(stack, &calls, videos).await?;
    let (before, calls) = (Moment::read(stack)?, Calls::read(stack).await?);
    if counting {
        count(stack).await?;
    }
    let looks = looked(stack, &calls, looks * videos).await?;
    let usage = if counting {
        counted(stack).await?
    } else {
        before.since(stack).await?
    };
    Ok(usage * (1.0 / looks as f64))
}

/// Waits until so many more polls were made and no worker runs. Returns their number.
async fn looked(stack: &Stack, calls: &Calls, wanted: usize) -> anyhow::Result<usize> {
    until(2 * PATIENCE, async || {
        let instances = stack.instances().await?;
        let is_at_work = instances.iter().any(|instance| instance["state"] == "busy");
        let (_, looks) = Calls::read(stack).await?.since(calls);
        Ok((looks >= wanted && !is_at_work).then_some(looks))
    })
    .await
}

/// Uploads a video and submits it. Its job, and its id.
async fn submit(stack: &Stack, bytes: Vec<u8>, seed: usize) -> anyhow::Result<(String, String)> {
    let upload = stack.upload("talk.mp4", bytes).await?;
    let transcript = transcript(&mut Rng::with_seed(seed as u64));
    let job = stack
        .accepted(
            "/v1/videos",
            json!({"upload_id": upload, "transcript": transcript}),
        )
        .await?;
    let text = |name: &str| job[name].as_str().map(str::to_owned);
    Ok((
        text("job_id").context("no job id")?,
        text("video_id").context("no video id")?,
    ))
}

/// Waits until all is put away that a job has used.
async fn settled(stack: &Stack, job: &str) -> anyhow::Result<()> {
    until(2 * PATIENCE, async || {
        let (_, document) = stack.job_row(job).await?;
        Ok((document["settled"] == true).then_some(()))
    })
    .await
}

/// Submits one video and returns how often its job was polled.
async fn one(stack: &Stack, bytes: Vec<u8>, seed: usize) -> anyhow::Result<u32> {
    let (id, video) = submit(stack, bytes, seed).await?;
    let mut polls = 0;
    loop {
        let answer = stack.get(&format!("/v1/jobs/{id}")).await?;
        polls += 1;
        let document = answer.json();
        match document["status"].as_str() {
            Some("done") => break,
            Some("failed" | "cancelled") => anyhow::bail!("a job ended otherwise: {document}"),
            _ => {}
        }
        let after = answer.headers.get(RETRY_AFTER);
        let seconds = after.and_then(|value| value.to_str().ok()?.parse().ok());
        pause(Duration::from_secs(seconds.unwrap_or(1))).await;
    }
    Caller::new(stack)
        .get(&format!("/v1/videos/{video}"), 200)
        .await
        .map_err(anyhow::Error::msg)?;
    settled(stack, &id).await?;
    Ok(polls)
}

/// As a caller does who was told when to come back.
async fn pause(time: Duration) {
    let _ = timeout_at(Instant::now() + time, pending::<()>()).await;
}

/// Transcript of five minutes of speech, in WebVTT.
fn transcript(rng: &mut Rng) -> String {
    let time = |seconds: u32| format!("{:02}:{:02}.000", seconds / 60, seconds % 60);
    let cues = (0..VIDEO_S / CUE_S).map(|cue| {
        let (from, to) = (cue * CUE_S, (cue + 1) * CUE_S);
        format!(
            "\n{} --> {}\n{}.\n",
            time(from),
            time(to),
            sentence(rng, CUE_WORDS)
        )
    });
    format!("WEBVTT\n{}", cues.collect::<String>())
}

/// Asks for these by turns. What one used, as [`jobs`] has it, and the bytes of its answer.
pub(super) async fn requests(
    stack: &Stack,
    counting: bool,
    paths: &[&str],
    schedule: Schedule,
) -> anyhow::Result<(Usage, f64)> {
    let caller = Caller::new(stack);
    let bytes = Cell::new(0);
    let ask = async |request: u64| {
        let number = usize::try_from(request).unwrap_or(0) % paths.len();
        let body = caller.get(paths[number], 200).await?;
        bytes.set(bytes.get() + body.len());
        Ok(())
    };
    let warm_up = Schedule {
        length: WARM_UP,
        ..schedule
    };
    open_loop::run(warm_up, ask).await;
    let before = Moment::read(stack)?;
    if counting {
        count(stack).await?;
    }
    bytes.set(0);
    let recorded = open_loop::run(schedule, ask).await;
    ensure!(recorded.failed() == 0, "{:?}", recorded.reasons());
    let mut usage = if counting {
        counted(stack).await?
    } else {
        before.since(stack).await?
    };
    usage.requests = if counting {
        0.0
    } else {
        recorded.answered() as f64
    };
    let each = 1.0 / recorded.answered() as f64;
    Ok((usage * each, bytes.get() as f64 * each))
}

/// For which lookups are not counted: instances start.
const WARM_UP: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transcript_is_of_five_minutes() {
        let text = transcript(&mut Rng::with_seed(1));
        assert_eq!(text.matches(" --> ").count(), 60);
        assert!(text.contains("\n04:55.000 --> 05:00.000\n"));
        assert!(text.split_whitespace().count() > 700);
    }
}
