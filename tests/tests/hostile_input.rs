//! What callers send that is not as it should be, over HTTP: each is refused by name and leaves
//! nothing behind, or is taken as what it is.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use eventrelay_tests::{API_KEY, Response, Stack, read};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Digest;

/// The problem of a response, which is nothing but one.
fn problem(response: Response, what: &str) -> (u16, String, Value) {
    let status = response.status.as_u16();
    assert_eq!(
        response.header("content-type"),
        "application/problem+json",
        "{what}"
    );
    assert_eq!(response.header("cache-control"), "no-store", "{what}");
    let problem = response.json();
    assert_eq!(problem["status"], status, "{what}");
    let kind = problem["type"].as_str().unwrap();
    let slug = kind.strip_prefix("urn:eventrelay:problem:").unwrap();
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        !detail.contains(char::is_control) && detail.len() < 500,
        "{what}: {detail:?}"
    );
    (status, slug.to_owned(), problem)
}

/// Sends bytes under headers of the caller's own.
async fn send(stack: &Stack, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Response {
    let url = format!("{}{path}", stack.ready.api);
    let mut request = stack.client().post(url).header("x-api-key", API_KEY);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    read(request.body(body)).await.unwrap()
}

const JSON: (&str, &str) = ("content-type", "application/json");

fn nested(open: &str, close: &str, levels: usize) -> Vec<u8> {
    format!(
        "{{\"videos\":{}1{}}}",
        open.repeat(levels),
        close.repeat(levels)
    )
    .into_bytes()
}

#[tokio::test]
async fn hostile_input_is_refused_by_name_and_leaves_nothing() {
    let stack = Stack::start().await.unwrap();
    bodies(&stack).await;
    content_types(&stack).await;
    fields(&stack).await;
    parameters(&stack).await;
    headers(&stack).await;

    // Nothing of all that left a trace.
    assert!(stack.gemini_calls("").await.unwrap().is_empty());
    let worked = stack.invocations().await.unwrap();
    let worked = worked
        .iter()
        .filter(|one| one["function"] == "AdvanceAnalysis");
    assert_eq!(worked.count(), 0);
    let videos = stack.get_json("/v1/videos").await.unwrap();
    assert_eq!(videos["videos"], json!([]));

    uploads(&stack).await;
    names(&stack).await;
}

async fn bodies(stack: &Stack) {
    let malformed = |place: &str| format!("The body is not JSON: error at {place}.");
    let large = format!("{{\"url\":\"{}\"}}", "a".repeat(3 * 1024 * 1024));
    let values = format!("{{\"videos\":[{}1]}}", "1,".repeat(10_000));
    let cases: Vec<(&str, Vec<u8>, u16, &str, String)> = vec![
        (
            "nothing",
            vec![],
            400,
            "malformed-body",
            malformed("line 1, column 0"),
        ),
        (
            "a list",
            b"[]".to_vec(),
            400,
            "malformed-body",
            "The body is not a JSON object.".into(),
        ),
        (
            "a text",
            b"\"url\"".to_vec(),
            400,
            "malformed-body",
            "The body is not a JSON object.".into(),
        ),
        (
            "cut off",
            b"{\"url\":".to_vec(),
            400,
            "malformed-body",
            malformed("line 1, column 7"),
        ),
        (
            "two",
            b"{}{}".to_vec(),
            400,
            "malformed-body",
            malformed("line 1, column 3"),
        ),
        (
            "a byte order mark",
            b"\xef\xbb\xbf{}".to_vec(),
            400,
            "malformed-body",
            malformed("line 1, column 1"),
        ),
        (
            "no UTF-8",
            b"{\"url\":\"\xff\"}".to_vec(),
            400,
            "malformed-body",
            malformed("line 1, column 9"),
        ),
        (
            "UTF-16",
            "{}".encode_utf16().flat_map(u16::to_le_bytes).collect(),
            400,
            "malformed-body",
            malformed("line 1, column 2"),
        ),
        (
            "a lone surrogate",
            b"{\"url\":\"\\ud800\"}".to_vec(),
            400,
            "malformed-body",
            malformed("line 1, column 15"),
        ),
        (
            "a NUL",
            b"{\"url\":\"\0\"}".to_vec(),
            400,
            "malformed-body",
            malformed("line 1, column 9"),
        ),
        (
            "NaN",
            b"{\"start_s\":NaN}".to_vec(),
            400,
            "malformed-body",
            malformed("line 1, column 12"),
        ),
        (
            "Infinity",
            b"{\"start_s\":-Infinity}".to_vec(),
            400,
            "malformed-body",
            malformed("line 1, column 13"),
        ),
        (
            "a number beyond all",
            b"{\"start_s\":1e999}".to_vec(),
            400,
            "malformed-body",
            malformed("line 1, column 16"),
        ),
        (
            "a member twice",
            b"{\"url\":\"dQw4w9WgXcQ\",\"\\u0075rl\":\"x\"}".to_vec(),
            400,
            "malformed-body",
            "The body has a member twice: at line 1, column 36.".into(),
        ),
        (
            "deep lists",
            nested("[", "]", 100_000),
            400,
            "malformed-body",
            "The body is nested too deeply: at line 1, column 18.".into(),
        ),
        (
            "deep objects",
            nested("{\"a\":", "}", 100_000),
            400,
            "malformed-body",
            "The body is nested too deeply: at line 1, column 46.".into(),
        ),
        (
            "open lists alone",
            vec![b'['; 1_000_000],
            400,
            "malformed-body",
            "The body is nested too deeply: at line 1, column 9.".into(),
        ),
        (
            "many values",
            values.into_bytes(),
            400,
            "malformed-body",
            "The body has too many values: at line 1, column 20007.".into(),
        ),
        (
            "a large body",
            large.into_bytes(),
            413,
            "too-large",
            "The request body is larger than can be processed.".into(),
        ),
    ];
    for (what, body, status, slug, detail) in cases {
        let path = if what.contains("deep") || what == "many values" {
            "/v1/videos/batch"
        } else {
            "/v1/videos"
        };
        let (got, kind, problem) = problem(send(stack, path, &[JSON], body).await, what);
        assert_eq!((got, kind.as_str()), (status, slug), "{what}");
        assert_eq!(problem["detail"], detail, "{what}");
    }
    // More than Lambda takes is the gateway's to refuse.
    let beyond = send(stack, "/v1/videos", &[JSON], vec![b' '; 7_000_000]).await;
    assert_eq!(beyond.status.as_u16(), 413);
}

async fn content_types(stack: &Stack) {
    let body = || b"{}".to_vec();
    for headers in [
        &[][..],
        &[("content-type", "text/plain")],
        &[("content-type", "text/json")],
        &[("content-type", "application/x-www-form-urlencoded")],
        &[("content-type", "multipart/form-data; boundary=x")],
        &[("content-type", "application/json; charset=utf-16")],
        &[("content-type", "application/json, text/html")],
        &[JSON, ("content-type", "text/html")],
        &[JSON, JSON],
        &[JSON, ("content-encoding", "gzip")],
        &[JSON, ("content-encoding", "br")],
    ] {
        let what = format!("{headers:?}");
        let (status, kind, _) = problem(send(stack, "/v1/videos", headers, body()).await, &what);
        assert_eq!(
            (status, kind.as_str()),
            (415, "unsupported-media-type"),
            "{what}"
        );
    }
    // What is called JSON and is something else.
    for other in [
        "<html></html>",
        "url=dQw4w9WgXcQ",
        "\u{1f}\u{8b}",
        "%PDF-1.7",
    ] {
        let (status, kind, _) = problem(
            send(stack, "/v1/videos", &[JSON], other.into()).await,
            other,
        );
        assert_eq!((status, kind.as_str()), (400, "malformed-body"), "{other}");
    }
    // JSON under its own name, however it is written, is read: the field is what is wrong.
    for name in [
        "application/json",
        "Application/JSON;charset=\"UTF-8\"",
        "application/json; v=1",
    ] {
        let headers = [("content-type", name)];
        let (status, kind, problem) =
            problem(send(stack, "/v1/videos", &headers, body()).await, name);
        assert_eq!((status, kind.as_str()), (422, "invalid-input"), "{name}");
        assert_eq!(problem["field"], "url");
    }
}

async fn fields(stack: &Stack) {
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
            json!({"url": id, "transcript": long((1 << 20) + 1)}),
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
            "rating",
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

async fn parameters(stack: &Stack) {
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

async fn headers(stack: &Stack) {
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

/// Puts bytes under a type and submits them.
async fn submit(stack: &Stack, bytes: &[u8], content_type: &str) -> Response {
    let sha256 = hex::encode(sha2::Sha256::digest(bytes));
    let body = json!({"file_name": "a.mp4", "content_type": content_type,
        "size_bytes": bytes.len(), "sha256": sha256});
    let granted = stack
        .post("/v1/uploads", body)
        .await
        .unwrap()
        .expect(201)
        .json();
    assert_eq!(granted["uploaded"], false, "{content_type}");
    let put = &granted["upload"];
    let mut request = stack.client().put(put["url"].as_str().unwrap());
    for (name, value) in put["headers"].as_object().unwrap() {
        request = request.header(name, value.as_str().unwrap());
    }
    let _ = read(request.body(bytes.to_vec()))
        .await
        .unwrap()
        .expect(200);
    let body = json!({"upload_id": granted["upload_id"]});
    stack.post("/v1/videos", body).await.unwrap()
}

async fn uploads(stack: &Stack) {
    for (bytes, content_type) in [
        (
            &b"<!DOCTYPE html><script>alert(1)</script>"[..],
            "video/mp4",
        ),
        (
            b"%PDF-1.7\n%\xe2\xe3\xcf\xd3 a document of some length",
            "video/mp4",
        ),
        (
            b"PK\x03\x04\x14\0\0\0\x08\0 an archive of some length",
            "video/webm",
        ),
        (
            b"\x7fELF\x02\x01\x01\0 a program of some length",
            "audio/mpeg",
        ),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic a picture", "video/mp4"),
        (b"x", "video/mp4"),
        // Recordings, but not those that they are said to be.
        (
            b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm",
            "video/mp4",
        ),
        (
            b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41",
            "audio/mpeg",
        ),
        (b"RIFF\x24\x08\x00\x00WAVEfmt ", "video/avi"),
    ] {
        let what = format!("{} as {content_type}", bytes.escape_ascii());
        let (status, kind, problem) = problem(submit(stack, bytes, content_type).await, &what);
        assert_eq!((status, kind.as_str()), (422, "upload-mismatch"), "{what}");
        let detail = "The uploaded recording differs from what was announced in its type.";
        assert_eq!(problem["detail"], detail);
    }
    // A brand of MP4 that another encoder writes, and the same file put again under its own type.
    let mov = b"\0\0\0\x14ftypqt  \0\0\x02\0qt  \0\0\0\x08wide";
    let (status, kind, _) = problem(submit(stack, mov, "video/webm").await, "MOV as WebM");
    assert_eq!((status, kind.as_str()), (422, "upload-mismatch"));
    assert_eq!(submit(stack, mov, "video/mp4").await.status.as_u16(), 202);
}

/// Titles that are not what they look like, from a file's name and from the platform.
async fn names(stack: &Stack) {
    let bytes = b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41 a recording";
    let sha256 = hex::encode(sha2::Sha256::digest(bytes));
    let name = format!(
        "\u{202e}gnp.exe\u{2066} <b>Cafe\u{301}</b>\u{e0041} {}.mp4",
        "\u{335}".repeat(30)
    );
    let body = json!({"file_name": name, "content_type": "video/mp4",
        "size_bytes": bytes.len(), "sha256": sha256});
    let granted = stack
        .post("/v1/uploads", body)
        .await
        .unwrap()
        .expect(201)
        .json();
    let put = &granted["upload"];
    for (_, value) in put["headers"].as_object().unwrap() {
        assert!(value.as_str().unwrap().is_ascii(), "{put}");
    }
    let mut request = stack.client().put(put["url"].as_str().unwrap());
    for (name, value) in put["headers"].as_object().unwrap() {
        request = request.header(name, value.as_str().unwrap());
    }
    let _ = read(request.body(bytes.to_vec()))
        .await
        .unwrap()
        .expect(200);
    let job = stack
        .run(json!({"upload_id": granted["upload_id"]}))
        .await
        .unwrap();
    assert_eq!(job["status"], "done", "{job:#}");
    let analysis = stack
        .get_json(job["links"]["video"].as_str().unwrap())
        .await
        .unwrap();
    let title = analysis["video"]["title"].as_str().unwrap();
    assert_eq!(
        title,
        format!("gnp.exe <b>Caf\u{e9}</b> {}", "\u{335}".repeat(8))
    );

    let url = format!(
        "{}/_control/videos/dQw4w9WgXcQ",
        stack.ready.standins.youtube
    );
    let title = "Free\u{200b}\u{202e}\u{0} \n# money\u{2028}[x](javascript:alert(1)) \u{feff}";
    stack
        .control(Method::PUT, url, json!({"title": title}))
        .await
        .unwrap();
    let transcript = "WEBVTT\n\n00:01.000 --> 00:04.000\nToday we build a web server in Rust.\n";
    let job = stack
        .run(json!({"url": "dQw4w9WgXcQ", "transcript": transcript}))
        .await
        .unwrap();
    assert_eq!(job["status"], "done", "{job:#}");
    let link = job["links"]["video"].as_str().unwrap();
    let analysis = stack.get_json(link).await.unwrap();
    assert_eq!(
        analysis["video"]["title"],
        "Free # money [x](javascript:alert(1))"
    );
    let accept = [("accept", "text/markdown")];
    let page = stack
        .call(Method::GET, link, &accept, None)
        .await
        .unwrap()
        .expect(200)
        .text();
    let first = page.lines().next().unwrap();
    assert_eq!(first, r"# Free \# money \[x\](javascript:alert(1))");
}
