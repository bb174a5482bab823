//! Clones by the git command.

use std::{fs, path::Path, process::Command};

use serde_json::json;

use super::{started, text};

/// Runs git without the configuration of this machine.
async fn git(directory: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command
        .args(arguments)
        .current_dir(directory)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0");
    for proxy in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    // The stand-in runs in this process, so the call must not block its thread.
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn git_clones_every_byte_and_mode() {
    let (_running, api) = started().await;
    let body = json!({"name": "cloned", "private": true, "auto_init": true, "description": "d"});
    let (_, made) = api.post("/user/repos", body).await;
    let repository = format!("/repos/{}", text(&made["full_name"]));
    let first = api.head(&repository, "main").await;
    let bytes: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &bytes);
    let body = json!({"content": encoded, "encoding": "base64"});
    let (_, blob) = api.post(&format!("{repository}/git/blobs"), body).await;
    let file = |path: &str, mode: &str, content: &str| json!({"path": path, "mode": mode, "type": "blob", "content": content});
    let items = json!([
        file("src/main.rs", "100644", "fn main() {}\n"),
        file("empty", "100644", ""),
        file(".github/workflows/ci.yml", "100644", "on: push\n"),
        file("bin/run é.sh", "100755", "#!/bin/sh\n"),
        file("link", "120000", "src/main.rs"),
        {"path": "image.png", "mode": "100644", "type": "blob", "sha": blob["sha"]},
    ]);
    let trees = format!("{repository}/git/trees");
    let (_, tree) = api.post(&trees, json!({"tree": items})).await;
    let body = json!({"message": "All", "tree": tree["sha"], "parents": [first]});
    let (_, commit) = api.post(&format!("{repository}/git/commits"), body).await;
    let commit = text(&commit["sha"]);
    assert_eq!(api.move_to(&repository, "main", &commit).await.0, 200);

    let directory = tempfile::tempdir().unwrap();
    let calls = api.caller.calls().await.len();
    git(
        directory.path(),
        &["clone", "--quiet", &text(&made["clone_url"])],
    )
    .await;
    assert_eq!(api.caller.calls().await.len(), calls, "a clone is no call");
    let clone = directory.path().join("cloned");
    git(&clone, &["fsck", "--strict", "--full"]).await;
    assert_eq!(git(&clone, &["rev-parse", "HEAD"]).await.trim(), commit);
    assert_eq!(git(&clone, &["branch", "--show-current"]).await, "main\n");
    assert_eq!(git(&clone, &["status", "--porcelain"]).await, "");
    let log = git(&clone, &["log", "--format=%H %s"]).await;
    assert_eq!(log, format!("{commit} All\n{first} Initial commit\n"));
    let modes = git(&clone, &["-c", "core.quotePath=off", "ls-files", "--stage"]).await;
    let modes: Vec<(&str, &str)> = modes
        .lines()
        .map(|line| (&line[..6], line.split_once('\t').unwrap().1))
        .collect();
    let expected = [
        ("100644", ".github/workflows/ci.yml"),
        ("100755", "bin/run é.sh"),
        ("100644", "empty"),
        ("100644", "image.png"),
        ("120000", "link"),
        ("100644", "src/main.rs"),
    ];
    assert_eq!(modes, expected);
    assert_eq!(fs::read(clone.join("image.png")).unwrap(), bytes);
    assert_eq!(
        fs::read(clone.join("src/main.rs")).unwrap(),
        b"fn main() {}\n"
    );
    assert_eq!(fs::read(clone.join("empty")).unwrap(), b"");
    assert_eq!(
        fs::read_link(clone.join("link")).unwrap(),
        Path::new("src/main.rs")
    );
    // The clone contains the first commit too.
    let read_me = git(&clone, &["show", &format!("{first}:README.md")]).await;
    assert_eq!(read_me, "# cloned\nd\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_repository_clones_as_nothing() {
    let (_running, api) = started().await;
    let (_, made) = api.post("/user/repos", json!({"name": "empty"})).await;
    let directory = tempfile::tempdir().unwrap();
    git(
        directory.path(),
        &["clone", "--quiet", &text(&made["clone_url"])],
    )
    .await;
    let clone = directory.path().join("empty");
    assert_eq!(git(&clone, &["ls-files"]).await, "");
    let path = format!("{}/o/none.git/info/refs", api.caller.base_url);
    let answer = api.caller.anonymous("GET", &path).send().await.unwrap();
    assert_eq!(answer.status(), 404);
}
