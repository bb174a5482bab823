//! The Netlify stand-in, every request and answer checked against Netlify's own description.

use crate::common::{Caller, openapi::Specification, read};
use eventrelay_standins::{Running, netlify};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

/// `printf '<p>Hello' | sha1sum`, and the same of `body{}`.
const INDEX: &str = "3a803b46b6c357d14c4a173e0ed37ae3636f0d44";
const STYLE: &str = "a4c0dac49e47ffe0dbcca7615f73b72ef6b71543";

/// Calls the stand-in as a client of Netlify does.
struct Api {
    caller: Caller,
    specification: &'static Specification,
}

async fn started() -> (Running, Api) {
    let running = netlify::start(0).await.unwrap();
    let caller = Caller::new(&running.base_url);
    let specification = Specification::netlify();
    let api = Api {
        caller,
        specification,
    };
    api.set(json!({"processing_ms": 0})).await;
    (running, api)
}

impl Api {
    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let request = self.caller.anonymous(method, path);
        request.header("authorization", "Bearer test-token")
    }

    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        self.specification
            .check_request(method, path, body.as_ref());
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        self.read(method, path, request).await
    }

    async fn read(&self, method: &str, path: &str, request: RequestBuilder) -> (u16, Value) {
        let (status, body) = read(request.send().await.unwrap()).await;
        // The description does not contain the error for a name that is taken.
        if body["errors"].is_null() {
            self.specification
                .check_response(method, path, status, &body);
        }
        (status, body)
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.call("GET", path, None).await
    }

    async fn upload(&self, deploy: &str, path: &str, content: &'static str) -> (u16, Value) {
        let path = format!("/api/v1/deploys/{deploy}/files/{path}");
        self.specification
            .check_request("PUT", &path, Some(&json!(content)));
        let request = self
            .request("PUT", &path)
            .header("content-type", "application/octet-stream")
            .body(content);
        self.read("PUT", &path, request).await
    }

    async fn set(&self, settings: Value) {
        self.caller.control("PUT", "/settings", &settings).await;
    }

    /// Creates a site and returns its id.
    async fn site(&self, name: &str) -> String {
        let body = json!({"name": name});
        let (status, site) = self.call("POST", "/api/v1/sites", Some(body)).await;
        assert_eq!(status, 201, "{site}");
        text(&site["id"])
    }

    async fn deploy(&self, site: &str, title: &str, files: Value) -> (u16, Value) {
        let path = format!("/api/v1/sites/{site}/deploys?title={title}");
        let body = json!({"files": files, "draft": false, "async": false});
        self.call("POST", &path, Some(body)).await
    }

    /// Returns the body that a URL serves.
    async fn show(&self, url: &str) -> (u16, String) {
        let answer = self.caller.anonymous("GET", url).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn deploy_requests_missing_files_and_serves_them() {
    let (_running, api) = started().await;
    let site = api.site("hello").await;
    let files = json!({"/index.html": INDEX, "/css/style.css": STYLE, "/again.html": INDEX});
    let (status, deploy) = api.deploy(&site, "one", files).await;
    assert_eq!((status, &deploy["state"]), (200, &json!("uploading")));
    let mut expected = [INDEX, STYLE];
    expected.sort_unstable();
    assert_eq!(deploy["required"], json!(expected));
    let id = text(&deploy["id"]);
    let path = format!("/api/v1/deploys/{id}");
    let (status, file) = api.upload(&id, "index.html", "<p>Hello").await;
    assert_eq!(
        (status, &file["sha"], &file["size"]),
        (200, &json!(INDEX), &json!(8))
    );
    assert_eq!(api.get(&path).await.1["required"], json!([STYLE]));
    assert_eq!(api.upload(&id, "css/style.css", "body{}").await.0, 200);
    let (_, ready) = api.get(&path).await;
    assert_eq!(
        (&ready["state"], &ready["required"]),
        (&json!("ready"), &json!([]))
    );
    assert_eq!(ready["title"], "one");

    let url = text(&ready["ssl_url"]);
    assert_eq!(api.show(&url).await, (200, "<p>Hello".to_owned()));
    assert_eq!(api.show(&format!("{url}/css/style.css")).await.1, "body{}");
    assert_eq!(api.show(&format!("{url}/again")).await.1, "<p>Hello");
    assert_eq!(api.show(&format!("{url}/none")).await.0, 404);
    assert_eq!(api.show(&text(&ready["deploy_ssl_url"])).await.0, 200);
    let (_, seen) = api.get(&format!("/api/v1/sites/{site}")).await;
    assert_eq!(seen["published_deploy"]["id"], id);

    // Netlify does not request files that it has.
    let (_, next) = api.deploy(&site, "two", json!({"index.html": STYLE})).await;
    assert_eq!(
        (&next["state"], &next["required"]),
        (&json!("ready"), &json!([]))
    );
    assert_eq!(api.show(&url).await.1, "body{}");
    let (_, list) = api
        .get(&format!("/api/v1/sites/{site}/deploys?per_page=1"))
        .await;
    assert_eq!(
        (list.as_array().unwrap().len(), &list[0]["title"]),
        (1, &json!("two"))
    );
    let state = api.caller.control("GET", "/sites", &Value::Null).await;
    assert_eq!(state[0]["files"], json!({"index.html": STYLE}));
}

#[tokio::test]
async fn site_is_found_by_id_name_and_domain() {
    let (_running, api) = started().await;
    let id = api.site("first-site").await;
    api.site("second").await;
    for path in [&id, "first-site.netlify.app"] {
        let (status, site) = api.get(&format!("/api/v1/sites/{path}")).await;
        assert_eq!(
            (status, &site["name"]),
            (200, &json!("first-site")),
            "{path}"
        );
    }
    for (query, found) in [
        ("", 2),
        ("?name=first-site&filter=all", 1),
        ("?name=third", 0),
        ("?filter=guest", 0),
        ("?per_page=1&page=2", 1),
    ] {
        let (_, list) = api.get(&format!("/api/v1/sites{query}")).await;
        assert_eq!(list.as_array().unwrap().len(), found, "{query}");
    }
    let missing = api.get("/api/v1/sites/third.netlify.app").await;
    assert_eq!(missing, (404, json!({"code": 404, "message": "Not Found"})));
    let unnamed = api.call("POST", "/api/v1/sites", Some(json!({}))).await;
    assert_eq!(unnamed.0, 201);
}

#[tokio::test]
async fn site_with_taken_name_is_refused_as_by_netlify() {
    let (_running, api) = started().await;
    api.site("mine").await;
    api.set(json!({"taken": ["theirs"]})).await;
    for name in ["mine", "theirs"] {
        let body = json!({"name": name});
        let refused = api.call("POST", "/api/v1/sites", Some(body)).await;
        let expected = json!({"errors": {"subdomain": ["must be unique"]}});
        assert_eq!(refused, (422, expected), "{name}");
    }
    let theirs = api.get("/api/v1/sites/theirs.netlify.app").await;
    assert_eq!(theirs.0, 404);
    let refused = api
        .call("POST", "/api/v1/sites", Some(json!({"name": "A b"})))
        .await;
    assert_eq!(refused.1["errors"]["subdomain"], json!(["is invalid"]));
}

#[tokio::test]
async fn deploy_waits_for_configured_time_and_may_fail() {
    let (_running, api) = started().await;
    let site = api.site("slow").await;
    let first = api.deploy(&site, "a", json!({"index.html": INDEX})).await.1;
    api.upload(&text(&first["id"]), "index.html", "<p>Hello")
        .await;
    api.set(json!({"processing_ms": 100, "failure": "Deploy did not succeed"}))
        .await;
    let (_, deploy) = api.deploy(&site, "b", json!({"b.html": INDEX})).await;
    assert_eq!(deploy["state"], "processing");
    let path = format!("/api/v1/deploys/{}", text(&deploy["id"]));
    let mut seen = deploy;
    for _ in 0..10_000 {
        seen = api.get(&path).await.1;
        if seen["state"] != "processing" {
            break;
        }
    }
    assert_eq!(seen["state"], "error");
    assert_eq!(seen["error_message"], "Deploy did not succeed");
    // The previous deploy is still served.
    let url = text(&seen["ssl_url"]);
    assert_eq!(api.show(&url).await.1, "<p>Hello");
}

#[tokio::test]
async fn deploy_with_invalid_request_is_refused() {
    let (_running, api) = started().await;
    let site = api.site("a").await;
    let (_, deploy) = api.deploy(&site, "a", json!({"index.html": INDEX})).await;
    let id = text(&deploy["id"]);
    assert_eq!(api.upload(&id, "index.html", "other").await.0, 422);
    assert_eq!(api.upload(&id, "other.html", "<p>Hello").await.0, 404);
    assert_eq!(api.upload("none", "index.html", "<p>Hello").await.0, 404);
    let bad = api
        .deploy(&site, "a", json!({"index.html": "no digest"}))
        .await;
    assert_eq!(bad.0, 422);
    assert_eq!(api.deploy("none", "a", json!({})).await.0, 404);
    let path = format!("/api/v1/sites/{site}/deploys");
    let request = api.request("POST", &path).body("{");
    assert_eq!(api.read("POST", &path, request).await.0, 400);
}

#[tokio::test]
async fn netlify_guard_checks_tokens_limits_and_faults() {
    let (_running, api) = started().await;
    let path = "/api/v1/sites";
    for request in [
        api.caller.anonymous("GET", path),
        api.caller
            .anonymous("GET", path)
            .header("authorization", "Bearer invalid"),
    ] {
        let denied = api.read("GET", path, request).await;
        assert_eq!(
            denied,
            (401, json!({"code": 401, "message": "Access Denied"}))
        );
    }
    let site = api.site("a").await;
    api.set(json!({"deploys_per_minute": 1})).await;
    assert_eq!(api.deploy(&site, "a", json!({"a": INDEX})).await.0, 200);
    assert_eq!(api.deploy(&site, "b", json!({"a": INDEX})).await.0, 429);

    let limited = json!({"kind": "rate_limited", "retry_after_s": 9});
    api.caller.fault("get_site", limited).await;
    let answer = api.request("GET", path).send().await.unwrap();
    assert_eq!(answer.headers()["retry-after"], "9");
    assert_eq!(answer.headers()["x-ratelimit-remaining"], "0");
    assert_eq!(answer.status(), 429);

    api.caller
        .fault("create_site", json!({"kind": "lost_response"}))
        .await;
    let body = json!({"name": "lost"}).to_string();
    let lost = api.request("POST", path).body(body).send().await;
    assert!(lost.is_err());
    assert_eq!(api.get("/api/v1/sites/lost.netlify.app").await.0, 200);
    api.caller.control("DELETE", "", &Value::Null).await;
    assert_eq!(api.get(path).await, (200, json!([])));
}
