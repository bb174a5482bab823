//! Many videos under random faults and kills of instances.
//!
//! 5 % of the calls to AWS and 10 % of those to upstreams fail. Every job ends, nothing is lost or
//! duplicated, and no request takes longer than a user's timeout. Some of the videos become software
//! that is deployed to GitHub.
//!
//! The users are HTTP clients that retry 5xx and 429 and nothing else.
//!
//! ```sh
//! cargo test --workspace --test faults faulty_world::                       # 12 videos
//! FAULTY_WORLD=100 cargo test --workspace --test faults faulty_world::      # the whole load
//! FAULTY_WORLD_SEED=<seed of a failure> cargo test --workspace --test faults faulty_world::
//! ```

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use eventrelay_tests::{
    PATIENCE, Response, Stack,
    faults::{BUILDS, QUEUE},
    is_open, read, repository, until,
};
use fastrand::Rng;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

/// Shares of calls that fail.
const OF_AWS: f64 = 0.05;
const OF_UPSTREAMS: f64 = 0.1;

/// Timeout of a user's client. No endpoint may exceed the 30 s of API Gateway, <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>.
const USER_TIMEOUT: Duration = Duration::from_secs(35);

/// Maximum retries of a call after 5xx or 429.
const REPEATS: usize = 20;

/// One of so many videos becomes software.
const OF_SOFTWARE: usize = 6;

/// Time between two kills.
const BETWEEN_KILLS: Duration = Duration::from_secs(2);

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The users of a stack.
struct Users<'a> {
    stack: &'a Stack,
    calls: Cell<usize>,
    /// Number of retried calls by the status of the failed response.
    repeated: RefCell<BTreeMap<u16, usize>>,
    longest: Cell<Duration>,
    /// Jobs of projects and deployments that have ended.
    builds: RefCell<Vec<Value>>,
}

impl Users<'_> {
    /// A call, repeated as a good client does.
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let mut ticks = tokio::time::interval(Duration::from_millis(500));
        let mut refusals = Vec::new();
        for _ in 0..REPEATS {
            ticks.tick().await;
            let started = Instant::now();
            let call = self.stack.call(method.clone(), path, &[], body.clone());
            let answer = tokio::time::timeout(USER_TIMEOUT, call)
                .await
                .unwrap_or_else(|_| panic!("{method} {path} hangs"))
                .unwrap();
            self.calls.set(self.calls.get() + 1);
            self.longest.set(self.longest.get().max(started.elapsed()));
            if !answer.status.is_server_error() && answer.status != 429 {
                return answer;
            }
            let mut repeated = self.repeated.borrow_mut();
            *repeated.entry(answer.status.as_u16()).or_default() += 1;
            refusals.push((started.elapsed(), answer.text()));
        }
        panic!("{method} {path} is not answered: {refusals:#?}");
    }

    /// Submits a video. Its job.
    async fn submit(&self, number: usize) -> Value {
        let submission = match number % 2 {
            0 => json!({ "url": format!("{number:010}A") }),
            _ => json!({ "upload_id": self.upload(number).await }),
        };
        let answer = self
            .call(Method::POST, "/v1/videos", Some(submission))
            .await;
        // 200 where a call was repeated whose answer was lost and the job has ended since.
        assert!(
            matches!(answer.status.as_u16(), 200 | 202),
            "{}",
            answer.text()
        );
        answer.json()
    }

    async fn upload(&self, number: usize) -> String {
        use sha2::Digest;
        let mut bytes = std::fs::read(repository("tests/data/media/talk.mp4")).unwrap();
        bytes.extend(number.to_le_bytes());
        let sha256 = hex::encode(sha2::Sha256::digest(&bytes));
        let body = json!({
            "file_name": "talk.mp4", "content_type": "video/mp4", "size_bytes": bytes.len(),
            "sha256": sha256,
        });
        let granted = self.call(Method::POST, "/v1/uploads", Some(body)).await;
        let granted = granted.expect(201).json();
        self.stack.put_upload(&granted, bytes).await.unwrap()
    }

    /// Submits a video and asks until its job has ended, and so has what is made of it. The job.
    async fn run(&self, number: usize) -> Value {
        let submitted = self.submit(number).await;
        let job = if submitted["job_id"].is_null() {
            submitted
        } else {
            self.end_of(&submitted).await
        };
        if number.is_multiple_of(OF_SOFTWARE) && job["status"] != "failed" {
            self.build(number, &job).await;
        }
        job
    }

    /// Makes software of a video and deploys it.
    async fn build(&self, number: usize, job: &Value) {
        let path = format!("/v1/videos/{}/projects", job["video_id"].as_str().unwrap());
        let project = json!({"project_type": "web", "framework": "static"});
        let made = self.build_at(&path, project).await;
        if made["status"] == "done" {
            let path = format!("{}/deployments", made["links"]["project"].as_str().unwrap());
            let repository = json!({"name": format!("world-{number}")});
            let target = json!({"target": "github", "repository": repository});
            self.build_at(&path, target).await;
        }
    }

    async fn build_at(&self, path: &str, body: Value) -> Value {
        let answer = self.call(Method::POST, path, Some(body)).await;
        let job = self.end_of(&answer.expect(202).json()).await;
        self.builds.borrow_mut().push(job.clone());
        job
    }

    /// Asks until a job has ended. The job.
    async fn end_of(&self, job: &Value) -> Value {
        let path = format!("/v1/jobs/{}", job["job_id"].as_str().unwrap());
        let mut ticks = tokio::time::interval(Duration::from_secs(2));
        let started = Instant::now();
        loop {
            ticks.tick().await;
            let job = self.call(Method::GET, &path, None).await.expect(200).json();
            if ["done", "failed"].iter().any(|end| job["status"] == **end) {
                return job;
            }
            assert!(started.elapsed() < 8 * PATIENCE, "it does not end: {job:#}");
        }
    }
}

/// Kills instances until it is dropped.
async fn kill_at_random(stack: &Stack, mut random: Rng, killed: &Cell<usize>) {
    let mut ticks = tokio::time::interval(BETWEEN_KILLS);
    loop {
        ticks.tick().await;
        let instances = stack.instances().await.unwrap();
        let Some(instance) = random.choice(&instances) else {
            continue;
        };
        let path = format!("/instances/{}", instance["instance"].as_str().unwrap());
        // The instance may have ended by itself.
        if stack
            .admin(Method::DELETE, &path, Value::Null)
            .await
            .is_ok()
        {
            killed.set(killed.get() + 1);
        }
    }
}

/// Checks that all but few builds are done, and that there is a repository for each project that was
/// deployed, and one only.
async fn assert_built(stack: &Stack, builds: &[Value], projects: usize) {
    let failed = builds.iter().filter(|job| job["status"] == "failed");
    for job in failed.clone() {
        eprintln!("{} failed: {}", job["job_id"], job["error"]["detail"]);
        assert!(job["error"]["type"].is_string(), "honestly: {job:#}");
    }
    let allowed = 1 + projects / 5;
    assert!(failed.count() <= allowed, "{builds:#?}");
    let url = format!("{}/_control/repos", stack.ready.standins.github);
    let repositories = read(stack.client().get(url)).await.unwrap().json();
    let repositories = repositories.as_array().unwrap();
    let mut deployed = BTreeMap::<String, String>::new();
    for row in stack.rows("ProjectsTable").await.unwrap() {
        let doc: Value = serde_json::from_str(row["doc"].as_s().unwrap()).unwrap();
        if doc["request"]["target"].is_null() || doc["status"] != "done" {
            continue;
        }
        let at = doc["result"]["repository"].as_str().unwrap().to_owned();
        let project = doc["project"].as_str().unwrap().to_owned();
        let before = deployed.insert(at, project.clone());
        assert!(before.is_none_or(|before| before == project), "{doc:#}");
    }
    for (at, project) in &deployed {
        let mut of_project = repositories.iter().filter(|one| {
            let about = one["description"].as_str().unwrap_or_default();
            about.contains(project)
        });
        let found = of_project.next().unwrap();
        assert_eq!(found["full_name"], at.as_str());
        assert!(of_project.next().is_none(), "{repositories:#?}");
    }
    eprintln!("{} builds, {} repositories", builds.len(), deployed.len());
    assert!(!deployed.is_empty(), "nothing was deployed: {builds:#?}");
}

#[tokio::test]
async fn load_under_random_faults_ends_consistently() {
    let _processors = crate::PROCESSORS.write().await;
    let videos = usize::try_from(number("FAULTY_WORLD").unwrap_or(12)).unwrap();
    let seed = number("FAULTY_WORLD_SEED").unwrap_or_else(|| fastrand::u64(..1 << 32));
    eprintln!("FAULTY_WORLD={videos} FAULTY_WORLD_SEED={seed}");
    let stack = Stack::breakable(&[]).await.unwrap();
    for queue in [QUEUE, BUILDS] {
        let time = Duration::from_secs(5);
        stack.redeliver_after(queue, time).await.unwrap();
    }
    stack
        .gemini_settings(json!({"generate_ms": 500, "processing_ms": 500, "video_duration_s": 60}))
        .await
        .unwrap();
    stack.chaos(seed, OF_AWS, OF_UPSTREAMS).await.unwrap();

    let users = Users {
        stack: &stack,
        calls: Cell::new(0),
        repeated: RefCell::default(),
        longest: Cell::new(Duration::ZERO),
        builds: RefCell::default(),
    };
    let killed = Cell::new(0);
    let started = Instant::now();
    let jobs = tokio::select! {
        jobs = join_all((0..videos).map(|number| users.run(number))) => jobs,
        () = kill_at_random(&stack, Rng::with_seed(seed), &killed) => unreachable!(),
    };
    let dealt: BTreeMap<String, u64> = serde_json::from_value(
        stack
            .admin(Method::GET, "/faults/chaos", Value::Null)
            .await
            .unwrap(),
    )
    .unwrap();
    eprintln!(
        "{videos} jobs ended after {:?}: {} calls of users, repeated by status {:?}, the longest took {:?}; {} \
         instances killed; faults: {dealt:#?}",
        started.elapsed(),
        users.calls.get(),
        users.repeated.borrow(),
        users.longest.get(),
        killed.get(),
    );
    assert!(dealt.len() > 8 && killed.get() > 0, "the world is faulty");

    // The world is well again, and what was under way comes to its end.
    stack.chaos(seed, 0.0, 0.0).await.unwrap();
    let settled = async || {
        let open = stack.rows("JobsTable").await?;
        let open = open.iter().filter(|row| is_open(row));
        let mut is_any = false;
        for row in open {
            is_any = true;
            // Reading a job resends its lost message.
            let path = format!("/v1/jobs/{}", row["pk"].as_s().unwrap());
            let _ = stack.get(&path).await?;
        }
        let left = stack.messages(QUEUE).await? + stack.messages(BUILDS).await?;
        let is_quiet = !is_any && left == 0;
        Ok(is_quiet.then_some(()))
    };
    until(2 * PATIENCE, settled).await.expect("all is settled");

    let failed: Vec<_> = jobs
        .iter()
        .filter(|job| job["status"] == "failed")
        .collect();
    for job in &failed {
        eprintln!("{} failed: {}", job["job_id"], job["error"]["detail"]);
        assert!(job["error"]["type"].is_string(), "honestly: {job:#}");
    }
    assert!(failed.len() <= 1 + videos / 10, "{} failed", failed.len());
    for job in jobs.iter().filter(|job| job["status"] == "done") {
        let path = format!("/v1/videos/{}", job["video_id"].as_str().unwrap());
        let _ = stack.get(&path).await.unwrap().expect(200);
    }

    // Every job that was written down has ended, and every video has one analysis at most.
    let rows = stack.rows("JobsTable").await.unwrap();
    // Neither dead letters nor tasks have a stage.
    let ended: HashMap<_, _> = rows
        .iter()
        .filter_map(|row| Some((row["pk"].as_s().unwrap(), row.get("stage")?.as_s().unwrap())))
        .collect();
    for job in jobs.iter().filter_map(|job| job["job_id"].as_str()) {
        assert!(ended.contains_key(&job.to_owned()), "{job} is lost");
    }
    let mut analyses = HashMap::<String, usize>::new();
    for row in stack.rows("VideosTable").await.unwrap() {
        if row["sk"].as_s().unwrap().starts_with("v#") && row.contains_key("doc") {
            *analyses
                .entry(row["pk"].as_s().unwrap().clone())
                .or_default() += 1;
        }
    }
    assert_eq!(analyses.len(), videos - failed.len());
    assert!(analyses.values().all(|count| *count == 1), "{analyses:?}");
    let builds = users.builds.take();
    assert_built(&stack, &builds, videos.div_ceil(OF_SOFTWARE)).await;
    assert_eq!(stack.leftovers().await.unwrap(), [""; 0]);

    // Every dead letter belongs to a job that has ended.
    for letter in stack.dead_letters().await.unwrap() {
        let job = letter["job_id"].as_str().unwrap().to_owned();
        eprintln!("a dead letter of {job}, which is {:?}", ended.get(&job));
        assert!(ended.contains_key(&job), "{job}");
    }
}
