#![allow(clippy::unwrap_used)]

use std::{collections::BTreeMap, path::PathBuf, sync::OnceLock};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

fn is_running(pid: &Value) -> bool {
    let pid = pid
        .as_i64()
        .and_then(|pid| i32::try_from(pid).ok())
        .unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::test_kill_process(pid).is_ok()
}

/// Returns the folder of the probe. Builds it if it is missing, because a filtered test run builds
/// no examples.
pub(crate) fn probe_folder() -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER
        .get_or_init(|| {
            let built = eventrelay_launch::cargo()
                // Cargo runs in the workspace, whose features the tests use. With those of one
                // package, it would build the SDKs again.
                .args(["build", "--quiet", "--example", "probe_function"])
                .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
                .status()
                .unwrap();
            assert!(built.success());
            let tests = std::env::current_exe().unwrap();
            tests.parent().unwrap().parent().unwrap().join("examples")
        })
        .clone()
}

/// Returns the probe as a function of a template.
pub(crate) fn probe(name: &str) -> Function {
    Function {
        name: name.into(),
        binary: "probe_function".into(),
        timeout: Duration::from_secs(20),
        memory_mb: 256,
        environment: BTreeMap::from([("STAGE".into(), "test".into())]),
        log_format: "JSON".into(),
        log_level: None,
        reserved_concurrency: None,
        queue_sources: Vec::new(),
        schedules: Vec::new(),
    }
}

pub(crate) fn start(functions: &[Function], data: &TempDir) -> Arc<Lambda> {
    start_with(functions, data, |_| {})
}

fn start_with(
    functions: &[Function],
    data: &TempDir,
    change: impl FnOnce(&mut Settings),
) -> Arc<Lambda> {
    let mut settings = Settings {
        binaries: probe_folder(),
        logs: data.path().join("logs"),
        verbose: false,
        concurrency: 4,
        idle_limit: Duration::from_secs(300),
        services: BTreeMap::from([("AWS_ENDPOINT_URL_S3".into(), "http://127.0.0.1:1".into())]),
        metrics: Metrics::new(),
    };
    change(&mut settings);
    Lambda::new(functions, &settings).unwrap()
}

async fn call(lambda: &Lambda, event: Value) -> Answer {
    lambda
        .invoke("Probe", event.to_string().into(), WhenBusy::Throttle)
        .await
}

fn payload(answer: Answer) -> Value {
    match answer {
        Answer::Payload(payload) => serde_json::from_slice(&payload).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn failure(answer: Answer) -> Value {
    match answer {
        Answer::FunctionError(document) => serde_json::from_slice(&document).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Polls until `check` holds, for at most 20 s.
pub(crate) async fn eventually(what: &str, mut check: impl FnMut() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(20), async {
        let mut ticks = tokio::time::interval(Duration::from_millis(5));
        while !check() {
            ticks.tick().await;
        }
    });
    assert!(waited.await.is_ok(), "{what}");
}

#[tokio::test]
async fn warm_instance_is_reused() {
    let data = TempDir::new().unwrap();
    let lambda = start(&[probe("Probe")], &data);
    let first = payload(call(&lambda, json!({ "a": 1 })).await);
    let second = payload(call(&lambda, json!({})).await);
    assert_eq!(first["event"], json!({ "a": 1 }));
    assert_eq!(first["pid"], second["pid"]);
    let records = lambda.invocations();
    assert!(records[0].init_ms.is_some() && records[1].init_ms.is_none());
    assert!(records[0].max_memory_mb.unwrap() > 0);
    assert_eq!(records[1].outcome, Outcome::Success);
    let log = std::fs::read_to_string(data.path().join("logs/Probe.log")).unwrap();
    assert!(log.contains("\tInit Duration: "), "{log}");
}

#[tokio::test]
async fn environment_has_only_variables_of_lambda() {
    let data = TempDir::new().unwrap();
    let mut function = probe("Probe");
    function
        .environment
        .insert("SSL_CERT_FILE".into(), "/nowhere/ca-bundle.crt".into());
    let lambda = start(&[function], &data);
    let environment = payload(call(&lambda, json!({ "do": "environment" })).await);
    assert_eq!(environment["STAGE"], "test");
    assert_eq!(environment["AWS_LAMBDA_FUNCTION_NAME"], "Probe");
    assert_eq!(environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "256");
    assert_eq!(environment["AWS_REGION"], "us-east-1");
    assert_eq!(environment["TZ"], ":UTC");
    assert_eq!(environment["AWS_ENDPOINT_URL_S3"], "http://127.0.0.1:1");
    assert!(environment.get("SSL_CERT_FILE").is_none());
    assert!(environment.get("CARGO_MANIFEST_DIR").is_none(), "inherited");
}

#[tokio::test]
async fn context_has_request_id_deadline_and_function() {
    let data = TempDir::new().unwrap();
    let lambda = start(&[probe("Probe")], &data);
    let context = payload(call(&lambda, json!({ "do": "context" })).await);
    let record = &lambda.invocations()[0];
    assert_eq!(context["request_id"], record.request_id);
    assert_eq!(context["deadline"], record.started_at + 20_000);
    assert_eq!(
        context["arn"],
        "arn:aws:lambda:us-east-1:000000000000:function:Probe"
    );
}

#[tokio::test]
async fn busy_instance_takes_no_request_and_instances_are_limited() {
    let data = TempDir::new().unwrap();
    let gate = data.path().join("gate");
    let function = Function {
        reserved_concurrency: Some(2),
        ..probe("Probe")
    };
    let lambda = start(&[function], &data);
    let wait = json!({ "do": "wait", "path": gate });
    let calls: Vec<_> = (0..2)
        .map(|_| {
            let (lambda, wait) = (lambda.clone(), wait.clone());
            tokio::spawn(async move { payload(call(&lambda, wait).await)["pid"].clone() })
        })
        .collect();
    eventually("two are busy", || {
        lambda
            .instances()
            .iter()
            .filter(|instance| instance.state == "busy")
            .count()
            == 2
    })
    .await;
    assert_eq!(call(&lambda, json!({})).await, Answer::Throttled);
    let waiting = {
        let lambda = lambda.clone();
        tokio::spawn(async move { lambda.invoke("Probe", "{}".into(), WhenBusy::Wait).await })
    };
    std::fs::write(&gate, "").unwrap();
    let mut pids = Vec::new();
    for call in calls {
        pids.push(call.await.unwrap());
    }
    assert_ne!(pids[0], pids[1]);
    assert!(pids.contains(&payload(waiting.await.unwrap())["pid"]));
}

#[tokio::test]
async fn invocation_continues_after_its_caller_left() {
    let data = TempDir::new().unwrap();
    let gate = data.path().join("gate");
    let lambda = start(&[probe("Probe")], &data);
    let wait = json!({ "do": "wait", "path": gate });
    let impatient = tokio::time::timeout(Duration::from_millis(1), call(&lambda, wait)).await;
    assert!(impatient.is_err());
    std::fs::write(&gate, "").unwrap();
    eventually("it ended", || !lambda.invocations().is_empty()).await;
    assert_eq!(lambda.invocations()[0].outcome, Outcome::Success);
}

#[tokio::test]
async fn instance_survives_errors_and_panics() {
    let data = TempDir::new().unwrap();
    let lambda = start(&[probe("Probe")], &data);
    let pid = payload(call(&lambda, json!({})).await)["pid"].clone();
    let error = failure(call(&lambda, json!({ "do": "fail" })).await);
    assert_eq!(error["errorMessage"], "told to fail");
    let panic = failure(call(&lambda, json!({ "do": "panic" })).await);
    assert!(
        panic["errorMessage"]
            .as_str()
            .unwrap()
            .contains("told to panic"),
        "{panic}"
    );
    assert_eq!(payload(call(&lambda, json!({})).await)["pid"], pid);
    let large = failure(call(&lambda, json!({ "do": "large" })).await);
    assert_eq!(large["errorType"], "Function.ResponseSizeTooLarge");
    assert_eq!(lambda.invocations()[2].outcome, Outcome::Error);
}

#[tokio::test]
async fn function_above_its_timeout_is_killed_and_replaced() {
    let data = TempDir::new().unwrap();
    let function = Function {
        timeout: Duration::from_secs(1),
        ..probe("Probe")
    };
    let lambda = start(&[function], &data);
    let pid = payload(call(&lambda, json!({})).await)["pid"].clone();
    let error = failure(call(&lambda, json!({ "do": "hang" })).await);
    assert_eq!(error["errorType"], "Sandbox.Timedout");
    assert!(
        error["errorMessage"]
            .as_str()
            .unwrap()
            .ends_with("Task timed out after 1.00 seconds")
    );
    assert!(!is_running(&pid));
    assert_ne!(payload(call(&lambda, json!({})).await)["pid"], pid);
    let outcomes: Vec<_> = lambda
        .invocations()
        .iter()
        .map(|record| record.outcome)
        .collect();
    assert_eq!(
        outcomes,
        [Outcome::Success, Outcome::Timeout, Outcome::Success]
    );
}

#[tokio::test]
async fn crash_fails_only_its_request() {
    let data = TempDir::new().unwrap();
    let lambda = start(&[probe("Probe")], &data);
    let error = failure(call(&lambda, json!({ "do": "exit" })).await);
    assert_eq!(error["errorType"], "Runtime.ExitError");
    assert!(
        error["errorMessage"]
            .as_str()
            .unwrap()
            .ends_with("Runtime exited with error: exit status 7")
    );
    payload(call(&lambda, json!({})).await);
}

#[tokio::test]
async fn killed_instance_fails_its_request_and_is_replaced() {
    let data = TempDir::new().unwrap();
    let lambda = start(&[probe("Probe")], &data);
    let stuck = {
        let lambda = lambda.clone();
        tokio::spawn(async move { call(&lambda, json!({ "do": "hang" })).await })
    };
    let mut instance = None;
    eventually("an instance that works", || {
        instance = lambda.instance_of(|_| true).filter(|id| {
            let work = lambda.work_of(id);
            work.is_some_and(|(name, payload)| name == "Probe" && !payload.is_empty())
        });
        instance.is_some()
    })
    .await;
    assert!(lambda.kill(&instance.unwrap()));
    let error = failure(stuck.await.unwrap());
    assert_eq!(error["errorType"], "Runtime.ExitError");
    payload(call(&lambda, json!({})).await);
    assert!(!lambda.kill("unknown"));
}

#[tokio::test]
async fn failed_start_fails_the_request() {
    let data = TempDir::new().unwrap();
    let mut exits = probe("Probe");
    exits
        .environment
        .insert("PROBE".into(), "exit-in-init".into());
    let missing = Function {
        binary: "no_such_binary".into(),
        ..probe("Missing")
    };
    let lambda = start(&[exits, missing], &data);
    let error = failure(call(&lambda, json!({})).await);
    assert!(
        error["errorMessage"]
            .as_str()
            .unwrap()
            .ends_with("exit status 3"),
        "{error}"
    );
    let error = failure(
        lambda
            .invoke("Missing", "{}".into(), WhenBusy::Throttle)
            .await,
    );
    assert_eq!(error["errorType"], "Runtime.InvalidEntrypoint");
    assert!(lambda.instances().is_empty());
}

#[tokio::test]
async fn idle_instance_is_stopped() {
    let data = TempDir::new().unwrap();
    let lambda = start_with(&[probe("Probe")], &data, |settings| {
        settings.idle_limit = Duration::from_millis(40);
    });
    let pid = payload(call(&lambda, json!({})).await)["pid"].clone();
    eventually("it stopped", || {
        lambda.instances().is_empty() && !is_running(&pid)
    })
    .await;
}

#[tokio::test]
async fn request_above_6_mb_is_refused() {
    let data = TempDir::new().unwrap();
    let lambda = start(&[probe("Probe")], &data);
    let event = json!({ "do": "x".repeat(MAX_REQUEST_BYTES) });
    assert_eq!(call(&lambda, event).await, Answer::TooLarge);
}
