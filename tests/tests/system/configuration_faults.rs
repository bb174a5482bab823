//! Faults of the configuration and of the network are named as such, and are not held against a
//! video.

use eventrelay_tests::{PATIENCE, Stack, until};
use serde_json::{Value, json};

fn slug(job: &Value) -> &str {
    assert_eq!(job["status"], "failed", "{job:#}");
    let kind = job["error"]["type"].as_str().unwrap();
    kind.rsplit(':').next().unwrap()
}

#[tokio::test]
async fn refused_key_fails_job_immediately_and_is_not_cached() {
    let stack = Stack::start().await.unwrap();
    for (reason, words) in [
        (
            "key_invalid",
            "Gemini refused the API key (API_KEY_INVALID). Set GEMINI_API_KEY.",
        ),
        (
            "key_missing",
            "Gemini refused the API key (PERMISSION_DENIED).",
        ),
        ("key_leaked", "reported as leaked"),
        ("consumer_suspended", "(CONSUMER_SUSPENDED)"),
        ("project_denied", "denies access to the project"),
        ("service_disabled", "(SERVICE_DISABLED)"),
        ("billing_required", "cannot pay"),
        ("prepay_depleted", "cannot pay"),
        ("location", "not offered at the location"),
    ] {
        let before = stack.gemini_calls(":generateContent").await.unwrap().len();
        let fault = json!({"on": "generate", "match": "HHHHHHHHHHA", "times": null,
            "fault": {"kind": "access_refused", "reason": reason}});
        stack.gemini_fault(fault).await.unwrap();
        // 202 each time: none of the failures is remembered.
        let job = stack.run(json!({"url": "HHHHHHHHHHA"})).await.unwrap();
        assert_eq!(slug(&job), "access-refused", "{reason}");
        let detail = job["error"]["detail"].as_str().unwrap();
        assert!(detail.contains(words), "{reason}: {detail}");
        let calls = stack.gemini_calls(":generateContent").await.unwrap().len();
        // A key that was refused is read again once, in case it was replaced.
        assert!((1..=2).contains(&(calls - before)), "{reason}: {calls}");
        let gemini = &stack.ready.standins.gemini;
        let clear = stack.client().delete(format!("{gemini}/_control/faults"));
        clear.send().await.unwrap();
    }
    let job = stack.run(json!({"url": "HHHHHHHHHHA"})).await.unwrap();
    assert_eq!(job["status"], "done", "{job:#}");
}

#[tokio::test]
async fn refused_youtube_key_fails_job_with_its_name() {
    let stack = Stack::with(&[("YOUTUBE_API_KEY", "invalid")])
        .await
        .unwrap();
    let job = stack.run(json!({"url": "HHHHHHHHHHE"})).await.unwrap();
    assert_eq!(slug(&job), "access-refused");
    assert_eq!(
        job["error"]["detail"],
        "YouTube refused the API key (API_KEY_INVALID). Set YOUTUBE_API_KEY."
    );
}

#[tokio::test]
async fn job_without_network_names_the_host_and_recovers() {
    // Nothing listens on port 9.
    let nowhere = "http://127.0.0.1:9";
    let stack = Stack::with(&[
        ("GEMINI_API_KEY", "k"),
        ("GEMINI_BASE_URL", nowhere),
        ("YOUTUBE_OEMBED_BASE_URL", nowhere),
    ])
    .await
    .unwrap();
    let job = stack
        .accepted("/v1/videos", json!({"url": "HHHHHHHHHHI"}))
        .await
        .unwrap();
    let id = job["job_id"].as_str().unwrap();
    let path = format!("/v1/jobs/{id}");
    let analysing = until(PATIENCE, async || {
        let job = stack.get_json(&path).await?;
        assert_ne!(job["status"], "failed", "{job:#}");
        let notice = job["notice"].as_str().unwrap_or_default();
        let is_told = notice.starts_with("Cannot reach 127.0.0.1:9. ");
        Ok((is_told && job["stage"] == "analysing").then_some(job))
    });
    let job = analysing.await.unwrap();
    let notice = job["notice"].as_str().unwrap();
    assert!(
        notice.contains("Next try in ") || notice.contains("Trying again."),
        "{notice}"
    );
    let (_, doc) = stack.job_row(id).await.unwrap();
    assert_eq!(doc["attempts"], Value::Null, "no try is used up: {doc:#}");
}
