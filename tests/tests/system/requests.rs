//! Invalid requests to the API, their problems, and that they leave nothing behind.

use eventrelay_tests::{Stack, read};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn invalid_requests_have_named_problems() {
    let stack = Stack::start().await.unwrap();
    let post = async |body| stack.post("/v1/videos", body).await.unwrap();

    for (url, kind) in [
        (
            "https://www.youtube.com/playlist?list=PLt5yu3-wZAlQAaPZ5Z-rJoTdbT-45Q7c0",
            "playlist",
        ),
        (
            "https://www.youtube.com/channel/UC7_YxT-KID8kRbqZo7MyscQ",
            "channel",
        ),
        (
            "https://www.youtube.com/@99percentinvisiblepodcast",
            "channel",
        ),
        (
            "https://www.youtube.com/clip/UgytZKpehg-hEMBSn3F4AaABCQ",
            "clip",
        ),
        (
            "https://youtube.com.evil.example/watch?v=dQw4w9WgXcQ",
            "lookalike_host",
        ),
        ("https://vimeo.com/76979871", "unsupported_host"),
    ] {
        let problem = post(json!({"url": url}))
            .await
            .expect_problem(422, "not-a-video");
        assert_eq!(problem["field"], "url");
        assert_eq!(
            problem["reference_kind"]
                .as_str()
                .unwrap()
                .replace('-', "_"),
            kind,
            "{url}"
        );
    }
    for (body, field) in [
        (json!({}), "url"),
        (json!({"url": 5}), "url"),
        (
            json!({"url": "dQw4w9WgXcQ", "upload_id": "ab"}),
            "upload_id",
        ),
        (json!({"upload_id": "../etc/passwd"}), "upload_id"),
        (json!({"url": "dQw4w9WgXcQ", "start_s": -1}), "start_s"),
        (
            json!({"url": "dQw4w9WgXcQ", "start_s": 10, "end_s": 5}),
            "end_s",
        ),
        (
            json!({"url": "dQw4w9WgXcQ", "language": "klingon language"}),
            "language",
        ),
        (json!({"url": "dQw4w9WgXcQ", "force": "yes"}), "force"),
        (json!({"url": "dQw4w9WgXcQ", "colour": "red"}), "colour"),
    ] {
        let problem = post(body).await.expect_problem(422, "invalid-input");
        assert_eq!(problem["field"], field, "{problem}");
    }
    let no_captions = json!({"url": "dQw4w9WgXcQ", "transcript": "only words"});
    let problem = post(no_captions)
        .await
        .expect_problem(422, "transcript-invalid");
    assert_eq!(problem["field"], "transcript");
    let never_put = json!({"upload_id": "ab".repeat(32)});
    post(never_put).await.expect_problem(409, "upload-missing");
    post(json!([1])).await.expect_problem(400, "malformed-body");
    let text = stack
        .client()
        .post(format!("{}/v1/videos", stack.ready.api))
        .body("{}");
    let text = text
        .header("x-api-key", eventrelay_tests::API_KEY)
        .header("content-type", "text/plain");
    read(text)
        .await
        .unwrap()
        .expect_problem(415, "unsupported-media-type");

    for (path, slug) in [
        ("/v1/videos/yt:dQw4w9WgXcQ", "not-found"),
        ("/v1/videos/no-video", "not-found"),
        ("/v1/jobs/job_0", "not-found"),
        ("/v1/jobs/job_019aa000000070008000000000000000", "not-found"),
        ("/v1/nothing", "not-found"),
    ] {
        stack.get(path).await.unwrap().expect_problem(404, slug);
    }
    let unacceptable = [("accept", "image/png")];
    let unacceptable = stack
        .call(Method::GET, "/v1/videos/dQw4w9WgXcQ", &unacceptable, None)
        .await
        .unwrap();
    unacceptable.expect_problem(406, "not-acceptable");

    // Nothing of all that left a trace.
    let calls = stack.gemini_calls("").await.unwrap();
    assert!(calls.is_empty(), "{calls:?}");
    let worked = stack.invocations().await.unwrap();
    assert!(
        worked
            .iter()
            .all(|one| one["function"] != "AdvanceAnalysis"),
        "{worked:?}"
    );
}

#[tokio::test]
async fn upload_must_match_its_announcement() {
    use sha2::Digest;
    let stack = Stack::start().await.unwrap();
    let bytes = b"sixteen bytes ..".to_vec();
    let sha256 = hex::encode(sha2::Sha256::digest(&bytes));
    let announced = json!({
        "file_name": "a.mp4", "content_type": "video/mp4", "size_bytes": bytes.len(), "sha256": sha256,
    });
    for (field, wrong) in [
        ("file_name", json!("a\nb.mp4")),
        ("content_type", json!("text/html")),
        ("size_bytes", json!(0)),
        ("size_bytes", json!(3_000_000_000u64)),
        ("sha256", json!("abc")),
        ("colour", json!("red")),
    ] {
        let mut body = announced.clone();
        body[field] = wrong;
        let response = stack.post("/v1/uploads", body).await.unwrap();
        assert_eq!(
            response.expect_problem(422, "invalid-input")["field"],
            field
        );
    }
    let granted = stack
        .post("/v1/uploads", announced.clone())
        .await
        .unwrap()
        .expect(201)
        .json();
    assert_eq!(granted["uploaded"], false);
    let put = async |bytes: Vec<u8>| {
        let mut request = stack
            .client()
            .put(granted["upload"]["url"].as_str().unwrap());
        for (name, value) in granted["upload"]["headers"].as_object().unwrap() {
            if name != "content-length" {
                request = request.header(name, value.as_str().unwrap());
            }
        }
        read(request.body(bytes)).await.unwrap().status.as_u16()
    };
    assert!(
        (400..500).contains(&put(b"other 16 bytes..".to_vec()).await),
        "other bytes"
    );
    assert!(
        (400..500).contains(&put(b"more than sixteen bytes".to_vec()).await),
        "more bytes"
    );
    assert_eq!(put(bytes).await, 200);
    let again = stack
        .post("/v1/uploads", announced)
        .await
        .unwrap()
        .expect(201)
        .json();
    assert_eq!(again["uploaded"], true);
}

#[tokio::test]
async fn requests_without_valid_key_are_refused() {
    let stack = Stack::start().await.unwrap();
    let send = async |method: Method, path: &str, key: Option<&str>| {
        let url = format!("{}{path}", stack.ready.api);
        let mut request = stack.client().request(method, url);
        if let Some(key) = key {
            request = request.header("x-api-key", key);
        }
        read(request).await.unwrap()
    };
    let health = send(Method::GET, "/health", None).await.expect(200).json();
    assert_eq!(health["status"], "ok");
    assert!(health["version"].is_string() && health["commit"].is_string());
    for (method, path) in [
        (Method::POST, "/v1/videos"),
        (Method::GET, "/v1/videos/yt:dQw4w9WgXcQ"),
        (Method::GET, "/v1/jobs/job_0"),
        (Method::DELETE, "/v1/jobs/job_0"),
        (Method::POST, "/v1/uploads"),
        (Method::GET, "/v1/nothing"),
    ] {
        // These are the gateway's own words: a request without a key reaches nothing of ours.
        let _ = send(method.clone(), path, None).await.expect(401);
        let _ = send(method.clone(), path, Some("wrong")).await.expect(403);
        let almost = &eventrelay_tests::API_KEY[1..];
        let _ = send(method, path, Some(almost)).await.expect(403);
    }
}

#[tokio::test]
async fn cors_allows_configured_origins_only() {
    const ORIGIN: &str = "https://app.example";
    let stack = Stack::with(&[("CORS_ALLOW_ORIGINS", ORIGIN)])
        .await
        .unwrap();
    let preflight = async |stack: &Stack, origin: &str| {
        let request = stack
            .client()
            .request(Method::OPTIONS, format!("{}/v1/videos", stack.ready.api))
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "x-api-key");
        read(request).await.unwrap()
    };
    let allowed = preflight(&stack, ORIGIN).await.expect(204);
    assert_eq!(allowed.header("access-control-allow-origin"), ORIGIN);
    assert!(
        allowed
            .header("access-control-allow-methods")
            .contains("POST")
    );
    assert!(
        allowed
            .header("access-control-allow-headers")
            .contains("x-api-key")
    );
    let other = preflight(&stack, "https://other.example").await.expect(204);
    assert_eq!(other.header("access-control-allow-origin"), "");

    let health = stack
        .call(Method::GET, "/health", &[("origin", ORIGIN)], None)
        .await
        .unwrap()
        .expect(200);
    assert_eq!(health.header("access-control-allow-origin"), ORIGIN);
    assert!(
        health
            .header("access-control-expose-headers")
            .contains("location")
    );

    // Without allowed origins, a preflight is a request to an unknown route.
    let closed = Stack::start().await.unwrap();
    let answer = preflight(&closed, ORIGIN).await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
    answer.expect_problem(405, "method-not-allowed");
}
