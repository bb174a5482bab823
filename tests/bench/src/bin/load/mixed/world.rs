//! Requests of the mixed load.

use std::cell::{Cell, RefCell};

use anyhow::Context as _;
use eventrelay_tests::{
    PATIENCE, Stack,
    catalog::{
        self, Lookup,
        fill::{self, Table},
    },
    until,
};
use fastrand::Rng;
use serde_json::{Value, json};

use crate::{http::Caller, open_loop::Outcome};

/// Analyses that are looked up.
const ENTRIES: usize = 2_000;

/// Numbers of new videos begin here, far from those.
const FIRST_NEW: u64 = 1 << 40;

/// Search terms, with and without results.
const WORDS: [&str; 5] = ["rust", "server*", "queue", "lambda function", "nothing"];

/// Duration of an answer of the model.
const GENERATE_MS: u64 = 300;

/// Stack, caller and state of the requests.
pub(super) struct World {
    pub(super) stack: Stack,
    caller: Caller,
    lookups: Vec<Lookup>,
    /// A video that projects are made of.
    video: String,
    /// Jobs that were accepted.
    pub(super) jobs: RefCell<Vec<String>>,
    new: Cell<u64>,
    rng: RefCell<Rng>,
}

impl World {
    pub(super) async fn new() -> anyhow::Result<Self> {
        eprintln!("building and starting the stack");
        let stack = Stack::start().await?;
        stack
            .gemini_settings(json!({"generate_ms": GENERATE_MS}))
            .await?;
        let table = Table {
            name: stack.name("VideosTable").to_owned(),
            videos: ENTRIES,
        };
        let lookups = fill::fill(&stack.dynamodb(), &[table], 0).await?.to_vec();
        let first = catalog::id(FIRST_NEW).to_string();
        let done = stack.run(json!({"url": first})).await?;
        let id = |name: &str| done[name].as_str().map(str::to_owned);
        Ok(Self {
            caller: Caller::new(&stack),
            stack,
            lookups,
            video: id("video_id").context("no video")?,
            jobs: RefCell::new(vec![id("job_id").context("no job")?]),
            new: Cell::new(FIRST_NEW),
            rng: RefCell::new(Rng::with_seed(1)),
        })
    }

    async fn accepted(&self, path: &str, body: &Value) -> Outcome {
        let answer = self.caller.post(path, body, 202).await?;
        let job: Value = serde_json::from_slice(&answer).map_err(|error| error.to_string())?;
        let id = job["job_id"].as_str().ok_or("no job id")?;
        self.jobs.borrow_mut().push(id.to_owned());
        Ok(())
    }

    pub(super) async fn submit(&self) -> Outcome {
        self.new.set(self.new.get() + 1);
        let id = catalog::id(self.new.get()).to_string();
        self.accepted("/v1/videos", &json!({"url": id})).await
    }

    pub(super) async fn make(&self) -> Outcome {
        let path = format!("/v1/videos/{}/projects", self.video);
        let asked = json!({"project_type": "cli", "framework": "python"});
        self.accepted(&path, &asked).await
    }

    pub(super) async fn look_up(&self) -> Outcome {
        let position = self.rng.borrow_mut().usize(..self.lookups.len());
        self.caller
            .get(&self.lookups[position].path, 200)
            .await
            .map(|_| ())
    }

    pub(super) async fn search(&self, request: u64) -> Outcome {
        let words = WORDS[usize::try_from(request).unwrap_or(0) % WORDS.len()];
        let path = format!("/v1/search?q={}", words.replace(' ', "%20"));
        self.caller.get(&path, 200).await.map(|_| ())
    }

    pub(super) async fn poll(&self) -> Outcome {
        let path = {
            let jobs = self.jobs.borrow();
            // Recent jobs are polled most.
            let lately = jobs.len().saturating_sub(20);
            let position = self.rng.borrow_mut().usize(lately..jobs.len());
            format!("/v1/jobs/{}", jobs[position])
        };
        self.caller.get(&path, 200).await.map(|_| ())
    }

    /// Waits for the ends of all jobs. How many did not end well.
    pub(super) async fn ends(&self) -> anyhow::Result<usize> {
        let jobs = self.jobs.borrow().clone();
        let mut failed = 0;
        for id in &jobs {
            let doc = until(PATIENCE, async || {
                let (_, doc) = self.stack.job_row(id).await?;
                Ok((doc["settled"] == true).then_some(doc))
            })
            .await?;
            // An analysis says so by its stage, a build by its end.
            let is_done = doc["state"]["stage"] == "done" || doc["end"]["end"] == "done";
            failed += usize::from(!is_done);
        }
        Ok(failed)
    }
}
