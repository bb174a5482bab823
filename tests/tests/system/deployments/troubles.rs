//! After every transient fault of GitHub there is one repository with one commit.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::world::{ACCOUNT, Files, World, slug};

/// The calls that a fresh deployment makes.
const CALLS: [&str; 5] = ["create_repo", "branch", "tree", "commit", "ref"];

#[tokio::test]
async fn deployment_with_github_faults_only_takes_longer() {
    let world = World::start().await;
    let project = world.site().await;
    let files = world.files(&project).await;
    a_repository_that_is_empty_for_a_while(&world, &project, &files).await;
    faults_of_every_call(&world, &project, &files).await;
    branch_moved_by_another_author(&world, &project, &files).await;
    a_token_that_is_refused(&world, &project).await;
    let written = world.written();
    assert!(memchr::memmem::find(&written, world.token.as_bytes()).is_none());
}

/// One repository of this name, with the files in one commit after the first.
async fn is_whole(world: &World, name: &str, deployment: &Value, files: &Files) {
    let said = [&deployment["status"], &deployment["change"]];
    assert_eq!(said, ["done", "created"], "{name}: {deployment:#}");
    let repository = world.repository(name).await;
    assert_eq!(repository["full_name"], format!("{ACCOUNT}/{name}"));
    assert_eq!(repository["commits"], 2, "{name}");
    let there = repository["files"].as_object().unwrap();
    assert!(there.keys().eq(files.keys()), "{name}: {repository:#}");
    assert_eq!(repository["refs"].as_object().unwrap().len(), 1, "{name}");
    assert_eq!(repository["pulls"], json!([]), "{name}");
}

async fn a_repository_that_is_empty_for_a_while(world: &World, project: &str, files: &Files) {
    world.set("github", json!({"empty_for_ms": 1500})).await;
    let deployment = world.deploy_to(project, "empty-first").await;
    world.set("github", json!({"empty_for_ms": 0})).await;
    is_whole(world, "empty-first", &deployment, files).await;
    let calls = world.shown("github", "calls").await;
    let refused = calls.iter().filter(|call| call["status"] == 409);
    assert!(refused.count() > 0, "it was never empty");
}

async fn faults_of_every_call(world: &World, project: &str, files: &Files) {
    let faults = [
        ("internal", json!({"kind": "status", "status": 500})),
        (
            "gateway",
            json!({"kind": "status", "status": 502, "body": "<html>Bad Gateway</html>"}),
        ),
        ("reset", json!({"kind": "reset"})),
        ("malformed", json!({"kind": "malformed"})),
        ("lost", json!({"kind": "lost_response"})),
    ];
    let mut names = Vec::new();
    for (kind, fault) in faults {
        for on in CALLS {
            let name = format!("{kind}-{}", on.replace('_', "-"));
            // A retry where nothing was done may be made at once, on another connection.
            for _ in 0..2 {
                world.trouble(&name, on, fault.clone()).await;
            }
            names.push(name);
        }
    }
    let deployments = join_all(names.iter().map(|name| world.deploy_to(project, name))).await;
    for (name, deployment) in names.iter().zip(&deployments) {
        is_whole(world, name, deployment, files).await;
    }
}

/// Before the branch is read, or between that and its move: nothing of theirs is lost, and nothing
/// of ours.
async fn branch_moved_by_another_author(world: &World, project: &str, files: &Files) {
    for on in ["branch", "ref"] {
        let name = format!("outrun-{on}");
        world.trouble(&name, on, json!({"kind": "ref_moved"})).await;
        let deployment = world.deploy_to(project, &name).await;
        assert_eq!(deployment["change"], "proposed", "{deployment:#}");
        let repository = world.repository(&name).await;
        assert_eq!(repository["commits"], 2);
        assert_eq!(repository["pulls"].as_array().unwrap().len(), 1);
        let full_name = deployment["repository"].as_str().unwrap();
        let clone = world.clone_of(full_name).await;
        let main = clone.files("origin/main").await;
        assert!(main.contains_key("foreign.txt"), "{main:?}");
        let branch = format!("origin/{}", deployment["branch"].as_str().unwrap());
        let mut proposed = clone.files(&branch).await;
        assert!(proposed.remove("foreign.txt").is_some());
        assert_eq!(proposed, *files);
    }
}

async fn a_token_that_is_refused(world: &World, project: &str) {
    let body = json!({"message": format!("Bad credentials: {}", world.token)});
    let fault = json!({"kind": "status", "status": 401, "body": body});
    let fault = json!({"on": "create_repo", "match": "refused", "times": null, "fault": fault});
    world.fault("github", fault).await;
    let deployment = world.deploy_to(project, "refused").await;
    assert_eq!(deployment["status"], "failed", "{deployment:#}");
    assert_eq!(slug(&deployment["error"]), "upstream-rejected");
    assert!(!deployment.to_string().contains(&world.token));
    assert!(world.repositories("refused").await.is_empty());
}
