use super::super::tests::{answered, at, example, refusal, sent};
use super::*;
use crate::sample_files::files;
use eventrelay_project::{
    deploy::{changes, entries},
    package::FileMode,
};
use serde_json::{Value, json};

const COMMIT: &str = "7638417db6d59f3c431d3e1f261cc637155684cd";
const TREE: &str = "827efc6d56897b048c772eb4087f854f46256132";

fn id(text: &str) -> ObjectId {
    text.parse().unwrap()
}

/// Returns the values of a field of all entries that were sent.
fn all(tree: &Value, field: &str) -> Vec<Value> {
    let entries = tree["tree"].as_array().unwrap();
    entries.iter().map(|entry| entry[field].clone()).collect()
}

#[tokio::test]
async fn a_branch_tells_its_commit_or_is_not_there() {
    let parent = "aa218f56b14c9653891f9e74264a383fa43fefbd";
    let body = json!({"name": "main", "commit": {"sha": COMMIT, "parents": [{"sha": parent}],
        "commit": {"message": "x", "tree": {"sha": TREE}}}, "protected": false});
    let (github, server) = answered(200, body.to_string()).await;
    let found = github.branch(&at(), "main").await.unwrap().unwrap();
    assert_eq!((found.id, found.tree), (id(COMMIT), id(TREE)));
    assert_eq!(found.parents, [id(parent)]);
    let path = "/repos/octocat/Hello-World/branches/main";
    assert_eq!(server.seen()[0].path, path);
    let (github, _server) = answered(404, refusal("Branch not found", "")).await;
    assert!(github.branch(&at(), "main").await.unwrap().is_none());
}

#[tokio::test]
async fn a_blob_is_sent_in_base64_and_is_what_was_sent() {
    let content = b"Content of the blob";
    let made = json!({"url": "https://api.github.com/x", "sha": ObjectId::of_blob(content)});
    let (github, server) = answered(201, made.to_string()).await;
    let blob = github.create_blob(&at(), content).await.unwrap();
    assert_eq!(blob, ObjectId::of_blob(content));
    assert_eq!(
        sent(&server.seen()[0]),
        json!({"content": "Q29udGVudCBvZiB0aGUgYmxvYg==", "encoding": "base64"})
    );
    let (github, _server) = answered(201, example("blob")).await;
    let error = github.create_blob(&at(), content).await.unwrap_err();
    assert_eq!(error.problem().slug, "upstream-malformed");
}

#[tokio::test]
async fn a_tree_is_sent_whole_with_text_in_it() {
    let (github, server) = answered(201, example("created_tree")).await;
    let files = files();
    let made = github.create_tree(&at(), None, &entries(&files)).await;
    assert_eq!(
        made.unwrap(),
        id("cd8274d15fa3ae2ab983129fb037999f264ba9a7")
    );
    let tree = sent(&server.seen()[0]);
    assert_eq!(tree.get("base_tree"), None);
    assert_eq!(tree["tree"].as_array().unwrap().len(), files.len());
    assert_eq!(
        tree["tree"][1],
        json!({"path": "bin/run", "mode": "100755", "type": "blob", "content": "#!/bin/sh\n"})
    );
    let picture = ObjectId::of_blob(&files[2].content);
    assert_eq!(
        tree["tree"][2],
        json!({"path": "images/a.png", "mode": "100644", "type": "blob", "sha": picture.as_str()})
    );
}

#[tokio::test]
async fn a_file_is_deleted_by_a_sha_that_is_null() {
    let (github, server) = answered(201, example("created_tree")).await;
    let gone = Entry {
        path: "old.txt",
        mode: FileMode::Regular,
        content: Content::Gone,
    };
    github
        .create_tree(&at(), Some(&id(TREE)), &[gone])
        .await
        .unwrap();
    let body = sent(&server.seen()[0]);
    assert_eq!(body["base_tree"], TREE);
    let entry = body["tree"][0].as_object().unwrap();
    assert_eq!(
        (entry.get("sha"), entry.get("content")),
        (Some(&Value::Null), None)
    );
}

#[tokio::test]
async fn a_tree_is_read_with_everything_below_it() {
    let (github, server) = answered(200, example("tree")).await;
    let tree = github.tree(&at(), &id(TREE)).await.unwrap();
    let file = &tree.files["subdir/file.txt"];
    assert_eq!(file.mode, "100644");
    assert_eq!(file.id, id("7c258a9869f33c1e1e1f74fbb32f07c86cb5a75b"));
    assert!(tree.is_whole);
    let path = format!("/repos/octocat/Hello-World/git/trees/{TREE}?recursive=1");
    assert_eq!(server.seen()[0].path, path);
    // Changes are detected by it.
    let before = ["subdir/file.txt".to_owned()];
    assert_eq!(changes(&[], &before, &tree.files).len(), 1);
}

#[tokio::test]
async fn directories_are_no_files_of_a_tree() {
    let body = json!({"sha": TREE, "truncated": true, "tree": [
        {"path": "src", "mode": "040000", "type": "tree", "sha": TREE},
        {"path": "vendor", "mode": "160000", "type": "commit", "sha": COMMIT},
        {"path": "src/a.py", "mode": "100755", "type": "blob", "sha": COMMIT},
    ]});
    let (github, _server) = answered(200, body.to_string()).await;
    let tree = github.tree(&at(), &id(TREE)).await.unwrap();
    assert_eq!(tree.files.keys().collect::<Vec<_>>(), ["src/a.py"]);
    assert!(!tree.is_whole);
}

#[tokio::test]
async fn commit_request_is_identical_for_same_input() {
    let (github, server) = answered(201, example("created_commit")).await;
    let (tree, parents) = (id(TREE), [id(COMMIT)]);
    for ms in [1_790_000_000_123, 1_790_000_000_999] {
        let new = NewCommit {
            tree: &tree,
            parents: &parents,
            message: "Generate the project",
            at: Timestamp(ms),
        };
        assert_eq!(github.commit(&at(), new).await.unwrap(), id(COMMIT));
    }
    let seen = server.seen();
    assert_eq!(sent(&seen[0]), sent(&seen[1]));
    let person = json!({"name": "EventRelay", "email": "eventrelay@example.invalid", "date": "2026-09-21T14:13:20Z"});
    assert_eq!(
        sent(&seen[0]),
        json!({"message": "Generate the project", "tree": TREE, "parents": [COMMIT], "author": person, "committer": person})
    );
}

#[tokio::test]
async fn a_branch_is_made_once() {
    let (github, server) = answered(201, example("created_reference")).await;
    let branch = "eventrelay/dpl_1";
    let made = github.create_reference(&at(), branch, &id(COMMIT)).await;
    assert_eq!(made.unwrap(), ReferenceCreated::Done);
    assert_eq!(
        sent(&server.seen()[0]),
        json!({"ref": "refs/heads/eventrelay/dpl_1", "sha": COMMIT})
    );
    let (github, _server) = answered(422, refusal("Reference already exists", "")).await;
    let made = github.create_reference(&at(), branch, &id(COMMIT)).await;
    assert_eq!(made.unwrap(), ReferenceCreated::Exists);
    let (github, _server) = answered(422, refusal("Object does not exist", "")).await;
    let error = github.create_reference(&at(), branch, &id(COMMIT)).await;
    assert_eq!(error.unwrap_err().problem().slug, "upstream-not-ready");
}

#[tokio::test]
async fn a_branch_moves_forwards_only() {
    let (github, server) = answered(200, example("moved_reference")).await;
    let moved = github.move_reference(&at(), "main", &id(COMMIT)).await;
    assert_eq!(moved.unwrap(), Moved::Done);
    let seen = &server.seen()[0];
    assert_eq!(seen.method, "PATCH");
    assert_eq!(seen.path, "/repos/octocat/Hello-World/git/refs/heads/main");
    assert_eq!(sent(seen), json!({"sha": COMMIT, "force": false}));
    let (github, _server) = answered(422, refusal("Update is not a fast forward", "")).await;
    let moved = github.move_reference(&at(), "main", &id(COMMIT)).await;
    assert_eq!(moved.unwrap(), Moved::NotAFastForward);
}

#[tokio::test]
async fn an_object_without_an_id_is_malformed() {
    for body in ["{}", r#"{"sha":"main"}"#, "[]", "<html>"] {
        let (github, _server) = answered(201, body).await;
        let error = github.create_tree(&at(), None, &[]).await.unwrap_err();
        assert_eq!(error.problem().slug, "upstream-malformed", "{body}");
    }
}

#[test]
fn entries_are_of_one_kind() {
    let files = files();
    let entries = entries(&files);
    let tree = serde_json::to_value(WireTree {
        base_tree: None,
        tree: entries.iter().map(WireEntry).collect(),
    });
    let kinds = all(&tree.unwrap(), "type");
    assert!(kinds.iter().all(|kind| kind == "blob"));
}
