//! The archive of a release: the runtime, the functions and the template in one folder, on a machine
//! without Rust and without the source.

use std::{fs, path::Path, process::Output};

use eventrelay_package::local::{FUNCTIONS, RUNTIME};
use eventrelay_tests::{local, repository};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::text;

/// Lays the programs of this build out as an archive does.
fn unpacked() -> TempDir {
    let runtime = local().unwrap();
    let built = runtime.parent().unwrap();
    // Hard links need the same file system.
    let folder = TempDir::new_in(built).unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::hard_link(runtime, at(RUNTIME)).unwrap();
    fs::copy(repository("template.yaml"), at("template.yaml")).unwrap();
    fs::create_dir(at(FUNCTIONS)).unwrap();
    for function in fs::read_dir(repository("functions")).unwrap() {
        let name = function.unwrap().file_name();
        if let Some(binary) = Some(built.join(&name)).filter(|binary| binary.is_file()) {
            fs::hard_link(binary, at(FUNCTIONS).join(&name)).unwrap();
        }
    }
    folder
}

async fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(folder.join(RUNTIME))
        .args(arguments)
        .current_dir(folder)
        .env("PATH", "")
        .env_remove("CARGO")
        .env_remove("GEMINI_API_KEY")
        .output()
        .await
        .unwrap()
}

#[tokio::test]
async fn archive_without_rust_and_source_analyses_a_video() {
    let folder = unpacked();
    let video = repository("tests/data/media/talk.mp4");
    let captions = repository("tests/data/media/talk.vtt");
    let arguments = [
        "analyze",
        video.to_str().unwrap(),
        "--transcript",
        captions.to_str().unwrap(),
    ];
    let output = run(folder.path(), &arguments).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    let analysis: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(!analysis["chapters"].as_array().unwrap().is_empty());
    assert!(folder.path().join(".local").is_dir(), "no state here");
}

#[tokio::test]
async fn watch_in_archive_is_refused() {
    let folder = unpacked();
    let output = run(folder.path(), &["--watch", "--port", "0"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("--watch needs the source"));
}
