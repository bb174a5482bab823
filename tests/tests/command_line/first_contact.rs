//! First minutes with `cargo local`.

use std::{fs::Permissions, os::unix::fs::PermissionsExt as _, path::Path, process::Output};

use eventrelay_tests::{PATIENCE, repository, until};
use serde_json::Value;
use tokio::process::Command;

use crate::{
    command, plan_fault,
    readme::Upstreams,
    terminal::{Ended, Setup},
    text,
};

const FILE: &str = "tests/data/media/talk.mp4";
const CAPTIONS: &str = "tests/data/media/talk.vtt";
const URL: &str = "https://youtu.be/jNQXAC9IVRw";

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("JSON on stdout")
}

#[tokio::test]
async fn url_without_captions_and_key_exits_with_3_and_advice() {
    for (name, arguments) in [("analyze", &[URL][..]), ("build", &[URL, "--type", "web"])] {
        let output = command(name, arguments).await;
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{name}: {stderr}");
        let result = json(&output);
        let model = match name {
            "analyze" => &result["provenance"]["model"],
            _ => &result["analysis"]["model"],
        };
        assert_eq!(*model, "stand-in");
        let notice = stderr.find("No model is configured").expect("a notice");
        let work = stderr.find(" % ").expect("a stage");
        assert!(notice < work, "before the work: {stderr}");
        for help in [
            "GEMINI_API_KEY",
            "https://aistudio.google.com/apikey",
            "--transcript",
        ] {
            assert!(stderr.contains(help), "{stderr}");
        }
    }
}

#[tokio::test]
async fn piped_command_writes_one_line_per_stage_without_escapes() {
    let output = command("analyze", &[FILE, "--transcript", CAPTIONS]).await;
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(!stderr.contains('\u{1b}'), "{stderr:?}");
    let lines: Vec<&str> = stderr.lines().filter(|line| line.contains(" % ")).collect();
    assert!(lines.len() >= 3, "{stderr}");
    for line in &lines {
        let (percent, stage) = line.split_once(" % ").unwrap();
        assert!(
            percent.trim().parse::<u64>().is_ok_and(|it| it <= 100),
            "{line}"
        );
        assert!(
            stage.starts_with(char::is_uppercase) && !stage.contains('_'),
            "{line}"
        );
    }
    let mut stages: Vec<_> = lines
        .iter()
        .map(|line| line.split_once(" % ").unwrap().1)
        .collect();
    let count = stages.len();
    stages.dedup();
    assert_eq!(stages.len(), count, "one line for each: {stderr}");
    assert_eq!(
        text(&output.stdout).lines().count(),
        1,
        "compact for a pipe"
    );
}

#[tokio::test]
async fn transcript_is_written_as_captions_to_stdout_or_file() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("talk.srt");
    for (format, beginning) in [("vtt", "WEBVTT"), ("srt", "1\n00:00:00,000 --> ")] {
        let arguments = [FILE, "--transcript", CAPTIONS, "--format", format];
        let output = command("analyze", &arguments).await;
        let stdout = text(&output.stdout);
        assert!(stdout.starts_with(beginning), "{format}: {stdout}");
    }
    let file = ["--format", "srt", "--out", out.to_str().unwrap()];
    let arguments = [&[FILE, "--transcript", CAPTIONS], &file[..]].concat();
    let output = command("analyze", &arguments).await;
    assert!(output.status.success() && output.stdout.is_empty());
    assert!(std::fs::read_to_string(out).unwrap().starts_with("1\n"));
}

#[tokio::test]
async fn api_options_are_passed_to_the_api() {
    let arguments = [
        FILE,
        "--transcript",
        CAPTIONS,
        "--resolution",
        "low",
        "--language",
        "de",
        "--start",
        "4",
        "--end",
        "12.5",
    ];
    let output = command("analyze", &arguments).await;
    let stderr = text(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let analysis = json(&output);
    let segments = analysis["transcript"].as_array().unwrap();
    assert!(!segments.is_empty(), "{analysis}");
    for segment in segments {
        let end = segment["end_s"].as_f64().unwrap();
        let start = segment["start_s"].as_f64().unwrap();
        assert!(end >= 4.0 && start <= 12.5, "{segment}");
    }
    // The API keeps to a price only where it knows the prices.
    let capped = [FILE, "--transcript", CAPTIONS, "--max-cost-usd", "1"];
    let output = command("analyze", &capped).await;
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("price of the model"), "{stderr}");
}

#[tokio::test]
async fn invalid_commands_are_refused_before_a_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("large.vtt"), vec![b'x'; 8 << 20]).unwrap();
    std::fs::create_dir(path("full")).unwrap();
    std::fs::write(path("full/file"), "").unwrap();
    let (large, full, none) = (path("large.vtt"), path("full"), path("none.mp4"));
    let cases: &[(&[&str], &[&str])] = &[
        (
            &["analyze", &none],
            &["there is no file", "YouTube URL or id"],
        ),
        (
            &["analyze", FILE, "--language", "english language"],
            &["BCP 47"],
        ),
        (
            &["analyze", FILE, "--start", "9", "--end", "9"],
            &["--end must be after --start"],
        ),
        (
            &["analyze", FILE, "--transcript", &large],
            &["8388608 bytes", "at most"],
        ),
        (
            &["analyze", FILE, "--transcript", &none],
            &["cannot read the transcript"],
        ),
        (
            &["analyze", FILE, "--format", "html"],
            &["json", "md", "vtt", "srt"],
        ),
        (
            &["analyze", FILE, "--resolution", "full"],
            &["low, medium, high"],
        ),
        (&["analyze", FILE, "--max-cost-usd", "0"], &["US dollars"]),
        (
            &["analyze", "https://www.youtube.com/playlist?list=PLt5yu3"],
            &["playlist"],
        ),
        (
            &["build", FILE],
            &["--type is missing", "web, api, cli, ml or mobile"],
        ),
        (
            &["build", FILE, "--type", "game"],
            &["web, api, cli, ml, mobile"],
        ),
        (
            &["build", FILE, "--type", "web", "--framework", "rails"],
            &["nextjs", "static"],
        ),
        (
            &["build", FILE, "--type", "web", "--language", "cobol"],
            &["python", "rust"],
        ),
        (
            &["build", FILE, "--type", "web", "--language", "rust"],
            &["nextjs (typescript)"],
        ),
        (
            &["build", FILE, "--type", "web", "--target", "netlify"],
            &["--framework static"],
        ),
        (
            &["build", FILE, "--type", "web", "--target", "heroku"],
            &["github, github_pages"],
        ),
        (
            &[
                "build",
                FILE,
                "--type",
                "web",
                "--target",
                "github",
                "--checkout",
                &full,
            ],
            &["is not empty"],
        ),
    ];
    for (arguments, expected) in cases {
        let data = path("data");
        let all = [arguments, &["--no-build", "--data", &data][..]].concat();
        let ended = Setup::with_columns(200).with_piped_stdout().run(&all).await;
        let Ended { screen, stdout, .. } = &ended;
        assert_eq!(ended.code(), 2, "{arguments:?}: {screen}");
        assert!(stdout.is_empty(), "{stdout}");
        for part in *expected {
            assert!(screen.contains(part), "{arguments:?}: {screen}");
        }
        assert!(screen.contains("try '--help'"), "{arguments:?}: {screen}");
        assert!(
            !Path::new(&data).exists(),
            "{arguments:?} has started something"
        );
    }
}

#[tokio::test]
async fn dry_run_of_new_project_prints_its_plan_without_starting() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let arguments = [
        "build",
        FILE,
        "--type",
        "web",
        "--target",
        "github",
        "--name",
        "talk",
        "--dry-run",
        "--no-build",
        "--data",
        data.to_str().unwrap(),
    ];
    let ended = Setup::with_columns(80)
        .with_piped_stdout()
        .run(&arguments)
        .await;
    assert_eq!(ended.code(), 0, "{}", ended.screen);
    let told: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(told["dry_run"], true);
    assert_eq!(told["project"]["framework"], "nextjs");
    assert_eq!(told["deployment"]["name"], "talk");
    let stages = told["stages"].as_array().unwrap();
    assert_eq!(stages.first().unwrap(), "analysis");
    assert_eq!(stages.last().unwrap(), "deployment");
    let calls = told["deployment"]["estimated_calls"].as_array().unwrap();
    assert_eq!(calls.len(), 5, "{told}");
    assert!(!data.exists(), "nothing was started");
}

#[tokio::test]
async fn existing_project_is_deployed_or_shown_by_id() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let run = async |arguments: &[&str]| {
        let own = ["--no-build", "--data", data.to_str().unwrap()];
        let setup = Setup::with_columns(80).with_piped_stdout();
        let ended = setup.run(&[&["build"], arguments, &own].concat()).await;
        assert_eq!(ended.code(), 0, "{}", ended.screen);
        let document: Value = serde_json::from_str(&ended.stdout).unwrap();
        (document, ended)
    };
    let kind = ["--type", "web", "--framework", "static"];
    let (made, ended) = run(&[&[FILE, "--transcript", CAPTIONS], &kind[..]].concat()).await;
    let id = made["project"]["project_id"].as_str().unwrap();
    let said = ended.screen.replace('\n', " ");
    assert!(said.contains("end with this command"), "{said}");
    assert!(said.contains("`cargo local --port "), "{said}");
    let (told, _) = run(&[id, "--target", "netlify", "--dry-run"]).await;
    assert_eq!(told["deployment"]["dry_run"], true);
    assert!(!told["deployment"]["files"].as_array().unwrap().is_empty());
    let (deployed, _) = run(&[id, "--target", "github"]).await;
    assert_eq!(deployed["deployment"]["status"], "done", "{deployed}");
}

#[tokio::test]
async fn failed_job_prints_its_reason() {
    let upstreams = Upstreams::start().await;
    let fault = serde_json::json!({"kind": "blocked", "reason": "PROHIBITED_CONTENT"});
    plan_fault(upstreams.gemini(), fault, None).await;
    let plain = Setup::with_columns(80).with_piped_stdout();
    let variables = upstreams.variables();
    let with = |setup: Setup, (name, value): &(&str, String)| setup.with_variable(name, value);
    let setup = variables.iter().fold(plain, with);
    let ended = setup
        .run(&["analyze", URL, "--no-build", "--ephemeral"])
        .await;
    assert_eq!(ended.code(), 1, "{}", ended.screen);
    let said = ended.screen.to_lowercase();
    assert!(said.contains("the analysis failed. "), "{said}");
    assert!(said.contains("prohibited_content"), "{said}");
    assert!(
        !ended.screen.contains('█'),
        "the bar is gone: {}",
        ended.screen
    );
}

/// Everything in a folder that its group or others may use.
fn public(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(path) = pending.pop() {
        // A database may remove its journal meanwhile.
        let Ok(metadata) = path.symlink_metadata() else {
            continue;
        };
        let expected = if metadata.is_dir() { 0o700 } else { 0o600 };
        let mode = metadata.permissions().mode() & 0o777;
        if mode != expected {
            found.push(format!("{} {mode:o}", path.display()));
        }
        if metadata.is_dir() {
            let entries = std::fs::read_dir(&path).unwrap();
            pending.extend(entries.map(|entry| entry.unwrap().path()));
        }
    }
    found
}

#[tokio::test]
async fn data_folder_becomes_private() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir_all(data.join("logs")).unwrap();
    std::fs::write(data.join("logs/SubmitVideo.log"), "").unwrap();
    std::fs::write(data.join("running.json"), "{}").unwrap();
    let open = |path: &Path, mode| {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    };
    open(&data, 0o755);
    open(&data.join("logs"), 0o755);
    open(&data.join("logs/SubmitVideo.log"), 0o644);
    let arguments = [
        "--no-build",
        "--port",
        "0",
        "--data",
        data.to_str().unwrap(),
    ];
    let mut system = Setup::with_columns(80).start(&arguments);
    let runs = |screen: &str| screen.contains("Ctrl-C stops it.");
    system.until("welcome", runs).await;
    let guest = [
        "analyze",
        FILE,
        "--transcript",
        CAPTIONS,
        "--data",
        data.to_str().unwrap(),
    ];
    let ended = Setup::with_columns(80)
        .with_piped_stdout()
        .run(&guest)
        .await;
    assert_eq!(ended.code(), 0, "{}", ended.screen);
    assert_eq!(public(&data), [""; 0], "while it runs");
    assert!(data.join("aws/dynamodb.sqlite").exists() && data.join("api-key").exists());
    system.type_in(b"\x03").await;
    let ended = system.end_within(PATIENCE).await;
    assert_eq!(ended.code(), 130, "{}", ended.screen);
    let kept = ended.screen.replace('\n', "");
    assert!(kept.contains("All state is kept in"), "{}", ended.screen);
    assert_eq!(public(&data), [""; 0], "afterwards");
}

#[tokio::test]
async fn printed_curl_commands_run_unchanged() {
    let mut shells = vec!["sh", "bash"];
    if Command::new("zsh").arg("--version").output().await.is_ok() {
        shells.push("zsh");
    }
    for shell in shells {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let arguments = [
            "--no-build",
            "--port",
            "0",
            "--data",
            data.to_str().unwrap(),
        ];
        let mut system = Setup::with_columns(80).start(&arguments);
        let runs = |screen: &str| screen.contains("Ctrl-C stops it.");
        system.until("welcome", runs).await;
        let screen = system.screen();
        let start = screen.find("# Submit a video").expect("the lines");
        let (block, _) = screen[start..].split_once("\n\n").unwrap();
        // The second time an analysis is stored, and the answer has another link.
        for is_stored in [false, true] {
            let output = copied(shell, block).await;
            let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
            assert!(output.status.success(), "{shell}: {stderr}");
            let first: Value = serde_json::from_str(&stderr).expect("the first answer");
            assert_eq!(first["video_id"], "yt:jNQXAC9IVRw", "{first}");
            assert_eq!(first["status"] == "done", is_stored, "{first}");
            let answers = serde_json::Deserializer::from_str(&stdout).into_iter();
            let answers: Vec<Value> = answers.map(Result::unwrap).collect();
            assert_eq!(answers.len(), 2, "{shell}: {stdout}");
            if !is_stored {
                assert_eq!(answers[0]["job_id"], first["job_id"], "{stdout}");
            }
            for answer in &answers {
                assert!(
                    answer["title"].is_null() || answer["type"].is_null(),
                    "{answer}"
                );
            }
            let done = async || {
                let output = copied(shell, block).await;
                let first: Value = serde_json::from_slice(&output.stderr)?;
                Ok((first["status"] == "done").then_some(()))
            };
            until(PATIENCE, done).await.unwrap();
        }
        system.type_in(b"\x03").await;
        assert_eq!(system.end_within(PATIENCE).await.code(), 130);
    }
}

/// Runs lines that were copied from a screen.
async fn copied(shell: &str, lines: &str) -> Output {
    let mut command = Command::new(shell);
    command.args(["-c", lines]).current_dir(repository(""));
    command.output().await.unwrap()
}
