//! Crash points of builds: a worker crashes at each of its side effects in turn.
//!
//! The worker makes a project, writes a file of it, deploys it or drives video-to-software.
//!
//! All projects come from one analysis, so they are equal. A crash leaves a lease that has to
//! expire, so all workers crash at the same time.

mod outcome;
mod world;

use std::time::{Duration, Instant};

use eventrelay::ids::JobId;
use eventrelay_tests::{
    PATIENCE, Stack,
    faults::{BUILDER, BUILDS, Killed, QUEUE},
    is_open, until,
};
use reqwest::Method;
use serde_json::json;

use outcome::{Outcome, wrong};

/// The video that everything is made of.
const VIDEO: &str = "BBBBBBBBBBA";

/// Repositories of one project, few enough for all of them to be known to the next deployment.
const OF_A_PROJECT: usize = 8;

/// Files of a project that the model writes, and its plan.
const QUESTIONS: usize = 7;

/// Kind of build, and the worker of it that crashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A project; the worker that plans, opens, checks and packs it.
    Project,
    /// A project; the writer of a file that other files depend on.
    FirstFile,
    /// A project; the writer of the file with the most dependencies.
    LastFile,
    Repository,
    /// A pull request in a repository that another author has changed.
    PullRequest,
    /// A deployment to Vercel.
    Vercel,
    /// Video-to-software with Netlify; its executor.
    Software,
    /// Video-to-software with Netlify; its deployer.
    Netlify,
}

const KINDS: [Kind; 8] = [
    Kind::Project,
    Kind::FirstFile,
    Kind::LastFile,
    Kind::Repository,
    Kind::PullRequest,
    Kind::Vercel,
    Kind::Software,
    Kind::Netlify,
];

/// A job under way.
#[derive(Clone, Debug)]
struct Run {
    kind: Kind,
    job: String,
    /// The job whose worker crashes.
    watched: String,
    /// The repository, where there is one.
    repository: String,
}

impl Run {
    fn new(kind: Kind, job: &str, repository: &str) -> Self {
        let part = |part: &str| JobId::derived(job, part).to_string();
        Self {
            kind,
            job: job.to_owned(),
            watched: match kind {
                Kind::FirstFile => part("file 0 0"),
                Kind::LastFile => part("file 0 5"),
                Kind::Netlify => part("deployment"),
                _ => job.to_owned(),
            },
            repository: repository.to_owned(),
        }
    }
}

/// A repository of an earlier deployment that another author has changed since.
#[derive(Clone, Debug)]
struct Prepared {
    project: String,
    repository: String,
}

struct Harness {
    stack: Stack,
    /// A project that is ready.
    base: String,
    repositories: usize,
}

impl Harness {
    async fn start() -> Self {
        let stack = Stack::breakable(&[
            ("GITHUB_WRITES_PER_SECOND", "0"),
            ("GITHUB_WRITES_PER_MINUTE", "0"),
            ("GITHUB_WRITES_PER_HOUR", "0"),
            ("NETLIFY_DEPLOYS_PER_MINUTE", "0"),
        ])
        .await
        .unwrap();
        for queue in [QUEUE, BUILDS] {
            let time = Duration::from_secs(3);
            stack.redeliver_after(queue, time).await.unwrap();
        }
        // Just short of the first wait: the first look comes too early, however many are at work,
        // and the second does not.
        let netlify = &stack.ready.standins.netlify;
        let url = format!("{netlify}/_control/settings");
        let settings = json!({"processing_ms": 1900});
        stack.control(Method::PUT, url, settings).await.unwrap();
        let done = stack.run(json!({ "url": VIDEO })).await.unwrap();
        assert_eq!(done["status"], "done", "{done:#}");
        Self {
            stack,
            base: String::new(),
            repositories: 0,
        }
    }

    fn next_repository(&mut self) -> String {
        self.repositories += 1;
        format!("repository-{}", self.repositories)
    }

    async fn submit(&mut self, kind: Kind, prepared: Option<&Prepared>) -> Run {
        let project = json!({"project_type": "web", "framework": "static"});
        let mut repository = String::new();
        let (path, body) = match kind {
            Kind::Project | Kind::FirstFile | Kind::LastFile => {
                (format!("/v1/videos/{VIDEO}/projects"), project)
            }
            Kind::Software | Kind::Netlify => {
                let mut whole = project;
                (whole["url"], whole["deployment_target"]) = (json!(VIDEO), json!("netlify"));
                ("/v1/video-to-software".to_owned(), whole)
            }
            Kind::Vercel => (
                format!("/v1/projects/{}/deployments", self.base),
                json!({"target": "vercel"}),
            ),
            Kind::Repository | Kind::PullRequest => {
                let at = match prepared {
                    Some(prepared) => prepared.clone(),
                    None => Prepared {
                        project: self.base.clone(),
                        repository: self.next_repository(),
                    },
                };
                repository = at.repository;
                (
                    format!("/v1/projects/{}/deployments", at.project),
                    json!({"target": "github", "repository": {"name": repository}}),
                )
            }
        };
        let job = self.stack.accepted(&path, body).await.unwrap();
        Run::new(kind, job["job_id"].as_str().unwrap(), &repository)
    }

    async fn watch(&self, run: &Run, at: Option<usize>, when: &str) {
        let planned = self.stack.plan_kill_of(BUILDER, &run.watched, at, when);
        planned.await.unwrap();
    }

    /// Waits until every build has ended and no worker runs. Reads no job, as that would resend a lost
    /// message: if no message is left, an open job has lost its own.
    async fn to_the_end(&self) {
        self.stack.read_queue(BUILDER, true).await.unwrap();
        let ended = async || {
            let left = self.stack.messages(BUILDS).await? + self.stack.messages(QUEUE).await?;
            let instances = self.stack.instances().await?;
            let is_at_work = instances.iter().any(|instance| instance["state"] == "busy");
            // Read last: what was the last message has been worked on by now.
            let rows = self.stack.rows("JobsTable").await?;
            let open: Vec<_> = rows.iter().filter(|row| is_open(row)).collect();
            assert!(
                open.is_empty() || left > 0 || is_at_work,
                "their message is lost: {open:#?}"
            );
            Ok((open.is_empty() && !is_at_work).then_some(()))
        };
        until(3 * PATIENCE, ended).await.expect("all builds end");
    }

    /// Runs builds without crashes. Returns the side effects of their watched workers.
    async fn undisturbed(&self, runs: &[Run]) -> Vec<Vec<String>> {
        for run in runs {
            self.watch(run, None, "after").await;
        }
        self.to_the_end().await;
        let kills = self.stack.kills().await.unwrap();
        let effects = runs.iter().map(|run| of_run(&kills, run).effects.clone());
        effects.collect()
    }

    /// The id of the project that a build has made.
    async fn project_of(&self, run: &Run) -> String {
        let (_, build) = self.stack.job_row(&run.job).await.unwrap();
        build["work"]["project"].as_str().unwrap().to_owned()
    }

    /// Deployed repositories that another author has changed since.
    async fn prepare(&mut self, count: usize) -> Vec<Prepared> {
        self.stack.read_queue(BUILDER, false).await.unwrap();
        let mut projects = vec![self.base.clone()];
        let mut runs = Vec::new();
        for _ in 1..count.div_ceil(OF_A_PROJECT) {
            runs.push(self.submit(Kind::Project, None).await);
        }
        self.to_the_end().await;
        for run in &runs {
            projects.push(self.project_of(run).await);
        }
        let mut prepared = Vec::new();
        for number in 0..count {
            let one = Prepared {
                project: projects[number / OF_A_PROJECT].clone(),
                repository: self.next_repository(),
            };
            self.submit(Kind::Repository, Some(&one)).await;
            prepared.push(one);
        }
        self.to_the_end().await;
        for one in &prepared {
            self.push(&one.repository).await;
        }
        prepared
    }

    /// Another author changes a deployed file.
    async fn push(&self, repository: &str) {
        let github = &self.stack.ready.standins.github;
        let owner = world::OWNER;
        let url = format!("{github}/_control/repos/{owner}/{repository}/commits");
        let commit = json!({"path": "index.html", "content": "<!doctype html>\n"});
        let pushed = self.stack.control(Method::POST, url, commit);
        pushed.await.unwrap();
    }

    /// Runs a build of every kind without crashes. Returns the side effects of the worker that will
    /// crash, and the outcome.
    async fn measure(&mut self) -> Vec<(Kind, Vec<String>, Outcome)> {
        self.stack.read_queue(BUILDER, false).await.unwrap();
        let mut effects = Vec::new();
        let made = self.submit(Kind::Project, None).await;
        let whole = self.submit(Kind::Software, None).await;
        let of = |kind, run: &Run| Run::new(kind, &run.job, "");
        let mut runs = vec![
            of(Kind::FirstFile, &made),
            of(Kind::LastFile, &made),
            of(Kind::Netlify, &whole),
            made,
            whole,
        ];
        effects.extend(self.undisturbed(&runs).await);
        self.base = self.project_of(&runs[3]).await;
        self.stack.read_queue(BUILDER, false).await.unwrap();
        let deployments = [
            self.submit(Kind::Repository, None).await,
            self.submit(Kind::Vercel, None).await,
        ];
        effects.extend(self.undisturbed(&deployments).await);
        runs.extend(deployments);
        let prepared = self.prepare(1).await;
        self.stack.read_queue(BUILDER, false).await.unwrap();
        let again = [self.submit(Kind::PullRequest, prepared.first()).await];
        effects.extend(self.undisturbed(&again).await);
        runs.extend(again);
        let mut measured = Vec::new();
        for (run, effects) in runs.iter().zip(effects) {
            eprintln!("{:?}: {effects:#?}", run.kind);
            let outcome = Outcome::read(self, run).await;
            measured.push((run.kind, effects, outcome));
        }
        measured
    }
}

fn of_run<'a>(kills: &'a [Killed], run: &Run) -> &'a Killed {
    let mut kills = kills.iter();
    kills.find(|kill| kill.matching == run.watched).unwrap()
}

/// Returns the crash points of the short form.
///
/// They are the first side effect of each sort outside of tables or in a transaction, and the first
/// write that is followed by a message.
fn chosen(effects: &[String]) -> Vec<usize> {
    let sort = |effect: &str| {
        let folder = effect.split_inclusive("/files/").next().unwrap_or(effect);
        let parts = folder.split(['/', '-', '.', '?']);
        let parts = parts.filter(|part| part.len() < 20 && part.parse::<u64>().is_err());
        parts.collect::<Vec<_>>().join("/")
    };
    let mut sorts: Vec<String> = effects.iter().map(|effect| sort(effect)).collect();
    for at in 1..sorts.len() {
        if sorts[at].starts_with("sqs") && sorts[at - 1].starts_with("dynamodb") {
            sorts[at - 1] = "and then a message".to_owned();
        }
    }
    let is_worth_it = |at: &usize| {
        let sort = &sorts[*at];
        let is_of_a_row = sort.starts_with("dynamodb") && !sort.ends_with("TransactWriteItems");
        !is_of_a_row && !sorts[..*at].contains(sort)
    };
    let points = (0..effects.len()).filter(is_worth_it);
    points.map(|at| at + 1).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn builds_with_crash_at_every_side_effect_end_as_without() {
    let _processors = crate::PROCESSORS.read().await;
    let is_long = std::env::var("CRASH_POINTS").is_ok_and(|value| value == "all");
    let mut harness = Harness::start().await;
    let started = Instant::now();
    let measured = harness.measure().await;
    assert_eq!(measured.len(), KINDS.len());
    eprintln!("undisturbed they took {:?}", started.elapsed());

    let moments: &[&str] = if is_long {
        &["after", "before"]
    } else {
        &["after"]
    };
    for when in moments {
        let points = |effects: &[String]| {
            if is_long {
                (1..=effects.len()).collect()
            } else {
                chosen(effects)
            }
        };
        let again = measured
            .iter()
            .find(|(kind, _, _)| *kind == Kind::PullRequest);
        let mut prepared = harness.prepare(points(&again.unwrap().1).len()).await;
        let asked = world::questions(&harness.stack).await;
        harness.stack.read_queue(BUILDER, false).await.unwrap();
        let mut runs = Vec::new();
        for (kind, effects, expected) in &measured {
            for at in points(effects) {
                let at_hand = match kind {
                    Kind::PullRequest => prepared.pop(),
                    _ => None,
                };
                let run = harness.submit(*kind, at_hand.as_ref()).await;
                harness.watch(&run, Some(at), when).await;
                runs.push((run, at, expected));
            }
        }
        let started = Instant::now();
        harness.to_the_end().await;
        eprintln!("{} deaths took {:?}", runs.len(), started.elapsed());

        let kills = harness.stack.kills().await.unwrap();
        let (mut complaints, mut spared) = (Vec::new(), Vec::new());
        let (mut projects, mut repeatable) = (0, 0);
        for (run, at, expected) in &runs {
            let killed = of_run(&kills, run);
            if killed.killed_at.is_none() {
                let effects = &killed.effects;
                assert!(effects.len() < *at, "was not killed {at}: {effects:#?}");
                spared.push(run.kind);
            }
            repeatable += usize::from(outcome::is_repeatable(killed));
            projects += usize::from(run.kind.makes_a_project());
            for wrong in wrong(&harness, run, killed, expected).await {
                complaints.push(format!(
                    "{:?} killed {when} {:?}: {wrong}",
                    run.kind, killed.killed_at
                ));
            }
        }
        // On a slow machine, a heartbeat of a lease or a skipped poll is a side effect of one run
        // only.
        for kind in KINDS {
            let times = spared.iter().filter(|one| **one == kind).count();
            assert!(times <= 2, "{times} workers did not die: {kind:?}");
        }
        let asked = world::questions(&harness.stack).await - asked;
        let least = projects * QUESTIONS;
        if !(least..=least + repeatable).contains(&asked) {
            complaints.push(format!(
                "{asked} questions for {projects} projects, {repeatable} of which may be asked again"
            ));
        }
        complaints.extend(world::doubles(&harness).await);
        for letter in harness.stack.dead_letters().await.unwrap() {
            complaints.push(format!("there is a dead letter: {letter}"));
        }
        complaints.extend(harness.stack.leftovers().await.unwrap());
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }
}
