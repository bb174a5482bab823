//! `cargo local` on a machine where nothing is built, with a Cargo that only pretends to build.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Taken by each test: a program cannot be started while another thread that starts one has inherited
/// the handle that wrote it (ETXTBSY of execve(2)).
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A target folder of its own with the launcher in it, and a Cargo beside it.
fn machine(name: &str, cargo: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("debug")).unwrap();
    let launcher = env!("CARGO_BIN_EXE_eventrelay-launch");
    fs::copy(launcher, folder.join("debug/eventrelay-launch")).unwrap();
    fs::write(folder.join("cargo"), cargo).unwrap();
    fs::set_permissions(folder.join("cargo"), Permissions::from_mode(0o755)).unwrap();
    folder
}

fn launch(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(folder.join("debug/eventrelay-launch"))
        .args(arguments)
        .env("CARGO", folder.join("cargo"))
        .env("FOLDER", folder)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Notes its arguments and "builds" a runtime that prints its own.
const BUILDS: &str = r#"#!/bin/sh
echo "$@" >> "$FOLDER/calls"
printf '#!/bin/sh\necho "runtime: $*"\nexit 7\n' > "$FOLDER/debug/eventrelay-local"
chmod +x "$FOLDER/debug/eventrelay-local"
"#;

#[test]
fn first_build_is_announced_and_covers_runtime_and_functions() {
    let _alone = alone();
    let folder = machine("first", BUILDS);
    let output = launch(&folder, &["analyze", "a b.mp4"]);
    assert_eq!(
        output.status.code(),
        Some(7),
        "the exit code of the runtime"
    );
    assert_eq!(text(&output.stdout), "runtime: analyze a b.mp4\n");
    let stderr = text(&output.stderr);
    assert!(stderr.contains("Building EventRelay"), "{stderr}");
    assert!(stderr.contains("minutes on 2 cores"), "{stderr}");
    let calls = fs::read_to_string(folder.join("calls")).unwrap();
    for wanted in ["--bin eventrelay-local", "--bin get-video", "--quiet"] {
        assert!(calls.contains(wanted), "{calls}");
    }

    // Later the runtime builds the functions, and there is nothing to announce.
    let output = launch(&folder, &["key", "list"]);
    assert_eq!(text(&output.stdout), "runtime: key list\n");
    assert_eq!(text(&output.stderr), "");
    let calls = fs::read_to_string(folder.join("calls")).unwrap();
    let second = calls.lines().nth(1).unwrap();
    assert!(!second.contains("get-video"), "{second}");
}

#[test]
fn failed_build_starts_nothing() {
    let _alone = alone();
    let folder = machine("failed", "#!/bin/sh\necho 'error: broken' >&2\nexit 101\n");
    let output = launch(&folder, &["analyze", "a.mp4"]);
    assert_eq!(output.status.code(), Some(101));
    assert_eq!(text(&output.stdout), "");
    assert!(text(&output.stderr).contains("error: broken"));
}
