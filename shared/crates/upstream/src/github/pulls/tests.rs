use super::super::tests::{answered, at, example, refusal, sent};
use super::*;
use serde_json::{Value, json};

const NEW: NewPullRequest<'static> = NewPullRequest {
    head: "eventrelay/dpl_1",
    base: "main",
    title: "Update from the video",
    body: "What changed.",
};

#[tokio::test]
async fn changes_are_asked_to_be_taken() {
    let (github, server) = answered(201, example("created_pull_request")).await;
    let created = github.create_pull_request(&at(), NEW).await.unwrap();
    let expected = PullRequest {
        number: 1347,
        html_url: "https://github.com/octocat/Hello-World/pull/1347".to_owned(),
        state: PullRequestState::Open,
    };
    assert_eq!(created, PullRequestCreated::Opened(expected));
    let seen = &server.seen()[0];
    assert_eq!(seen.path, "/repos/octocat/Hello-World/pulls");
    assert_eq!(
        sent(seen),
        json!({"title": "Update from the video", "head": "eventrelay/dpl_1", "base": "main", "body": "What changed."})
    );
}

#[tokio::test]
async fn one_that_is_there_and_one_without_changes_are_outcomes() {
    for (detail, expected) in [
        (
            "A pull request already exists for octocat:eventrelay/dpl_1.",
            PullRequestCreated::Exists,
        ),
        (
            "No commits between main and eventrelay/dpl_1",
            PullRequestCreated::NothingToMerge,
        ),
    ] {
        let (github, _server) = answered(422, refusal("Validation Failed", detail)).await;
        let created = github.create_pull_request(&at(), NEW).await.unwrap();
        assert_eq!(created, expected, "{detail}");
    }
    let (github, _server) = answered(422, refusal("Validation Failed", "head invalid")).await;
    assert!(github.create_pull_request(&at(), NEW).await.is_err());
}

#[tokio::test]
async fn the_pull_request_of_a_branch_is_found_however_it_stands() {
    let whole: Value = serde_json::from_slice(&example("pull_requests")).unwrap();
    for (state, merged_at, expected) in [
        ("open", Value::Null, PullRequestState::Open),
        ("closed", Value::Null, PullRequestState::Closed),
        (
            "closed",
            json!("2026-11-24T08:00:00Z"),
            PullRequestState::Merged,
        ),
    ] {
        let mut list = whole.clone();
        list[0]["state"] = json!(state);
        list[0]["merged_at"] = merged_at;
        let (github, server) = answered(200, list.to_string()).await;
        let found = github.pull_request_of(&at(), NEW.head).await.unwrap();
        assert_eq!(found.unwrap().state, expected);
        assert_eq!(
            server.seen()[0].path,
            "/repos/octocat/Hello-World/pulls?state=all&head=octocat%3Aeventrelay%2Fdpl_1&per_page=1"
        );
    }
    let (github, _server) = answered(200, "[]").await;
    assert_eq!(github.pull_request_of(&at(), NEW.head).await.unwrap(), None);
}
