//! GitHub Pages.

use serde_json::{Value, json};

use super::{Api, message, started, text};

fn source() -> Value {
    json!({"source": {"branch": "main", "path": "/"}})
}

/// Polls until a build has ended.
async fn built(api: &Api, repository: &str) -> Value {
    for _ in 0..10_000 {
        let path = format!("{repository}/pages/builds/latest");
        let (status, build) = api.get(&path).await;
        assert_eq!(status, 200);
        if build["status"] != "building" {
            return build;
        }
    }
    panic!("it builds for ever");
}

#[tokio::test]
async fn pages_site_is_built_from_branch() {
    let (_running, api) = started().await;
    api.set(json!({"pages_build_ms": 1000})).await;
    let repository = api.repository("site").await;
    let first = api.head(&repository, "main").await;
    let files = [("index.html", "<p>Hello"), ("docs/index.html", "<p>More")];
    let commit = api.commit(&repository, &first, &files).await;
    api.move_to(&repository, "main", &commit).await;
    let pages = format!("{repository}/pages");
    assert_eq!(message(&api.get(&pages).await), (404, "Not Found"));
    let (status, made) = api.post(&pages, source()).await;
    assert_eq!((status, &made["status"]), (201, &json!("building")));
    let again = api.post(&pages, source()).await;
    assert_eq!(message(&again), (409, "GitHub Pages is already enabled."));

    let site = text(&made["html_url"]);
    let read = async |path: &str| {
        let request = api.caller.anonymous("GET", &format!("{site}{path}"));
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(read("").await.0, 404);
    let build = built(&api, &repository).await;
    assert_eq!(
        (&build["status"], &build["commit"]),
        (&json!("built"), &json!(commit))
    );
    assert_eq!(build["error"]["message"], Value::Null);
    assert_eq!(api.get(&pages).await.1["status"], "built");
    assert_eq!(read("").await, (200, "<p>Hello".to_owned()));
    assert_eq!(read("docs/").await, (200, "<p>More".to_owned()));
    assert_eq!(read("none").await.0, 404);
    let (_, seen) = api.get(&repository).await;
    assert_eq!(seen["has_pages"], true);

    // A push starts another build.
    api.set(json!({"pages_outcome": "errored"})).await;
    let next = api
        .commit(&repository, &commit, &[("index.html", "<p>Bye")])
        .await;
    api.move_to(&repository, "main", &next).await;
    let build = built(&api, &repository).await;
    assert_eq!(
        (&build["status"], &build["commit"]),
        (&json!("errored"), &json!(next))
    );
    assert!(build["error"]["message"].is_string());
}

#[tokio::test]
async fn invalid_pages_sites_are_refused() {
    let (_running, api) = started().await;
    let repository = api.repository("site").await;
    let pages = format!("{repository}/pages");
    let body = json!({"source": {"branch": "gh-pages"}});
    let told = "The gh-pages branch must exist before GitHub Pages can be built.";
    assert_eq!(message(&api.post(&pages, body).await), (422, told));
    assert_eq!(
        message(&api.call_badly("POST", &pages, Some(json!({}))).await).0,
        422
    );

    api.set(json!({"plan": "free"})).await;
    api.call("PATCH", &repository, Some(json!({"private": true})))
        .await;
    let told = "Your current plan does not support GitHub Pages for this repository.";
    assert_eq!(message(&api.post(&pages, source()).await), (422, told));
    let (_, user) = api.get("/user").await;
    assert_eq!(user["plan"]["name"], "free");
}
