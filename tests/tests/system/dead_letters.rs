//! Dead letters: their jobs, and their redrive.

use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName;
use eventrelay_tests::{
    PATIENCE, Stack,
    faults::{DEAD_LETTERS, QUEUE},
    until,
};
use reqwest::Method;
use serde_json::{Value, json};

const TASKS: &str = "TasksQueue";
const DEAD_TASKS: &str = "TasksDeadLetters";
const LIST: &str = "/v1/admin/dead-letters";
const REDRIVE: &str = "/v1/admin/dead-letters/redrive";
const DEAD_LETTERED: &str = "urn:eventrelay:problem:dead-lettered";

async fn send(stack: &Stack, queue: &str, body: &str) {
    let (sqs, url) = (stack.sqs(), stack.queue_url(queue));
    let message = sqs.send_message().queue_url(url).message_body(body);
    message.send().await.unwrap();
}

async fn letters(stack: &Stack, count: usize) -> Vec<Value> {
    let all = async || {
        let listed = stack.get_json(LIST).await?;
        let letters = listed["dead_letters"].as_array().unwrap().clone();
        Ok((letters.len() == count).then_some(letters))
    };
    until(PATIENCE, all).await.expect("so many are kept")
}

async fn redrive(stack: &Stack, body: Value) -> Vec<Value> {
    let answer = stack.post(REDRIVE, body).await.unwrap().expect(200).json();
    answer["results"].as_array().unwrap().clone()
}

async fn redrive_one(stack: &Stack, letter: &Value) -> Value {
    let mut results = redrive(stack, json!({"ids": [letter["id"]]})).await;
    assert_eq!(results.len(), 1);
    results.remove(0)
}

async fn comes_to(stack: &Stack, job: &str, status: &str) -> Value {
    let there = async || {
        let job = stack.get_json(&format!("/v1/jobs/{job}")).await?;
        Ok((job["status"] == status).then_some(job))
    };
    until(PATIENCE, there).await.unwrap()
}

/// Waits until the dead letter of a job or task has failed it. Reads the row, as reading the job over
/// HTTP would resend its message.
async fn dead_lettered(stack: &Stack, id: &str) -> Value {
    let failed = async || {
        let (_, doc) = stack.job_row(id).await?;
        let has_failed = doc["state"]["stage"] == "failed" || doc["status"] == "failed";
        Ok(has_failed.then_some(()))
    };
    until(PATIENCE, failed).await.unwrap();
    comes_to(stack, id, "failed").await
}

/// A job that waits for a message which is lost. Its id and its version.
async fn lost_job(stack: &Stack, video: &str) -> (String, u32) {
    let fault = json!({"on": "generate", "match": video, "fault": {"kind": "rate_limited", "retry_delay_s": 600}});
    stack.gemini_fault(fault).await.unwrap();
    let job = stack
        .accepted("/v1/videos", json!({"url": video}))
        .await
        .unwrap();
    let id = job["job_id"].as_str().unwrap().to_owned();
    let waits = async || {
        let (version, doc) = stack.job_row(&id).await?;
        Ok((doc["attempts"] == 1 && doc["state"]["stage"] == "analysing").then_some(version))
    };
    let version = until(PATIENCE, waits).await.unwrap();
    // Until its last message lies in the queue, delayed.
    let delayed = async || {
        let name = QueueAttributeName::ApproximateNumberOfMessagesDelayed;
        let asked = stack
            .sqs()
            .get_queue_attributes()
            .queue_url(stack.queue_url(QUEUE));
        let read = asked.attribute_names(name.clone()).send().await?;
        let count = read.attributes.unwrap_or_default().remove(&name);
        Ok((count.as_deref() == Some("1")).then_some(()))
    };
    until(PATIENCE, delayed).await.unwrap();
    let purge = stack.sqs().purge_queue().queue_url(stack.queue_url(QUEUE));
    purge.send().await.unwrap();
    stack.make_overdue(&id).await.unwrap();
    // The pause that the model has asked for is over.
    stack.forget_limits().await.unwrap();
    (id, version)
}

fn message(job: &str, step: u32) -> String {
    json!({"v": 1, "job_id": job, "step": step}).to_string()
}

#[tokio::test]
async fn poison_messages_are_kept_at_once_and_redriven_unchanged() {
    let stack = Stack::start().await.unwrap();
    let job = "job_0193a1b2c3d47e5f8a9b0c1d2e3f4a5b";
    let newer = json!({"v": 2, "job_id": job, "step": 0}).to_string();
    let long = format!("\"{}\"", "x".repeat(40_000));
    for body in ["not json", "[]", &newer, &long] {
        send(&stack, QUEUE, body).await;
    }
    send(&stack, TASKS, "{}").await;
    let done = stack.run(json!({"url": "FFFFFFFFFFA"})).await.unwrap();
    assert_eq!(done["status"], "done", "no other job is blocked");

    let kept = letters(&stack, 5).await;
    // Fractions of a second are written as short as they are: without the Z they compare as text.
    let time = |letter: &Value| {
        letter["died_at"]
            .as_str()
            .unwrap()
            .trim_end_matches('Z')
            .to_owned()
    };
    assert!(kept.is_sorted_by(|a, b| time(a) >= time(b)), "{kept:?}");
    for letter in &kept {
        assert_eq!(letter["reason"], "unreadable", "{letter}");
        assert_eq!(
            letter["receive_count"], 1,
            "not delivered five times: {letter}"
        );
    }
    let by_body = |body: &str| {
        let found = kept.iter().find(|one| one["body"] == body);
        found.unwrap_or_else(|| panic!("{body} in {kept:?}"))
    };
    assert_eq!(by_body(&newer)["job_id"], job);
    assert_eq!(by_body("{}")["queue"], "tasks");
    assert_eq!(by_body("[]")["queue"], "analysis");
    let cut = kept.iter().find(|one| one["body_bytes"] == 40_002).unwrap();
    assert!(cut["body"].as_str().unwrap().len() < 40_002);
    let stats = stack.get_json("/v1/stats").await.unwrap();
    assert_eq!(stats["upkeep"]["dead_letters"], 5);

    // Page by page, each once.
    let mut seen = Vec::new();
    let mut next = Some(format!("{LIST}?limit=2"));
    while let Some(url) = next {
        let page = stack.get_json(&url).await.unwrap();
        seen.extend(page["dead_letters"].as_array().unwrap().clone());
        next = page["links"]["next"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, kept);

    let back = redrive_one(&stack, by_body("not json")).await;
    assert_eq!(back["outcome"], "requeued");
    let again = redrive_one(&stack, by_body("not json")).await;
    assert_eq!(again["outcome"], "gone");
    let refused = redrive_one(&stack, cut).await;
    assert_eq!(refused["outcome"], "refused");
    assert!(
        refused["reason"].as_str().unwrap().contains("too long"),
        "{refused}"
    );
    // The worker still cannot read it: it becomes another dead letter.
    let after = letters(&stack, 5).await;
    assert!(
        after
            .iter()
            .any(|one| one["body"] == "not json" && one["id"] != back["id"])
    );
}

#[tokio::test]
async fn message_that_crashes_five_workers_fails_job_until_redriven() {
    // A version whose worker does not start.
    let mut stack = Stack::with(&[("GEMINI_API_VERSION", "v9")]).await.unwrap();
    stack
        .redeliver_after(QUEUE, Duration::from_secs(1))
        .await
        .unwrap();
    let job = stack
        .accepted("/v1/videos", json!({"url": "FFFFFFFFFFE"}))
        .await
        .unwrap();
    let id = job["job_id"].as_str().unwrap();
    let failed = dead_lettered(&stack, id).await;
    assert_eq!(failed["error"]["type"], DEAD_LETTERED, "{failed:#}");
    assert_eq!(failed["error"]["status"], 500);
    let listed = stack.get_json(LIST).await.unwrap();
    let letter = listed["dead_letters"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    assert_eq!(
        (&letter["reason"], &letter["job_id"]),
        (&json!("tries_used_up"), &json!(id))
    );
    assert!(letter["receive_count"].as_u64().unwrap() >= 5, "{letter}");

    // Repaired and redriven: the first message settles the job, the next one restarts it.
    stack.redeploy(&[]).await.unwrap();
    let requeued = async || {
        let results = redrive(&stack, json!({"all": true})).await;
        let outcome = results.iter().find(|one| one["id"] == letter["id"]);
        Ok((outcome.is_some_and(|one| one["outcome"] == "requeued")).then_some(()))
    };
    until(PATIENCE, requeued).await.unwrap();
    let done = comes_to(&stack, id, "done").await;
    assert_eq!(done["usage"]["model_calls"], 1);
    let _ = stack
        .get("/v1/videos/yt:FFFFFFFFFFE")
        .await
        .unwrap()
        .expect(200);
}

#[tokio::test]
async fn dead_letter_delivered_repeatedly_fails_job_and_releases_claim_once() {
    let stack = Stack::start().await.unwrap();
    let (id, version) = lost_job(&stack, "FFFFFFFFFFI").await;
    for _ in 0..3 {
        send(&stack, DEAD_LETTERS, &message(&id, version)).await;
    }
    let failed = dead_lettered(&stack, &id).await;
    assert_eq!(failed["error"]["type"], DEAD_LETTERED, "{failed:#}");
    let kept = letters(&stack, 3).await;
    let settled = async || Ok((stack.job_row(&id).await?.1["settled"] == true).then_some(()));
    until(PATIENCE, settled).await.unwrap();
    let (after, _) = stack.job_row(&id).await.unwrap();
    assert_eq!(after, version + 2, "it failed once and settled once");
    let shown = stack.get_json("/v1/videos?status=failed").await.unwrap();
    assert_eq!(shown["videos"][0]["video_id"], "yt:FFFFFFFFFFI");

    // Without force the failure answers for its minute; with it, the claim is free.
    let again = stack
        .post("/v1/videos", json!({"url": "FFFFFFFFFFI"}))
        .await
        .unwrap();
    assert_eq!(again.expect(500).json()["type"], DEAD_LETTERED);
    stack
        .gemini_settings(json!({"generate_ms": 3000}))
        .await
        .unwrap();
    let forced = json!({"url": "FFFFFFFFFFI", "force": true});
    let next = stack.accepted("/v1/videos", forced).await.unwrap();
    let refused = redrive_one(&stack, &kept[0]).await;
    assert_eq!(refused["outcome"], "refused");
    assert!(
        refused["reason"]
            .as_str()
            .unwrap()
            .contains(next["job_id"].as_str().unwrap())
    );
    assert_eq!(stack.end_of(&next).await.unwrap()["status"], "done");
    let refused = redrive_one(&stack, &kept[0]).await;
    assert!(
        refused["reason"].as_str().unwrap().contains("fresh"),
        "{refused}"
    );
    assert_eq!(
        comes_to(&stack, &id, "failed").await["error"]["type"],
        DEAD_LETTERED
    );
}

#[tokio::test]
async fn concurrent_redrives_resume_the_job_once() {
    let stack = Stack::start().await.unwrap();
    let (id, version) = lost_job(&stack, "FFFFFFFFFFM").await;
    send(&stack, DEAD_LETTERS, &message(&id, version)).await;
    let _ = dead_lettered(&stack, &id).await;
    let letter = letters(&stack, 1).await.remove(0);
    let settled = async || Ok((stack.job_row(&id).await?.1["settled"] == true).then_some(()));
    until(PATIENCE, settled).await.unwrap();
    let (one, other) = tokio::join!(redrive_one(&stack, &letter), redrive_one(&stack, &letter));
    assert!(
        [&one, &other]
            .iter()
            .any(|one| one["outcome"] == "requeued"),
        "{one} {other}"
    );
    let done = comes_to(&stack, &id, "done").await;
    assert_eq!(done["usage"]["model_calls"], 1);
    assert_eq!(redrive_one(&stack, &letter).await["outcome"], "gone");
    assert_eq!(letters(&stack, 0).await.len(), 0);
}

#[tokio::test]
async fn late_duplicate_dead_letter_has_no_effect() {
    let stack = Stack::start().await.unwrap();
    let done = stack.run(json!({"url": "FFFFFFFFFFQ"})).await.unwrap();
    assert_eq!(done["status"], "done", "{done:#}");
    let done = done["job_id"].as_str().unwrap();
    stack
        .gemini_settings(json!({"generate_ms": 4000}))
        .await
        .unwrap();
    let running = stack
        .accepted("/v1/videos", json!({"url": "FFFFFFFFFFU"}))
        .await
        .unwrap();
    let id = running["job_id"].as_str().unwrap();
    let analysing = async || {
        let (version, doc) = stack.job_row(id).await?;
        Ok((doc["state"]["stage"] == "analysing").then_some(version))
    };
    let version = until(PATIENCE, analysing).await.unwrap();
    assert!(version > 0);
    for body in [
        message(done, 0),
        message(done, 1),
        message(id, 0),
        message(id, version),
    ] {
        send(&stack, DEAD_LETTERS, &body).await;
    }
    letters(&stack, 4).await;
    assert_eq!(stack.end_of(&running).await.unwrap()["status"], "done");
    let _ = comes_to(&stack, done, "done").await;
}

#[tokio::test]
async fn dead_lettered_task_fails_and_can_be_redriven() {
    let stack = Stack::start().await.unwrap();
    let id = "job_0193a1b2c3d47e5f8a9b0c1d2e3f4a5c";
    stack.put_lost_task(id).await.unwrap();
    send(&stack, DEAD_TASKS, &message(id, 0)).await;
    let failed = dead_lettered(&stack, id).await;
    assert_eq!(failed["error"]["type"], DEAD_LETTERED, "{failed:#}");
    let letter = letters(&stack, 1).await.remove(0);
    assert_eq!(letter["queue"], "tasks");
    assert_eq!(redrive_one(&stack, &letter).await["outcome"], "requeued");
    let _ = comes_to(&stack, id, "done").await;
}

#[tokio::test]
async fn redrive_requires_admin_and_valid_request() {
    let stack = Stack::start().await.unwrap();
    stack
        .accept_key("a-key-that-writes-only", &["read", "write"])
        .await
        .unwrap();
    let key = [("x-api-key", "a-key-that-writes-only")];
    for (method, path) in [(Method::GET, LIST), (Method::POST, REDRIVE)] {
        let body = (method == Method::POST).then(|| json!({"all": true}));
        let _ = stack
            .call(method, path, &key, body)
            .await
            .unwrap()
            .expect(403);
    }
    for (query, field) in [
        ("?limit=0", "limit"),
        ("?limit=101", "limit"),
        ("?cursor=abc", "cursor"),
        ("?since=x", "since"),
    ] {
        let problem = stack
            .get(&format!("{LIST}{query}"))
            .await
            .unwrap()
            .expect(422)
            .json();
        assert_eq!(problem["field"], field, "{query}");
    }
    for (body, field) in [
        (json!({}), "ids"),
        (json!({"ids": []}), "ids"),
        (json!({"ids": vec!["dead_a"; 26]}), "ids"),
        (json!({"ids": ["../x"]}), "ids[0]"),
        (json!({"ids": ["dead_a"], "all": true}), "all"),
        (json!({"all": "yes"}), "all"),
        (json!({"all": true, "cursor": "abc"}), "cursor"),
        (json!({"all": true, "queue": "tasks"}), "queue"),
    ] {
        let problem = stack
            .post(REDRIVE, body.clone())
            .await
            .unwrap()
            .expect(422)
            .json();
        assert_eq!(
            problem["type"], "urn:eventrelay:problem:invalid-input",
            "{body}"
        );
        assert_eq!(problem["field"], field, "{body}");
    }
    let unknown = redrive(&stack, json!({"ids": ["dead_never-seen"]})).await;
    assert_eq!(
        unknown,
        [json!({"id": "dead_never-seen", "outcome": "gone"})]
    );
    assert!(redrive(&stack, json!({"all": true})).await.is_empty());
    let list = stack.client().post(format!("{}{REDRIVE}", stack.ready.api));
    let text = list.header("x-api-key", &stack.ready.api_key).body("{}");
    assert_eq!(text.send().await.unwrap().status(), 415);
}
