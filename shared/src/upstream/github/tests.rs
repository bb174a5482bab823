use super::*;
use crate::upstream::responder::{Reply, Responder, Seen};
use serde_json::Value;

pub(super) const TOKEN: &str = "ghp_test-token-that-must-not-leak";

pub(super) fn client(server: &Responder) -> GitHub {
    let http = HttpClient::new().unwrap();
    GitHub::new(http, server.url.clone(), TOKEN.into(), Gate::open())
}

/// Where the repository of the tests is.
pub(super) fn at() -> Address {
    Address {
        owner: "octocat".parse().unwrap(),
        name: "Hello-World".parse().unwrap(),
    }
}

/// An answer of the published examples.
pub(super) fn example(name: &str) -> Vec<u8> {
    let examples = include_bytes!("../../../../tests/data/specs/github.examples.json");
    let examples: Value = serde_json::from_slice(examples).unwrap();
    serde_json::to_vec(&examples[name]).unwrap()
}

/// A client of a server that answers each request so.
pub(super) async fn answered(
    status: u16,
    body: impl Into<Vec<u8>> + Clone + Send + Sync + 'static,
) -> (GitHub, Responder) {
    let server = Responder::start(move |_| Reply::new(status, body.clone())).await;
    (client(&server), server)
}

/// What was sent, as JSON.
pub(super) fn sent(seen: &Seen) -> Value {
    serde_json::from_slice(&seen.body).unwrap()
}

/// An error as GitHub writes it.
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
    let elsewhere = GitHub::new(http, base, TOKEN.into(), Gate::open());
    for (client, prefix) in [(github, ""), (elsewhere, "/api/v3")] {
        let url = client.url_of(&at(), "git/ref/heads/a/b?c#d").unwrap();
        let path = format!("{prefix}/repos/octocat/Hello-World/git/ref/heads/a/b%3Fc%23d");
        assert_eq!((url.path(), url.query()), (path.as_str(), None));
    }
}
