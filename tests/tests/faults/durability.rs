//! Durability: a killed runtime loses nothing, and no function runs while a job waits.

use eventrelay_tests::{PATIENCE, Stack, process, repository, until};
use serde_json::{Value, json};

async fn submit_slow_upload(stack: &Stack, processing_ms: u64) -> Value {
    stack
        .gemini_settings(json!({"processing_ms": processing_ms}))
        .await
        .unwrap();
    let recording = std::fs::read(repository("tests/data/media/talk.mp4")).unwrap();
    let upload_id = stack.upload("talk.mp4", recording).await.unwrap();
    stack
        .accepted("/v1/videos", json!({"upload_id": upload_id}))
        .await
        .unwrap()
}

async fn comes_to(stack: &Stack, job: &Value, stage: &str) {
    let path = format!("/v1/jobs/{}", job["job_id"].as_str().unwrap());
    let there = async || Ok((stack.get_json(&path).await?["stage"] == stage).then_some(()));
    until(PATIENCE, there).await.unwrap();
}

#[tokio::test]
async fn waiting_job_survives_kill_of_the_runtime() {
    let _processors = crate::PROCESSORS.read().await;
    let mut stack = Stack::start().await.unwrap();
    let job = submit_slow_upload(&stack, 600_000).await;
    comes_to(&stack, &job, "processing").await;
    // The stand-in is killed with the rest and loses the file, so it is uploaded again.
    stack.kill_and_restart().await.unwrap();
    let done = stack.end_of(&job).await.unwrap();
    assert_eq!(done["status"], "done", "{done:#}");
    let link = done["links"]["video"].as_str().unwrap();
    let _ = stack
        .get(&link.replace(link.split("/v1").next().unwrap(), ""))
        .await
        .unwrap()
        .expect(200);
}

#[tokio::test]
async fn generating_job_survives_kill_of_the_runtime() {
    let _processors = crate::PROCESSORS.read().await;
    let mut stack = Stack::start().await.unwrap();
    stack
        .gemini_settings(json!({"generate_ms": 600_000}))
        .await
        .unwrap();
    let job = stack
        .accepted("/v1/videos", json!({"url": "DDDDDDDDDDA"}))
        .await
        .unwrap();
    comes_to(&stack, &job, "analysing").await;
    stack.kill_and_restart().await.unwrap();
    let done = stack.end_of(&job).await.unwrap();
    assert_eq!(done["status"], "done", "{done:#}");
    assert_eq!(
        stack.gemini_calls(":generateContent").await.unwrap().len(),
        1
    );
}

#[tokio::test]
async fn analysis_finalized_during_dynamodb_outage_is_searchable() {
    let _processors = crate::PROCESSORS.read().await;
    let stack = Stack::breakable(&[]).await.unwrap();
    stack.begin_table_outage("SearchTable").await.unwrap();
    let transcript = "WEBVTT\n\n00:00.000 --> 00:05.000\nInstall the turbine library.\n";
    let submission = json!({"url": "DDDDDDDDDDI", "transcript": transcript});
    let job = stack.accepted("/v1/videos", submission).await.unwrap();
    let path = format!("/v1/jobs/{}", job["job_id"].as_str().unwrap());
    let done = async || Ok((stack.get_json(&path).await?["status"] == "done").then_some(()));
    until(PATIENCE, done).await.unwrap();
    // Three calls a step: the third step is refused as well.
    let refused = async || Ok((stack.refused_by_outages().await? >= 7).then_some(()));
    until(PATIENCE, refused).await.unwrap();

    stack.end_outages().await.unwrap();
    let found = async || {
        let found = stack.get_json("/v1/search?q=turbine").await?;
        Ok((found["results"][0]["video_id"] == "yt:DDDDDDDDDDI").then_some(()))
    };
    until(2 * PATIENCE, found).await.unwrap();
}

#[tokio::test]
async fn job_waiting_for_30_seconds_occupies_no_function() {
    let _processors = crate::PROCESSORS.read().await;
    let stack = Stack::start().await.unwrap();
    let job = submit_slow_upload(&stack, 30_000).await;
    let done = stack.end_of(&job).await.unwrap();
    assert_eq!(done["status"], "done", "{done:#}");

    let polls: Vec<_> = stack
        .gemini_calls("/files/")
        .await
        .unwrap()
        .into_iter()
        .filter(|call| call["method"] == "GET")
        .collect();
    // Polls after 1, 3, 7, 15 and 31 s, and one more on a slow machine.
    assert!((4..=6).contains(&polls.len()), "{polls:?}");
    let invocations = stack.invocations().await.unwrap();
    let worker = invocations
        .iter()
        .filter(|one| one["function"] == "AdvanceAnalysis");
    let billed: Vec<_> = worker
        .map(|one| one["billed_ms"].as_f64().unwrap())
        .collect();
    // One to upload and one for each poll, the last of which continues to the end.
    assert!(billed.len() <= polls.len() + 2, "{billed:?}");
    let total: f64 = billed.iter().sum();
    assert!(total < 6_000.0, "busy for {total} of 30,000 ms: {billed:?}");
}

#[tokio::test]
async fn functions_exit_when_the_runtime_ends() {
    let _processors = crate::PROCESSORS.read().await;
    for is_killed in [false, true] {
        let mut stack = Stack::start().await.unwrap();
        let job = stack.run(json!({"url": "DDDDDDDDDDE"})).await.unwrap();
        assert_eq!(job["status"], "done");
        let instances = stack.instances().await.unwrap();
        let functions: Vec<_> = instances
            .iter()
            .map(|one| one["pid"].as_u64().unwrap())
            .collect();
        assert!(functions.len() >= 4, "{instances:?}");
        if is_killed {
            stack.kill().await.unwrap()
        } else {
            stack.interrupt().await.unwrap()
        }
        let ended = async || {
            let is_running = |id: &u64| process::is_running(u32::try_from(*id).unwrap());
            Ok((!functions.iter().any(is_running)).then_some(()))
        };
        until(PATIENCE, ended)
            .await
            .expect("all functions have ended");
    }
}
