//! A project that was never deployed becomes a repository.

use futures_util::future::join;
use reqwest::Method;
use serde_json::{Value, json};

use super::world::{ACCOUNT, World, as_files, file};

#[tokio::test]
async fn new_project_becomes_a_repository() {
    let world = World::start().await;
    let project = world.site().await;
    clone_equals_manifest(&world, &project).await;
    repository_has_requested_properties(&world, &project).await;
    foreign_repository_is_left_alone(&world, &project).await;
    lost_response_creates_one_repository(&world, &project).await;
    bytes_and_modes_are_kept(&world).await;

    // The token occurs only in headers.
    assert!(world.calls("github", &world.token).await.is_empty());
    let written = world.written();
    assert!(!written.is_empty());
    assert!(memchr::memmem::find(&written, world.token.as_bytes()).is_none());
}

async fn clone_equals_manifest(world: &World, project: &str) {
    let before = world.shown("github", "calls").await.len();
    let deployment = world.deploy(project, json!({"target": "github"})).await;
    let expected = [
        ("status", "done"),
        ("change", "created"),
        ("branch", "main"),
    ];
    for (name, value) in expected {
        assert_eq!(deployment[name], value, "{deployment:#}");
    }
    assert_eq!(deployment["made_repository"], true);
    let full_name = deployment["repository"].as_str().unwrap();
    let (owner, name) = full_name.split_once('/').unwrap();
    assert_eq!(owner, ACCOUNT);

    let calls = world.calls("github", "").await;
    let mut calls: Vec<_> = calls[before..]
        .iter()
        .map(|(method, path)| (method.as_str(), path.as_str()))
        .collect();
    // These two calls are concurrent.
    calls[1..3].sort_unstable();
    let below = |path: &str| format!("/repos/{full_name}/{path}");
    let [branch, tree, commit, moved] = [
        below("branches/main"),
        below("git/trees"),
        below("git/commits"),
        below("git/refs/heads/main"),
    ];
    let expected = [
        ("POST", "/user/repos"),
        ("GET", &branch),
        ("POST", &tree),
        ("POST", &commit),
        ("PATCH", &moved),
    ];
    assert_eq!(calls, expected);

    let repository = world.repository(name).await;
    assert_eq!(repository["private"], true);
    let about = repository["description"].as_str().unwrap();
    assert!(
        about.ends_with(&format!("[eventrelay:{project}]")),
        "{about}"
    );

    let clone = world.clone_of(full_name).await;
    let (there, expected) = join(clone.files("HEAD"), world.files(project)).await;
    assert_eq!(there, expected);
    assert!(there.keys().any(|path| path.starts_with('.')), "{there:?}");
    for (path, (_, bytes)) in &there {
        assert_eq!(clone.checked_out(path), *bytes, "{path}");
    }
    let log = clone.lines(&["log", "--format=%H %an <%ae>"]).await;
    assert_eq!(log.len(), 2, "{log:?}");
    let commit = deployment["commit"].as_str().unwrap();
    assert!(log[0].starts_with(commit), "{log:?}");
    let message = clone.lines(&["log", "-1", "--format=%B"]).await;
    let trailer = format!(
        "EventRelay-Deployment: {}",
        deployment["deployment_id"].as_str().unwrap()
    );
    assert!(message.contains(&trailer), "{message:?}");
}

async fn repository_has_requested_properties(world: &World, project: &str) {
    let deploy = |name: &str, more: Value| {
        let mut asked = json!({"target": "github", "repository": {"name": name}});
        for (field, value) in more.as_object().unwrap() {
            asked["repository"][field] = value.clone();
        }
        world.deploy(project, asked)
    };
    let public =
        json!({"private": false, "description": "What\u{a0}we\nlearnt", "owner": "learners"});
    let (of_others, own) = futures_util::future::join(
        deploy("told-public", public),
        // Account names are case-insensitive.
        deploy("told-own", json!({"owner": ACCOUNT.to_uppercase()})),
    )
    .await;
    assert_eq!(
        of_others["repository"], "learners/told-public",
        "{of_others:#}"
    );
    let repository = world.repository("told-public").await;
    assert_eq!(repository["private"], false);
    let about = format!("What we learnt [eventrelay:{project}]");
    assert_eq!(repository["description"], about);
    assert_eq!(own["repository"], format!("{ACCOUNT}/told-own"), "{own:#}");
    assert_eq!(world.repository("told-own").await["private"], true);
}

async fn foreign_repository_is_left_alone(world: &World, project: &str) {
    let another = format!("Another [eventrelay:prj_{}]", "0".repeat(32));
    let copied = format!("[eventrelay:{project}] copied");
    for (name, about) in [
        ("taken", "Holiday pictures"),
        ("taken-2", &another),
        ("taken-3", &copied),
    ] {
        let body = json!({"name": name, "description": about, "auto_init": true});
        let made = world.at_github(Method::POST, "/user/repos", body).await;
        let _ = made.expect(201);
    }
    let deployment = world.deploy_to(project, "taken").await;
    let expected = format!("{ACCOUNT}/taken-4");
    assert_eq!(deployment["repository"], expected, "{deployment:#}");
    let repositories = world.repositories("taken").await;
    let commits: Vec<_> = repositories.iter().map(|one| &one["commits"]).collect();
    assert_eq!(commits, [1, 1, 1, 2], "{repositories:#?}");
}

async fn lost_response_creates_one_repository(world: &World, project: &str) {
    let lost = json!({"kind": "lost_response"});
    world.trouble("lost", "create_repo", lost).await;
    let deployment = world.deploy_to(project, "lost").await;
    assert_eq!(deployment["change"], "created", "{deployment:#}");
    assert_eq!(deployment["made_repository"], true);
    let repository = world.repository("lost").await;
    assert_eq!(repository["commits"], 2);
    assert_eq!(deployment["repository"], repository["full_name"]);
}

async fn bytes_and_modes_are_kept(world: &World) {
    let project = world.site().await;
    let files = [
        file(".github/workflows/check.yml", "on: push\n", false),
        file(".well-known/security.txt", "Contact: x\n", false),
        file("bin/run", "#!/bin/sh\n", true),
        file("empty.txt", "", false),
        file("grüße/日本.txt", "Grüße\r\n日本\n", false),
        file("images/a.png", [0x89, b'P', b'N', b'G', 0, 0xff], false),
        file("images/b.png", [0x89, b'P', b'N', b'G', 0, 0xff], false),
        file("no-newline.txt", "x", false),
        file("nul.txt", "a\0b", false),
    ];
    world.change(&project, &files).await;
    let deployment = world.deploy_to(&project, "bytes").await;
    let full_name = deployment["repository"].as_str().unwrap();
    let clone = world.clone_of(full_name).await;
    assert_eq!(clone.files("HEAD").await, as_files(&files));
    let blobs = world
        .calls("github", &format!("{full_name}/git/blobs"))
        .await;
    assert_eq!(blobs.len(), 3, "one blob per distinct binary content");
}
