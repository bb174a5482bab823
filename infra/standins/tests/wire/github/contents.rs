//! Contents API: files by path.

use serde_json::{Value, json};

use super::{message, started, text};

fn names(directory: &Value) -> Vec<String> {
    let items = directory.as_array().unwrap().iter();
    items.map(|item| text(&item["name"])).collect()
}

#[tokio::test]
async fn contents_can_be_created_read_changed_and_deleted() {
    let (_running, api) = started().await;
    let repository = api.repository("a").await;
    let path = format!("{repository}/contents/src/main.rs");
    let author = json!({"name": "A", "email": "a@example.com", "date": "2026-01-01T00:00:00Z"});
    let body = json!({"message": "Add", "content": "YQ==", "author": author});
    let (status, made) = api.call("PUT", &path, Some(body)).await;
    assert_eq!(
        (status, &made["content"]["path"]),
        (201, &json!("src/main.rs"))
    );
    assert_eq!(made["commit"]["author"], author);
    assert_eq!(made["commit"]["committer"]["name"], "GitHub");
    assert_eq!(
        api.head(&repository, "main").await,
        text(&made["commit"]["sha"])
    );

    let (status, seen) = api.get(&path).await;
    assert_eq!((status, &seen["content"]), (200, &json!("YQ==\n")));
    assert_eq!(seen["sha"], made["content"]["sha"]);
    let (_, root) = api.get(&format!("{repository}/contents/")).await;
    assert_eq!(names(&root), ["README.md", "src"]);
    let (_, directory) = api
        .get(&format!("{repository}/contents/src?ref=main"))
        .await;
    assert_eq!(names(&directory), ["main.rs"]);

    let body =
        json!({"message": "Change", "content": "Yg==", "sha": seen["sha"], "branch": "main"});
    let (status, changed) = api.call("PUT", &path, Some(body.clone())).await;
    assert_eq!(status, 200, "{changed}");
    // A writer that read the file before the change has to read it again.
    let (status, late) = api.call("PUT", &path, Some(body)).await;
    let expected = format!("src/main.rs does not match {}", text(&seen["sha"]));
    assert_eq!(message(&(status, late)), (409, &*expected));
    let body = json!({"message": "Change", "content": "Yg=="});
    let blind = api.call("PUT", &path, Some(body)).await;
    assert_eq!(
        message(&blind),
        (422, "Invalid request.\n\n\"sha\" wasn't supplied.")
    );

    let body = json!({"message": "Delete", "sha": changed["content"]["sha"]});
    let (status, deleted) = api.call("DELETE", &path, Some(body)).await;
    assert_eq!((status, &deleted["content"]), (200, &Value::Null));
    assert_eq!(message(&api.get(&path).await), (404, "Not Found"));
}

#[tokio::test]
async fn contents_with_concurrent_writers_accept_one() {
    let (_running, api) = started().await;
    let repository = api.repository("a").await;
    api.set(json!({"latency_ms": 200})).await;
    let put = async |name: &str| {
        let body = json!({"message": "m", "content": "YQ=="});
        let path = format!("{repository}/contents/{name}");
        api.call("PUT", &path, Some(body)).await
    };
    let (one, other) = tokio::join!(put("one"), put("other"));
    let (through, late) = match one.0 {
        201 => (one, other),
        _ => (other, one),
    };
    assert_eq!((through.0, late.0), (201, 409));
    let head = text(&through.1["commit"]["sha"]);
    let (_, told) = message(&late);
    assert!(
        told.starts_with(&format!("is at {head} but expected ")),
        "{told}"
    );
    assert_eq!(put("other").await.0, 201);
}

#[tokio::test]
async fn contents_of_unknown_path_are_not_found() {
    let (_running, api) = started().await;
    let repository = api.repository("a").await;
    let path = format!("{repository}/contents/README.md");
    let absent = api.get(&format!("{path}?ref=none")).await;
    assert_eq!(message(&absent), (404, "No commit found for the ref none"));
    let body = json!({"message": "m", "content": "YQ==", "branch": "none"});
    let absent = api
        .call("PUT", &format!("{repository}/contents/b"), Some(body))
        .await;
    assert_eq!(message(&absent), (404, "Branch none not found"));
    let body = json!({"message": "m", "content": "?"});
    let bad = api
        .call("PUT", &format!("{repository}/contents/b"), Some(body))
        .await;
    assert_eq!(message(&bad), (422, "content is not valid Base64"));
    let body = json!({"message": "m", "content": "YQ=="});
    let bad = api
        .call("PUT", &format!("{repository}/contents/.git/b"), Some(body))
        .await;
    let told = "path contains a malformed path component";
    assert_eq!(message(&bad), (422, told));
    let (_, made) = api.post("/user/repos", json!({"name": "empty"})).await;
    let path = format!("/repos/{}/contents/a", text(&made["full_name"]));
    assert_eq!(
        message(&api.get(&path).await),
        (404, "This repository is empty.")
    );
}
