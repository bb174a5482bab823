//! `cargo local`, as a person calls it at a terminal and as a script calls it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod archive;
mod first_contact;
mod interrupts;
mod readme;
mod screens;
mod sharing;
mod terminal;
mod watch;

use std::{
    collections::BTreeMap,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Output, Stdio},
};

use eventrelay_tests::{local, read, repository};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::process::Command;

/// Plans a fault of a stand-in of Gemini for its next answer about a video, or for the next one.
async fn plan_fault(gemini: &str, fault: Value, video: Option<&str>) {
    let planned = json!({"on": "generate", "match": video, "fault": fault});
    let request = eventrelay_tests::client()
        .unwrap()
        .post(format!("{gemini}/_control/faults"))
        .header("content-type", "application/json")
        .body(planned.to_string());
    let answer = read(request).await.unwrap();
    assert!(answer.status.is_success(), "{}", answer.text());
}

/// Sends a signal to a process.
async fn send(signal: &str, process: u32) {
    let sent = Command::new("kill")
        .args([&format!("-{signal}"), &process.to_string()])
        .status();
    assert!(sent.await.unwrap().success());
}

async fn analyze(arguments: &[&str]) -> Output {
    command("analyze", arguments).await
}

async fn command(command: &str, arguments: &[&str]) -> Output {
    Command::new(local().unwrap())
        .args([command, "--no-build", "--ephemeral"])
        .args(arguments)
        .current_dir(repository(""))
        .env_remove("GEMINI_API_KEY")
        .env_remove("GITHUB_TOKEN")
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn analyze_of_file_with_captions_prints_analysis() {
    let file = [
        "tests/data/media/talk.mp4",
        "--transcript",
        "tests/data/media/talk.vtt",
    ];
    let output = analyze(&file).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    let analysis: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(analysis["provenance"]["model"], "stand-in");
    let actions = analysis["actions"].as_array().unwrap();
    assert!(
        actions.iter().any(|action| action["at_s"] == 4.128),
        "{actions:?}"
    );
    // Without a terminal there is no progress bar.
    assert!(
        !text(&output.stderr).contains('█'),
        "{}",
        text(&output.stderr)
    );
}

#[tokio::test]
async fn analyze_of_youtube_url_as_markdown_prints_it() {
    let url = [
        "https://youtu.be/jNQXAC9IVRw",
        "--transcript",
        "tests/data/media/talk.vtt",
        "--format",
        "md",
    ];
    let output = analyze(&url).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    let markdown = text(&output.stdout);
    assert!(
        markdown.starts_with("# ") && markdown.contains("## Chapters"),
        "{markdown}"
    );
    assert!(
        markdown.contains("https://youtu.be/jNQXAC9IVRw?t=4"),
        "{markdown}"
    );
}

#[tokio::test]
async fn analyze_of_invalid_input_fails_with_a_reason() {
    for (arguments, reason) in [
        (
            &["https://www.youtube.com/playlist?list=PLt5yu3"][..],
            "playlist",
        ),
        (&["no-such-file.mp4"], "no-such-file.mp4"),
        (&["tests/data/media/talk.vtt"], "talk.vtt"),
        (
            &["https://youtu.be/dQw4w9WgXcQ", "--transcript", "README.md"],
            "neither WebVTT nor SubRip",
        ),
    ] {
        let output = analyze(arguments).await;
        assert!(!output.status.success(), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
        let stderr = text(&output.stderr);
        assert!(stderr.contains(reason), "{arguments:?}: {stderr}");
        assert!(
            !stderr.contains("panicked") && stderr.lines().count() < 6,
            "{stderr}"
        );
    }
}

#[tokio::test]
async fn deployed_repository_clone_matches_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let clone = folder.path().join("clone");
    let arguments = [
        "tests/data/media/talk.mp4",
        "--transcript",
        "tests/data/media/talk.vtt",
        "--type",
        "web",
        "--target",
        "github",
        "--checkout",
        clone.to_str().unwrap(),
    ];
    let output = command("build", &arguments).await;
    let stderr = text(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let built: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(built["project"]["status"], "ready");
    assert_eq!(built["deployment"]["change"], "created");
    for stage in ["Planning", "Sending"] {
        assert!(stderr.contains(&format!(" % {stage}\n")), "{stderr}");
    }
    let files = built["project"]["manifest"]["files"].as_array().unwrap();
    let mut expected: BTreeMap<String, String> = BTreeMap::new();
    for file in files {
        let word = |name: &str| file[name].as_str().unwrap().to_owned();
        expected.insert(word("path"), format!("{} {}", word("mode"), word("sha256")));
    }
    assert!(expected.contains_key("app/page.tsx"), "{expected:?}");
    assert_eq!(checked_out(&clone), expected);
}

/// Mode and SHA-256 of every file of a clone, by its path.
fn checked_out(clone: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![clone.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let relative = path.strip_prefix(clone).unwrap().to_str().unwrap();
            if path.is_dir() && relative != ".git" {
                folders.push(path);
            } else if path.is_file() {
                let is_executable = path.metadata().unwrap().permissions().mode() & 0o100 != 0;
                let mode = if is_executable { "100755" } else { "100644" };
                let digest = hex::encode(Sha256::digest(std::fs::read(&path).unwrap()));
                found.insert(relative.to_owned(), format!("{mode} {digest}"));
            }
        }
    }
    found
}
