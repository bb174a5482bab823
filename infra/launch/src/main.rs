//! `cargo local`: builds the local runtime with Cargo, then runs it in place of this process.
//!
//! A program without dependencies: on a fresh machine it runs within a second and can say what is
//! being built, which the runtime itself cannot before it is built. The first build also covers the
//! functions, so that one call of Cargo keeps all cores busy; afterwards the runtime builds them.

use std::{
    env,
    ffi::OsString,
    io::{self, BufRead, BufReader, IsTerminal as _},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, ExitCode, ExitStatus, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Instant,
};

use eventrelay_launch::{Report, announcement, report_on_stdout};

const RUNTIME: &str = "eventrelay-local";

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    match run(&arguments) {
        Ok(status) => status
            .code()
            .and_then(|code| u8::try_from(code).ok())
            .map_or(ExitCode::FAILURE, ExitCode::from),
        Err(error) => {
            eprintln!("cargo local: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Builds and becomes the runtime. Returns only if the build fails.
fn run(arguments: &[OsString]) -> io::Result<ExitStatus> {
    let own = env::current_exe()?;
    let folder = own.parent().unwrap_or(Path::new("."));
    let runtime = folder.join(RUNTIME);
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let functions = if runtime.exists() || has_flag(arguments, "--no-build") {
        Vec::new()
    } else {
        functions(&root)?
    };
    if !runtime.exists() {
        eprintln!("{}", announcement(functions.len()));
    }
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.arg("build").current_dir(&root).stdin(Stdio::null());
    if let Some(target) = folder.parent() {
        command.arg("--target-dir").arg(target);
    }
    for name in std::iter::once(RUNTIME.into()).chain(functions) {
        command.arg("--bin").arg(name);
    }
    let status = build(command, io::stderr().is_terminal())?;
    if !status.success() {
        return Ok(status);
    }
    Err(Command::new(runtime).args(arguments).exec())
}

/// Whether a flag stands among the options, before any `--`.
fn has_flag(arguments: &[OsString], flag: &str) -> bool {
    let mut options = arguments.iter().take_while(|argument| *argument != "--");
    options.any(|argument| argument == flag)
}

/// Names of the functions of a workspace: each is a package in a folder of its name.
fn functions(root: &Path) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in root.join("functions").read_dir()? {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            names.push(entry.file_name());
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn build(mut cargo: Command, is_terminal: bool) -> io::Result<ExitStatus> {
    if is_terminal {
        return cargo.stdout(Stdio::null()).status();
    }
    report_on_stdout(&mut cargo);
    let mut child = cargo.stdout(Stdio::piped()).spawn()?;
    let (sender, lines) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
    }
    let mut report = Report::new(Instant::now());
    loop {
        match lines.recv_timeout(report.until_due(Instant::now())) {
            Ok(line) => report.read(&line),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return child.wait(),
        }
        if let Some(line) = report.line(Instant::now()) {
            eprintln!("{line}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flag_after_the_separator_is_no_flag() {
        let arguments = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert!(has_flag(
            &arguments("analyze a.mp4 --no-build"),
            "--no-build"
        ));
        assert!(!has_flag(&arguments("analyze -- --no-build"), "--no-build"));
    }

    #[test]
    fn functions_are_the_packages_of_the_folder() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        let names = functions(Path::new(root)).unwrap();
        assert!(names.contains(&"get-video".into()), "{names:?}");
    }
}
