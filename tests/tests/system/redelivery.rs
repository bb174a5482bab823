//! Messages that come twice, late, out of order and all at once: one generation, one result.
//!
//! ```sh
//! cargo test --workspace --test system redelivery::
//! ```

use std::time::Duration;

use eventrelay_tests::{
    PATIENCE, Stack,
    faults::{QUEUE, WORKER},
    until,
};
use serde_json::{Value, json};

/// Submits a job that no worker starts while the queue is not read.
async fn submitted(stack: &Stack, video: &str) -> Value {
    stack.read_queue(WORKER, false).await.unwrap();
    let submission = json!({ "url": video });
    stack.accepted("/v1/videos", submission).await.unwrap()
}

fn id(job: &Value) -> &str {
    job["job_id"].as_str().unwrap()
}

/// Waits until no message is left and checks that none was dead-lettered.
async fn drained(stack: &Stack) {
    let empty = async || Ok((stack.messages(QUEUE).await? == 0).then_some(()));
    until(PATIENCE, empty).await.expect("the queue is empty");
    let dead = stack.dead_letters().await.unwrap();
    assert!(dead.is_empty(), "{dead:#?}");
}

async fn assert_made_once(stack: &Stack, job: &Value) {
    let done = stack.end_of(job).await.unwrap();
    assert_eq!(done["status"], "done", "{done:#}");
    drained(stack).await;
    let generations = stack.gemini_calls(":generateContent").await.unwrap();
    assert_eq!(generations.len(), 1, "{generations:#?}");
    assert_eq!(done["usage"]["model_calls"], 1);
    assert_eq!(stack.leftovers().await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn ten_concurrent_copies_generate_once() {
    let stack = Stack::start().await.unwrap();
    stack
        .gemini_settings(json!({"generate_ms": 3000}))
        .await
        .unwrap();
    let job = submitted(&stack, "FFFFFFFFFFA").await;
    for _ in 0..10 {
        stack.send_step(id(&job), 0, Duration::ZERO).await.unwrap();
    }
    stack.read_queue(WORKER, true).await.unwrap();
    // And ten more of the step that is paid for, while it is at it.
    let link = job["links"]["job"].as_str().unwrap();
    let thinking = async || {
        let stage = stack.get_json(link).await?["stage"].take();
        Ok((stage == "analysing").then_some(()))
    };
    until(PATIENCE, thinking).await.unwrap();
    for _ in 0..10 {
        stack.send_step(id(&job), 99, Duration::ZERO).await.unwrap();
    }
    assert_made_once(&stack, &job).await;
}

#[tokio::test]
async fn steps_in_any_order_generate_once() {
    let stack = Stack::start().await.unwrap();
    stack
        .gemini_settings(json!({"generate_ms": 1000}))
        .await
        .unwrap();
    let job = submitted(&stack, "FFFFFFFFFFE").await;
    // The last before the first, and steps that there will never be.
    for step in [99, 4, 3, 2, 1, 0] {
        stack
            .send_step(id(&job), step, Duration::ZERO)
            .await
            .unwrap();
    }
    stack.read_queue(WORKER, true).await.unwrap();
    for (step, seconds) in [(2, 1), (0, 2), (1, 3)] {
        stack
            .send_step(id(&job), step, Duration::from_secs(seconds))
            .await
            .unwrap();
    }
    assert_made_once(&stack, &job).await;
}

#[tokio::test]
async fn messages_after_the_end_have_no_effect() {
    let stack = Stack::start().await.unwrap();
    let job = stack.run(json!({"url": "FFFFFFFFFFI"})).await.unwrap();
    drained(&stack).await;
    let jobs = stack.rows("JobsTable").await.unwrap();
    let videos = stack.rows("VideosTable").await.unwrap();
    for step in 0..8 {
        stack
            .send_step(id(&job), step, Duration::ZERO)
            .await
            .unwrap();
    }
    drained(&stack).await;
    assert_eq!(stack.rows("JobsTable").await.unwrap(), jobs);
    assert_eq!(stack.rows("VideosTable").await.unwrap(), videos);
    assert_made_once(&stack, &job).await;
}

/// SQS delivers a message again while its worker processes it. The duplicate is deleted, so no message
/// is left when the worker crashes.
#[tokio::test]
async fn worker_crashed_after_redelivery_is_replaced() {
    let stack = Stack::breakable(&[]).await.unwrap();
    stack
        .redeliver_after(QUEUE, Duration::from_secs(4))
        .await
        .unwrap();
    stack
        .gemini_settings(json!({"generate_ms": 7000}))
        .await
        .unwrap();
    let job = submitted(&stack, "FFFFFFFFFFQ").await;
    // When the analysis is stored and the job has moved on, before it is in the index.
    let part = "dynamodb TransactWriteItems";
    stack.plan_kill_at(id(&job), part, "before").await.unwrap();
    stack.read_queue(WORKER, true).await.unwrap();
    let died = async || Ok(stack.kills().await?[0].killed_at.is_some().then_some(()));
    until(PATIENCE, died).await.expect("the worker dies");
    // The lease of the dead keeps the job where it was.
    let (version, doc) = stack.job_row(id(&job)).await.unwrap();
    assert_eq!((version, &doc["state"]["stage"]), (2, &json!("storing")));
    // The job is not read over HTTP, which would resend its message.
    drained(&stack).await;
    assert_eq!(stack.leftovers().await.unwrap(), [""; 0]);
    assert_made_once(&stack, &job).await;
}

/// The visibility timeout is over while the worker is still at it, again and again.
#[tokio::test]
async fn redelivery_during_processing_generates_once() {
    let stack = Stack::start().await.unwrap();
    stack
        .redeliver_after(QUEUE, Duration::from_secs(1))
        .await
        .unwrap();
    stack
        .gemini_settings(json!({"generate_ms": 8000}))
        .await
        .unwrap();
    let job = submitted(&stack, "FFFFFFFFFFM").await;
    stack.read_queue(WORKER, true).await.unwrap();
    assert_made_once(&stack, &job).await;
}
