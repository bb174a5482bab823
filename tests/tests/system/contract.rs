//! The contract is served as it is committed, and an answer that it does not have is noticed.

use std::io::Read as _;

use eventrelay_tests::{Response, Stack, contract::Contract, read, repository};
use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};

fn committed(name: &str) -> String {
    std::fs::read_to_string(repository(name)).unwrap()
}

#[tokio::test]
async fn contract_and_its_page_need_no_key() {
    let stack = Stack::start().await.unwrap();
    for (path, name, media_type) in [
        ("/openapi.json", "shared/openapi.json", "application/json"),
        ("/docs", "shared/docs.html", "text/html; charset=utf-8"),
    ] {
        let url = format!("{}{path}", stack.ready.api);
        let get = || stack.client().get(&url);
        let plain = read(get()).await.unwrap().expect(200);
        // Servers and examples have the address that the document is fetched from.
        let expected = committed(name).replace("http://127.0.0.1:8787", &stack.ready.api);
        assert!(plain.text() == expected, "{path}");
        assert_eq!(plain.header("content-type"), media_type);
        let zipped = read(get().header("accept-encoding", "gzip"))
            .await
            .unwrap()
            .expect(200);
        assert_eq!(zipped.header("content-encoding"), "gzip");
        let mut text = String::new();
        let mut gzip = flate2::read::GzDecoder::new(&zipped.body[..]);
        gzip.read_to_string(&mut text).unwrap();
        assert!(text == plain.text(), "{path}");
        let known = get().header("if-none-match", plain.header("etag"));
        assert!(read(known).await.unwrap().expect(304).body.is_empty());
        let policy = plain.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
    }
    let page = committed("shared/docs.html");
    for foreign in ["<script", " style=", " onclick", "src=", "@import", "url("] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    let other = stack
        .call(Method::POST, "/openapi.json", &[], None)
        .await
        .unwrap();
    assert_eq!(other.expect(405).header("allow"), "GET");
    let elsewhere = stack
        .call(Method::GET, "/openapi.yaml", &[], None)
        .await
        .unwrap();
    assert_eq!(
        elsewhere.expect(404).json()["type"],
        "urn:eventrelay:problem:not-found"
    );
}

fn health(status: u16, headers: &[(&str, &str)], body: Value) -> Response {
    let headers = headers
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
    Response {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::from_iter(headers),
        body: body.to_string().into_bytes(),
    }
}

const HEADERS: [(&str, &str); 2] = [
    ("content-type", "application/json"),
    ("cache-control", "no-store"),
];

#[test]
fn response_outside_the_contract_is_detected() {
    let contract = Contract::new(serde_json::from_str(&committed("shared/openapi.json")).unwrap());
    let judge = |path: &str, response: &Response| {
        let url = format!("http://127.0.0.1{path}").parse().unwrap();
        contract.judge(&Method::GET, &url, response)
    };
    let well = || json!({"status": "ok", "version": "1", "commit": "c", "stage": "s"});
    judge("/health", &health(200, &HEADERS, well())).unwrap();
    let mut more = well();
    more["more"] = json!(1);
    for (response, expected) in [
        (health(201, &HEADERS, well()), "the status"),
        (health(200, &HEADERS[..1], well()), "cache-control"),
        (
            health(200, &[("content-type", "text/plain"), HEADERS[1]], well()),
            "media type",
        ),
        (health(200, &HEADERS, json!({"status": "ok"})), "version"),
        (
            health(
                200,
                &HEADERS,
                json!({"status": "ill", "version": "1", "commit": "c", "stage": "s"}),
            ),
            "\"ok\" was expected",
        ),
        (health(200, &HEADERS, more), "more"),
        (health(200, &HEADERS, json!("text")), "object"),
    ] {
        let wrong = judge("/health", &response).unwrap_err();
        assert!(wrong.contains(expected), "{wrong}");
    }
    // A problem has to be one of those that the operation names.
    let problem = |slug: &str| {
        let kind = format!("urn:eventrelay:problem:{slug}");
        let body =
            json!({"type": kind, "title": "t", "status": 404, "detail": "d", "request_id": "r"});
        health(
            404,
            &[("content-type", "application/problem+json"), HEADERS[1]],
            body,
        )
    };
    let job = "/v1/jobs/job_019390a1b2c37d4e8f90a1b2c3d4e5f6";
    judge(job, &problem("not-found")).unwrap();
    judge("/nowhere", &problem("not-found")).unwrap();
    assert!(judge(job, &problem("video-private")).is_err());
    assert!(judge("/nowhere", &problem("conflict")).is_err());
    // Its members are required, although the schema is that of API Gateway's answers as well.
    let without_title = health(
        404,
        &[("content-type", "application/problem+json"), HEADERS[1]],
        json!({"type": "urn:eventrelay:problem:not-found", "status": 404, "detail": "d", "request_id": "r"}),
    );
    assert!(judge(job, &without_title).unwrap_err().contains("title"));
    let gateway = |body: Value| health(401, &HEADERS[..1], body);
    judge(job, &gateway(json!({"message": "Unauthorized"}))).unwrap();
    assert!(judge(job, &gateway(json!({}))).is_err());
    assert!(judge(job, &gateway(json!({"message": "m", "title": "t"}))).is_err());
}

#[test]
fn response_to_query_is_checked_against_its_operation() {
    let contract = Contract::new(serde_json::from_str(&committed("shared/openapi.json")).unwrap());
    let judge = |query: &str, media_type: &str, body: Value| {
        let video = "http://127.0.0.1/v1/videos/yt:jNQXAC9IVRw";
        let headers = [
            ("content-type", media_type),
            ("cache-control", "private, max-age=60"),
            ("etag", "\"5f1c9e\""),
            ("last-modified", "Tue, 24 Nov 2026 03:40:00 GMT"),
            ("vary", "accept, accept-encoding"),
        ];
        let url = format!("{video}{query}").parse().unwrap();
        contract.judge(&Method::GET, &url, &health(200, &headers, body))
    };
    let part = json!({
        "schema_version": "1.0", "summary": "s",
        "video": {
            "id": "yt:jNQXAC9IVRw", "platform": "youtube", "url": "https://youtu.be/jNQXAC9IVRw",
            "title": "t", "channel": null, "duration_s": 19.0,
        },
    });
    let json = "application/json";
    judge("?fields=summary", json, part.clone()).unwrap();
    judge("/selection?fields=summary", json, part.clone()).unwrap();
    assert!(
        judge("", json, part.clone())
            .unwrap_err()
            .contains("required")
    );
    assert!(judge("?fields=summary", "text/vtt", part.clone()).is_err());
    judge("?format=md", "text/markdown", json!("# t")).unwrap();
    judge("/analysis.md", "text/markdown", json!("# t")).unwrap();
    assert!(judge("?format=md", json, part.clone()).is_err());
    assert!(judge("/transcript.vtt", json, part).is_err());
}
