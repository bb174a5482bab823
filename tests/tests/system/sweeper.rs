//! Sweeper: it finishes work of crashed workers and deletes what is unused.

use eventrelay_tests::{PATIENCE, Stack, faults::QUEUE, read, repository, until};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

async fn sweep(stack: &Stack) -> Value {
    stack.invoke("Sweep", json!({})).await.unwrap()
}

fn count(done: &Value, name: &str) -> i64 {
    done[name].as_i64().unwrap_or(0)
}

async fn ends_as(stack: &Stack, id: &str, status: &str) -> Value {
    let job = stack.end_of(&json!({"job_id": id})).await.unwrap();
    assert_eq!(job["status"], status, "{job:#}");
    job
}

/// Waits until a task is done. Reads its row, as reading it over HTTP would resend its message.
async fn task_is_done(stack: &Stack, id: &str) {
    let done = async || Ok((stack.job_row(id).await?.1["status"] == "done").then_some(()));
    until(PATIENCE, done).await.expect("the task is done");
}

/// Uploads a file to the stand-in of Gemini, like a worker that crashes before it records the upload.
/// Returns the name of the file.
async fn orphan(stack: &Stack, display_name: &str) -> String {
    let gemini = &stack.ready.standins.gemini;
    let start = stack
        .client()
        .post(format!("{gemini}/upload/v1beta/files"))
        .header("x-goog-api-key", "stand-in")
        .header("x-goog-upload-protocol", "resumable")
        .header("x-goog-upload-command", "start")
        .header("x-goog-upload-header-content-length", "5")
        .header("x-goog-upload-header-content-type", "video/mp4")
        .header("content-type", "application/json")
        .body(
            json!({"file": {"displayName": display_name, "mimeType": "video/mp4", "sizeBytes": 5}})
                .to_string(),
        );
    let started = read(start).await.unwrap().expect(200);
    let send = stack
        .client()
        .post(started.header("x-goog-upload-url"))
        .header("x-goog-upload-command", "upload, finalize")
        .header("x-goog-upload-offset", "0")
        .body("bytes");
    let uploaded = read(send).await.unwrap().expect(200).json();
    uploaded["file"]["name"].as_str().unwrap().to_owned()
}

async fn file_names(stack: &Stack) -> Vec<String> {
    let files = stack.gemini_files().await.unwrap();
    let names = files
        .iter()
        .map(|file| file["name"].as_str().unwrap().to_owned());
    names.collect()
}

#[tokio::test]
async fn sweeper_requeues_unqueued_job_once() {
    // A worker that does not start stands for the death between the two writes.
    let mut stack = Stack::with(&[("GEMINI_API_VERSION", "v9")]).await.unwrap();
    let job = stack
        .accepted("/v1/videos", json!({"url": "GGGGGGGGGGA"}))
        .await
        .unwrap();
    let id = job["job_id"].as_str().unwrap().to_owned();
    let purge = stack.sqs().purge_queue().queue_url(stack.queue_url(QUEUE));
    purge.send().await.unwrap();
    stack.redeploy(&[]).await.unwrap();
    let task = "job_0193a1b2c3d47e5f8a9b0c1d2e3f4a5d";
    stack.put_lost_task(task).await.unwrap();

    let early = stack.job_row(&id).await.unwrap();
    let done = sweep(&stack).await;
    assert_eq!(
        (count(&done, "revived_jobs"), count(&done, "revived_tasks")),
        (0, 1),
        "{done}"
    );
    assert_eq!(
        stack.job_row(&id).await.unwrap(),
        early,
        "it is not overdue yet"
    );
    task_is_done(&stack, task).await;

    stack.make_overdue(&id).await.unwrap();
    let (one, other) = tokio::join!(sweep(&stack), sweep(&stack));
    let revived = count(&one, "revived_jobs") + count(&other, "revived_jobs");
    assert_eq!(revived, 1, "{one} {other}");
    let done = ends_as(&stack, &id, "done").await;
    assert_eq!(done["usage"]["model_calls"], 1);
    assert_eq!(sweep(&stack).await, json!({}), "nothing is left");
    let stats = stack.get_json("/v1/stats").await.unwrap();
    assert_eq!(stats["upkeep"]["revived_jobs"], 1, "{stats}");
    assert_eq!(stats["upkeep"]["revived_tasks"], 1, "{stats}");
}

#[tokio::test]
async fn sweeper_ends_overdue_job_of_crashed_worker() {
    let mut stack = Stack::with(&[("GEMINI_API_VERSION", "v9")]).await.unwrap();
    let job = stack
        .accepted("/v1/videos", json!({"url": "GGGGGGGGGGE"}))
        .await
        .unwrap();
    let id = job["job_id"].as_str().unwrap();
    let purge = stack.sqs().purge_queue().queue_url(stack.queue_url(QUEUE));
    purge.send().await.unwrap();
    stack.redeploy(&[]).await.unwrap();
    let late = |doc: &mut Value| {
        doc["due_at"] = 1000.into();
        doc["deadline"] = 2000.into();
    };
    stack.change_job_row(id, late).await.unwrap();
    // Its lease ran out long ago as well.
    let number = |n: u64| aws_sdk_dynamodb::types::AttributeValue::N(n.to_string());
    let text = |s: &str| aws_sdk_dynamodb::types::AttributeValue::S(s.to_owned());
    let lease = stack
        .dynamodb()
        .update_item()
        .table_name(stack.name("JobsTable"))
        .key("pk", text(id));
    lease
        .update_expression("SET running_by = :by, running_until = :until")
        .expression_attribute_values(":by", text("a-dead-worker"))
        .expression_attribute_values(":until", number(1500))
        .send()
        .await
        .unwrap();
    assert_eq!(count(&sweep(&stack).await, "revived_jobs"), 1);
    let failed = ends_as(&stack, id, "failed").await;
    assert_eq!(
        failed["error"]["type"],
        "urn:eventrelay:problem:deadline-exceeded"
    );
    let calls = stack.gemini_calls(":generateContent").await.unwrap();
    assert!(calls.is_empty(), "{calls:?}");
}

#[tokio::test]
async fn sweeper_deletes_only_unused_gemini_files() {
    let stack = Stack::with(&[("SWEEP_FILES_AGE_S", "0")]).await.unwrap();
    stack
        .gemini_settings(json!({"processing_ms": 600_000}))
        .await
        .unwrap();
    let recording = std::fs::read(repository("tests/data/media/talk.mp4")).unwrap();
    let own_hash = hex::encode(Sha256::digest(&recording));
    let upload_id = stack.upload("talk.mp4", recording).await.unwrap();
    let job = stack
        .accepted("/v1/videos", json!({"upload_id": upload_id}))
        .await
        .unwrap();
    let id = job["job_id"].as_str().unwrap();
    let named = async || {
        let (_, doc) = stack.job_row(id).await?;
        Ok(doc["gemini_file"].as_str().map(str::to_owned))
    };
    let needed = until(PATIENCE, named).await.unwrap();
    let foreign = orphan(&stack, "holiday.mp4").await;
    let mut orphans = vec![orphan(&stack, &"ab".repeat(32)).await];
    // One of the same recording, which the job has lost; and more than fill a page.
    orphans.push(orphan(&stack, &own_hash).await);
    for n in 0..110 {
        orphans.push(orphan(&stack, &format!("{n:064x}")).await);
    }

    // A deletion that fails stops neither the other deletions nor the other parts.
    let fault =
        json!({"on": "delete_file", "times": 1, "fault": {"kind": "status", "status": 400}});
    stack.gemini_fault(fault).await.unwrap();
    let task = "job_0193a1b2c3d47e5f8a9b0c1d2e3f4a5e";
    stack.put_lost_task(task).await.unwrap();
    assert!(stack.invoke("Sweep", json!({})).await.is_err());
    let left = file_names(&stack).await;
    assert_eq!(left.len(), 3, "{left:?}");
    task_is_done(&stack, task).await;

    assert_eq!(count(&sweep(&stack).await, "deleted_files"), 1);
    let (one, other) = tokio::join!(sweep(&stack), sweep(&stack));
    assert_eq!((one, other), (json!({}), json!({})));
    let mut left = file_names(&stack).await;
    left.sort();
    let mut kept = vec![needed, foreign];
    kept.sort();
    assert_eq!(left, kept);
}

#[tokio::test]
async fn sweeper_deletes_only_unsubmitted_recordings() {
    let stack = Stack::with(&[("SWEEP_UPLOADS_AGE_S", "0")]).await.unwrap();
    let recording = std::fs::read(repository("tests/data/media/talk.mp4")).unwrap();
    let used = stack.upload("talk.mp4", recording).await.unwrap();
    let done = stack.run(json!({"upload_id": used})).await.unwrap();
    assert_eq!(done["status"], "done", "{done:#}");
    let mut unused = Vec::new();
    for n in 0..60_u8 {
        let bytes = [b"\0\0\0\x18ftypmp42".to_vec(), vec![n]].concat();
        unused.push(stack.upload("b.mp4", bytes).await.unwrap());
    }
    let (one, other) = tokio::join!(sweep(&stack), sweep(&stack));
    assert!(
        count(&one, "deleted_uploads") + count(&other, "deleted_uploads") >= 60,
        "{one} {other}"
    );
    assert_eq!(sweep(&stack).await, json!({}));
    let mut keys = stack.objects().await.unwrap();
    keys.retain(|key| key.starts_with("media/"));
    assert_eq!(keys.len(), 1, "{keys:?}");
    assert!(
        used.ends_with(keys[0].trim_start_matches("media/")),
        "{used} {keys:?}"
    );
    let gone = stack
        .post("/v1/videos", json!({"upload_id": unused[0]}))
        .await
        .unwrap();
    assert_eq!(
        gone.expect(409).json()["type"],
        "urn:eventrelay:problem:upload-missing"
    );
}

#[tokio::test]
async fn sweeper_keeps_recordings_for_a_day_by_default() {
    let stack = Stack::start().await.unwrap();
    let fresh = stack
        .upload("b.mp4", b"\0\0\0\x18ftypmp42".to_vec())
        .await
        .unwrap();
    assert_eq!(sweep(&stack).await, json!({}));
    let _ = orphan(&stack, &"cd".repeat(32)).await;
    assert_eq!(sweep(&stack).await, json!({}));
    let taken = stack
        .post("/v1/videos", json!({"upload_id": fresh}))
        .await
        .unwrap();
    let _ = taken.expect(202);
}
