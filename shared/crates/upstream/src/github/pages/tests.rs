use super::super::tests::{answered, at, example, refusal, sent};
use super::*;
use serde_json::{Value, json};

#[tokio::test]
async fn a_branch_becomes_a_site() {
    let (github, server) = answered(201, example("created_pages")).await;
    let enabled = github.enable_pages(&at(), "main").await.unwrap();
    let expected = Pages {
        html_url: Some("https://developer.github.com".to_owned()),
        state: PagesState::Built,
    };
    assert_eq!(enabled, PagesEnabled::Site(expected));
    let seen = &server.seen()[0];
    assert_eq!(seen.path, "/repos/octocat/Hello-World/pages");
    assert_eq!(
        sent(seen),
        json!({"build_type": "legacy", "source": {"branch": "main", "path": "/"}})
    );
}

#[tokio::test]
async fn a_site_that_is_there_and_one_that_is_not_offered_are_outcomes() {
    let plan = "Your current plan does not support GitHub Pages for this repository.";
    for (status, message, expected) in [
        (
            409,
            "GitHub Pages is already enabled.",
            PagesEnabled::Exists,
        ),
        (422, plan, PagesEnabled::NotOffered),
    ] {
        let (github, _server) = answered(status, refusal(message, "")).await;
        assert_eq!(github.enable_pages(&at(), "main").await.unwrap(), expected);
    }
    let missing = "The main branch must exist before GitHub Pages can be built.";
    let (github, _server) = answered(422, refusal(missing, "")).await;
    assert!(github.enable_pages(&at(), "main").await.is_err());
}

#[tokio::test]
async fn a_site_tells_how_far_it_is() {
    let whole: Value = serde_json::from_slice(&example("pages")).unwrap();
    for (status, expected) in [
        (Value::Null, PagesState::Waiting),
        (json!("queued"), PagesState::Waiting),
        (json!("building"), PagesState::Building),
        (json!("something new"), PagesState::Building),
        (json!("built"), PagesState::Built),
        (json!("errored"), PagesState::Errored),
    ] {
        let mut pages = whole.clone();
        pages["status"] = status;
        let (github, _server) = answered(200, pages.to_string()).await;
        let pages = github.pages(&at()).await.unwrap().unwrap();
        assert_eq!(pages.state, expected);
    }
    let (github, _server) = answered(404, refusal("Not Found", "")).await;
    assert_eq!(github.pages(&at()).await.unwrap(), None);
}

#[tokio::test]
async fn a_build_tells_why_it_failed() {
    let mut body: Value = serde_json::from_slice(&example("pages_build")).unwrap();
    let (github, server) = answered(200, body.to_string()).await;
    let build = github.latest_pages_build(&at()).await.unwrap().unwrap();
    assert_eq!((build.state, build.message), (PagesState::Built, None));
    assert!(build.commit.is_some());
    let path = "/repos/octocat/Hello-World/pages/builds/latest";
    assert_eq!(server.seen()[0].path, path);
    body["status"] = json!("errored");
    body["error"]["message"] = json!(format!("Page build\nfailed.{}", " x".repeat(1000)));
    let (github, _server) = answered(200, body.to_string()).await;
    let build = github.latest_pages_build(&at()).await.unwrap().unwrap();
    let message = build.message.unwrap();
    assert!(message.starts_with("Page build failed."), "{message}");
    assert!(message.chars().count() <= 500);
    let (github, _server) = answered(404, refusal("Not Found", "")).await;
    assert_eq!(github.latest_pages_build(&at()).await.unwrap(), None);
}
