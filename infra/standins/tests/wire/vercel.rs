//! The Vercel stand-in, its responses checked against the types of the official SDK.

use crate::common::{Caller, read};
use eventrelay_standins::{Running, vercel};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};

/// Required fields of `GetDeploymentResponseBody2` of npm @vercel/sdk 1.28.35, with their types:
/// n for number, s for string, b for boolean, a for array, o for object; ? also allows null.
const REQUIRED: &str = "aliasAssigned:b bootedAt:n build:o buildSkipped:b buildingAt:n createdAt:n \
    createdIn:s creator:o env:a id:s inspectorUrl:s? isInConcurrentBuildsQueue:b \
    isInSystemBuildsQueue:b meta:o name:s ownerId:s plan:s projectId:s projectSettings:o public:b \
    readyState:s regions:a routes:a? status:s target:s? type:s url:s version:n";

async fn started() -> (Running, Api) {
    let running = vercel::start(0).await.unwrap();
    let api = Api(Caller::new(&running.base_url));
    api.set(json!({"build_ms": 0})).await;
    (running, api)
}

/// Calls the stand-in as a client of Vercel does.
struct Api(Caller);

impl Api {
    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let request = self.0.anonymous(method, path);
        request.header("authorization", "Bearer test-token")
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        read(self.request("GET", path).send().await.unwrap()).await
    }

    async fn deploy(&self, query: &str, body: &Value) -> (u16, Value) {
        let request = self.request("POST", &format!("/v13/deployments{query}"));
        let request = request.header("content-type", "application/json");
        read(request.body(body.to_string()).send().await.unwrap()).await
    }

    async fn set(&self, settings: Value) {
        self.0.control("PUT", "/settings", &settings).await;
    }

    /// Polls until a deployment has been built and returns the states on the way.
    async fn ended(&self, id: &str) -> (Vec<String>, Value) {
        let mut states: Vec<String> = Vec::new();
        for _ in 0..20_000 {
            let (status, deployment) = self.get(&format!("/v13/deployments/{id}")).await;
            assert_eq!(status, 200);
            check(&deployment);
            let state = text(&deployment["readyState"]);
            if states.last() != Some(&state) {
                states.push(state);
            }
            if matches!(states.last().unwrap().as_str(), "READY" | "ERROR") {
                return (states, deployment);
            }
        }
        panic!("{states:?} for ever");
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Asserts that the SDK can parse a deployment.
fn check(deployment: &Value) {
    for member in REQUIRED.split_whitespace() {
        let (name, kind) = member.split_once(':').unwrap();
        let value = &deployment[name];
        let is_fit = match kind.trim_end_matches('?') {
            "n" => value.is_number(),
            "s" => value.is_string(),
            "b" => value.is_boolean(),
            "a" => value.is_array(),
            _ => value.is_object(),
        };
        let is_null = value.is_null() && deployment.get(name).is_some() && kind.ends_with('?');
        assert!(is_fit || is_null, "{name} is {value}");
    }
}

fn project(name: &str) -> Value {
    json!({
        "name": name,
        "target": "production",
        "projectSettings": {"framework": null, "buildCommand": null},
        "files": [
            {"file": "index.html", "data": "<p>Hello", "encoding": "utf-8"},
            {"file": "img/a.png", "data": "AAEC", "encoding": "base64"},
        ],
        "meta": {"eventrelay": "d1"},
    })
}

/// Status and code of an error.
fn code((status, body): &(u16, Value)) -> (u16, &str) {
    assert!(body["error"]["message"].is_string(), "{body}");
    (*status, body["error"]["code"].as_str().unwrap())
}

#[tokio::test]
async fn deployment_passes_through_states_to_ready() {
    let (_running, api) = started().await;
    api.set(json!({"build_ms": 1500})).await;
    let (status, made) = api.deploy("", &project("my-app")).await;
    assert_eq!((status, &made["readyState"]), (200, &json!("QUEUED")));
    check(&made);
    let id = text(&made["id"]);
    assert!(id.starts_with("dpl_"), "{id}");
    let url = text(&made["url"]);
    let site = |path: &str| format!("/_site/{url}/{path}");
    assert_eq!(api.get(&site("")).await.0, 404);
    let (states, ready) = api.ended(&id).await;
    // A slow machine may miss a short state.
    let mut way = ["QUEUED", "INITIALIZING", "BUILDING", "READY"].into_iter();
    assert!(
        states.iter().all(|state| way.any(|next| next == state)),
        "{states:?}"
    );
    assert!(
        states.ends_with(&["BUILDING".to_owned(), "READY".to_owned()]),
        "{states:?}"
    );
    assert_eq!(ready["alias"], json!(["my-app.localhost"]));
    assert_eq!(ready["aliasAssigned"], true);
    assert_eq!(ready["meta"], json!({"eventrelay": "d1"}));
    assert_eq!(
        api.get(&format!("/v13/deployments/{url}")).await.1["id"],
        id
    );
    assert_eq!(api.get(&site("")).await, (200, json!("<p>Hello")));
    assert_eq!(api.get("/_site/my-app.localhost/").await.0, 200);
    let answer = api.request("GET", &site("img/a.png")).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "image/png");
    assert_eq!(&answer.bytes().await.unwrap()[..], [0, 1, 2]);

    // Names below localhost resolve to this machine.
    let of_host = api
        .0
        .anonymous("GET", "/")
        .header("host", format!("{url}:80"));
    assert_eq!(
        of_host.send().await.unwrap().text().await.unwrap(),
        "<p>Hello"
    );

    let path = format!("/v3/deployments/{id}/events?direction=forward&limit=-1&builds=1");
    let (status, events) = api.get(&path).await;
    assert_eq!(status, 200);
    for event in events.as_array().unwrap() {
        assert!(
            event["created"].is_i64() && event["info"]["type"] == "build",
            "{event}"
        );
        assert_eq!(event["deploymentId"], id);
    }
    assert_eq!(events[3]["text"], "Deployment completed");
    let path = format!("/v3/deployments/{id}/events?direction=backward&limit=1");
    assert_eq!(api.get(&path).await.1, json!([events[3]]));
}

#[tokio::test]
async fn failed_build_reports_its_reason() {
    let (_running, api) = started().await;
    let log = json!(["./app/page.tsx:3:1", "Type error: no."]);
    api.set(json!({"failure": {"log": log, "message": "Command \"next build\" exited with 1"}}))
        .await;
    let (_, made) = api.deploy("", &project("broken")).await;
    let id = text(&made["id"]);
    let (_, failed) = api.ended(&id).await;
    assert_eq!(failed["readyState"], "ERROR");
    assert_eq!(failed["errorCode"], "BUILD_FAILED");
    assert_eq!(
        failed["errorMessage"],
        "Command \"next build\" exited with 1"
    );
    assert_eq!(failed["errorStep"], "buildStep");
    assert_eq!(failed["alias"], json!(["broken.localhost"]));
    assert_eq!(failed["aliasAssigned"], false);
    let (_, events) = api.get(&format!("/v3/deployments/{id}/events")).await;
    let errors: Vec<&str> = events
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["type"] == "stderr")
        .map(|event| event["text"].as_str().unwrap())
        .collect();
    let last = "Error: Command \"next build\" exited with 1";
    assert_eq!(errors, ["./app/page.tsx:3:1", "Type error: no.", last]);
}

#[tokio::test]
async fn identical_deployment_is_returned_again() {
    let (_running, api) = started().await;
    let mut body = project("same");
    let first = api.deploy("", &body).await.1;
    assert_eq!(api.deploy("", &body).await.1["id"], first["id"]);
    let forced = api.deploy("?forceNew=1", &body).await.1;
    assert_ne!(forced["id"], first["id"]);
    body["files"][0]["data"] = json!("<p>Bye");
    let changed = api.deploy("", &body).await.1;
    assert_ne!(changed["id"], forced["id"]);
    assert_eq!(changed["projectId"], first["projectId"]);
    assert_eq!(
        api.get("/_site/same.localhost/").await,
        (200, json!("<p>Bye"))
    );
}

#[tokio::test]
async fn first_deployment_requires_project_settings() {
    let (_running, api) = started().await;
    let mut body = project("next-app");
    let package = r#"{"dependencies": {"next": "16.0.0"}}"#;
    body["files"] = json!([{"file": "package.json", "data": package}]);
    let settings = body.as_object_mut().unwrap().remove("projectSettings");
    let missing = api.deploy("", &body).await;
    assert_eq!(code(&missing), (400, "missing_project_settings"));
    assert_eq!(missing.1["error"]["framework"]["slug"], "nextjs");

    body["projectSettings"] = settings.unwrap();
    assert_eq!(code(&api.deploy("", &body).await), (400, "bad_request"));
    let sure = "?skipAutoDetectionConfirmation=1";
    assert_eq!(api.deploy(sure, &body).await.0, 200);
    body["projectSettings"]["framework"] = json!("nextjs");
    assert_eq!(api.deploy("", &body).await.0, 200);
    // The project keeps its settings, so later deployments may omit them.
    body.as_object_mut().unwrap().remove("projectSettings");
    let (status, made) = api.deploy("?forceNew=1", &body).await;
    assert_eq!(
        (status, &made["projectSettings"]["framework"]),
        (200, &json!("nextjs"))
    );
}

#[tokio::test]
async fn uploaded_files_can_be_deployed_by_hash() {
    let (_running, api) = started().await;
    let content = "<p>Uploaded";
    let sha = hex::encode(Sha1::digest(content));
    let mut body = project("uploaded");
    body["files"] = json!([{"file": "index.html", "sha": sha, "size": content.len()}]);
    let missing = api.deploy("", &body).await;
    assert_eq!(code(&missing), (400, "missing_files"));
    assert_eq!(missing.1["error"]["missing"], json!([sha]));
    let upload = async |header: &str, digest: &str, size: usize| {
        let request = api
            .request("POST", "/v2/files")
            .header(header, digest)
            .header("x-now-size", size.to_string());
        read(request.body(content).send().await.unwrap()).await
    };
    let wrong = upload("x-vercel-digest", &"0".repeat(40), content.len()).await;
    assert_eq!(code(&wrong), (400, "bad_request"));
    assert_eq!(
        code(&upload("x-now-digest", &sha, 1).await),
        (400, "bad_request")
    );
    assert_eq!(
        code(&upload("x-other", &sha, content.len()).await),
        (400, "bad_request")
    );
    for header in ["x-vercel-digest", "x-now-digest"] {
        assert_eq!(upload(header, &sha, content.len()).await.0, 200);
    }
    let (status, made) = api.deploy("", &body).await;
    assert_eq!(status, 200);
    let path = format!("/_site/{}/", text(&made["url"]));
    assert_eq!(api.get(&path).await, (200, json!(content)));
}

#[tokio::test]
async fn invalid_deployments_are_refused() {
    let (_running, api) = started().await;
    let changes = [
        json!({"name": "Upper"}),
        json!({"name": "a---b"}),
        json!({"name": ""}),
        json!({"name": null}),
        json!({"files": []}),
        json!({"files": [{"file": "../a", "data": ""}]}),
        json!({"files": [{"file": "/a", "data": ""}]}),
        json!({"files": [{"file": "a"}]}),
        json!({"files": [{"file": "a", "data": "?", "encoding": "base64"}]}),
        json!({"files": [{"file": "a", "data": "", "encoding": "hex"}]}),
        json!({"target": "preview"}),
        json!({"projectSettings": {"framework": "next"}}),
    ];
    for change in changes {
        let mut body = project("good");
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        let refused = api.deploy("", &body).await;
        assert_eq!(code(&refused), (400, "bad_request"), "{change}");
    }
    let request = api.request("POST", "/v13/deployments").body("{");
    let refused = read(request.send().await.unwrap()).await;
    assert_eq!(code(&refused), (400, "invalid_json"));
    assert_eq!(
        code(&api.get("/v13/deployments/dpl_none").await),
        (404, "not_found")
    );
    assert_eq!(
        code(&api.get("/v3/deployments/dpl_none/events").await),
        (404, "not_found")
    );
}

#[tokio::test]
async fn vercel_guard_checks_tokens_teams_limits_and_faults() {
    let (_running, api) = started().await;
    let path = "/v13/deployments/dpl_none";
    let missing = read(api.0.anonymous("GET", path).send().await.unwrap()).await;
    assert_eq!(code(&missing), (403, "forbidden"));
    assert_eq!(missing.1["error"]["missingToken"], true);
    let invalid = api.0.anonymous("GET", path);
    let invalid = invalid.header("authorization", "Bearer invalid");
    let invalid = read(invalid.send().await.unwrap()).await;
    assert_eq!(code(&invalid), (403, "forbidden"));
    assert_eq!(invalid.1["error"]["invalidToken"], true);

    api.set(json!({"team": "team_1"})).await;
    let body = project("of-team");
    let other = api.deploy("?teamId=team_2", &body).await;
    assert_eq!(code(&other), (403, "forbidden"));
    let (_, made) = api.deploy("?teamId=team_1", &body).await;
    let path = format!("/v13/deployments/{}", text(&made["id"]));
    assert_eq!(api.get(&format!("{path}?teamId=team_1")).await.0, 200);
    assert_eq!(api.get(&path).await.0, 404);

    let limited = json!({"kind": "rate_limited", "retry_after_s": 5});
    api.0.fault("deploy", limited).await;
    let request = api.request("POST", "/v13/deployments").body("{}");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["retry-after"], "5");
    let answer = read(answer).await;
    assert_eq!(code(&answer), (429, "rate_limited"));
    assert_eq!(answer.1["error"]["limit"]["remaining"], 0);
    api.0.fault("any", json!({"kind": "unauthorized"})).await;
    assert_eq!(code(&api.get(&path).await), (401, "unauthorized"));
    api.0
        .fault("get", json!({"kind": "status", "status": 500}))
        .await;
    assert_eq!(api.get(&path).await.0, 500);

    api.0
        .fault("deploy", json!({"kind": "lost_response"}))
        .await;
    let body = project("lost");
    let request = api
        .request("POST", "/v13/deployments")
        .body(body.to_string());
    assert!(request.send().await.is_err());
    let state = api.0.control("GET", "/deployments", &Value::Null).await;
    assert_eq!(state[1]["name"], "lost");
    assert_eq!(api.deploy("", &body).await.1["id"], state[1]["id"]);
    api.0.control("DELETE", "", &Value::Null).await;
    let state = api.0.control("GET", "/deployments", &Value::Null).await;
    assert_eq!(state, json!([]));
}
