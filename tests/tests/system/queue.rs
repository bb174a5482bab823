//! Messages that come twice, make no sense, or never come.

use aws_sdk_sqs::types::QueueAttributeName;
use eventrelay_tests::{PATIENCE, Stack, until};
use serde_json::json;

const QUEUE: &str = "AnalysisQueue";

#[tokio::test]
async fn redelivered_message_pays_nothing_again() {
    let stack = Stack::start().await.unwrap();
    stack
        .gemini_settings(json!({"generate_ms": 1500}))
        .await
        .unwrap();
    let submission = json!({"url": "EEEEEEEEEEA"});
    let job = stack.accepted("/v1/videos", submission).await.unwrap();
    let (sqs, url) = (stack.sqs(), stack.queue_url(QUEUE));
    for step in [0, 0, 0, 1, 2] {
        let body = json!({"v": 1, "job_id": job["job_id"], "step": step}).to_string();
        sqs.send_message()
            .queue_url(&url)
            .message_body(body)
            .send()
            .await
            .unwrap();
    }
    let done = stack.end_of(&job).await.unwrap();
    assert_eq!(done["status"], "done", "{done:#}");
    assert_eq!(done["usage"]["model_calls"], 1);
    assert_eq!(
        stack.gemini_calls(":generateContent").await.unwrap().len(),
        1
    );

    // The duplicates die out instead of going round.
    let drained = async || {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let asked = sqs.get_queue_attributes().queue_url(&url);
        let attributes = asked
            .set_attribute_names(Some(names.to_vec()))
            .send()
            .await?
            .attributes;
        let empty = attributes
            .unwrap_or_default()
            .values()
            .all(|count| count == "0");
        Ok(empty.then_some(()))
    };
    until(PATIENCE, drained)
        .await
        .expect("the queue is empty in the end");
}

#[tokio::test]
async fn invalid_message_is_dead_lettered_without_blocking_others() {
    let stack = Stack::start().await.unwrap();
    let (sqs, url) = (stack.sqs(), stack.queue_url(QUEUE));
    for body in ["not json", r#"{"v": 2, "job_id": "job_1", "step": 0}"#] {
        sqs.send_message()
            .queue_url(&url)
            .message_body(body)
            .send()
            .await
            .unwrap();
    }
    let job = stack.run(json!({"url": "EEEEEEEEEEE"})).await.unwrap();
    assert_eq!(job["status"], "done");
    let both = async || {
        let listed = stack.get_json("/v1/admin/dead-letters").await?;
        let letters = listed["dead_letters"].as_array().unwrap().clone();
        Ok((letters.len() == 2).then_some(letters))
    };
    let letters = until(PATIENCE, both).await.expect("both are kept");
    assert!(
        letters.iter().any(|one| one["body"] == "not json"),
        "{letters:?}"
    );
}

#[tokio::test]
async fn reading_a_job_resends_its_lost_message() {
    let stack = Stack::start().await.unwrap();
    let fault = json!({"on": "generate", "match": "EEEEEEEEEEI", "fault": {"kind": "rate_limited", "retry_delay_s": 15}});
    stack.gemini_fault(fault).await.unwrap();
    let submission = json!({"url": "EEEEEEEEEEI"});
    let job = stack.accepted("/v1/videos", submission).await.unwrap();
    let refused =
        async || Ok((!stack.gemini_calls(":generateContent").await?.is_empty()).then_some(()));
    until(PATIENCE, refused).await.unwrap();
    // The job waits for a message that is thrown away as soon as it lies in the queue.
    let (sqs, url) = (stack.sqs(), stack.queue_url(QUEUE));
    let lost = async || {
        sqs.purge_queue().queue_url(&url).send().await?;
        let shown = stack
            .get(&format!("/v1/jobs/{}", job["job_id"].as_str().unwrap()))
            .await?
            .json();
        let waited = shown["updated_at"] != job["updated_at"] && shown["stage"] == "analysing";
        Ok(waited.then_some(()))
    };
    until(PATIENCE, lost).await.unwrap();
    sqs.purge_queue().queue_url(&url).send().await.unwrap();
    assert_eq!(stack.end_of(&job).await.unwrap()["status"], "done");
}
