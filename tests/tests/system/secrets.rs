//! No secret is written down anywhere, and one that is rotated is used at once.

use std::{fs, process::Stdio};

use eventrelay_tests::{PATIENCE, Stack, faults::WORKER, files, local, process, repository, until};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Digest;
use tokio::process::Command;

/// A text that is nowhere else.
fn secret(beginning: &str) -> String {
    let random: String = std::iter::repeat_with(fastrand::alphanumeric)
        .take(32)
        .collect();
    format!("{beginning}{random}")
}

/// A key of the API, as a user has one made.
async fn key_of(stack: &Stack) -> String {
    let output = Command::new(local().unwrap())
        .args([
            "key",
            "create",
            "--name",
            "secrets test",
            "--json",
            "--data",
        ])
        .arg(stack.data())
        .current_dir(repository(""))
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let made: Value = serde_json::from_slice(&output.stdout).unwrap();
    made["key"].as_str().unwrap().to_owned()
}

async fn gemini_key_is(stack: &Stack, key: &str) {
    let text = json!({"api_key": key}).to_string();
    let put = stack.secrets_manager().put_secret_value();
    put.secret_id("eventrelay/gemini")
        .secret_string(text)
        .send()
        .await
        .unwrap();
    stack
        .gemini_settings(json!({"api_key": key, "processing_ms": 200}))
        .await
        .unwrap();
}

/// Waits until no worker is busy, not even with finalizing the last job. Otherwise a second
/// instance would start for the next job and read the new key by itself.
async fn workers_rest(stack: &Stack) {
    let rest = async || {
        let instances = stack.instances().await?;
        let mut workers = instances.iter().filter(|one| one["function"] == WORKER);
        Ok(workers.all(|one| one["state"] == "idle").then_some(()))
    };
    until(PATIENCE, rest).await.expect("the workers rest");
}

fn occurs(text: &str, bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, text.as_bytes()).is_some()
}

#[tokio::test]
async fn secrets_are_never_written_and_rotation_takes_effect_at_once() {
    let (old, new) = (secret("AIzaOld"), secret("AIzaNew"));
    let youtube = secret("AIzaYou");
    let mut stack = Stack::recorded(&[
        ("YOUTUBE_API_KEY", &youtube),
        ("AWS_LAMBDA_LOG_LEVEL", "DEBUG"),
        ("RUST_LOG", "debug"),
    ])
    .await
    .unwrap();
    let api_key = key_of(&stack).await;
    let call = async |method: Method, path: &str, body: Option<Value>| {
        let headers = [("x-api-key", api_key.as_str())];
        stack.call(method, path, &headers, body).await.unwrap()
    };
    let mut answers = Vec::new();
    // An upload, a YouTube video, a video after the key was rotated, and one that fails with a message
    // that quotes the keys.
    gemini_key_is(&stack, &old).await;
    let recording = fs::read(repository("tests/data/media/talk.mp4")).unwrap();
    let upload = stack.upload("talk.mp4", recording).await.unwrap();
    let quoting = json!({"error": {
        "code": 403,
        "status": "PERMISSION_DENIED",
        "message": format!("Consumer 'api_key:{new}' has been suspended, as was '{old}'."),
    }});
    let fault = json!({"on": "generate", "match": "DDDDDDDDDDM", "times": null,
        "fault": {"kind": "status", "status": 403, "body": quoting}});
    stack.gemini_fault(fault).await.unwrap();
    for (submission, status) in [
        (json!({"upload_id": upload}), "done"),
        (json!({"url": "DDDDDDDDDDA"}), "done"),
        (json!({"url": "DDDDDDDDDDI"}), "done"),
        (json!({"url": "DDDDDDDDDDM"}), "failed"),
    ] {
        workers_rest(&stack).await;
        if submission["url"] == "DDDDDDDDDDI" {
            gemini_key_is(&stack, &new).await;
        }
        let accepted = call(Method::POST, "/v1/videos", Some(submission))
            .await
            .expect(202);
        let job = stack.end_of(&accepted.json()).await.unwrap();
        assert_eq!(job["status"], status, "{job:#}");
        if status == "failed" {
            assert_eq!(
                job["error"]["type"],
                "urn:eventrelay:problem:access-refused"
            );
        }
        answers.extend([accepted.text(), job.to_string()]);
        let video = job["video_id"].as_str().unwrap();
        for path in [
            format!("/v1/videos/{video}"),
            format!("/v1/videos/{video}?format=md"),
        ] {
            answers.push(call(Method::GET, &path, None).await.text());
        }
    }
    for path in ["/v1/videos", "/v1/stats", "/health"] {
        answers.push(call(Method::GET, path, None).await.expect(200).text());
    }
    let calls = stack.gemini_calls("").await.unwrap();
    let refused = calls.iter().filter(|call| call["status"] == 400).count();
    assert_eq!(refused, 1, "the old key was refused once: {calls:#?}");

    let secrets = [&old, &new, &youtube, &api_key];
    for secret in secrets {
        assert!(
            !answers
                .iter()
                .any(|answer| occurs(secret, answer.as_bytes())),
            "an answer"
        );
    }
    let instances = stack.instances().await.unwrap();
    assert!(instances.iter().any(|one| one["function"] == WORKER));
    for instance in instances {
        let pid = instance["pid"].as_u64().unwrap();
        // Empty if it has ended by now.
        let environment = process::raw_environment(u32::try_from(pid).unwrap());
        let shown = secrets.iter().any(|secret| occurs(secret, &environment));
        assert!(!shown, "in the environment of {instance}");
    }

    stack.interrupt().await.unwrap();
    let hash = hex::encode(sha2::Sha256::digest(&api_key));
    let (mut has_hash, mut has_debug) = (false, false);
    for path in files(stack.data()) {
        let bytes = fs::read(&path).unwrap();
        for secret in secrets {
            assert!(
                !occurs(secret, &bytes),
                "{} in {}",
                &secret[..7],
                path.display()
            );
        }
        has_hash |= occurs(&hash, &bytes);
        has_debug |= path.ends_with("written") && occurs("\"level\":\"DEBUG\"", &bytes);
    }
    // The search has found output to read.
    assert!(has_hash, "the hash of the key is in no file");
    assert!(has_debug, "the functions have logged nothing");
}
