//! Ctrl-C and SIGTERM.

use std::{path::Path, time::Duration};

use eventrelay_tests::{PATIENCE, read, until};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::{
    plan_fault,
    readme::Upstreams,
    send,
    terminal::{Setup, Terminal},
};

const URL: &str = "https://youtu.be/jNQXAC9IVRw";

/// Arguments for a command on this data folder.
fn on<'a>(data: &'a Path, more: &[&'a str]) -> Vec<&'a str> {
    [
        &[
            "--no-build",
            "--port",
            "0",
            "--data",
            data.to_str().unwrap(),
        ],
        more,
    ]
    .concat()
}

fn setup(upstreams: &Upstreams) -> Setup {
    let variables = upstreams.variables();
    let plain = Setup::with_columns(80);
    let with = |setup: Setup, (name, value): &(&str, String)| setup.with_variable(name, value);
    variables.iter().fold(plain, with)
}

/// Arguments of every command, in a state in which it waits.
fn commands() -> [&'static [&'static str]; 5] {
    [
        &[],
        &["analyze", URL],
        &["build", URL, "--type", "web"],
        &["sam", "--template", "template.yaml", "--out", "/dev/null"],
        &["key", "list"],
    ]
}

#[tokio::test]
async fn signals_while_waiting_for_the_folder_exit_with_130_or_143() {
    for command in commands() {
        for (signal, code) in [("INT", 130), ("TERM", 143)] {
            let folder = tempfile::tempdir().unwrap();
            // Another process has the folder and is not ready.
            let lock = std::fs::File::create(folder.path().join("lock")).unwrap();
            lock.lock().unwrap();
            let mut terminal = Setup::with_columns(80).start(&on(folder.path(), command));
            if command.is_empty() {
                // It says nothing while it waits; its own signal handlers are there once it has
                // restricted the folder.
                until_private(folder.path()).await;
            } else {
                let waits = |screen: &str| screen.contains("Waiting for another `cargo local`");
                terminal.until("notice that it waits", waits).await;
            }
            send(signal, terminal.process()).await;
            let ended = terminal.end_within(PATIENCE).await;
            assert_eq!(ended.code(), code, "{command:?}: {}", ended.screen);
            assert!(!ended.screen.contains("panicked"), "{}", ended.screen);
        }
    }
}

async fn until_private(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let is_private = async || {
        let mode = folder.metadata()?.permissions().mode() & 0o777;
        Ok((mode == 0o700 && folder.join("lock").exists()).then_some(()))
    };
    until(PATIENCE, is_private).await.unwrap();
}

/// Number of questions that the model has read.
async fn questions(upstreams: &Upstreams) -> anyhow::Result<usize> {
    let url = format!("{}/_control/calls", upstreams.gemini());
    let calls = read(eventrelay_tests::client()?.get(url)).await?.json();
    let is_question = |call: &&Value| {
        let path = call["path"].as_str().unwrap_or_default();
        path.contains(":generateContent") && call["bytes"] != 0
    };
    Ok(calls
        .as_array()
        .map_or(0, |calls| calls.iter().filter(is_question).count()))
}

/// An analysis that waits for a model that does not answer.
async fn waiting(upstreams: &Upstreams, data: &Path, command: &[&str]) -> Terminal {
    let fault = json!({"kind": "slow", "ms": 600_000});
    plan_fault(upstreams.gemini(), fault, None).await;
    let asked_before = questions(upstreams).await.unwrap();
    let mut terminal = setup(upstreams).start(&on(data, command));
    let analyses = |screen: &str| screen.contains("Analysing");
    terminal.until("analysis", analyses).await;
    // The stage begins before the request. The fault strikes once: left over, it would strike the
    // next command.
    let is_asked = async || Ok((questions(upstreams).await? > asked_before).then_some(()));
    until(PATIENCE, is_asked).await.unwrap();
    terminal
}

#[tokio::test]
async fn ctrl_c_ends_a_working_command_and_reports_what_stays() {
    let upstreams = Upstreams::start().await;
    for command in [&["analyze", URL][..], &["build", URL, "--type", "web"]] {
        let folder = tempfile::tempdir().unwrap();
        let mut terminal = waiting(&upstreams, folder.path(), command).await;
        terminal.type_in(b"\x03").await;
        let ended = terminal.end_within(PATIENCE).await;
        assert_eq!(ended.code(), 130, "{}", ended.screen);
        let said = ended.screen.replace('\n', "");
        assert!(said.contains("The job is kept in"), "{}", ended.screen);
    }
}

#[tokio::test]
async fn same_command_after_ctrl_c_resumes_its_job() {
    let upstreams = Upstreams::start().await;
    let folder = tempfile::tempdir().unwrap();
    let captions = ["--transcript", "tests/data/media/talk.vtt"];
    let command = [&["analyze", URL], &captions[..]].concat();
    let mut terminal = waiting(&upstreams, folder.path(), &command).await;
    terminal.type_in(b"\x03").await;
    assert_eq!(terminal.end_within(PATIENCE).await.code(), 130);
    let ended = setup(&upstreams).run(&on(folder.path(), &command)).await;
    assert_eq!(ended.code(), 0, "{}", ended.screen);
}

#[tokio::test]
async fn second_ctrl_c_exits_immediately() {
    let upstreams = Upstreams::start().await;
    let folder = tempfile::tempdir().unwrap();
    let mut terminal = waiting(&upstreams, folder.path(), &["analyze", URL]).await;
    // The orderly end waits for requests under way, and this one never arrives whole.
    let running = std::fs::read(folder.path().join("running.json")).unwrap();
    let running: Value = serde_json::from_slice(&running).unwrap();
    let api = running["api"]
        .as_str()
        .unwrap()
        .trim_start_matches("http://");
    let mut connection = TcpStream::connect(api).await.unwrap();
    let key = running["api_key"].as_str().unwrap();
    let request = format!(
        "POST /v1/videos HTTP/1.1\r\nhost: localhost\r\nx-api-key: {key}\r\n\
         content-type: application/json\r\ncontent-length: 100\r\n\r\n{{"
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    terminal.type_in(b"\x03").await;
    let says = |screen: &str| screen.contains("Interrupted.");
    terminal.until("farewell", says).await;
    terminal.type_in(b"\x03").await;
    let ended = terminal.end_within(Duration::from_secs(60)).await;
    assert_eq!(ended.code(), 130, "{}", ended.screen);
    // An orderly end removes it.
    assert!(folder.path().join("running.json").exists());
}
