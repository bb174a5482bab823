//! Fields, parameters and headers.

use eventrelay_tests::Stack;
use reqwest::Method;
use serde_json::{Value, json};

use super::problem;

pub(crate) async fn fields(stack: &Stack) {
    let id = "dQw4w9WgXcQ";
    let upload = |field: &str, value: Value| {
        let mut body = json!({"file_name": "a.mp4", "content_type": "video/mp4", "size_bytes": 1,
            "sha256": "ab".repeat(32)});
        body[field] = value;
        body
    };
    let long = |length: usize| "a".repeat(length);
    let feedback = "/v1/videos/yt:dQw4w9WgXcQ/feedback";
    for (path, body, slug, field) in [
        (
            "/v1/videos",
            json!({"url": long(5000)}),
            "invalid-input",
            "url",
        ),
        (
            "/v1/videos",
            json!({"url": "https://youtu.be/dQw4w9WgXcQ\u{0}"}),
            "invalid-input",
            "url",
        ),
        (
            "/v1/videos",
            json!({"url": "\u{202e}Qcx"}),
            "not-a-video",
            "url",
        ),
        ("/v1/videos", json!({"url": [id]}), "invalid-input", "url"),
        (
            "/v1/videos",
            json!({"url": {"url": id}}),
            "invalid-input",
            "url",
        ),
        (
            "/v1/videos",
            json!({"upload_id": long(81)}),
            "invalid-input",
            "upload_id",
        ),
        (
            "/v1/videos",
            json!({"upload_id": "AB".repeat(32)}),
            "invalid-input",
            "upload_id",
        ),
        (
            "/v1/videos",
            json!({"url": id, "start_s": 1e308}),
            "invalid-input",
            "start_s",
        ),
        (
            "/v1/videos",
            json!({"url": id, "end_s": 86_401}),
            "invalid-input",
            "end_s",
        ),
        (
            "/v1/videos",
            json!({"url": id, "language": long(36)}),
            "invalid-input",
            "language",
        ),
        (
            "/v1/videos",
            json!({"url": id, "language": "en\r\nx: y"}),
            "invalid-input",
            "language",
        ),
        (
            "/v1/videos",
            json!({"url": id, "transcript": long((4 << 20) + 1)}),
            "invalid-input",
            "transcript",
        ),
        (
            "/v1/videos",
            json!({"url": id, "transcript": "\u{0}"}),
            "transcript-invalid",
            "transcript",
        ),
        (
            "/v1/videos",
            json!({"url": id, "__proto__": {}}),
            "invalid-input",
            "__proto__",
        ),
        (
            "/v1/videos",
            json!({"url": id, (long(300)): 1}),
            "invalid-input",
            "a{64}",
        ),
        (
            "/v1/videos/batch",
            json!({"videos": []}),
            "invalid-input",
            "videos",
        ),
        (
            "/v1/videos/batch",
            json!({"videos": vec![id; 51]}),
            "invalid-input",
            "videos",
        ),
        (
            "/v1/videos/batch",
            json!({"videos": {"0": id}}),
            "invalid-input",
            "videos",
        ),
        (
            "/v1/uploads",
            upload("file_name", json!(long(256))),
            "invalid-input",
            "file_name",
        ),
        (
            "/v1/uploads",
            upload("file_name", json!("a\r\nset-cookie: b")),
            "invalid-input",
            "file_name",
        ),
        (
            "/v1/uploads",
            upload("file_name", json!("\u{200b}\u{202e}")),
            "invalid-input",
            "file_name",
        ),
        (
            "/v1/uploads",
            upload("content_type", json!("video/mp4, text/html")),
            "invalid-input",
            "content_type",
        ),
        (
            "/v1/uploads",
            upload("content_type", json!("text/html")),
            "invalid-input",
            "content_type",
        ),
        (
            "/v1/uploads",
            upload("size_bytes", json!(-1)),
            "invalid-input",
            "size_bytes",
        ),
        (
            "/v1/uploads",
            upload("size_bytes", json!(1.5)),
            "invalid-input",
            "size_bytes",
        ),
        (
            "/v1/uploads",
            upload("size_bytes", json!(2_000_000_001u64)),
            "invalid-input",
            "size_bytes",
        ),
        (
            "/v1/uploads",
            upload("sha256", json!("zz".repeat(32))),
            "invalid-input",
            "sha256",
        ),
        (
            feedback,
            json!({"type": "quality", "rating": 6}),
            "invalid-input",
            "rating",
        ),
        (
            feedback,
            json!({"type": "quality", "comment": "é".repeat(1001)}),
            "invalid-input",
            "comment",
        ),
        (
            feedback,
            json!({"type": "quality", "comment": "\u{202e}\u{200b}"}),
            "invalid-input",
            "comment",
        ),
        (
            feedback,
            json!({"type": "quality", "comment": "a\u{0}"}),
            "invalid-input",
            "comment",
        ),
    ] {
        let what = format!("{path} {field}");
        let response = stack.post(path, body).await.unwrap();
        let (status, kind, problem) = problem(response, &what);
        assert_eq!((status, kind.as_str()), (422, slug), "{what}: {problem}");
        let named = problem["field"].as_str().unwrap();
        match field {
            "a{64}" => assert_eq!(named, long(64)),
            field => assert_eq!(named, field, "{problem}"),
        }
    }
}

pub(crate) async fn parameters(stack: &Stack) {
    let long = "a".repeat(4000);
    for (path, status, slug) in [
        (format!("/v1/videos?limit={long}"), 422, "invalid-input"),
        ("/v1/videos?limit=1&limit=1".into(), 422, "invalid-input"),
        ("/v1/videos?limit=+1".into(), 422, "invalid-input"),
        (format!("/v1/videos?cursor={long}"), 422, "invalid-input"),
        ("/v1/videos?cursor=%00".into(), 422, "invalid-input"),
        (format!("/v1/videos?category={long}"), 422, "invalid-input"),
        (format!("/v1/videos?since={long}"), 422, "invalid-input"),
        (
            "/v1/videos?since=9999-12-31T24:00:00Z".into(),
            422,
            "invalid-input",
        ),
        (format!("/v1/videos?{long}=1"), 422, "invalid-input"),
        (format!("/v1/search?q={long}"), 422, "invalid-input"),
        ("/v1/search?q=%F0%9F%98%80".into(), 422, "invalid-input"),
        (
            "/v1/search?q=rust%20zig%20nim%20lua%20php%20perl%20java%20ruby%20ocaml".into(),
            422,
            "invalid-input",
        ),
        ("/v1/search?q=rust&limit=51".into(), 422, "invalid-input"),
        (format!("/v1/videos/{long}"), 404, "not-found"),
        ("/v1/videos/..%2F..%2Fetc%2Fpasswd".into(), 404, "not-found"),
        ("/v1/videos/yt:dQw4w9WgXc%00".into(), 404, "not-found"),
        ("/v1/videos/dQw4w9WgXcQ%0d%0ax:y".into(), 404, "not-found"),
        (
            format!("/v1/videos/dQw4w9WgXcQ?fields={long}"),
            422,
            "invalid-input",
        ),
        (
            format!("/v1/videos/dQw4w9WgXcQ?variant={long}"),
            422,
            "invalid-input",
        ),
        (
            "/v1/videos/dQw4w9WgXcQ?variant=..%2F1".into(),
            422,
            "invalid-input",
        ),
        (
            "/v1/videos/dQw4w9WgXcQ?format=exe".into(),
            422,
            "invalid-input",
        ),
        (format!("/v1/jobs/{long}"), 404, "not-found"),
        ("/v1/jobs/job_%2e%2e".into(), 404, "not-found"),
    ] {
        let what: String = path.chars().take(60).collect();
        let (got, kind, _) = problem(stack.get(&path).await.unwrap(), &what);
        assert_eq!((got, kind.as_str()), (status, slug), "{what}");
    }
}

pub(crate) async fn headers(stack: &Stack) {
    let long = "a".repeat(9000);
    let get = async |headers: &[(&str, &str)]| {
        stack
            .call(Method::GET, "/v1/videos/dQw4w9WgXcQ", headers, None)
            .await
            .unwrap()
    };
    for (name, value, status, slug) in [
        ("accept", ";;;q=,,;q=NaN", 404, "not-found"),
        ("accept", "application/json;q=1e99", 404, "not-found"),
        ("accept", long.as_str(), 406, "not-acceptable"),
        ("accept-encoding", long.as_str(), 404, "not-found"),
        ("if-none-match", long.as_str(), 404, "not-found"),
    ] {
        let (got, kind, _) = problem(get(&[(name, value)]).await, name);
        assert_eq!((got, kind.as_str()), (status, slug), "{name}");
    }
    // All headers together have at most 10,240 bytes, and a key is looked up by its hash.
    let beyond = "a".repeat(10_240);
    assert_eq!(get(&[("accept", &beyond)]).await.status.as_u16(), 431);
    assert_eq!(get(&[("x-api-key", &long)]).await.status.as_u16(), 403);
}
