//! Git database API: references, blobs, trees and commits.

use serde_json::{Value, json};

use super::{Api, message, started, text};

#[tokio::test]
async fn database_of_empty_repository_is_a_conflict() {
    let (_running, api) = started().await;
    let (status, made) = api.post("/user/repos", json!({"name": "empty"})).await;
    assert_eq!(status, 201);
    let path = format!("/repos/{}", text(&made["full_name"]));
    let zero = "0".repeat(40);
    let item = json!({"path": "a", "mode": "100644", "type": "blob", "content": ""});
    for (method, below, body) in [
        ("GET", "/git/ref/heads/main", None),
        (
            "POST",
            "/git/refs",
            Some(json!({"ref": "refs/heads/a", "sha": zero})),
        ),
        ("PATCH", "/git/refs/heads/main", Some(json!({"sha": zero}))),
        ("POST", "/git/blobs", Some(json!({"content": "a"}))),
        ("POST", "/git/trees", Some(json!({"tree": [item]}))),
        ("GET", "/git/trees/main", None),
        (
            "POST",
            "/git/commits",
            Some(json!({"message": "m", "tree": zero})),
        ),
        ("GET", "/commits", None),
    ] {
        let answer = api.call(method, &format!("{path}{below}"), body).await;
        assert_eq!(
            message(&answer),
            (409, "Git Repository is empty."),
            "{below}"
        );
    }
    assert_eq!(api.get(&format!("{path}/branches/main")).await.0, 404);
    // A commit by the contents API initializes the repository.
    let body = json!({"message": "m", "content": "YQ=="});
    let (status, _) = api
        .call("PUT", &format!("{path}/contents/a.txt"), Some(body))
        .await;
    assert_eq!(status, 201);
    assert_eq!(api.get(&format!("{path}/git/ref/heads/main")).await.0, 200);
}

#[tokio::test]
async fn objects_have_the_hashes_of_git() {
    let (_running, api) = started().await;
    let repository = api.repository("a").await;
    let blobs = format!("{repository}/git/blobs");
    let (_, blob) = api
        .post(&blobs, json!({"content": "what is up, doc?"}))
        .await;
    assert_eq!(blob["sha"], "bd9dbf5aae1a3862dd1526723246b20206e5fc37");
    let body = json!({"content": "d2hhdCBpcyB1cCwg\nZG9jPw==", "encoding": "base64"});
    let (_, same) = api.post(&blobs, body).await;
    assert_eq!(same, blob);
    let (_, read) = api.get(&format!("{blobs}/{}", text(&blob["sha"]))).await;
    assert_eq!(
        (&read["size"], &read["encoding"]),
        (&json!(16), &json!("base64"))
    );
    assert_eq!(read["content"], "d2hhdCBpcyB1cCwgZG9jPw==\n");

    // Hashes that `git mktree` and `git commit-tree` give for the same objects.
    let items = json!([
        {"path": "bin/run.sh", "mode": "100755", "type": "blob", "content": "#!/bin/sh\n"},
        {"path": "bin-old", "mode": "100644", "type": "blob", "sha": blob["sha"]},
        {"path": "link", "mode": "120000", "type": "blob", "content": "bin-old"},
    ]);
    let (status, tree) = api
        .post(&format!("{repository}/git/trees"), json!({"tree": items}))
        .await;
    assert_eq!((status, &tree["sha"]), (201, &json!(TREE)));
    let person = json!({"name": "A U Thor", "email": "author@example.com",
        "date": "2026-11-26T02:00:00+02:00"});
    let body = json!({"message": "Say hello", "tree": TREE, "parents": [], "author": person});
    let (status, commit) = api.post(&format!("{repository}/git/commits"), body).await;
    assert_eq!((status, &commit["sha"]), (201, &json!(COMMIT)));
    assert_eq!(commit["author"]["date"], "2026-11-26T00:00:00Z");
    assert_eq!(commit["committer"], commit["author"]);
    let path = format!("{repository}/git/commits/{COMMIT}");
    assert_eq!(api.get(&path).await, (200, commit));
}

const TREE: &str = "6105847d2455fce2eb3cac182f87d54b9bb29ac3";
const COMMIT: &str = "5e1ad0cb2936e5dbfafc1190a0a43181e3fc5d70";

#[tokio::test]
async fn tree_with_base_inherits_its_entries() {
    let (_running, api) = started().await;
    let repository = api.repository("a").await;
    let first = api.head(&repository, "main").await;
    let files = [
        ("src/a.rs", "a\n"),
        ("src/b.rs", "b\n"),
        ("docs/c.md", "c\n"),
    ];
    let commit = api.commit(&repository, &first, &files).await;
    let trees = format!("{repository}/git/trees");
    let (_, base) = api.get(&format!("{trees}/{commit}")).await;
    let body = json!({"base_tree": base["sha"], "tree": [
        {"path": "docs/c.md", "mode": "100644", "type": "blob", "sha": null},
        {"path": "src/a.rs", "mode": "100755", "type": "blob", "content": "a\n"},
        {"path": "copy", "mode": "040000", "type": "tree", "sha": entry(&base, "src")["sha"]},
        {"path": "module", "mode": "160000", "type": "commit", "sha": "1".repeat(40)},
    ]});
    let (status, tree) = api.post(&trees, body).await;
    assert_eq!(status, 201, "{tree}");
    let sha = text(&tree["sha"]);
    let (_, whole) = api.get(&format!("{trees}/{sha}?recursive=1")).await;
    let paths: Vec<String> = entries(&whole).map(|entry| text(&entry["path"])).collect();
    let expected = [
        "README.md",
        "copy",
        "copy/a.rs",
        "copy/b.rs",
        "module",
        "src",
        "src/a.rs",
        "src/b.rs",
    ];
    assert_eq!(paths, expected);
    assert_eq!(entry(&whole, "src/a.rs")["mode"], "100755");
    assert_eq!(entry(&whole, "copy/a.rs")["mode"], "100644");
    assert_eq!(entry(&whole, "src/b.rs")["size"], 2);
    // Identical content has the same hash for every writer.
    let body = json!({"base_tree": sha, "tree": [
        {"path": "src/b.rs", "mode": "100644", "type": "blob", "content": "b\n"}]});
    assert_eq!(api.post(&trees, body).await.1["sha"], sha);
}

fn entries(tree: &Value) -> impl Iterator<Item = &Value> {
    tree["tree"].as_array().unwrap().iter()
}

fn entry<'a>(tree: &'a Value, path: &str) -> &'a Value {
    entries(tree).find(|entry| entry["path"] == path).unwrap()
}

#[tokio::test]
async fn invalid_trees_and_commits_are_refused() {
    let (_running, api) = started().await;
    let repository = api.repository("a").await;
    let zero = "0".repeat(40);
    let item = |change: Value| {
        let mut item = json!({"path": "a", "mode": "100644", "type": "blob", "content": "a"});
        for (name, value) in change.as_object().unwrap() {
            item[name] = value.clone();
        }
        json!({"tree": [item]})
    };
    let refused = async |path: &str, body: Value| {
        let path = format!("{repository}/git/{path}");
        let answer = api.call_badly("POST", &path, Some(body)).await;
        let (status, text) = message(&answer);
        assert_eq!(status, 422, "{text}");
        text.to_owned()
    };
    let bad_mode = "Must supply a valid tree.mode";
    for mode in ["100600", "40000", "644"] {
        assert_eq!(
            refused("trees", item(json!({"mode": mode}))).await,
            bad_mode
        );
    }
    for path in ["../a", "a//b", ".git/config", "a/", "", "./a"] {
        let text = refused("trees", item(json!({"path": path}))).await;
        assert_eq!(
            text, "tree.path contains a malformed path component",
            "{path}"
        );
    }
    let slash = refused("trees", item(json!({"path": "/a"}))).await;
    assert_eq!(slash, "tree.path cannot start with a slash");
    let directory = refused("trees", item(json!({"mode": "040000"}))).await;
    assert_eq!(directory, "A subdirectory may not have content");

    let either = "Must supply either tree.sha or tree.content. Request will be rejected if both \
                  are present.";
    assert_eq!(refused("trees", item(json!({"sha": zero}))).await, either);
    assert_eq!(
        refused("trees", item(json!({"content": null}))).await,
        either
    );
    let of_sha = |change: Value| {
        let mut body = item(change);
        body["tree"][0].as_object_mut().unwrap().remove("content");
        body
    };
    let text = refused("trees", of_sha(json!({"sha": zero}))).await;
    assert_eq!(text, format!("tree.sha {zero} is not a valid blob"));
    let blobs = format!("{repository}/git/blobs");
    let (_, blob) = api.post(&blobs, json!({"content": "a"})).await;
    let sha = &blob["sha"];
    let text = refused("trees", of_sha(json!({"sha": sha, "type": "tree"}))).await;
    assert_eq!(
        text,
        format!("tree.sha {} is not a valid tree", sha.as_str().unwrap())
    );
    let bad_state = "GitRPC::BadObjectState";
    let text = refused("trees", of_sha(json!({"sha": sha, "mode": "040000"}))).await;
    assert_eq!(text, bad_state);

    let head = api.head(&repository, "main").await;
    let delete = |change: Value| {
        let mut body = of_sha(change);
        body["base_tree"] = json!(head);
        body["tree"][0]["sha"] = Value::Null;
        body
    };
    assert_eq!(refused("trees", delete(json!({}))).await, bad_state);
    assert_eq!(
        refused("trees", delete(json!({"mode": null}))).await,
        bad_mode
    );
    assert_eq!(
        refused("trees", json!({"tree": []})).await,
        "Invalid tree info"
    );
    let mut body = item(json!({}));
    body["base_tree"] = json!(zero);
    assert_eq!(
        refused("trees", body).await,
        "base_tree is not a valid tree oid"
    );

    let body = json!({"message": "m", "tree": zero});
    assert_eq!(refused("commits", body).await, "Tree SHA does not exist");
    let (_, commit) = api.get(&format!("{repository}/git/commits/{head}")).await;
    let body = json!({"message": "m", "tree": commit["tree"]["sha"], "parents": [zero]});
    let text = refused("commits", body).await;
    assert_eq!(text, "Parent SHA does not exist or is not a commit object");
}

#[tokio::test]
async fn references_can_be_created_moved_and_deleted() {
    let (_running, api) = started().await;
    let repository = api.repository("a").await;
    let first = api.head(&repository, "main").await;
    let refs = format!("{repository}/git/refs");
    let new = json!({"ref": "refs/heads/feature/a", "sha": first});
    let (status, made) = api.post(&refs, new.clone()).await;
    assert_eq!(
        (status, &made["ref"]),
        (201, &json!("refs/heads/feature/a"))
    );
    let again = api.post(&refs, new).await;
    assert_eq!(message(&again), (422, "Reference already exists"));
    assert_eq!(api.head(&repository, "feature/a").await, first);
    let zero = json!({"ref": "refs/heads/b", "sha": "0".repeat(40)});
    assert_eq!(
        message(&api.post(&refs, zero).await),
        (422, "Object does not exist")
    );

    let second = api.commit(&repository, &first, &[("a", "2")]).await;
    assert_eq!(api.move_to(&repository, "feature/a", &second).await.0, 200);
    let back = api.move_to(&repository, "feature/a", &first).await;
    assert_eq!(message(&back), (422, "Update is not a fast forward"));
    let missing = api.move_to(&repository, "none", &first).await;
    assert_eq!(message(&missing), (422, "Reference does not exist"));
    let path = format!("{refs}/heads/feature/a");
    let body = json!({"sha": first, "force": true});
    assert_eq!(api.call("PATCH", &path, Some(body)).await.0, 200);

    let (status, branch) = api.get(&format!("{repository}/branches/feature/a")).await;
    assert_eq!(status, 200);
    assert_eq!(branch["commit"]["sha"], first);
    assert_eq!(api.call("DELETE", &path, None).await.0, 204);
    let gone = api.call("DELETE", &path, None).await;
    assert_eq!(message(&gone), (422, "Reference does not exist"));
    let gone = api
        .get(&format!("{repository}/git/ref/heads/feature/a"))
        .await;
    assert_eq!(message(&gone), (404, "Not Found"));
    let path = format!("{refs}/heads/main");
    assert_eq!(api.call("DELETE", &path, None).await.0, 422);
}

#[tokio::test]
async fn reference_update_by_slower_writer_is_refused() {
    let (_running, api) = started().await;
    let repository = api.repository("a").await;
    for round in 0..10 {
        let head = api.head(&repository, "main").await;
        let contents = [0, 1].map(|writer| format!("{round} {writer}"));
        let one = api.commit(&repository, &head, &[("a", &contents[0])]).await;
        let other = api.commit(&repository, &head, &[("a", &contents[1])]).await;
        let (one_moved, other_moved) = tokio::join!(
            api.move_to(&repository, "main", &one),
            api.move_to(&repository, "main", &other),
        );
        let (won, lost) = match one_moved.0 {
            200 => (&one, other_moved),
            _ => (&other, one_moved),
        };
        assert_eq!(message(&lost), (422, "Update is not a fast forward"));
        assert_eq!(api.head(&repository, "main").await, *won);
    }
    assert_eq!(commits(&api).await, 11);
}

/// Number of commits of the default branch.
async fn commits(api: &Api) -> u64 {
    let state = api.caller.control("GET", "/repos", &Value::Null).await;
    state[0]["commits"].as_u64().unwrap()
}

#[tokio::test]
async fn reference_moved_by_another_writer_refuses_update() {
    let (_running, api) = started().await;
    let repository = api.repository("a").await;
    let first = api.head(&repository, "main").await;
    let own = api.commit(&repository, &first, &[("a", "b")]).await;
    let foreign = json!({"path": "b", "content": "c", "message": "Theirs"});
    let pushed = api
        .caller
        .control("POST", &format!("{repository}/commits"), &foreign)
        .await;
    assert_eq!(api.head(&repository, "main").await, text(&pushed["sha"]));
    let slower = api.move_to(&repository, "main", &own).await;
    assert_eq!(message(&slower), (422, "Update is not a fast forward"));
    assert_eq!(commits(&api).await, 2);
}
