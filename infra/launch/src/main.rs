//! `cargo local`: builds the local runtime with Cargo, then replaces itself by it.
//!
//! The program has no dependencies. On a new machine it starts within a second and prints what is
//! being built. The first build includes the functions, so that one call of Cargo keeps all cores
//! busy. Afterwards the runtime builds them.

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

use eventrelay_launch::{Report, announcement, cargo, report_on_stdout};

const RUNTIME: &str = "eventrelay-local";

/// Removes Cargo's line "Finished". The runtime calls Cargo again, which prints the same line.
const ERASE_LINE_ABOVE: &str = "\x1b[1A\x1b[2K";

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

/// Builds the runtime and replaces this process by it. Returns only if the build fails.
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
    let mut command = cargo();
    command.arg("build").current_dir(&root).stdin(Stdio::null());
    if let Some(target) = folder.parent() {
        command.arg("--target-dir").arg(target);
    }
    for name in std::iter::once(RUNTIME.into()).chain(functions) {
        command.arg("--bin").arg(name);
    }
    let is_terminal = io::stderr().is_terminal();
    let status = build(command, is_terminal)?;
    if !status.success() {
        return Ok(status);
    }
    if is_terminal && env::var_os("TERM").is_some_and(|name| name != "dumb") {
        eprint!("{ERASE_LINE_ABOVE}");
    }
    Err(Command::new(runtime).args(arguments).exec())
}

/// Returns whether the options, before any `--`, contain a flag.
fn has_flag(arguments: &[OsString], flag: &str) -> bool {
    let mut options = arguments.iter().take_while(|argument| *argument != "--");
    options.any(|argument| argument == flag)
}

/// Returns the names of the functions. Each is a package in a folder of its name.
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
    fn flag_after_the_separator_is_ignored() {
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
