//! All that users do, for minutes: new videos, lookups, searches, questions after jobs, projects.
//! Nothing may grow meanwhile but what is stored.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use anyhow::Context as _;
use eventrelay_tests::{
    PATIENCE, Stack,
    catalog::{
        self, Lookup,
        fill::{self, Table},
    },
    figures::short,
    until,
};
use fastrand::Rng;
use serde_json::{Value, json};

use crate::{
    cli::Mixed,
    http::Caller,
    latency::Recorded,
    open_loop::{self, Outcome, Schedule},
    plot::{Axis, Plot, Scale},
    report::{self, Found, Wanted},
    sampling::{Samples, sampled},
};

const MINUTES: f64 = 10.0;
const QUICK_MINUTES: f64 = 0.4;

/// Analyses that are looked up.
const ENTRIES: usize = 2_000;

/// Numbers of new videos begin here, far from those.
const FIRST_NEW: u64 = 1 << 40;

/// What may be found or not.
const WORDS: [&str; 5] = ["rust", "server*", "queue", "lambda function", "nothing"];

/// How long an answer of the model takes.
const GENERATE_MS: u64 = 300;

/// What counts as flat: a share of what it is, over the second half.
const FLAT: f64 = 0.05;

/// Who asks, for what.
struct World {
    stack: Stack,
    caller: Caller,
    lookups: Vec<Lookup>,
    /// A video that projects are made of.
    video: String,
    /// Jobs that were accepted.
    jobs: RefCell<Vec<String>>,
    new: Cell<u64>,
    rng: RefCell<Rng>,
}

/// Sends all of it at its rate, then waits for what it has begun.
///
/// # Errors
/// When the stack does not answer.
pub(crate) async fn run(options: &Mixed, quick: bool) -> anyhow::Result<Found> {
    let minutes = options
        .minutes
        .unwrap_or(if quick { QUICK_MINUTES } else { MINUTES });
    let length = Duration::from_secs_f64(60.0 * minutes);
    let world = World::new().await?;
    let of_kind = |rate| Schedule { rate, length };
    eprintln!("all at once for {} s", length.as_secs());
    let work = async {
        Ok(tokio::join!(
            open_loop::run(of_kind(options.submissions), |_| world.submit()),
            open_loop::run(of_kind(options.lookups), |_| world.look_up()),
            open_loop::run(of_kind(options.searches), |request| world.search(request)),
            open_loop::run(of_kind(options.polls), |_| world.poll()),
            open_loop::run(of_kind(options.projects), |_| world.make()),
        ))
    };
    let ((submissions, lookups, searches, polls, projects), samples) =
        sampled(&world.stack, work).await?;
    let recorded = [
        ("new videos", submissions),
        ("lookups", lookups),
        ("searches", searches),
        ("questions after jobs", polls),
        ("new projects", projects),
    ];
    eprintln!("waiting for the last jobs");
    let failed = world.ends().await?;
    Ok(found(
        minutes,
        &recorded,
        &samples,
        world.jobs.borrow().len(),
        failed,
    ))
}

impl World {
    async fn new() -> anyhow::Result<Self> {
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
            caller: Caller::of(&stack),
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

    async fn submit(&self) -> Outcome {
        self.new.set(self.new.get() + 1);
        let id = catalog::id(self.new.get()).to_string();
        self.accepted("/v1/videos", &json!({"url": id})).await
    }

    async fn make(&self) -> Outcome {
        let path = format!("/v1/videos/{}/projects", self.video);
        let asked = json!({"project_type": "cli", "framework": "python"});
        self.accepted(&path, &asked).await
    }

    async fn look_up(&self) -> Outcome {
        let position = self.rng.borrow_mut().usize(..self.lookups.len());
        self.caller
            .get(&self.lookups[position].path, 200)
            .await
            .map(|_| ())
    }

    async fn search(&self, request: u64) -> Outcome {
        let words = WORDS[usize::try_from(request).unwrap_or(0) % WORDS.len()];
        let path = format!("/v1/search?q={}", words.replace(' ', "%20"));
        self.caller.get(&path, 200).await.map(|_| ())
    }

    async fn poll(&self) -> Outcome {
        let path = {
            let jobs = self.jobs.borrow();
            // Whoever has submitted lately asks most.
            let lately = jobs.len().saturating_sub(20);
            let position = self.rng.borrow_mut().usize(lately..jobs.len());
            format!("/v1/jobs/{}", jobs[position])
        };
        self.caller.get(&path, 200).await.map(|_| ())
    }

    /// Waits for the ends of all jobs. How many did not end well.
    async fn ends(&self) -> anyhow::Result<usize> {
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

fn found(
    minutes: f64,
    recorded: &[(&str, Recorded); 5],
    samples: &Samples,
    jobs: usize,
    failed: usize,
) -> Found {
    let mut table = report::Table::new(["what"].into_iter().chain(Recorded::HEADS));
    let mut notes = Vec::new();
    for (name, recorded) in recorded {
        let mut cells = vec![(*name).to_owned()];
        cells.extend(recorded.cells());
        table.row(cells);
        notes.extend(
            recorded
                .reasons()
                .map(|reasons| format!("Failed {name}: {reasons}.")),
        );
    }
    let mut held = report::Table::new(["", "at first", "at most", "at last"]);
    let mut line = |name: &str, figure: fn(&crate::sampling::Sample) -> f64| {
        let of = |sample: Option<&_>| sample.map_or_else(String::new, |one| short(figure(one)));
        held.row([
            name.to_owned(),
            of(samples.0.first()),
            short(samples.most(figure)),
            of(samples.0.last()),
        ]);
    };
    line("memory of the local runtime, MiB", |one| one.runtime.mib);
    line("memory of all functions, MiB", |one| one.functions_mib());
    line("open files of the local runtime", |one| {
        one.runtime.files as f64
    });
    line("open files of all functions", |one| one.functions_files());
    line("instances", |one| one.functions.len() as f64);
    let mut wanted = vec![Wanted {
        what: format!("jobs that failed, of {jobs}"),
        wanted: "0".to_owned(),
        measured: failed.to_string(),
        is_met: failed == 0,
    }];
    wanted.extend(samples.growths().map(|(name, growth)| Wanted {
        what: format!("{name}, growth over the second half"),
        wanted: format!("at most {:.0} %", 100.0 * FLAT),
        measured: format!("{:+.1} %", 100.0 * growth),
        is_met: growth <= FLAT,
    }));
    let axis = |name, scale| Axis { name, scale };
    let over_time = |title: &str, y, series| Plot {
        title: title.to_owned(),
        x: axis("s", Scale::Linear),
        y,
        series,
    };
    let linear = |name| axis(name, Scale::Linear);
    let each = recorded.iter();
    Found {
        what: format!(
            "All at their own rates for {minutes} minutes. Latency counts from the scheduled time. \
             Growth is the slope over the second half, of functions those that were there all the \
             time.",
        ),
        tables: vec![table, held],
        wanted,
        notes,
        plots: vec![
            Plot {
                title: "Latency by percentile".to_owned(),
                x: axis("percentile", Scale::Percentile),
                y: axis("ms", Scale::Logarithmic),
                series: each
                    .clone()
                    .map(|(name, recorded)| recorded.by_percentile(name))
                    .collect(),
            },
            over_time(
                "Latency over time, p95 of each second",
                axis("ms", Scale::Logarithmic),
                each.clone()
                    .map(|(name, recorded)| recorded.over_time(name, 0.95))
                    .collect(),
            ),
            over_time(
                "Answers over time",
                linear("a second"),
                each.map(|(name, recorded)| recorded.rate(name)).collect(),
            ),
            over_time(
                "Memory",
                linear("MiB"),
                vec![
                    samples.series("local runtime", |one| one.runtime.mib),
                    samples.series("all functions", |one| one.functions_mib()),
                ],
            ),
            over_time(
                "Open files",
                linear("files"),
                vec![
                    samples.series("local runtime", |one| one.runtime.files as f64),
                    samples.series("all functions", |one| one.functions_files()),
                ],
            ),
            over_time(
                "Instances",
                linear("instances"),
                vec![
                    samples.series("all", |one| one.functions.len() as f64),
                    samples.series("busy", |one| one.busy as f64),
                ],
            ),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_as_many_cells_as_the_head() {
        let recorded = ["a", "b", "c", "d", "e"].map(|name| (name, Recorded::default()));
        let found = found(1.0, &recorded, &Samples::default(), 3, 1);
        for table in &found.tables {
            assert!(table.rows.iter().all(|row| row.len() == table.head.len()));
        }
        assert_eq!(found.wanted.iter().filter(|one| !one.is_met).count(), 1);
    }
}
