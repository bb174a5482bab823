//! Commands that use one data folder at the same time.

use std::path::Path;

use eventrelay_tests::{PATIENCE, until};
use serde_json::{Value, json};

use crate::{
    plan_fault,
    readme::Upstreams,
    send,
    terminal::{Ended, Setup, Terminal},
};

/// Videos, each with its id alone.
const VIDEOS: [&str; 4] = ["jNQXAC9IVRw", "dQw4w9WgXcQ", "9bZkp7q19f0", "kJQP7kiw5Fk"];

fn setup(upstreams: &Upstreams) -> Setup {
    let plain = Setup::with_columns(80).with_piped_stdout();
    let with = |setup: Setup, (name, value): &(&str, String)| setup.with_variable(name, value);
    upstreams.variables().iter().fold(plain, with)
}

fn analyze(setup: &Setup, data: &Path, video: &str) -> Terminal {
    let url = format!("https://youtu.be/{video}");
    setup.start(&[
        "analyze",
        &url,
        "--transcript",
        "tests/data/media/talk.vtt",
        "--no-build",
        "--data",
        data.to_str().unwrap(),
    ])
}

fn assert_analysed(ended: &Ended, video: &str) {
    assert_eq!(ended.code(), 0, "{video}: {}", ended.screen);
    let analysis: Value = serde_json::from_str(&ended.stdout).unwrap();
    let source = analysis["video"].to_string();
    assert!(source.contains(video), "{source}");
}

async fn at_the_model(terminal: &mut Terminal) {
    let analyses = |screen: &str| screen.contains("Analysing");
    terminal.until("analysis", analyses).await;
}

/// Delays the next answer of the model about a video.
async fn slow(upstreams: &Upstreams, video: &str, ms: u64) {
    plan_fault(
        upstreams.gemini(),
        json!({"kind": "slow", "ms": ms}),
        Some(video),
    )
    .await;
}

#[tokio::test]
async fn shared_stack_survives_exit_of_its_owner() {
    let upstreams = Upstreams::start().await;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    slow(&upstreams, VIDEOS[0], 10_000).await;
    slow(&upstreams, VIDEOS[1], 20_000).await;
    let setup = setup(&upstreams);
    let mut first = analyze(&setup, &data, VIDEOS[0]);
    at_the_model(&mut first).await;
    let mut second = analyze(&setup, &data, VIDEOS[1]);
    at_the_model(&mut second).await;
    let lends = |screen: &str| screen.contains("Another command uses this system");
    first.until("notice that the system goes on", lends).await;
    let (first, second) = tokio::join!(first.end(), second.end());
    assert_analysed(&first, VIDEOS[0]);
    assert_analysed(&second, VIDEOS[1]);
}

#[tokio::test]
async fn shared_stack_survives_kill_and_interrupt_of_its_owner() {
    for (signal, code) in [("KILL", -1), ("INT", 130)] {
        let upstreams = Upstreams::start().await;
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        for video in &VIDEOS[..2] {
            slow(&upstreams, video, 600_000).await;
        }
        let setup = setup(&upstreams);
        let mut owner = analyze(&setup, &data, VIDEOS[0]);
        at_the_model(&mut owner).await;
        let mut other = analyze(&setup, &data, VIDEOS[1]);
        at_the_model(&mut other).await;
        send(signal, owner.process()).await;
        assert_eq!(owner.end_within(PATIENCE).await.code(), code);
        let ended = other.end().await;
        assert!(
            ended.written.contains("This command starts it again"),
            "{}",
            ended.screen
        );
        assert!(ended.percents.is_sorted(), "{:?}", ended.percents);
        assert_analysed(&ended, VIDEOS[1]);
    }
}

#[tokio::test]
async fn four_concurrent_commands_all_finish() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let setup = Setup::with_columns(80).with_piped_stdout();
    let [one, two, three, four] = VIDEOS.map(|video| analyze(&setup, &data, video));
    let (one, two, three, four) = tokio::join!(one.end(), two.end(), three.end(), four.end());
    for (ended, video) in [one, two, three, four].iter().zip(VIDEOS) {
        assert_analysed(ended, video);
    }
}

#[tokio::test]
async fn key_list_during_an_analysis_succeeds() {
    let upstreams = Upstreams::start().await;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    slow(&upstreams, VIDEOS[0], 600_000).await;
    let mut owner = analyze(&setup(&upstreams), &data, VIDEOS[0]);
    // From the first moment on, when it is only starting.
    let locked = async || Ok(data.join("lock").exists().then_some(()));
    until(PATIENCE, locked).await.unwrap();
    let arguments = ["key", "list", "--json", "--data", data.to_str().unwrap()];
    let listed = Setup::with_columns(80)
        .with_piped_stdout()
        .run(&arguments)
        .await;
    assert_eq!(listed.code(), 0, "{}", listed.screen);
    let keys: Value = serde_json::from_str(&listed.stdout).unwrap();
    assert!(keys.is_array(), "{keys}");
    owner.type_in(b"\x03").await;
    assert_eq!(owner.end_within(PATIENCE).await.code(), 130);
}
