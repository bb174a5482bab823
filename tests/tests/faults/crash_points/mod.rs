//! Crash points: the worker crashes at each of its side effects in turn, and every message is
//! delivered twice. The outcome equals that of an undisturbed run.
//!
//! An undisturbed job of each kind counts the side effects of its worker. Then one job for each side
//! effect runs, whose worker is killed (SIGKILL) at that one. They run concurrently, as each waits for
//! its lease. No job is read before it has ended: that would resend a lost message and hide the loss.
//!
//! ```sh
//! cargo test --workspace --test faults crash_points::                    # after each side effect
//! CRASH_POINTS=all cargo test --workspace --test faults crash_points::   # and before each
//! ```

mod builds;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use eventrelay_tests::{
    PATIENCE, Stack,
    faults::{Killed, QUEUE, WORKER},
    is_open, repository, until,
};
use reqwest::Method;
use serde_json::{Value, json};

/// Side effect that costs money.
const GENERATION: &str = ":generateContent";

/// Side effect that stores the paid answer.
const KEPT: &str = ".made.gz";

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    YouTube,
    Upload,
}

const KINDS: [Kind; 2] = [Kind::YouTube, Kind::Upload];

/// A job under way.
#[derive(Debug)]
struct Run {
    kind: Kind,
    job: String,
    video: String,
}

struct Harness {
    stack: Stack,
    videos: usize,
}

impl Harness {
    /// Each worker runs one step at a time, so that each death is that of one job.
    async fn start() -> Self {
        Self::with(&[("ANALYSIS_BATCH", "1")]).await
    }

    async fn with(environment: &[(&str, &str)]) -> Self {
        let stack = Stack::breakable(environment).await.unwrap();
        stack
            .redeliver_after(QUEUE, Duration::from_secs(3))
            .await
            .unwrap();
        stack
            .gemini_settings(json!({"video_duration_s": 60}))
            .await
            .unwrap();
        Self { stack, videos: 0 }
    }

    /// Submits another video. No worker starts while the queue is not read.
    async fn submit(&mut self, kind: Kind) -> Run {
        self.videos += 1;
        let number = self.videos;
        let captions = std::fs::read_to_string(repository("tests/data/media/talk.vtt")).unwrap();
        let mut submission = match kind {
            Kind::YouTube => {
                let id = format!("{number:010}A");
                let video = json!({"title": "A talk", "channel": "A channel"});
                let url = format!("{}/_control/videos/{id}", self.stack.ready.standins.youtube);
                self.stack.control(Method::PUT, url, video).await.unwrap();
                json!({ "url": id })
            }
            Kind::Upload => {
                let mut recording = std::fs::read(repository("tests/data/media/talk.mp4")).unwrap();
                // Bytes more are another recording.
                recording.extend(number.to_le_bytes());
                let upload_id = self.stack.upload("talk.mp4", recording).await.unwrap();
                json!({ "upload_id": upload_id })
            }
        };
        submission["transcript"] = json!(captions);
        let job = self.stack.accepted("/v1/videos", submission).await.unwrap();
        let part = |name: &str| job[name].as_str().unwrap().to_owned();
        Run {
            kind,
            job: part("job_id"),
            video: part("video_id"),
        }
    }

    /// Enables the queue and waits until it is empty. After that, a job that has not ended has lost
    /// its message.
    async fn to_the_end(&self, runs: &[Run]) {
        self.stack.read_queue(WORKER, true).await.unwrap();
        let empty = async || Ok((self.stack.messages(QUEUE).await? == 0).then_some(()));
        let ended = until(3 * PATIENCE, empty).await;
        let rows = self.stack.rows("JobsTable").await.unwrap();
        let open: Vec<_> = rows.iter().filter(|row| is_open(row)).collect();
        assert!(
            ended.is_ok() && open.is_empty(),
            "the queue is empty: {}, and of {} jobs are open: {open:#?}",
            ended.is_ok(),
            runs.len(),
        );
    }

    /// The analysis of a video without what is of this run alone.
    async fn analysis(&self, run: &Run) -> Value {
        let path = format!("/v1/videos/{}", run.video);
        let text = self.stack.get(&path).await.unwrap().expect(200).text();
        let id = run.video.split_once(':').unwrap().1;
        let mut analysis: Value = serde_json::from_str(&text.replace(id, "ID")).unwrap();
        analysis["provenance"]["analyzed_at"].take();
        analysis["provenance"]["usage"]["billed_ms"].take();
        analysis
    }
}

fn of_job<'a>(kills: &'a [Killed], run: &Run) -> &'a Killed {
    kills.iter().find(|kill| kill.matching == run.job).unwrap()
}

/// Describes faults of an ended job. Leftovers of the stack are checked elsewhere.
async fn wrong(harness: &Harness, run: &Run, killed: &Killed, expected: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    let path = format!("/v1/jobs/{}", run.job);
    let job = harness.stack.get_json(&path).await.unwrap();
    if job["status"] != "done" {
        return vec![format!("it is not done: {job:#}")];
    }
    if harness.analysis(run).await != *expected {
        wrong.push("its analysis is another".to_owned());
    }
    let paid = killed.performed(GENERATION);
    // If the worker crashes before it stores the answer, the answer is lost: calls to Gemini have no
    // idempotency key.
    let at_generation = killed.killed_at.as_ref().is_some_and(|effect| {
        (killed.when == "after" && effect.contains(GENERATION))
            || (killed.when == "before" && effect.ends_with(KEPT))
    });
    let most = 1 + usize::from(at_generation);
    if paid == 0 || paid > most {
        wrong.push(format!("{paid} generations were paid"));
    }
    wrong
}

#[tokio::test(flavor = "multi_thread")]
async fn analyses_with_crash_at_every_side_effect_end_as_without() {
    let _processors = crate::PROCESSORS.read().await;
    let is_long = std::env::var("CRASH_POINTS").is_ok_and(|value| value == "all");
    let mut harness = Harness::start().await;

    // Undisturbed.
    let mut expected = Vec::new();
    for kind in KINDS {
        harness.stack.read_queue(WORKER, false).await.unwrap();
        let run = harness.submit(kind).await;
        harness
            .stack
            .plan_kill(&run.job, None, "after")
            .await
            .unwrap();
        harness.to_the_end(std::slice::from_ref(&run)).await;
        let kills = harness.stack.kills().await.unwrap();
        let effects = of_job(&kills, &run).effects.clone();
        eprintln!("{kind:?}: {effects:#?}");
        expected.push((kind, effects, harness.analysis(&run).await));
    }

    // Disturbed.
    let moments: &[&str] = if is_long {
        &["after", "before"]
    } else {
        &["after"]
    };
    for when in moments {
        harness.stack.read_queue(WORKER, false).await.unwrap();
        let mut runs = Vec::new();
        for (kind, effects, _) in &expected {
            for at in 1..=effects.len() {
                let run = harness.submit(*kind).await;
                harness
                    .stack
                    .plan_kill(&run.job, Some(at), when)
                    .await
                    .unwrap();
                harness
                    .stack
                    .send_step(&run.job, 0, Duration::ZERO)
                    .await
                    .unwrap();
                runs.push(run);
            }
        }
        let started = Instant::now();
        harness.to_the_end(&runs).await;
        eprintln!("{} deaths took {:?}", runs.len(), started.elapsed());
        let kills = harness.stack.kills().await.unwrap();
        let (mut complaints, mut spared) = (Vec::new(), 0);
        for run in &runs {
            let killed = of_job(&kills, run);
            let (_, _, analysis) = expected
                .iter()
                .find(|(kind, _, _)| *kind == run.kind)
                .unwrap();
            spared += usize::from(killed.killed_at.is_none());
            for wrong in wrong(&harness, run, killed, analysis).await {
                complaints.push(format!(
                    "{:?} killed {when} {:?}: {wrong}",
                    run.kind, killed.killed_at
                ));
            }
        }
        // A lease that was prolonged on a slow machine is a side effect more of one run alone.
        assert!(spared <= KINDS.len(), "{spared} workers did not die");
        for letter in harness.stack.dead_letters().await.unwrap() {
            complaints.push(format!("there is a dead letter: {letter}"));
        }
        complaints.extend(harness.stack.leftovers().await.unwrap());
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }
}

/// Steps that came together die together, of whatever one of them does, and each of them is done
/// by another worker.
#[tokio::test(flavor = "multi_thread")]
async fn job_resumes_after_its_worker_crashed() {
    let _processors = crate::PROCESSORS.read().await;
    const JOBS: usize = 6;
    let mut harness = Harness::with(&[]).await;
    harness.stack.read_queue(WORKER, false).await.unwrap();
    let mut runs = Vec::new();
    for _ in 0..JOBS {
        runs.push(harness.submit(Kind::YouTube).await);
    }
    let dies = &runs[0].job;
    let planned = harness.stack.plan_kill_at(dies, GENERATION, "after");
    planned.await.unwrap();
    harness.to_the_end(&runs).await;

    let log = harness.stack.data().join(format!("logs/{WORKER}.log"));
    let log = std::fs::read_to_string(log).unwrap();
    let mut together: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in log.lines().filter(|line| line.starts_with('{')) {
        let line: Value = serde_json::from_str(line).unwrap();
        if let (Some(invocation), Some(job)) =
            (line["faas.invocation_id"].as_str(), line["job.id"].as_str())
        {
            let jobs = together.entry(invocation.to_owned()).or_default();
            jobs.insert(job.to_owned());
        }
    }
    assert!(
        together.values().any(|jobs| jobs.len() > 1),
        "no steps came together: {together:#?}"
    );
    let killed = &harness.stack.kills().await.unwrap()[0];
    assert!(killed.killed_at.is_some(), "no worker died: {killed:?}");
    for run in &runs {
        let path = format!("/v1/jobs/{}", run.job);
        let job = harness.stack.get_json(&path).await.unwrap();
        assert_eq!(job["status"], "done");
    }
    let paid = harness.stack.gemini_calls(GENERATION).await.unwrap().len();
    assert!(
        (JOBS + 1..=2 * JOBS).contains(&paid),
        "{paid} generations were paid"
    );
    assert!(harness.stack.dead_letters().await.unwrap().is_empty());
    assert!(harness.stack.leftovers().await.unwrap().is_empty());
}
