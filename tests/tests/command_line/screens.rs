//! Screens of a terminal for every command of the README and every help text.

use std::path::Path;

use serde_json::Value;

use crate::{
    readme,
    terminal::{Ended, Setup},
};

/// The terminals that every command is tried in.
fn setups() -> [(&'static str, Setup); 4] {
    let plain = Setup::with_columns;
    [
        ("80 columns", plain(80).with_piped_stdout()),
        ("200 columns", plain(200)),
        ("NO_COLOR", plain(80).with_variable("NO_COLOR", "1")),
        (
            "TERM=dumb",
            plain(80).with_variable("TERM", "dumb").with_piped_stdout(),
        ),
    ]
}

/// Checks that hold for every screen.
fn assert_readable(ended: &Ended, terminal: &str, what: &str) {
    let Ended {
        screen, percents, ..
    } = ended;
    let context = format!("{what}, {terminal}:\n{screen}");
    assert!(!screen.contains("panicked"), "{context}");
    assert!(percents.is_sorted(), "{percents:?} in {context}");
    for stage in &ended.stages {
        let is_in_words = stage.starts_with(char::is_uppercase) && !stage.contains('_');
        assert!(is_in_words, "{stage:?} in {context}");
    }
    match terminal {
        "NO_COLOR" => assert!(!ended.has_colours(), "{context}"),
        "TERM=dumb" => assert!(!ended.has_escapes(), "{context}"),
        _ => {}
    }
}

#[tokio::test]
async fn commands_run_with_stderr_in_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let ended = Setup::with_columns(80)
        .run(&["--no-build", "--data", data, "key", "list"])
        .await;
    assert_eq!(ended.code(), 0, "{}", ended.screen);
    assert!(ended.screen.starts_with("KEY ID"), "{}", ended.screen);
}

#[tokio::test]
async fn help_texts_fit_every_terminal_width() {
    let commands: [&[&str]; 8] = [
        &[],
        &["analyze"],
        &["build"],
        &["sam"],
        &["key"],
        &["key", "create"],
        &["key", "list"],
        &["key", "revoke"],
    ];
    for (terminal, setup) in setups() {
        for command in commands {
            let ended = setup.run(&[command, &["--help"]].concat()).await;
            let help = if ended.stdout.is_empty() {
                &ended.screen
            } else {
                &ended.stdout
            };
            assert_eq!(ended.code(), 0, "{help}");
            let usage = ["Usage: cargo local", &command.join(" ")].join(" ");
            assert!(help.contains(usage.trim_end()), "{terminal}: {help}");
            assert!(help.contains("Examples:"), "{terminal}: {help}");
            assert_eq!(ended.wrapped, [""; 0], "{terminal}: {help}");
            assert!(!ended.stdout.contains('\u{1b}'), "{terminal}: {help}");
            assert_readable(&ended, terminal, "help");
        }
    }
}

/// Runs every command of the README in one terminal, on a data folder of its own.
async fn commands_of_the_readme_run_in(terminal: &str) {
    let (_, setup) = setups()
        .into_iter()
        .find(|(name, _)| *name == terminal)
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let upstreams = readme::Upstreams::start().await;
    let mut has_shown_progress = false;
    for (number, command) in readme::commands().into_iter().enumerate() {
        // Apart from each other, so that no analysis is found that another command has made.
        let name = if command.is("key") {
            "keys".to_owned()
        } else {
            number.to_string()
        };
        let folder = folder.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let mut run = command.prepared(&folder, &upstreams);
        for argument in run.arguments.iter_mut().filter(|word| *word == "KEY_ID") {
            *argument = key_id(&folder).await;
        }
        let mut setup = setup.clone();
        for (name, value) in &run.environment {
            setup = setup.with_variable(name, value);
        }
        let arguments: Vec<&str> = run.arguments.iter().map(String::as_str).collect();
        let mut started = setup.start(&arguments);
        if run.runs_until_stopped {
            // Its last line; on stdout, which may be piped.
            let name = if command.is("sam") {
                "template.json"
            } else {
                "data/running.json"
            };
            started.until_exists(&folder.join(name)).await;
            started.type_in(b"\x03").await;
        }
        let ended = started.end().await;
        let has = |word: &str| run.arguments.iter().any(|argument| argument == word);
        let expected = if run.runs_until_stopped {
            130
        } else if (has("analyze") || has("build")) && !has("--transcript") {
            // Here a stand-in answers also in place of the service that has a key.
            3
        } else {
            0
        };
        assert_eq!(ended.code(), expected, "{command:?}: {}", ended.screen);
        assert_readable(&ended, terminal, &command.line);
        if !ended.stdout.is_empty() {
            assert!(!ended.stdout.contains('\u{1b}'), "{}", ended.stdout);
            assert_eq!(ended.wrapped, [""; 0], "{command:?}");
        }
        assert_output(&command, &ended, &run.arguments);
        has_shown_progress |= ended.percents.len() > 2;
    }
    assert!(has_shown_progress, "{terminal}: no progress was shown");
}

/// Id of a key of the data folder in `folder`.
async fn key_id(folder: &Path) -> String {
    let data = folder.join("data");
    let arguments = ["key", "list", "--json", "--data", data.to_str().unwrap()];
    let setup = Setup::with_columns(80).with_piped_stdout();
    let keys: Value = serde_json::from_str(&setup.run(&arguments).await.stdout).unwrap();
    keys[0]["key_id"].as_str().expect("a key").to_owned()
}

/// The result of a command, whole and alone.
fn assert_output(command: &readme::Command, ended: &Ended, arguments: &[String]) {
    let output = if ended.stdout.is_empty() {
        &ended.screen
    } else {
        &ended.stdout
    };
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    if has("build") || has("analyze") && !has("md") {
        let Some(start) = output.find('{') else {
            panic!("{command:?}: {output}");
        };
        if ended.stdout.is_empty() {
            assert!(output[start..].starts_with("{\n"), "indented: {output}");
        } else {
            let value: Value = serde_json::from_str(output).unwrap();
            assert!(value.is_object(), "{output}");
            let lines = output.lines().count();
            assert_eq!(lines == 1, has("analyze"), "{output}");
        }
    } else if has("analyze") {
        let page = output.lines().any(|line| line.starts_with("# "));
        assert!(page, "{command:?}: {output}");
    }
}

#[tokio::test]
async fn commands_of_the_readme_run_in_80_columns() {
    commands_of_the_readme_run_in("80 columns").await;
}

#[tokio::test]
async fn commands_of_the_readme_run_in_200_columns() {
    commands_of_the_readme_run_in("200 columns").await;
}

#[tokio::test]
async fn commands_of_the_readme_run_without_colour() {
    commands_of_the_readme_run_in("NO_COLOR").await;
}

#[tokio::test]
async fn commands_of_the_readme_run_in_a_dumb_terminal() {
    commands_of_the_readme_run_in("TERM=dumb").await;
}

#[test]
fn commands_of_the_documents_are_quoted_for_zsh() {
    let mut count = 0;
    for document in [
        "README.md",
        "CONTRIBUTING.md",
        "functions/README.md",
        "infra/README.md",
        "tests/README.md",
    ] {
        for line in readme::shell_lines(Path::new(document)) {
            count += 1;
            let unquoted = readme::outside_quotes(&line);
            // Characters that zsh expands, and refuses if no file matches.
            let expanded = unquoted.find(['?', '*', '[']);
            assert_eq!(expanded, None, "{document}: {line}");
        }
    }
    assert!(count > 20, "{count} lines");
}
