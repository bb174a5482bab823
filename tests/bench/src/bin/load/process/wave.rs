//! Recordings that are submitted at once.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, ensure};
use eventrelay_tests::{PATIENCE, Stack, faults::WORKER, process::Watched, repository, until};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};

use super::trail::Trail;

/// Uploads and submissions under way at a time: as many callers.
const CALLERS: usize = 50;

/// A wave may wait for its turn at every step.
const MAX_WAIT: std::time::Duration = PATIENCE.saturating_mul(5);

/// Recordings of the test data, each another one.
#[derive(Debug)]
pub(crate) struct Recordings {
    model: Vec<u8>,
    made: u64,
}

impl Recordings {
    pub(crate) fn read() -> anyhow::Result<Self> {
        Ok(Self {
            model: std::fs::read(repository("tests/data/media/talk.mp4"))?,
            made: 0,
        })
    }

    /// The next one: the same with a box behind it that players skip (ISO/IEC 14496-12, `free`).
    pub(crate) fn next(&mut self) -> Vec<u8> {
        self.made += 1;
        let mut bytes = self.model.clone();
        bytes.extend_from_slice(&16_u32.to_be_bytes());
        bytes.extend_from_slice(b"free");
        bytes.extend_from_slice(&self.made.to_be_bytes());
        bytes
    }
}

/// Result of a wave.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wave {
    /// From the first submission to the last end.
    pub(crate) wall_s: f64,
    /// From the submission to the end, of each that ended well.
    pub(crate) seconds: Vec<f64>,
    pub(crate) failed: usize,
    /// Answers of the model that were asked for.
    pub(crate) generations: usize,
    pub(crate) looks: usize,
    /// From when each file was ready to when that was noticed.
    pub(crate) late_s: Vec<f64>,
    /// Amount that Lambda would bill for the workers; none for a server.
    pub(crate) bill: Option<Bill>,
}

/// Amount that Lambda would bill for the workers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bill {
    pub(crate) all_ms: f64,
    /// Time of invocations that only polled a file that was not ready.
    pub(crate) waiting_ms: f64,
    pub(crate) most_busy: usize,
    /// Processor time of all functions, and of the local runtime.
    pub(crate) functions_cpu_ms: f64,
    pub(crate) runtime_cpu_ms: f64,
    /// Number of busy workers over time, in seconds since the first submission.
    pub(crate) busy: Vec<(f64, f64)>,
}

/// Submits so many recordings at once and waits for the last of them.
pub(crate) async fn run(
    stack: &Stack,
    recordings: &mut Recordings,
    at_once: usize,
) -> anyhow::Result<Wave> {
    let bytes: Vec<Vec<u8>> = (0..at_once).map(|_| recordings.next()).collect();
    let uploads: Vec<String> = stream::iter(bytes)
        .map(|bytes| stack.upload("talk.mp4", bytes))
        .buffered(CALLERS)
        .try_collect()
        .await?;
    let (calls, trail) = (Calls::read(stack).await?, Trail::begin(stack)?);
    let cpu = cpu_ms(stack)?;
    let first = now_ms();
    let submit = async |upload: String| {
        let submitted = now_ms();
        let job = stack
            .accepted("/v1/videos", json!({"upload_id": upload}))
            .await?;
        let id = job["job_id"].as_str().context("no job id")?.to_owned();
        anyhow::Ok((submitted, id))
    };
    let jobs: Vec<(f64, String)> = stream::iter(uploads)
        .map(submit)
        .buffered(CALLERS)
        .try_collect()
        .await?;
    let mut wave = Wave::default();
    // Polled one after the other: concurrent polls would take processor time from the jobs.
    for (submitted, id) in &jobs {
        let doc = until(MAX_WAIT, async || {
            let (_, doc) = stack.job_row(id).await?;
            Ok((doc["settled"] == true).then_some(doc))
        })
        .await?;
        let ended = doc["updated_at"].as_f64().context("no time")?;
        wave.wall_s = wave.wall_s.max((ended - first) / 1000.0);
        if doc["state"]["stage"] == "done" {
            wave.seconds.push((ended - submitted) / 1000.0)
        } else {
            wave.failed += 1
        }
    }
    let cpu_after = cpu_ms(stack)?;
    let (generations, looks) = Calls::read(stack).await?.since(&calls);
    (wave.generations, wave.looks) = (generations, looks);
    let followed = trail.follow(wave.seconds.len()).await?;
    wave.late_s = followed.late_s;
    let mut bill = bill(stack, first, &followed.only_looked).await?;
    bill.functions_cpu_ms = cpu_after.0 - cpu.0;
    bill.runtime_cpu_ms = cpu_after.1 - cpu.1;
    wave.bill = Some(bill);
    Ok(wave)
}

/// Calls of Gemini so far.
pub(crate) struct Calls {
    generations: usize,
    looks: usize,
}

impl Calls {
    pub(crate) async fn read(stack: &Stack) -> anyhow::Result<Self> {
        let calls = stack.gemini_calls("").await?;
        let count = |method: &str, part: &str| {
            let path = |call: &Value| {
                call["path"]
                    .as_str()
                    .is_some_and(|path| path.contains(part))
            };
            calls
                .iter()
                .filter(|call| call["method"] == method && path(call))
                .count()
        };
        Ok(Self {
            generations: count("POST", ":generateContent"),
            looks: count("GET", "/files/"),
        })
    }

    /// Generations and looks since earlier ones.
    pub(crate) fn since(&self, earlier: &Self) -> (usize, usize) {
        // The stand-in forgets the oldest calls in the end.
        let generations = self.generations.saturating_sub(earlier.generations);
        (generations, self.looks.saturating_sub(earlier.looks))
    }
}

async fn bill(
    stack: &Stack,
    first: f64,
    only_looked: &std::collections::BTreeSet<String>,
) -> anyhow::Result<Bill> {
    let all = stack.invocations().await?;
    let started = |one: &Value| one["started_at"].as_f64().unwrap_or(0.0);
    ensure!(
        all.iter().any(|one| started(one) < first),
        "the local runtime does not remember so many invocations"
    );
    let mut bill = Bill::default();
    let mut changes = Vec::new();
    for one in &all {
        if one["function"] != WORKER || started(one) < first {
            continue;
        }
        let billed = one["billed_ms"].as_f64().unwrap_or(0.0);
        bill.all_ms += billed;
        let id = one["request_id"].as_str().unwrap_or_default();
        if only_looked.contains(id) {
            bill.waiting_ms += billed;
        }
        changes.push((started(one), 1_i32));
        changes.push((one["ended_at"].as_f64().unwrap_or(0.0), -1));
    }
    (bill.most_busy, bill.busy) = overlap(changes, first);
    Ok(bill)
}

/// Milliseconds of processor time so far of all functions, and of the local runtime.
pub(crate) fn cpu_ms(stack: &Stack) -> anyhow::Result<(f64, f64)> {
    let runtime = stack.process().context("the stack has ended")?;
    let ms =
        |watched: Watched| Ok::<_, anyhow::Error>(1000.0 * watched.processor_time()?.as_secs_f64());
    let alone = ms(Watched::Alone(runtime))?;
    Ok((ms(Watched::WithChildren(runtime))? - alone, alone))
}

/// The most at a time, and how many from when on.
fn overlap(mut changes: Vec<(f64, i32)>, first: f64) -> (usize, Vec<(f64, f64)>) {
    // At the same millisecond one ends before another begins.
    changes.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
    let (mut busy, mut most, mut over_time) = (0_i32, 0, Vec::new());
    for (at, change) in changes {
        let seconds = (at - first) / 1000.0;
        over_time.push((seconds, f64::from(busy)));
        busy += change;
        most = most.max(busy);
        over_time.push((seconds, f64::from(busy)));
    }
    (usize::try_from(most).unwrap_or(0), over_time)
}

/// Percent of all that were done, over time.
pub(super) fn ends(wave: &Wave) -> Vec<(f64, f64)> {
    let mut seconds = wave.seconds.clone();
    seconds.sort_by(f64::total_cmp);
    let all = (seconds.len() + wave.failed).max(1) as f64;
    let points = seconds.into_iter().enumerate();
    points
        .map(|(position, at)| (at, 100.0 * (position + 1) as f64 / all))
        .collect()
}

/// Milliseconds since 1970, as the rows have them.
pub(crate) fn now_ms() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_differ_and_stay_recordings() {
        let mut recordings = Recordings::read().unwrap();
        let (one, other) = (recordings.next(), recordings.next());
        assert_ne!(one, other);
        assert_eq!(one.len(), recordings.model.len() + 16);
        let media_type = eventrelay::video::MediaType::parse("video/mp4").unwrap();
        assert_eq!(media_type.read_as(&one[..1024]), Some(media_type));
    }

    #[test]
    fn concurrently_busy_workers_are_counted() {
        let changes = vec![
            (1000.0, 1),
            (3000.0, -1),
            (2000.0, 1),
            (2500.0, -1),
            (3000.0, 1),
            (4000.0, -1),
        ];
        let (most, over_time) = overlap(changes, 1000.0);
        assert_eq!(most, 2);
        assert!(over_time.contains(&(1.0, 2.0)) && over_time.ends_with(&[(3.0, 0.0)]));
    }
}
