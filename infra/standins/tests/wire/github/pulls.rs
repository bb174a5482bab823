//! Pull requests.

use serde_json::{Value, json};

use super::{Api, LOGIN, message, started, text};

/// Creates a branch that is one commit ahead of `main`.
async fn branch(api: &Api, repository: &str, name: &str) -> String {
    let first = api.head(repository, "main").await;
    let files = [("README.md", "# a\nmore\n"), ("new", "1\n2\n")];
    let commit = api.commit(repository, &first, &files).await;
    let body = json!({"ref": format!("refs/heads/{name}"), "sha": commit});
    assert_eq!(
        api.post(&format!("{repository}/git/refs"), body).await.0,
        201
    );
    commit
}

fn ask(head: &str) -> Value {
    json!({"title": "Update", "head": head, "base": "main", "body": "Why"})
}

#[tokio::test]
async fn pull_request_of_same_branch_is_opened_once() {
    let (_running, api) = started().await;
    let repository = api.repository("a").await;
    let commit = branch(&api, &repository, "update/1").await;
    let pulls = format!("{repository}/pulls");
    let (status, pull) = api.post(&pulls, ask("update/1")).await;
    assert_eq!(
        (status, &pull["number"], &pull["state"]),
        (201, &json!(1), &json!("open"))
    );
    assert_eq!(pull["head"]["sha"], commit);
    assert_eq!(pull["head"]["label"], format!("{LOGIN}:update/1"));
    let counts = ["commits", "changed_files", "additions", "deletions"].map(|name| &pull[name]);
    assert_eq!(counts, [&json!(1), &json!(2), &json!(3), &json!(0)]);

    let (status, body) = api.post(&pulls, ask(&format!("{LOGIN}:update/1"))).await;
    assert_eq!(message(&(status, body.clone())), (422, "Validation Failed"));
    let told = format!("A pull request already exists for {LOGIN}:update/1.");
    assert_eq!(body["errors"][0]["message"], told);

    for (query, found) in [
        (format!("head={LOGIN}:update/1"), 1),
        (format!("head={LOGIN}:other"), 0),
        ("state=closed".to_owned(), 0),
        ("state=all&base=main".to_owned(), 1),
        ("base=other".to_owned(), 0),
        ("page=2".to_owned(), 0),
    ] {
        let (status, list) = api.get(&format!("{pulls}?{query}")).await;
        assert_eq!(
            (status, list.as_array().unwrap().len()),
            (200, found),
            "{query}"
        );
    }
    let next = api.commit(&repository, &commit, &[("new", "3\n")]).await;
    assert_eq!(api.move_to(&repository, "update/1", &next).await.0, 200);
    let (_, seen) = api.get(&format!("{pulls}/1")).await;
    assert_eq!(
        (&seen["head"]["sha"], &seen["commits"]),
        (&json!(next), &json!(2))
    );

    let path = format!("{repository}/git/refs/heads/update/1");
    assert_eq!(api.call("DELETE", &path, None).await.0, 204);
    let (_, closed) = api.get(&format!("{pulls}/1")).await;
    assert_eq!(closed["state"], "closed");
    assert_eq!(api.get(&format!("{pulls}/2")).await.0, 404);
}

#[tokio::test]
async fn invalid_pull_requests_are_refused() {
    let (_running, api) = started().await;
    let repository = api.repository("a").await;
    let pulls = format!("{repository}/pulls");
    let first = api.head(&repository, "main").await;
    let body = json!({"ref": "refs/heads/same", "sha": first});
    api.post(&format!("{repository}/git/refs"), body).await;
    let refused = async |body: Value| {
        let (status, body) = api.post(&pulls, body).await;
        assert_eq!(message(&(status, body.clone())), (422, "Validation Failed"));
        body["errors"][0].clone()
    };
    let same = refused(ask("same")).await;
    assert_eq!(same["message"], "No commits between main and same");
    let invalid =
        |field: &str| json!({"resource": "PullRequest", "field": field, "code": "invalid"});
    assert_eq!(refused(ask("none")).await, invalid("head"));
    let body = json!({"title": "t", "head": "same", "base": "none"});
    assert_eq!(refused(body).await, invalid("base"));

    let item = json!({"path": "a", "mode": "100644", "type": "blob", "content": ""});
    let (_, tree) = api
        .post(&format!("{repository}/git/trees"), json!({"tree": [item]}))
        .await;
    let body = json!({"message": "m", "tree": tree["sha"]});
    let (_, root) = api.post(&format!("{repository}/git/commits"), body).await;
    let body = json!({"ref": "refs/heads/orphan", "sha": text(&root["sha"])});
    api.post(&format!("{repository}/git/refs"), body).await;
    let orphan = refused(ask("orphan")).await;
    let told = "The orphan branch has no history in common with main";
    assert_eq!(orphan["message"], told);
}
