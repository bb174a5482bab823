//! `cargo local analyze`, as a user calls it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::process::{Output, Stdio};

use eventrelay_tests::{local, repository};
use serde_json::Value;
use tokio::process::Command;

async fn analyze(arguments: &[&str]) -> Output {
    Command::new(local().unwrap())
        .args(["analyze", "--no-build", "--ephemeral"])
        .args(arguments)
        .current_dir(repository(""))
        .env_remove("GEMINI_API_KEY")
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn a_file_with_its_captions_becomes_an_analysis_on_stdout() {
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
    // No bar is drawn where nobody looks.
    assert!(
        !text(&output.stderr).contains('█'),
        "{}",
        text(&output.stderr)
    );
}

#[tokio::test]
async fn a_youtube_url_with_captions_becomes_markdown() {
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
async fn a_plain_reason_and_a_failure_where_it_cannot_be_done() {
    for (arguments, reason) in [
        (
            &["https://www.youtube.com/playlist?list=PLt5yu3"][..],
            "playlist",
        ),
        (&["no-such-file.mp4"], "no-such-file.mp4"),
        (&["tests/data/media/talk.vtt"], "talk.vtt"),
        (
            &["https://youtu.be/dQw4w9WgXcQ", "--transcript", "README.md"],
            "neither WebVTT nor SRT",
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
