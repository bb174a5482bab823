//! The Files API of the Gemini stand-in, called as the official SDKs do.

mod faults;

use std::time::{Duration, Instant};

use crate::common::{Caller, protos::Protos, read};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use eventrelay_standins::{Running, gemini};
use reqwest::Response;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const CHUNK: usize = 8 * 1024 * 1024;

async fn started() -> (Running, Caller) {
    let running = gemini::start(0).await.unwrap();
    let caller = Caller::new(&running.base_url);
    (running, caller)
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response
        .headers()
        .get(name)
        .map(|value| value.to_str().unwrap())
}

async fn start_of(caller: &Caller, version: &str, size: usize, body: &Value) -> Response {
    let request = caller
        .request("POST", &format!("/upload/{version}/files"))
        .header("X-Goog-Upload-Protocol", "resumable")
        .header("X-Goog-Upload-Command", "start")
        .header("X-Goog-Upload-Header-Content-Length", size)
        .header("X-Goog-Upload-Header-Content-Type", "video/mp4")
        .header("X-Goog-Upload-File-Name", "s.mp4");
    request.body(body.to_string()).send().await.unwrap()
}

async fn start(caller: &Caller, version: &str, size: usize) -> String {
    let body = json!({"file": {"display_name": "sample.mp4", "mime_type": "video/mp4",
        "size_bytes": size}});
    let response = start_of(caller, version, size, &body).await;
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "x-goog-upload-status"), Some("active"));
    assert_eq!(
        header(&response, "x-goog-upload-chunk-granularity"),
        Some("262144")
    );
    header(&response, "x-goog-upload-url").unwrap().to_owned()
}

/// Sends a command to an upload URL without the key, as the Python SDK does.
async fn command(
    caller: &Caller,
    url: &str,
    command: &str,
    offset: usize,
    bytes: Vec<u8>,
) -> reqwest::Result<Response> {
    let request = caller
        .anonymous("POST", url)
        .header("X-Goog-Upload-Command", command)
        .header("X-Goog-Upload-Offset", offset);
    request.body(bytes).send().await
}

async fn upload(caller: &Caller, version: &str, bytes: Vec<u8>) -> Value {
    let url = start(caller, version, bytes.len()).await;
    let response = command(caller, &url, "upload, finalize", 0, bytes)
        .await
        .unwrap();
    assert_eq!(header(&response, "x-goog-upload-status"), Some("final"));
    read(response).await.1["file"].take()
}

async fn until(caller: &Caller, path: &str, state: &str) -> Value {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let (status, file) = caller.get(path).await;
        assert_eq!(status, 200, "{file}");
        if file["state"] == state {
            return file;
        }
        assert!(Instant::now() < deadline, "{file}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn upload_in_three_chunks_can_be_polled_and_deleted() {
    let protos = Protos::read();
    let bytes: Vec<u8> = (0..2 * CHUNK + 4_194_309)
        .map(|at| (at % 251) as u8)
        .collect();
    for version in ["v1", "v1beta"] {
        let (running, caller) = started().await;
        caller
            .control("PUT", "/settings", &json!({"processing_ms": 200}))
            .await;
        let url = start(&caller, version, bytes.len()).await;
        for offset in [0, CHUNK] {
            let chunk = bytes[offset..offset + CHUNK].to_vec();
            let response = command(&caller, &url, "upload", offset, chunk)
                .await
                .unwrap();
            assert_eq!(response.status(), 200);
            assert_eq!(header(&response, "x-goog-upload-status"), Some("active"));
        }
        let last = bytes[2 * CHUNK..].to_vec();
        let response = command(&caller, &url, "upload, finalize", 2 * CHUNK, last)
            .await
            .unwrap();
        assert_eq!(header(&response, "x-goog-upload-status"), Some("final"));
        let (status, body) = read(response).await;
        assert_eq!(status, 200);
        let file = &body["file"];
        protos.check("File", file).unwrap();
        assert_eq!(file["state"], "PROCESSING");
        assert_eq!(file["displayName"], "sample.mp4");
        assert_eq!(file["mimeType"], "video/mp4");
        assert_eq!(file["sizeBytes"], bytes.len().to_string());
        assert_eq!(file["sha256Hash"], STANDARD.encode(Sha256::digest(&bytes)));
        assert_eq!(file["source"], "UPLOADED");
        assert_eq!(file.get("videoMetadata"), None);
        let name = file["name"].as_str().unwrap();
        let path = format!("/{version}/{name}");
        assert_eq!(file["uri"], format!("{}{path}", running.base_url));

        let active = until(&caller, &path, "ACTIVE").await;
        protos.check("File", &active).unwrap();
        assert_eq!(active.get("error"), None);

        let (status, answer) = read(caller.request("DELETE", &path).send().await.unwrap()).await;
        assert_eq!((status, answer), (200, json!({})));
        for method in ["GET", "DELETE"] {
            let response = caller.request(method, &path).send().await.unwrap();
            let (status, error) = read(response).await;
            assert_eq!(status, 403);
            protos.check_error(403, "PERMISSION_DENIED", &error);
            let id = name.strip_prefix("files/").unwrap();
            let message =
                format!("You do not have permission to access the File {id} or it may not exist.");
            assert_eq!(error["error"]["message"], message);
        }
    }
}

#[tokio::test]
async fn upload_start_accepts_both_sdk_forms() {
    let protos = Protos::read();
    let (_running, caller) = started().await;
    let node = json!({"file": {"mimeType": "video/mp4", "sizeBytes": "10"}});
    let python = json!({"file": {"mime_type": "video/mp4", "size_bytes": 10}});
    for body in [node, python] {
        protos.check_request("CreateFileRequest", &body).unwrap();
        assert_eq!(start_of(&caller, "v1beta", 10, &body).await.status(), 200);
    }
    let unknown = json!({"file": {"mimeTypo": "video/mp4"}});
    let (status, error) = read(start_of(&caller, "v1beta", 10, &unknown).await).await;
    assert_eq!(status, 400);
    protos.check_error(400, "INVALID_ARGUMENT", &error);
    let message = "Invalid JSON payload received. Unknown name \"mimeTypo\" at 'file': Cannot find \
                   field.";
    assert_eq!(error["error"]["message"], message);
    let other_size = json!({"file": {"sizeBytes": "11"}});
    assert_eq!(
        start_of(&caller, "v1beta", 10, &other_size).await.status(),
        400
    );
    let size = 2 * 1024 * 1024 * 1024 + 1;
    assert_eq!(
        start_of(&caller, "v1beta", size, &json!({})).await.status(),
        400
    );
}

#[tokio::test]
async fn upload_with_own_name_keeps_it() {
    let (_running, caller) = started().await;
    let body = json!({"file": {"name": "files/my-video"}});
    let response = start_of(&caller, "v1beta", 1, &body).await;
    let url = header(&response, "x-goog-upload-url").unwrap().to_owned();
    let response = command(&caller, &url, "upload, finalize", 0, vec![1])
        .await
        .unwrap();
    assert_eq!(read(response).await.1["file"]["name"], "files/my-video");
    assert_eq!(start_of(&caller, "v1beta", 1, &body).await.status(), 409);
    let wrong = json!({"file": {"name": "files/My_Video"}});
    assert_eq!(start_of(&caller, "v1beta", 1, &wrong).await.status(), 400);
}

#[tokio::test]
async fn upload_with_wrong_offset_granularity_or_size_is_refused() {
    let (_running, caller) = started().await;
    let size = 512 * 1024;
    let url = start(&caller, "v1beta", size).await;
    let half = vec![7; size / 2];
    let status = |response: reqwest::Result<Response>| response.unwrap().status().as_u16();

    assert_eq!(
        status(command(&caller, &url, "upload", 1, half.clone()).await),
        400
    );
    assert_eq!(
        status(command(&caller, &url, "upload", 0, vec![7; 1000]).await),
        400
    );
    assert_eq!(
        status(command(&caller, &url, "upload", 0, vec![7; size * 2]).await),
        400
    );
    assert_eq!(
        status(command(&caller, &url, "fetch", 0, Vec::new()).await),
        400
    );
    assert_eq!(
        status(command(&caller, &url, "upload", 0, half.clone()).await),
        200
    );
    assert_eq!(
        status(command(&caller, &url, "upload, finalize", size / 2, vec![7]).await),
        400
    );

    let response = command(&caller, &url, "query", 0, Vec::new())
        .await
        .unwrap();
    assert_eq!(header(&response, "x-goog-upload-status"), Some("active"));
    assert_eq!(
        header(&response, "x-goog-upload-size-received"),
        Some("262145")
    );
    let rest = vec![7; size / 2 - 1];
    let response = command(&caller, &url, "upload,finalize", size / 2 + 1, rest)
        .await
        .unwrap();
    let (code, body) = read(response).await;
    assert_eq!(code, 200, "{body}");
    let hash = STANDARD.encode(Sha256::digest(vec![7; size]));
    assert_eq!(
        body["file"]["sha256Hash"], hash,
        "refused chunks must not count"
    );

    let response = command(&caller, &url, "query", 0, Vec::new())
        .await
        .unwrap();
    assert_eq!(header(&response, "x-goog-upload-status"), Some("final"));
    assert_eq!(
        status(command(&caller, &url, "upload, finalize", size, vec![7]).await),
        400
    );
    let elsewhere = url.replace("upload_id=", "upload_id=x");
    assert_eq!(
        status(command(&caller, &elsewhere, "query", 0, Vec::new()).await),
        404
    );
}

#[tokio::test]
async fn interrupted_chunk_resumes_at_received_offset() {
    let (_running, caller) = started().await;
    let bytes: Vec<u8> = (0..1024 * 1024).map(|at| (at % 253) as u8).collect();
    let url = start(&caller, "v1beta", bytes.len()).await;
    caller.fault("upload_chunk", json!({"kind": "reset"})).await;
    let broken = command(&caller, &url, "upload, finalize", 0, bytes.clone()).await;
    assert!(broken.is_err(), "{broken:?}");

    let response = command(&caller, &url, "query", 0, Vec::new())
        .await
        .unwrap();
    let received: usize = header(&response, "x-goog-upload-size-received")
        .unwrap()
        .parse()
        .unwrap();
    assert!(received > 0 && received < bytes.len(), "{received}");
    let rest = bytes[received..].to_vec();
    let response = command(&caller, &url, "upload, finalize", received, rest)
        .await
        .unwrap();
    let (status, body) = read(response).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(
        body["file"]["sha256Hash"],
        STANDARD.encode(Sha256::digest(&bytes))
    );
}

#[tokio::test]
async fn processing_follows_the_control_settings() {
    let protos = Protos::read();
    let (_running, caller) = started().await;
    let settings = json!({"processing_ms": 0, "video_duration_s": 12.5});
    caller.control("PUT", "/settings", &settings).await;
    let path = |file: &Value| format!("/v1beta/{}", file["name"].as_str().unwrap());

    let file = upload(&caller, "v1beta", vec![1; 10]).await;
    protos.check("File", &file).unwrap();
    assert_eq!(file["state"], "ACTIVE");
    assert_eq!(file["videoMetadata"], json!({"videoDuration": "12.5s"}));

    for (on, kind, state) in [
        ("upload_start", "processing_failed", "FAILED"),
        ("upload_chunk", "processing_failed", "FAILED"),
        ("upload_start", "stuck_processing", "PROCESSING"),
    ] {
        caller.fault(on, json!({"kind": kind})).await;
        let file = upload(&caller, "v1beta", vec![1; 10]).await;
        let (_, file) = caller.get(&path(&file)).await;
        protos.check("File", &file).unwrap();
        assert_eq!(file["state"], state, "{on}");
        assert_eq!(file.get("error").is_some(), state == "FAILED");
    }

    caller
        .control("PUT", "/settings", &json!({"processing_ms": 3_600_000}))
        .await;
    let file = upload(&caller, "v1beta", vec![1; 10]).await;
    assert_eq!(caller.get(&path(&file)).await.1["state"], "PROCESSING");
    caller
        .fault("get_file", json!({"kind": "processing_failed"}))
        .await;
    assert_eq!(caller.get(&path(&file)).await.1["state"], "FAILED");
}

#[tokio::test]
async fn uploads_and_polls_take_configured_time() {
    let (_running, caller) = started().await;
    let settings = json!({"upload_ms": 60, "look_ms": 30});
    caller.control("PUT", "/settings", &settings).await;
    let begun = Instant::now();
    let file = upload(&caller, "v1beta", vec![1; 10]).await;
    assert!(begun.elapsed() >= Duration::from_millis(60));
    let begun = Instant::now();
    let path = format!("/v1beta/{}", file["name"].as_str().unwrap());
    assert_eq!(caller.get(&path).await.0, 200);
    assert!(begun.elapsed() >= Duration::from_millis(30));
}

#[tokio::test]
async fn file_listing_is_paginated() {
    let protos = Protos::read();
    let (_running, caller) = started().await;
    assert_eq!(caller.get("/v1beta/files").await, (200, json!({})));
    let mut names = Vec::new();
    for _ in 0..5 {
        names.push(upload(&caller, "v1beta", vec![1]).await["name"].take());
    }
    let mut listed = Vec::new();
    let mut page = String::from("/v1beta/files?pageSize=2");
    for items in [2, 2, 1] {
        let (status, list) = caller.get(&page).await;
        assert_eq!(status, 200);
        protos.check("ListFilesResponse", &list).unwrap();
        let files = list["files"].as_array().unwrap();
        assert_eq!(files.len(), items);
        listed.extend(files.iter().map(|file| file["name"].clone()));
        let token = list["nextPageToken"]
            .as_str()
            .unwrap_or_default()
            .replace('=', "%3D");
        assert_eq!(token.is_empty(), items == 1);
        page = format!("/v1beta/files?pageSize=2&pageToken={token}");
    }
    assert_eq!(listed, names);
    assert_eq!(caller.get("/v1beta/files?pageToken=x").await.0, 400);
    assert_eq!(caller.get("/v1beta/files?pageSize=x").await.0, 400);
    let control = caller.control("GET", "/files", &Value::Null).await;
    assert_eq!(control.as_array().unwrap().len(), 5);
    caller.control("DELETE", "", &Value::Null).await;
    assert_eq!(caller.get("/v1beta/files").await, (200, json!({})));
}

#[tokio::test]
async fn calls_without_key_are_refused_except_on_upload_url() {
    let protos = Protos::read();
    let (_running, caller) = started().await;
    for (method, path) in [
        ("POST", "/upload/v1beta/files"),
        ("GET", "/v1beta/files"),
        ("GET", "/v1/files/x"),
        ("DELETE", "/v1/files/x"),
        ("POST", "/v1beta/models/gemini-3.8-flash:generateContent"),
        ("POST", "/v1beta/models/gemini-3.8-flash:countTokens"),
    ] {
        let (status, error) = read(caller.anonymous(method, path).send().await.unwrap()).await;
        assert_eq!(status, 403, "{path}");
        protos.check_error(403, "PERMISSION_DENIED", &error);
        let message = error["error"]["message"].as_str().unwrap();
        assert!(
            message.starts_with("Method doesn't allow unregistered callers"),
            "{message}"
        );

        let request = caller
            .anonymous(method, path)
            .header("x-goog-api-key", "invalid");
        let (status, error) = read(request.send().await.unwrap()).await;
        assert_eq!(status, 400, "{path}");
        protos.check_error(400, "INVALID_ARGUMENT", &error);
        assert_eq!(error["error"]["details"][0]["reason"], "API_KEY_INVALID");
    }
    let response = caller
        .anonymous("GET", "/v1/files?key=secret")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let calls = caller.calls().await;
    assert_eq!(calls.last().unwrap()["path"], "/v1/files");
    assert!(!json!(calls).to_string().contains("secret"));

    // A rotated key is refused like a missing one.
    for (valid, status) in [
        (json!("test-key"), 200),
        (json!("another"), 400),
        (json!(null), 200),
    ] {
        caller
            .control("PUT", "/settings", &json!({"api_key": valid}))
            .await;
        assert_eq!(caller.get("/v1/files").await.0, status, "{valid}");
    }
}

#[tokio::test]
async fn call_log_contains_status_and_size() {
    let (running, caller) = started().await;
    upload(&caller, "v1beta", vec![1; 1000]).await;
    assert_eq!(caller.get("/v1beta/nothing").await.0, 404);
    let calls = caller.calls().await;
    let shape = |call: &Value| {
        let text = |name: &str| call[name].as_str().unwrap().to_owned();
        (
            text("method"),
            text("path").split('?').next().unwrap().to_owned(),
            call["status"].clone(),
        )
    };
    let expected = [
        ("POST", "/upload/v1beta/files", 200),
        ("POST", "/upload/v1beta/files", 200),
        ("GET", "/v1beta/nothing", 404),
    ];
    let expected =
        expected.map(|(method, path, status)| (method.to_owned(), path.to_owned(), json!(status)));
    assert_eq!(calls.iter().map(shape).collect::<Vec<_>>(), expected);
    assert_eq!(calls[1]["bytes"], 1000);
    caller.control("DELETE", "", &Value::Null).await;
    assert_eq!(caller.calls().await, Vec::<Value>::new());

    running.shutdown().await;
    assert!(caller.request("GET", "/v1/files").send().await.is_err());
}
