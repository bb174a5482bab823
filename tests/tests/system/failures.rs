//! Every way in which a job can fail has an error of its own, and none of them leaves a result or
//! a file behind.

use eventrelay_tests::{Stack, repository};
use reqwest::Method;
use serde_json::{Value, json};

fn slug(job: &Value) -> &str {
    assert_eq!(job["status"], "failed", "{job:#}");
    let error = &job["error"];
    assert!(
        !error["title"].as_str().unwrap().is_empty() && error["detail"].is_string(),
        "{error}"
    );
    error["type"].as_str().unwrap().rsplit(':').next().unwrap()
}

/// Runs a YouTube video into a fault of the model.
async fn generate_into(stack: &Stack, id: &str, fault: Value, times: Value) -> Value {
    let fault = json!({"on": "generate", "match": id, "times": times, "fault": fault});
    stack.gemini_fault(fault).await.unwrap();
    let job = stack.run(json!({"url": id})).await.unwrap();
    if job["status"] == "failed" {
        let path = format!("/v1/videos/yt:{id}");
        let _ = stack.get(&path).await.unwrap().expect(404);
    }
    job
}

#[tokio::test]
async fn unusable_answer_fails_job_with_named_problem() {
    let stack = Stack::start().await.unwrap();
    for (id, fault, expected) in [
        (
            "AAAAAAAAAAA",
            json!({"kind": "blocked", "reason": "SAFETY"}),
            "prompt-blocked",
        ),
        ("AAAAAAAAAAE", json!({"kind": "safety"}), "prompt-blocked"),
        (
            "AAAAAAAAAAI",
            json!({"kind": "truncated"}),
            "answer-truncated",
        ),
        ("AAAAAAAAAAM", json!({"kind": "empty"}), "answer-empty"),
        (
            "AAAAAAAAAAQ",
            json!({"kind": "malformed"}),
            "answer-malformed",
        ),
        (
            "AAAAAAAAAAU",
            json!({"kind": "not_schema"}),
            "answer-malformed",
        ),
        (
            "AAAAAAAAAAY",
            json!({"kind": "inaccessible_video"}),
            "video-inaccessible",
        ),
    ] {
        let job = generate_into(&stack, id, fault, Value::Null).await;
        assert_eq!(slug(&job), expected);
    }
    // The video is free again, and the next try is not the failed one.
    stack
        .control(
            Method::DELETE,
            format!("{}/_control", stack.ready.standins.gemini),
            json!({}),
        )
        .await
        .unwrap();
    assert_eq!(
        stack
            .run(json!({"url": "AAAAAAAAAAI", "force": true}))
            .await
            .unwrap()["status"],
        "done"
    );
}

#[tokio::test]
async fn rate_limit_delays_job_and_spent_quota_uses_fallback_model() {
    let stack = Stack::with(&[("JOB_DEADLINE_S", "60")]).await.unwrap();
    let limited = |seconds: u32| json!({"kind": "rate_limited", "retry_delay_s": seconds});
    let once = json!(1);

    let job = generate_into(&stack, "BBBBBBBBBBA", limited(2), once.clone()).await;
    assert_eq!(job["status"], "done", "{job:#}");
    let calls = stack.gemini_calls(":generateContent").await.unwrap();
    let [refused, answered] = &calls[..] else {
        panic!("{calls:?}")
    };
    assert_eq!(
        (&refused["status"], &answered["status"]),
        (&json!(429), &json!(200))
    );
    let waited = answered["at_ms"].as_u64().unwrap() - refused["at_ms"].as_u64().unwrap();
    assert!(waited >= 2000, "{waited}");

    let beyond_deadline = generate_into(&stack, "BBBBBBBBBBE", limited(300), Value::Null).await;
    assert_eq!(slug(&beyond_deadline), "rate-limited");
    stack.forget_limits().await.unwrap();

    let job = generate_into(&stack, "BBBBBBBBBBI", json!({"kind": "daily_quota"}), once).await;
    assert_eq!(job["status"], "done", "a fallback model answers: {job:#}");
    let calls = stack.gemini_calls(":generateContent").await.unwrap();
    let models: Vec<_> = calls[calls.len() - 2..]
        .iter()
        .map(|call| &call["path"])
        .collect();
    assert_ne!(models[0], models[1]);
    // The spent model is not called again today.
    let job = stack.run(json!({"url": "BBBBBBBBBBY"})).await.unwrap();
    assert_eq!(job["status"], "done", "{job:#}");
    let later = stack.gemini_calls(":generateContent").await.unwrap();
    assert_eq!(later.len(), calls.len() + 1);
    assert_eq!(&later[calls.len()]["path"], models[1]);

    let spent = json!({"kind": "daily_quota"});
    let job = generate_into(&stack, "BBBBBBBBBBM", spent, Value::Null).await;
    assert_eq!(slug(&job), "daily-quota-spent");
    stack.forget_limits().await.unwrap();

    let job = generate_into(
        &stack,
        "BBBBBBBBBBQ",
        json!({"kind": "overloaded"}),
        json!(2),
    )
    .await;
    assert_eq!(job["status"], "done", "{job:#}");
    let job = generate_into(&stack, "BBBBBBBBBBU", json!({"kind": "reset"}), json!(1)).await;
    assert_eq!(job["status"], "done", "{job:#}");
}

#[tokio::test]
async fn unavailable_video_fails_before_generation() {
    // With a key the Data API is asked, without one oEmbed.
    for key in ["", "a-youtube-key"] {
        let stack = Stack::with(&[("YOUTUBE_API_KEY", key)]).await.unwrap();
        let set = async |id: &str, video: Value| {
            let url = format!("{}/_control/videos/{id}", stack.ready.standins.youtube);
            stack.control(Method::PUT, url, video).await.unwrap();
        };
        set("CCCCCCCCCCA", json!({"privacy": "private"})).await;
        set("CCCCCCCCCCE", json!({"missing": true})).await;
        let private = stack.run(json!({"url": "CCCCCCCCCCA"})).await.unwrap();
        let expected = if key.is_empty() {
            "video-private"
        } else {
            "video-not-found"
        };
        assert_eq!(slug(&private), expected);
        assert!(
            private["error"]["detail"]
                .as_str()
                .unwrap()
                .contains("private")
        );
        let missing = stack.run(json!({"url": "CCCCCCCCCCE"})).await.unwrap();
        assert_eq!(slug(&missing), "video-not-found");
        if !key.is_empty() {
            set("CCCCCCCCCCI", json!({"privacy": "unlisted"})).await;
            set("CCCCCCCCCCM", json!({"live": "live"})).await;
            let unlisted = stack.run(json!({"url": "CCCCCCCCCCI"})).await.unwrap();
            assert_eq!(slug(&unlisted), "video-not-public");
            let live = stack.run(json!({"url": "CCCCCCCCCCM"})).await.unwrap();
            assert_eq!(slug(&live), "video-is-live");
        }
        assert!(
            stack
                .gemini_calls(":generateContent")
                .await
                .unwrap()
                .is_empty()
        );
    }
}

#[tokio::test]
async fn file_that_never_becomes_active_fails_job_and_is_deleted() {
    let stack = Stack::with(&[("PROCESSING_TIMEOUT_S", "4")]).await.unwrap();
    let recording = std::fs::read(repository("tests/data/media/talk.mp4")).unwrap();
    for (number, (fault, expected)) in [
        ("processing_failed", "processing-failed"),
        ("stuck_processing", "processing-timeout"),
    ]
    .into_iter()
    .enumerate()
    {
        // One byte more is another recording.
        let mut bytes = recording.clone();
        bytes.extend(std::iter::repeat_n(0, number));
        let upload_id = stack.upload("talk.mp4", bytes).await.unwrap();
        let fault = json!({"on": "get_file", "times": null, "fault": {"kind": fault}});
        stack.gemini_fault(fault).await.unwrap();
        let job = stack.run(json!({"upload_id": upload_id})).await.unwrap();
        assert_eq!(slug(&job), expected);
        let gone = async || Ok(stack.gemini_files().await?.is_empty().then_some(()));
        eventrelay_tests::until(eventrelay_tests::PATIENCE, gone)
            .await
            .expect("deleted");
        let url = format!("{}/_control", stack.ready.standins.gemini);
        stack.control(Method::DELETE, url, json!({})).await.unwrap();
    }
    assert!(
        stack
            .gemini_calls(":generateContent")
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn cancelled_job_releases_its_video() {
    let stack = Stack::start().await.unwrap();
    let slow = json!({"processing_ms": 600_000});
    stack.gemini_settings(slow).await.unwrap();
    let recording = std::fs::read(repository("tests/data/media/talk.mp4")).unwrap();
    let upload_id = stack.upload("talk.mp4", recording).await.unwrap();
    let submission = json!({"upload_id": upload_id});
    let job = stack
        .accepted("/v1/videos", submission.clone())
        .await
        .unwrap();
    let path = job["links"]["job"].as_str().unwrap();
    let processing = async || {
        let shown = stack.get_json(path).await?;
        Ok((shown["stage"] == "processing").then_some(()))
    };
    eventrelay_tests::until(eventrelay_tests::PATIENCE, processing)
        .await
        .unwrap();

    let cancelled = stack
        .call(Method::DELETE, path, &[], None)
        .await
        .unwrap()
        .expect(200)
        .json();
    assert_eq!(cancelled["status"], "cancelled");
    let again = stack
        .call(Method::DELETE, path, &[], None)
        .await
        .unwrap()
        .expect(200)
        .json();
    assert_eq!(again["status"], "cancelled", "once more is no error");
    let gone = async || Ok(stack.gemini_files().await?.is_empty().then_some(()));
    eventrelay_tests::until(eventrelay_tests::PATIENCE, gone)
        .await
        .expect("the file is deleted");

    stack
        .gemini_settings(json!({"processing_ms": 500}))
        .await
        .unwrap();
    let done = stack.run(submission).await.unwrap();
    assert_eq!(done["status"], "done", "{done:#}");
    assert_ne!(done["job_id"], job["job_id"]);
}
