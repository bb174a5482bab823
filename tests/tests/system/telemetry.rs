//! Logs, traces and metrics of a run.

use std::collections::BTreeMap;

use eventrelay::telemetry::Metric;
use eventrelay_tests::{PATIENCE, Stack, until};
use http::Method;
use serde_json::{Value, json};

/// The documents in the log of each function.
fn logs(stack: &Stack) -> BTreeMap<String, Vec<Value>> {
    let files = std::fs::read_dir(stack.data().join("logs")).unwrap();
    let files = files.map(|file| file.unwrap().path());
    files
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let documents = text.lines().filter(|line| line.starts_with('{'));
            let function = path.file_stem().unwrap().to_string_lossy().into_owned();
            let documents = documents.map(|line| serde_json::from_str(line).unwrap());
            (function, documents.collect())
        })
        .collect()
}

/// Trace of a log line, or `None` for a line of a cold start.
fn trace(line: &Value) -> Option<&str> {
    let of_line = [&line["trace.id"], &line["span"]["trace.id"]];
    of_line.into_iter().find_map(Value::as_str)
}

#[tokio::test]
async fn trace_spans_request_to_last_step() {
    const TRACE: &str = "1-5759e988-bd862e3fe1be46a994272793";
    let stack = Stack::start().await.unwrap();
    let submission = json!({
        "url": "TTTTTTTTTTA",
        "project_type": "web",
        "deployment_target": "github",
    });
    let header = format!("Root={TRACE};Sampled=1");
    let submitted = stack
        .call(
            Method::POST,
            "/v1/video-to-software",
            &[("x-amzn-trace-id", &header)],
            Some(submission),
        )
        .await
        .unwrap()
        .expect(202);
    let done = stack.end_of(&submitted.json()).await.unwrap();
    assert_eq!(done["status"], "done", "{done:#}");

    let logs = logs(&stack);
    assert!(
        logs["CreateSoftware"]
            .iter()
            .any(|line| trace(line) == Some(TRACE))
    );
    for function in ["AdvanceAnalysis", "AdvanceBuild"] {
        let lines = &logs[function];
        let is_cold_start = |line: &Value| line.get("cold_starts_total").is_some();
        let work: Vec<_> = lines.iter().filter(|line| !is_cold_start(line)).collect();
        assert!(work.len() > 5, "{function}: {} lines", work.len());
        for line in work {
            assert_eq!(trace(line), Some(TRACE), "{function}: {line}");
        }
    }
    // The request that reads the job has another trace.
    let asked = &logs["GetJob"];
    assert!(asked.iter().all(|line| trace(line) != Some(TRACE)));
    assert!(asked.iter().any(|line| trace(line).is_some()));
}

#[tokio::test]
async fn metrics_are_exposed_for_prometheus_and_as_plots() {
    let stack = Stack::start().await.unwrap();
    let upload = stack.upload("talk.mp4", video()).await.unwrap();
    let done = stack.run(json!({ "upload_id": upload })).await.unwrap();
    assert_eq!(done["status"], "done", "{done:#}");
    let video = done["links"]["video"].as_str().unwrap();
    for _ in 0..3 {
        stack.get(video).await.unwrap().expect(200);
    }

    let admin = &stack.ready.admin;
    let read = async |path: &str| {
        let answer = stack.client().get(format!("{admin}{path}")).send().await?;
        answer.error_for_status()?.text().await
    };
    let measured = [
        "http_request_duration_seconds_count{method=\"GET\",endpoint=\"/v1/videos/{video_id}\"} 3",
        "cache_misses_total{layer=\"memory\"} 1",
        "cache_hits_total{layer=\"index\"} 1",
        "cache_hits_total{layer=\"memory\"} 2",
        "api_call_duration_seconds_count{service=\"Gemini\",outcome=\"answered\"}",
        "active_connections{service=\"Gemini\"",
        "queue_age_seconds_count{queue=\"analysis\"}",
        "polls_per_job_count{awaited=\"file\"} 1",
        "lateness_seconds_count{awaited=\"file\"} 1",
        "input_tokens_total{model=\"",
        "cost_usd_total{model=\"",
        "cold_starts_total{function=\"GetVideo\"} 1",
        "init_duration_seconds_count{function=\"AdvanceAnalysis\"}",
        "lambda_invocations_total{function=\"GetVideo\",outcome=\"success\"} 3",
        "lambda_billed_seconds_total{function=\"GetVideo\"}",
        "queue_messages{queue=\"AnalysisQueue\",state=\"visible\"} 0",
        "lambda_instances{function=\"GetVideo\",state=\"idle\"} 1",
    ];
    let all = async || {
        let text = read("/metrics").await?;
        let missing: Vec<_> = measured
            .iter()
            .filter(|line| !text.contains(*line))
            .collect();
        if !missing.is_empty() {
            eprintln!("not there yet: {missing:?}");
        }
        Ok(missing.is_empty().then_some(()))
    };
    // A line is read when the function has written it, which the caller does not wait for.
    until(PATIENCE, all).await.unwrap();

    let points = async || {
        let points: Value = serde_json::from_str(&read("/series").await?)?;
        let points = points.as_array().unwrap().clone();
        let requests: u64 = points
            .iter()
            .filter_map(|point| point["requests"].as_u64())
            .sum();
        Ok((requests >= 5).then_some(points))
    };
    let points = until(PATIENCE, points).await.unwrap();
    assert!(
        points
            .iter()
            .any(|point| point["p95_ms"].as_f64() > Some(0.0))
    );
    assert!(
        points
            .iter()
            .any(|point| point["instances"].as_u64() > Some(0))
    );
    let page = read("/").await.unwrap();
    assert!(page.contains("/series"), "{page}");
}

#[test]
fn every_metric_is_documented() {
    let path = eventrelay_tests::repository("infra/README.md");
    let text = std::fs::read_to_string(path).unwrap();
    for metric in Metric::ALL {
        let dimensions = metric.dimensions().iter();
        let dimensions: Vec<_> = dimensions.map(|name| format!("`{name}`")).collect();
        let row = format!("\n| `{}` | {} | ", metric.into_str(), dimensions.join(", "));
        assert!(text.contains(&row), "{row}");
    }
}

fn video() -> Vec<u8> {
    std::fs::read(eventrelay_tests::repository("tests/data/media/talk.mp4")).unwrap()
}
