//! Smoke test of a stage through its API alone. `tests/smoke` runs it against a deployed stage.

use std::panic::{AssertUnwindSafe, resume_unwind};

use eventrelay_tests::{Stack, read, repository};
use futures_util::FutureExt as _;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn health_reports_ok_and_version() {
    let stack = Stack::start().await.unwrap();
    let health = format!("{}/health", stack.ready.api);
    let health = read(stack.client().get(health)).await.unwrap().expect(200);
    let health = health.json();
    assert_eq!(health["status"], "ok");
    for field in ["version", "commit", "stage"] {
        assert!(!health[field].as_str().unwrap().is_empty(), "{health}");
    }
}

#[tokio::test]
async fn requests_without_valid_key_are_refused() {
    let stack = Stack::start().await.unwrap();
    let status = async |method: Method, path: &str, header: &str, value: &str| {
        let url = format!("{}{path}", stack.ready.api);
        let request = stack.client().request(method, url).header(header, value);
        read(request).await.unwrap().status.as_u16()
    };
    let routes = [
        (Method::GET, "/v1/videos"),
        (Method::POST, "/v1/videos"),
        (Method::DELETE, "/v1/videos/yt:dQw4w9WgXcQ"),
        (Method::POST, "/v1/admin/recount"),
        (Method::GET, "/v1/nothing"),
    ];
    for (method, path) in routes {
        let without = status(method.clone(), path, "accept", "*/*").await;
        assert_eq!(without, 401, "{method} {path} without a key");
        let unknown = status(method.clone(), path, "x-api-key", "er_unknown").await;
        assert_eq!(unknown, 403, "{method} {path} with an unknown key");
    }
    let key = stack.ready.api_key.as_str();
    let query = status(
        Method::GET,
        "/v1/videos?x-api-key=er_unknown",
        "accept",
        "*/*",
    )
    .await;
    assert_eq!(query, 401);
    assert_eq!(
        status(Method::GET, "/v1/videos", "x-api-key", key).await,
        200
    );
}

#[tokio::test]
async fn key_is_limited_to_its_scopes() {
    let stack = Stack::start().await.unwrap();
    let Some(reader) = stack.reader().await.unwrap() else {
        eprintln!("no EVENTRELAY_READ_KEY: not tried");
        return;
    };
    let headers = [("x-api-key", reader.as_str())];
    let call = async |method, path| {
        let answer = stack.call(method, path, &headers, None).await.unwrap();
        answer.status.as_u16()
    };
    assert_eq!(call(Method::GET, "/v1/stats").await, 200);
    assert_eq!(call(Method::POST, "/v1/videos").await, 403);
    assert_eq!(call(Method::DELETE, "/v1/videos/yt:dQw4w9WgXcQ").await, 403);
    assert_eq!(call(Method::GET, "/v1/admin/dead-letters").await, 403);
}

#[tokio::test]
async fn invalid_requests_have_named_problems() {
    let stack = Stack::start().await.unwrap();
    let post = async |body| stack.post("/v1/videos", body).await.unwrap();
    post(json!([1])).await.expect_problem(400, "malformed-body");
    let elsewhere = post(json!({"url": "https://vimeo.com/76979871"})).await;
    assert_eq!(elsewhere.expect_problem(422, "not-a-video")["field"], "url");
    let twice = post(json!({"url": "dQw4w9WgXcQ", "upload_id": "ab"})).await;
    twice.expect_problem(422, "invalid-input");
    let unknown = post(json!({"url": "dQw4w9WgXcQ", "colour": "red"})).await;
    assert_eq!(
        unknown.expect_problem(422, "invalid-input")["field"],
        "colour"
    );
    let never_put = post(json!({"upload_id": "ab".repeat(32)})).await;
    never_put.expect_problem(409, "upload-missing");
    for path in ["/v1/videos/no-video", "/v1/jobs/job_0", "/v1/nothing"] {
        stack
            .get(path)
            .await
            .unwrap()
            .expect_problem(404, "not-found");
    }
}

/// The shipped recording with random bytes appended, so that it is a video of this run alone. Players
/// ignore a `free` box.
fn recording() -> Vec<u8> {
    let mut recording = std::fs::read(repository("tests/data/media/talk.mp4")).unwrap();
    let mut own = [0; 32];
    fastrand::Rng::new().fill(&mut own);
    recording.extend(40_u32.to_be_bytes());
    recording.extend(b"free");
    recording.extend(own);
    recording
}

#[tokio::test]
async fn recording_can_be_analyzed_read_and_deleted() {
    let stack = Stack::start().await.unwrap();
    let captions = std::fs::read_to_string(repository("tests/data/media/talk.vtt")).unwrap();
    let upload_id = stack.upload("smoke.mp4", recording()).await.unwrap();
    let submission = json!({"upload_id": upload_id, "transcript": captions, "language": "en"});
    let path = format!("/v1/videos/up:{upload_id}");

    let checked = AssertUnwindSafe(used(&stack, &submission)).catch_unwind();
    let checked = checked.await;
    let deleted = stack.call(Method::DELETE, &path, &[], None).await;
    checked.unwrap_or_else(|panic| resume_unwind(panic));
    let _ = deleted.unwrap().expect(204);
    stack
        .get(&path)
        .await
        .unwrap()
        .expect_problem(404, "not-found");
    let again = stack
        .post("/v1/videos", json!({"upload_id": upload_id}))
        .await;
    again.unwrap().expect_problem(409, "upload-missing");
}

/// Submits and reads as a user does.
async fn used(stack: &Stack, submission: &Value) {
    let accepted = stack.post("/v1/videos", submission.clone()).await.unwrap();
    let accepted = accepted.expect(202);
    let job = accepted.json();
    assert_eq!(
        accepted.header("location"),
        job["links"]["job"].as_str().unwrap()
    );
    // A duplicate submission returns the running job.
    let meanwhile = stack.post("/v1/videos", submission.clone()).await.unwrap();
    let meanwhile = (meanwhile.status.as_u16(), meanwhile.json());
    assert!(
        meanwhile.1["job_id"] == job["job_id"] || meanwhile.0 == 200,
        "{meanwhile:?}"
    );
    let done = stack.end_of(&job).await.unwrap();
    assert_eq!(done["status"], "done", "{done:#}");
    assert_eq!(done["usage"]["model_calls"], 1, "{done:#}");

    let link = done["links"]["video"].as_str().unwrap();
    let read = stack.get(link).await.unwrap().expect(200);
    let analysis = read.json();
    assert_eq!(analysis["sources"]["transcript"]["source"], "caption");
    assert!(!analysis["summary"].as_str().unwrap().is_empty());
    let etag = read.header("etag").to_owned();
    let fresh = [("if-none-match", etag.as_str())];
    let fresh = stack.call(Method::GET, link, &fresh, None).await.unwrap();
    assert_eq!((fresh.status.as_u16(), fresh.body.len()), (304, 0));
    let query = if link.contains('?') { '&' } else { '?' };
    for (format, beginning) in [
        ("md", "# "),
        ("vtt", "WEBVTT"),
        ("srt", "1\n00:00:00,000 --> "),
    ] {
        let form = stack.get(&format!("{link}{query}format={format}")).await;
        let text = form.unwrap().expect(200).text();
        assert!(text.starts_with(beginning), "{format}: {text}");
    }
    for part in ["transcript", "events", "actions", "chapters"] {
        let (place, query) = link.split_once('?').map_or((link, ""), |(a, b)| (a, b));
        let part = stack.get(&format!("{place}/{part}?{query}")).await.unwrap();
        let _ = part.expect(200);
    }
    let cached = stack.post("/v1/videos", submission.clone()).await.unwrap();
    assert_eq!(cached.expect(200).json()["links"]["video"], link);
}
