//! The GitHub stand-in, every request and answer checked against GitHub's own description.

mod clone;
mod contents;
mod database;
mod faults;
mod guard;
mod pages;
mod pulls;
mod repositories;

use crate::common::{Caller, openapi::Specification, read};
use eventrelay_standins::{Running, github};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

/// Owner of the default token.
const LOGIN: &str = "eventrelay-stand-in";

/// Calls the stand-in as a client of GitHub does.
struct Api {
    caller: Caller,
    specification: &'static Specification,
}

async fn started() -> (Running, Api) {
    let running = github::start(0).await.unwrap();
    let caller = Caller::new(&running.base_url);
    let specification = Specification::github();
    let api = Api {
        caller,
        specification,
    };
    (running, api)
}

impl Api {
    fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.caller
            .anonymous(method, path)
            .header("accept", "application/vnd.github+json")
            .header("authorization", "Bearer test-token")
            .header("user-agent", "eventrelay-tests")
            .header("x-github-api-version", "2026-03-10")
    }

    /// Calls the stand-in and checks request and response against GitHub's description.
    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        self.specification
            .check_request(method, path, body.as_ref());
        self.call_badly(method, path, body).await
    }

    /// As [`Self::call`], for a request that the description does not allow.
    async fn call_badly(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let (status, body) = read(request.send().await.unwrap()).await;
        self.specification
            .check_response(method, path, status, &body);
        if status >= 400 {
            assert_eq!(body["status"], status.to_string());
        }
        (status, body)
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.call("GET", path, None).await
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.call("POST", path, Some(body)).await
    }

    async fn set(&self, settings: Value) {
        self.caller.control("PUT", "/settings", &settings).await;
    }

    /// Creates a repository with a first commit and returns its path.
    async fn repository(&self, name: &str) -> String {
        let body = json!({"name": name, "auto_init": true});
        let (status, body) = self.post("/user/repos", body).await;
        assert_eq!(status, 201, "{body}");
        format!("/repos/{}", body["full_name"].as_str().unwrap())
    }

    /// Hash of the head of a branch.
    async fn head(&self, repository: &str, branch: &str) -> String {
        let path = format!("{repository}/git/ref/heads/{branch}");
        let (status, body) = self.get(&path).await;
        assert_eq!(status, 200, "{body}");
        text(&body["object"]["sha"])
    }

    /// Creates a commit of files on a parent without moving a reference.
    async fn commit(&self, repository: &str, parent: &str, files: &[(&str, &str)]) -> String {
        let (status, parent_commit) = self
            .get(&format!("{repository}/git/commits/{parent}"))
            .await;
        assert_eq!(status, 200);
        let items: Vec<Value> = files
            .iter()
            .map(|(path, content)| {
                json!({"path": path, "mode": "100644", "type": "blob", "content": content})
            })
            .collect();
        let body = json!({"base_tree": parent_commit["tree"]["sha"], "tree": items});
        let (status, tree) = self.post(&format!("{repository}/git/trees"), body).await;
        assert_eq!(status, 201, "{tree}");
        let body = json!({"message": "Change", "tree": tree["sha"], "parents": [parent]});
        let (status, commit) = self.post(&format!("{repository}/git/commits"), body).await;
        assert_eq!(status, 201, "{commit}");
        text(&commit["sha"])
    }

    async fn move_to(&self, repository: &str, branch: &str, sha: &str) -> (u16, Value) {
        let path = format!("{repository}/git/refs/heads/{branch}");
        let body = json!({"sha": sha, "force": false});
        self.call("PATCH", &path, Some(body)).await
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn message((status, body): &(u16, Value)) -> (u16, &str) {
    (*status, body["message"].as_str().unwrap())
}

/// Files that a deployment pushes.
#[tokio::test]
async fn project_push_creates_one_commit() {
    let (_running, api) = started().await;
    let (status, user) = api.get("/user").await;
    assert_eq!((status, &user["login"]), (200, &json!(LOGIN)));
    let repository = api.repository("project").await;
    let first = api.head(&repository, "main").await;
    let files = [
        ("src/main.rs", "fn main() {}\n"),
        (".gitignore", "/target\n"),
    ];
    let commit = api.commit(&repository, &first, &files).await;
    let (status, reference) = api.move_to(&repository, "main", &commit).await;
    assert_eq!(status, 200);
    assert_eq!(reference["ref"], "refs/heads/main");
    assert_eq!(reference["object"]["sha"], commit);
    let (_, tree) = api
        .get(&format!("{repository}/git/trees/{commit}?recursive=1"))
        .await;
    let paths: Vec<&str> = tree["tree"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["path"].as_str().unwrap())
        .collect();
    assert_eq!(paths, [".gitignore", "README.md", "src", "src/main.rs"]);
    let (_, commits) = api.get(&format!("{repository}/commits?per_page=5")).await;
    let shas: Vec<&Value> = commits
        .as_array()
        .unwrap()
        .iter()
        .map(|commit| &commit["sha"])
        .collect();
    assert_eq!(shas, [&commit, &first]);
    let state = api.caller.control("GET", "/repos", &Value::Null).await;
    assert_eq!(state[0]["commits"], 2);
    assert_eq!(state[0]["files"]["src/main.rs"]["mode"], "100644");
    let calls = api.caller.calls().await;
    assert_eq!(calls.len(), 9);
    let kept = |call: &Value| call["connection"] == calls[0]["connection"];
    assert!(calls.iter().all(kept), "{calls:?}");
}
