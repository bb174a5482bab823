use super::*;
use crate::sample_files::files;
use eventrelay_core::clock::Timestamp;
use eventrelay_project::ProjectFile;
use eventrelay_project::deploy::{self, ObjectId, Where, blobs, dry_run, entries};
use eventrelay_testing::{Reply, Responder, Seen};
use serde_json::Value;

pub(super) const TOKEN: &str = "ghp_test-token-that-must-not-leak";

pub(super) fn client(server: &Responder) -> GitHub {
    let http = HttpClient::new().unwrap();
    GitHub::new(
        http,
        server.url.clone(),
        TOKEN.into(),
        UpstreamGuard::open(),
    )
}

/// Address of the repository of the tests.
pub(super) fn at() -> Address {
    Address {
        owner: "octocat".parse().unwrap(),
        name: "Hello-World".parse().unwrap(),
    }
}

/// Returns a response of the published examples.
pub(super) fn example(name: &str) -> Vec<u8> {
    let examples = include_bytes!("../../../../../tests/data/specs/github.examples.json");
    let examples: Value = serde_json::from_slice(examples).unwrap();
    serde_json::to_vec(&examples[name]).unwrap()
}

/// Creates a client of a server that gives this response to each request.
pub(super) async fn answered(
    status: u16,
    body: impl Into<Vec<u8>> + Clone + Send + Sync + 'static,
) -> (GitHub, Responder) {
    let server = Responder::start(move |_| Reply::new(status, body.clone())).await;
    (client(&server), server)
}

/// Returns the sent body as JSON.
pub(super) fn sent(seen: &Seen) -> Value {
    serde_json::from_slice(&seen.body).unwrap()
}

/// Formats an error as GitHub does.
pub(super) fn refusal(message: &str, detail: &str) -> String {
    let errors = match detail {
        "" => String::new(),
        detail => format!(r#""errors":[{{"resource":"R","code":"custom","message":"{detail}"}}],"#),
    };
    format!(
        r#"{{"message":"{message}",{errors}"documentation_url":"https://docs.github.com/rest","status":"422"}}"#
    )
}

#[tokio::test]
async fn every_request_names_version_form_and_token() {
    let (github, server) = answered(200, example("user")).await;
    assert_eq!(github.viewer().await.unwrap().as_str(), "octocat");
    let seen = &server.seen()[0];
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("GET", "/user"));
    for (name, value) in [
        ("authorization", format!("Bearer {TOKEN}")),
        ("accept", "application/vnd.github+json".to_owned()),
        ("x-github-api-version", "2026-03-10".to_owned()),
    ] {
        assert_eq!(seen.header(name), value, "{name}");
    }
    assert!(seen.header("user-agent").starts_with("eventrelay/"));
}

#[tokio::test]
async fn the_token_is_not_in_the_debug_form() {
    let (github, _server) = answered(200, "").await;
    assert!(!format!("{github:?}").contains(TOKEN));
}

#[tokio::test]
async fn a_path_of_a_base_url_is_kept_and_a_branch_is_a_path() {
    let (github, server) = answered(200, "").await;
    let http = HttpClient::new().unwrap();
    let base = server.url.join("/api/v3/").unwrap();
    let elsewhere = GitHub::new(http, base, TOKEN.into(), UpstreamGuard::open());
    for (client, prefix) in [(github, ""), (elsewhere, "/api/v3")] {
        let url = client.url_of(&at(), "git/ref/heads/a/b?c#d").unwrap();
        let path = format!("{prefix}/repos/octocat/Hello-World/git/ref/heads/a/b%3Fc%23d");
        assert_eq!((url.path(), url.query()), (path.as_str(), None));
    }
}

/// Makes each call of a first deployment of these files, and returns the calls.
async fn deployed(files: &[ProjectFile]) -> Vec<(String, String)> {
    let commit = "7638417db6d59f3c431d3e1f261cc637155684cd";
    let server = Responder::start(move |seen| match seen.path.rsplit('/').next() {
        Some("repos") => Reply::new(201, example("created_repository")),
        Some("blobs") => {
            let content = sent(seen)["content"].as_str().unwrap().to_owned();
            let content = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, content);
            let sha = ObjectId::of_blob(&content.unwrap());
            Reply::new(201, serde_json::json!({ "sha": sha }).to_string())
        }
        Some("main") if seen.method == "GET" => {
            let tree = serde_json::json!({"tree": {"sha": commit}});
            let head = serde_json::json!({"sha": commit, "parents": [], "commit": tree});
            Reply::new(200, serde_json::json!({ "commit": head }).to_string())
        }
        Some("trees" | "commits") => Reply::new(201, format!(r#"{{"sha":"{commit}"}}"#)),
        _ => Reply::new(200, example("reference")),
    })
    .await;
    let github = client(&server);
    let new = NewRepository {
        organisation: None,
        name: &at().name,
        description: "",
        private: true,
    };
    github.create_repository(new).await.unwrap();
    let head = github.branch(&at(), "main").await.unwrap().unwrap().id;
    for blob in blobs(files) {
        let made = github.create_blob(&at(), blob.content).await.unwrap();
        assert_eq!(made, blob.id);
    }
    let tree = github.create_tree(&at(), None, &entries(files)).await;
    let new = NewCommit {
        tree: &tree.unwrap(),
        parents: &[head],
        message: "A project",
        at: Timestamp(0),
    };
    let commit = github.commit(&at(), new).await.unwrap();
    let moved = github.move_reference(&at(), "main", &commit).await;
    assert_eq!(moved.unwrap(), Moved::Done);
    let seen = server.seen().into_iter();
    seen.map(|seen| (seen.method, seen.path)).collect()
}

#[tokio::test]
async fn a_dry_run_tells_the_calls_that_are_made() {
    let files = files();
    let to = Where {
        target: deploy::Target::GitHub,
        owner: None,
        repository: &at().name,
        host: "",
    };
    let told = dry_run(to, &files).calls.into_iter().flat_map(|call| {
        let path = call.path.replace("{owner}", at().owner.as_str());
        std::iter::repeat_n((call.method.to_owned(), path), call.times)
    });
    let made = deployed(&files).await;
    assert_eq!(made, told.collect::<Vec<_>>());
    assert_eq!(made.len(), 7);
}
