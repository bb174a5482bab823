//! Faults of the GitHub stand-in.

use serde_json::{Value, json};

use crate::common::read;

use super::{Api, message, started};

async fn arm(api: &Api, on: &str, fault: Value) {
    api.caller.fault(on, fault).await;
}

#[tokio::test]
async fn fault_response_lost_keeps_the_effect() {
    let (_running, api) = started().await;
    arm(&api, "create_repo", json!({"kind": "lost_response"})).await;
    let body = json!({"name": "a", "auto_init": true});
    let request = api.request("POST", "/user/repos").body(body.to_string());
    assert!(request.send().await.is_err());
    let again = api.post("/user/repos", body).await;
    assert_eq!(message(&again), (422, "Repository creation failed."));
    let statuses: Vec<Value> = api
        .caller
        .calls()
        .await
        .into_iter()
        .map(|mut call| call["status"].take())
        .collect();
    assert_eq!(statuses, [Value::Null, json!(422)]);
}

#[tokio::test]
async fn fault_reset_has_no_effect() {
    let (_running, api) = started().await;
    arm(&api, "any", json!({"kind": "reset"})).await;
    let body = json!({"name": "a"});
    let request = api.request("POST", "/user/repos").body(body.to_string());
    assert!(request.send().await.is_err());
    assert_eq!(api.post("/user/repos", body).await.0, 201);
}

#[tokio::test]
async fn fault_malformed_cuts_the_body() {
    let (_running, api) = started().await;
    arm(&api, "user", json!({"kind": "malformed"})).await;
    let answer = api.request("GET", "/user").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let text = answer.text().await.unwrap();
    assert!(text.starts_with('{') && !text.ends_with('}'), "{text}");
}

#[tokio::test]
async fn fault_status_returns_its_body() {
    let (_running, api) = started().await;
    let fault = json!({"kind": "status", "status": 502, "body": "<html>"});
    arm(&api, "get_repo", fault).await;
    let repository = api.repository("a").await;
    let answer = read(api.request("GET", &repository).send().await.unwrap()).await;
    assert_eq!(answer, (502, json!("<html>")));
    arm(&api, "get_repo", json!({"kind": "status", "status": 503})).await;
    let answer = api.request("GET", &repository).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().get("x-github-request-id").is_some());
    assert_eq!(api.get(&repository).await.0, 200);
}

#[tokio::test]
async fn fault_rate_limited_returns_limit_headers() {
    let (_running, api) = started().await;
    let repository = api.repository("a").await;
    let blob = || async {
        let path = format!("{repository}/git/blobs");
        let request = api.request("POST", &path);
        request.body(r#"{"content": "a"}"#).send().await.unwrap()
    };
    for (fault, status, retry_after) in [
        (
            json!({"kind": "secondary_limit", "retry_after_s": 7}),
            403,
            Some("7"),
        ),
        (json!({"kind": "secondary_limit", "status": 429}), 429, None),
    ] {
        arm(&api, "blob", fault).await;
        let answer = blob().await;
        assert_eq!(answer.status(), status);
        let header = answer.headers().get("retry-after");
        assert_eq!(header.map(|value| value.to_str().unwrap()), retry_after);
        let answer = read(answer).await;
        assert!(message(&answer).1.contains("secondary rate limit"));
    }
    arm(
        &api,
        "blob",
        json!({"kind": "primary_limit", "reset_s": 90}),
    )
    .await;
    let answer = blob().await;
    assert_eq!(answer.headers()["x-ratelimit-remaining"], "0");
    assert_eq!(
        answer.headers().get_all("x-ratelimit-reset").iter().count(),
        1
    );
    assert_eq!(answer.status(), 403);
    assert_eq!(blob().await.status(), 201);
}

#[tokio::test]
async fn fault_moved_reference_refuses_update() {
    let (_running, api) = started().await;
    let repository = api.repository("a").await;
    let first = api.head(&repository, "main").await;
    let own = api.commit(&repository, &first, &[("a", "b")]).await;
    arm(&api, "ref", json!({"kind": "ref_moved"})).await;
    // Reading a reference is another operation.
    assert_eq!(api.head(&repository, "main").await, first);
    let moved = api.move_to(&repository, "main", &own).await;
    assert_eq!(message(&moved), (422, "Update is not a fast forward"));
    let head = api.head(&repository, "main").await;
    assert!(head != own && head != first);
}

#[tokio::test]
async fn fault_with_match_affects_only_matching_calls() {
    let (_running, api) = started().await;
    let one = api.repository("one").await;
    let other = api.repository("other").await;
    let fault = json!({"on": "get_repo", "match": "/other", "times": 2,
        "fault": {"kind": "status", "status": 500}});
    api.caller.control("POST", "/faults", &fault).await;
    assert_eq!(api.get(&one).await.0, 200);
    let status = async || {
        api.request("GET", &other)
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(status().await, 500);
    api.caller.control("DELETE", "/faults", &Value::Null).await;
    assert_eq!(status().await, 200);
}

#[tokio::test]
async fn invalid_faults_and_settings_are_refused() {
    let (_running, api) = started().await;
    let refused = async |method: &str, path: &str, body: Value| {
        let request = api.caller.anonymous(method, &format!("/_control{path}"));
        let request = request.header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await.unwrap();
        assert!(answer.status().is_client_error(), "{body}");
    };
    for fault in [
        json!({"kind": "nothing"}),
        json!({"kind": "status", "status": 1}),
        json!({"kind": "secondary_limit", "status": 500}),
        json!({"kind": "ref_moved", "more": 1}),
    ] {
        refused("POST", "/faults", json!({"on": "ref", "fault": fault})).await;
    }
    let moved = json!({"on": "user", "fault": {"kind": "ref_moved"}});
    refused("POST", "/faults", moved).await;
    refused("PUT", "/settings", json!({"nothing": 1})).await;
    refused("PUT", "/settings", json!({"limits": {"nothing": 1}})).await;
}
