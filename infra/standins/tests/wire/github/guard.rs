//! Checks of every call: tokens, versions, limits and headers.

use http::HeaderMap;
use reqwest::Response;
use serde_json::{Value, json};

use crate::common::read;

use super::{Api, LOGIN, message, started};

async fn sent(api: &Api, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = api.caller.anonymous("GET", path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

fn number(headers: &HeaderMap, name: &str) -> u64 {
    headers[name].to_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn every_response_has_rate_limit_headers() {
    let (_running, api) = started().await;
    for (path, used) in [("/user", 1), ("/repos/o/none", 2), ("/none", 3)] {
        let answer = api.request("GET", path).send().await.unwrap();
        let headers = answer.headers();
        assert_eq!(number(headers, "x-ratelimit-limit"), 5000);
        assert_eq!(number(headers, "x-ratelimit-used"), used, "{path}");
        assert_eq!(number(headers, "x-ratelimit-remaining"), 5000 - used);
        assert!(number(headers, "x-ratelimit-reset") > 1_700_000_000);
        assert_eq!(headers["x-ratelimit-resource"], "core");
        assert_eq!(headers["x-github-api-version-selected"], "2026-03-10");
        assert_eq!(headers["content-type"], "application/json; charset=utf-8");
        assert!(
            headers["x-github-request-id"]
                .to_str()
                .unwrap()
                .contains(':')
        );
    }
    let (status, limit) = api.get("/rate_limit").await;
    assert_eq!((status, &limit["rate"]["used"]), (200, &json!(3)));
    assert_eq!(limit["resources"]["core"], limit["rate"]);
}

#[tokio::test]
async fn calls_without_valid_token_are_unauthorized() {
    let (_running, api) = started().await;
    let agent = ("user-agent", "test");
    let answer = read(sent(&api, "/user", &[agent]).await).await;
    api.specification
        .check_response("GET", "/user", answer.0, &answer.1);
    assert_eq!(message(&answer), (401, "Requires authentication"));
    for header in [
        "Bearer invalid",
        "token invalid",
        "Bearer ",
        "Basic dGVzdA==",
        "test",
    ] {
        let answer = sent(&api, "/user", &[agent, ("authorization", header)]).await;
        let answer = read(answer).await;
        let expected = json!({"message": "Bad credentials", "status": "401",
            "documentation_url": "https://docs.github.com/rest"});
        assert_eq!(answer, (401, expected), "{header}");
    }
    let old = ("authorization", "token test-token");
    assert_eq!(sent(&api, "/user", &[agent, old]).await.status(), 200);

    api.set(json!({"token": "the-one", "login": "mona"})).await;
    assert_eq!(message(&api.call_badly("GET", "/user", None).await).0, 401);
    let good = ("authorization", "Bearer the-one");
    let (_, user) = read(sent(&api, "/user", &[agent, good]).await).await;
    assert_eq!(user["login"], "mona");
}

#[tokio::test]
async fn public_resources_are_readable_without_token() {
    let (_running, api) = started().await;
    let public = api.repository("public").await;
    let body = json!({"name": "private", "private": true, "auto_init": true});
    api.post("/user/repos", body).await;
    let agent = ("user-agent", "test");
    assert_eq!(sent(&api, &public, &[agent]).await.status(), 200);
    let private = format!("/repos/{LOGIN}/private");
    assert_eq!(sent(&api, &private, &[agent]).await.status(), 404);
    assert_eq!(api.get(&private).await.0, 200);
}

#[tokio::test]
async fn calls_without_user_agent_are_forbidden() {
    let (_running, api) = started().await;
    let answer = sent(&api, "/user", &[("authorization", "Bearer a")]).await;
    assert_eq!(answer.status(), 403);
    let text = answer.text().await.unwrap();
    assert!(
        text.starts_with("Request forbidden by administrative rules."),
        "{text}"
    );
}

#[tokio::test]
async fn unknown_api_versions_are_refused() {
    let (_running, api) = started().await;
    let call = async |version: Option<&str>| {
        let mut headers = vec![("user-agent", "test"), ("authorization", "Bearer a")];
        headers.extend(version.map(|version| ("x-github-api-version", version)));
        sent(&api, "/user", &headers).await
    };
    let selected = |answer: &Response| answer.headers()["x-github-api-version-selected"].clone();
    assert_eq!(selected(&call(None).await), "2022-11-28");
    assert_eq!(selected(&call(Some("2022-11-28")).await), "2022-11-28");
    assert_eq!(selected(&call(Some("2026-03-10")).await), "2026-03-10");
    let refused = read(call(Some("v3")).await).await;
    let told = "The version you specified in the \"X-GitHub-API-Version\" request header, \
                \"v3\", is not a supported version. The following versions are currently \
                supported: \"2026-03-10\" (most recent), \"2022-11-28\".";
    assert_eq!(message(&refused), (400, told));
}

#[tokio::test]
async fn calls_beyond_hourly_limit_are_refused() {
    let (_running, api) = started().await;
    for status in [403, 429] {
        api.caller.control("DELETE", "", &Value::Null).await;
        api.set(json!({"limits": {"primary": 2, "status": status}}))
            .await;
        for _ in 0..2 {
            assert_eq!(api.get("/user").await.0, 200);
        }
        let answer = api.request("GET", "/user").send().await.unwrap();
        assert_eq!(number(answer.headers(), "x-ratelimit-remaining"), 0);
        assert!(answer.headers().get("retry-after").is_none());
        let answer = read(answer).await;
        assert_eq!(answer.0, status);
        let text = message(&answer).1;
        assert!(
            text.starts_with("API rate limit exceeded for user ID"),
            "{text}"
        );
        assert_eq!(api.get("/rate_limit").await.0, 200);
    }
}

#[tokio::test]
async fn writes_beyond_secondary_limit_are_refused() {
    let (_running, api) = started().await;
    api.set(json!({"limits": {"writes_per_minute": 1}})).await;
    let repository = api.repository("a").await;
    let blob = || async {
        let path = format!("{repository}/git/blobs");
        let request = api.request("POST", &path);
        request.body(r#"{"content": "a"}"#).send().await.unwrap()
    };
    let answer = blob().await;
    assert!((1..=60).contains(&number(answer.headers(), "retry-after")));
    assert!(number(answer.headers(), "x-ratelimit-remaining") > 0);
    let answer = read(answer).await;
    assert_eq!(answer.0, 403);
    let text = message(&answer).1;
    assert!(
        text.starts_with("You have exceeded a secondary rate limit."),
        "{text}"
    );
    assert_eq!(api.get(&repository).await.0, 200);
    let silent = json!({"limits": {"writes_per_minute": 1, "retry_after": false, "status": 429}});
    api.set(silent).await;
    let answer = blob().await;
    assert_eq!(answer.status(), 429);
    assert!(answer.headers().get("retry-after").is_none());
}

#[tokio::test]
async fn concurrent_calls_beyond_secondary_limit_are_refused() {
    let (_running, api) = started().await;
    api.set(json!({"latency_ms": 0, "limits": {"concurrent": 1}}))
        .await;
    let slow = json!({"on": "user", "fault": {"kind": "slow", "ms": 1500}});
    api.caller.control("POST", "/faults", &slow).await;
    let call = || async {
        api.request("GET", "/user")
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    let mut statuses = [tokio::join!(call(), call())].map(|(one, other)| [one, other])[0];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403]);
    let calls = api.caller.calls().await;
    assert_ne!(calls[0]["connection"], calls[1]["connection"]);
    assert_eq!(call().await, 200);
}

#[tokio::test]
async fn errors_link_the_documentation_of_their_operation() {
    let (_running, api) = started().await;
    let zero = "0".repeat(40);
    for (method, below) in [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("GET", "/branches/main"),
        ("GET", "/commits"),
        ("GET", "/contents/a"),
        ("PUT", "/contents/a"),
        ("DELETE", "/contents/a"),
        ("POST", "/git/blobs"),
        ("GET", &*format!("/git/blobs/{zero}")),
        ("POST", "/git/commits"),
        ("GET", &format!("/git/commits/{zero}")),
        ("GET", "/git/ref/heads/main"),
        ("POST", "/git/refs"),
        ("PATCH", "/git/refs/heads/main"),
        ("DELETE", "/git/refs/heads/main"),
        ("POST", "/git/trees"),
        ("GET", "/git/trees/main"),
        ("GET", "/pages"),
        ("POST", "/pages"),
        ("GET", "/pages/builds/latest"),
        ("GET", "/pulls"),
        ("POST", "/pulls"),
        ("GET", "/pulls/1"),
        ("GET", "/topics"),
        ("PUT", "/topics"),
    ] {
        let path = format!("/repos/o/none{below}");
        let request = api.request(method, &path).body("{}");
        let (status, body) = read(request.send().await.unwrap()).await;
        assert_eq!(status, 404, "{method} {below}");
        let page = api.specification.documentation(method, &path);
        assert_eq!(body["documentation_url"], page, "{method} {below}");
    }
}
