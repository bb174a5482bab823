//! Repositories and their topics.

use serde_json::{Value, json};

use crate::common::read;

use super::{LOGIN, message, started, text};

#[tokio::test]
async fn repository_can_be_created_changed_and_deleted() {
    let (running, api) = started().await;
    let body = json!({"name": "Team Environment", "description": "d", "private": true,
        "homepage": "https://example.com", "auto_init": true, "has_wiki": false});
    let (status, made) = api.post("/user/repos", body).await;
    assert_eq!(status, 201);
    assert_eq!(made["full_name"], format!("{LOGIN}/Team-Environment"));
    assert_eq!(
        (&made["private"], &made["visibility"]),
        (&json!(true), &json!("private"))
    );
    let base = &running.base_url;
    let clone = format!("{base}/{LOGIN}/Team-Environment.git");
    assert_eq!(made["clone_url"], clone);

    let path = format!("/repos/{LOGIN}/team-environment");
    let (status, seen) = api.get(&path).await;
    assert_eq!((status, &seen["id"]), (200, &made["id"]));
    let change = json!({"name": "other", "description": "e", "private": false,
        "homepage": "https://example.org"});
    let (status, changed) = api.call("PATCH", &path, Some(change)).await;
    assert_eq!(status, 200);
    assert_eq!(
        (&changed["description"], &changed["private"]),
        (&json!("e"), &json!(false))
    );
    assert_eq!(api.get(&path).await.0, 404);
    let path = format!("/repos/{LOGIN}/other");
    let missing = api
        .call("PATCH", &path, Some(json!({"default_branch": "none"})))
        .await;
    assert_eq!(message(&missing), (422, "Validation Failed"));
    assert_eq!(api.call("DELETE", &path, None).await.0, 204);
    let gone = api.get(&path).await;
    assert_eq!(message(&gone), (404, "Not Found"));
}

#[tokio::test]
async fn repository_with_taken_name_is_refused_as_by_github() {
    let (_running, api) = started().await;
    api.repository("taken").await;
    let body = json!({"name": "Taken", "auto_init": true});
    let (status, body) = api.post("/user/repos", body).await;
    assert_eq!(status, 422);
    let page = "https://docs.github.com/rest/repos/repos#create-a-repository-for-the-\
                authenticated-user";
    let expected = json!({
        "message": "Repository creation failed.",
        "errors": [{
            "resource": "Repository",
            "code": "custom",
            "field": "name",
            "message": "name already exists on this account",
        }],
        "documentation_url": page,
        "status": "422",
    });
    assert_eq!(body, expected);
    assert_eq!(
        api.post("/orgs/acme/repos", json!({"name": "taken"}))
            .await
            .0,
        201
    );
}

#[tokio::test]
async fn repository_created_in_organisation_belongs_to_it() {
    let (_running, api) = started().await;
    let body = json!({"name": "a", "visibility": "private", "auto_init": true});
    let (status, made) = api.post("/orgs/acme/repos", body).await;
    assert_eq!((status, &made["full_name"]), (201, &json!("acme/a")));
    assert_eq!(made["owner"]["type"], "Organization");
    assert_eq!(made["private"], true);
    // The description lacks this error: a user is not an organisation.
    let request = api.request("POST", &format!("/orgs/{LOGIN}/repos"));
    let refused = read(request.body(r#"{"name": "a"}"#).send().await.unwrap()).await;
    assert_eq!(message(&refused), (404, "Not Found"));
}

#[tokio::test]
async fn invalid_repositories_are_refused() {
    let (_running, api) = started().await;
    let refused = async |body: Value| {
        let answer = api.call_badly("POST", "/user/repos", Some(body)).await;
        let (status, text) = message(&answer);
        (status, text.to_owned())
    };
    let failed = |text: &str| (422, text.to_owned());
    assert_eq!(
        refused(json!({})).await,
        failed("Invalid request.\n\n\"name\" wasn't supplied.")
    );
    let long = "a".repeat(101);
    assert_eq!(
        refused(json!({"name": long})).await,
        failed("Repository creation failed.")
    );
    let long = "a".repeat(351);
    let body = json!({"name": "a", "description": long});
    assert_eq!(refused(body).await, failed("Validation Failed"));
    let body = json!({"name": "a", "description": "a\nb"});
    assert_eq!(refused(body).await, failed("Validation Failed"));
    assert_eq!(refused(json!([])).await.0, 400);
}

#[tokio::test]
async fn topics_are_replaced_and_lowercased() {
    let (_running, api) = started().await;
    let path = format!("{}/topics", api.repository("a").await);
    assert_eq!(api.get(&path).await, (200, json!({"names": []})));
    let names = json!({"names": ["EventRelay", "p-1"]});
    let (status, body) = api.call("PUT", &path, Some(names)).await;
    assert_eq!(
        (status, body),
        (200, json!({"names": ["eventrelay", "p-1"]}))
    );
    let (_, repository) = api.get(path.trim_end_matches("/topics")).await;
    assert_eq!(text(&repository["topics"][0]), "eventrelay");
    let bad = api
        .call("PUT", &path, Some(json!({"names": ["a b"]})))
        .await;
    assert_eq!(message(&bad).0, 422);
}

#[tokio::test]
async fn new_repository_stays_empty_for_configured_time() {
    let (_running, api) = started().await;
    api.set(json!({"empty_for_ms": 1500})).await;
    let repository = api.repository("slow").await;
    let path = format!("{repository}/git/ref/heads/main");
    let first = api.get(&path).await;
    assert_eq!(message(&first), (409, "Git Repository is empty."));
    let mut statuses = vec![409];
    while statuses.last() != Some(&200) && statuses.len() < 20_000 {
        statuses.push(api.get(&path).await.0);
    }
    statuses.dedup();
    // A slow machine may miss the moment without the reference.
    assert!(
        matches!(&statuses[..], [409, 404, 200] | [409, 200]),
        "{statuses:?}"
    );
}
