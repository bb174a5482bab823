//! The folder of the template, and its functions as Cargo builds them.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    io::IsTerminal as _,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::{Instant, SystemTime},
};

use anyhow::{Context as _, bail};
use eventrelay_launch::{Report, cargo, report_on_stdout};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
    time::timeout,
};

use crate::template::{self, Site, model::Template};

/// Folder of the workspace that this program was built in. A program that was built for an archive
/// has none, and contains no path of the build machine.
const OWN: Option<&str> = match option_env!("EVENTRELAY_ARCHIVE") {
    Some(_) => None,
    None => Some(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")),
};

/// Folder of the functions in an archive, beside this program and `template.yaml`.
const ARCHIVED_FUNCTIONS: &str = "functions";

/// Maximum lines of a failed build that are shown.
const MAX_LINES: usize = 20;

/// A template and the functions that belong to it.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// Folder of the built functions.
    pub(crate) binaries: PathBuf,
    origin: Origin,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Origin {
    /// The workspace that this program was built in.
    Own,
    /// The workspace of `--workspace`.
    Other,
    /// An archive of a release: everything is built, and there is no source.
    Archive,
}

/// Identity of a binary: a rebuild changes it.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Mark {
    bytes: u64,
    modified: Option<SystemTime>,
}

/// Identities of binaries by name; `None` if there is no file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks(BTreeMap<String, Option<Mark>>);

impl Marks {
    /// Returns the names of the binaries that differ from `before`.
    pub(crate) fn changed_since(&self, before: &Self) -> BTreeSet<String> {
        let changed = |(name, mark): &(&String, &Option<Mark>)| {
            before.0.get(*name).is_some_and(|old| old != *mark)
        };
        let changed = self.0.iter().filter(changed);
        changed.map(|(name, _)| name.clone()).collect()
    }
}

impl Workspace {
    /// Opens `other` if it is given. Otherwise opens the archive that this program was unpacked
    /// from, or else the workspace that it was built in.
    ///
    /// # Errors
    /// If there is no template.
    pub(crate) fn open(other: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(root) = other {
            let root = root
                .canonicalize()
                .with_context(|| root.display().to_string())?;
            return Ok(Self {
                binaries: root.join("target/debug"),
                root,
                origin: Origin::Other,
            });
        }
        let own = std::env::current_exe()?;
        let folder = own.parent().context("this program is in no folder")?;
        if folder.join("template.yaml").is_file() {
            return Ok(Self {
                root: folder.into(),
                binaries: folder.join(ARCHIVED_FUNCTIONS),
                origin: Origin::Archive,
            });
        }
        let root =
            OWN.with_context(|| format!("there is no template.yaml in {}", folder.display()))?;
        Ok(Self {
            // If the source was moved, the template is not found under this name.
            root: Path::new(root)
                .canonicalize()
                .unwrap_or_else(|_| root.into()),
            binaries: folder.into(),
            origin: Origin::Own,
        })
    }

    /// Returns whether the workspace has source code.
    pub(crate) fn has_source(&self) -> bool {
        self.origin != Origin::Archive
    }

    /// Reads the template.
    ///
    /// # Errors
    /// If the template is invalid.
    pub(crate) fn template(
        &self,
        sqs: &str,
        overrides: &BTreeMap<String, String>,
    ) -> anyhow::Result<Template> {
        let path = self.root.join("template.yaml");
        let text = std::fs::read_to_string(&path).context("cannot read template.yaml")?;
        template::read(&text, &Site { sqs, overrides }).context("template.yaml")
    }

    /// Builds the functions with progress on stderr: Cargo's own in a terminal, a line per minute
    /// in a pipe.
    ///
    /// # Errors
    /// If the build fails.
    pub(crate) async fn build(&self, template: &Template) -> anyhow::Result<()> {
        if !self.has_source() {
            return Ok(());
        }
        let mut command = self.command(binaries(template));
        let status = if std::io::stderr().is_terminal() {
            command.status().await
        } else {
            with_lines(command).await
        };
        if !status.context("cannot run cargo")?.success() {
            bail!("the functions do not build");
        }
        Ok(())
    }

    /// Builds the functions, or `only` these binaries of them, without output.
    ///
    /// # Errors
    /// If the build fails, with a line for each error.
    pub(crate) async fn build_quietly(
        &self,
        template: &Template,
        only: Option<&BTreeSet<String>>,
    ) -> anyhow::Result<()> {
        let mut names = binaries(template);
        names.retain(|name| only.is_none_or(|only| only.contains(*name)));
        if names.is_empty() {
            return Ok(());
        }
        let output = self
            .command(names)
            .args(["--quiet", "--message-format", "short"])
            .stderr(Stdio::piped())
            .output()
            .await
            .context("cannot run cargo")?;
        if !output.status.success() {
            bail!("{}", errors(&String::from_utf8_lossy(&output.stderr)));
        }
        Ok(())
    }

    fn command(&self, binaries: BTreeSet<&str>) -> Command {
        let mut command = Command::from(cargo());
        command
            .arg("build")
            .current_dir(&self.root)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true);
        let is_other = self.origin == Origin::Other;
        if is_other {
            let folder: OsString = self.root.join("target").into();
            command.arg("--target-dir").arg(folder);
        } else if let Some(profile) = profile(&self.binaries) {
            command.args(["--profile", profile]);
        }
        // The features of the whole workspace are used, as its tests use them, so that shared code
        // is compiled once.
        let kind = if is_other { "--package" } else { "--bin" };
        for name in binaries {
            command.args([kind, name]);
        }
        command
    }

    /// Returns the identities of the binaries.
    pub(crate) fn marks(&self, template: &Template) -> Marks {
        let mark = |name: &str| {
            let metadata = self.binaries.join(name).metadata().ok();
            let mark = metadata.map(|metadata| Mark {
                bytes: metadata.len(),
                modified: metadata.modified().ok(),
            });
            (name.to_owned(), mark)
        };
        Marks(binaries(template).into_iter().map(mark).collect())
    }
}

/// Runs Cargo and prints a line per minute.
async fn with_lines(mut command: Command) -> std::io::Result<ExitStatus> {
    report_on_stdout(command.as_std_mut());
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut report = Report::new(Instant::now());
    if let Some(stdout) = child.stdout.take() {
        let mut lines = BufReader::new(stdout).lines();
        loop {
            match timeout(report.until_due(Instant::now()), lines.next_line()).await {
                Ok(Ok(Some(line))) => report.read(&line),
                Ok(_) => break,
                Err(_) => {}
            }
            if let Some(line) = report.line(Instant::now()) {
                eprintln!("{line}");
            }
        }
    }
    child.wait().await
}

fn binaries(template: &Template) -> BTreeSet<&str> {
    let functions = template.functions.iter();
    functions.map(|function| function.binary.as_str()).collect()
}

/// Returns the profile that Cargo builds into this folder, or `None` for its default
/// (<https://doc.rust-lang.org/cargo/guide/build-cache.html>).
fn profile(binaries: &Path) -> Option<&str> {
    let folder = binaries.file_name()?.to_str()?;
    (folder != "debug").then_some(folder)
}

/// Returns the errors of a build with short messages, or its whole output if it has none.
fn errors(text: &str) -> String {
    let is_error = |line: &&str| line.contains(": error") || line.starts_with("error");
    let mut lines: Vec<_> = text.lines().filter(is_error).collect();
    if lines.is_empty() {
        lines = text.lines().collect();
    }
    let more = lines.len().saturating_sub(MAX_LINES);
    lines.truncate(MAX_LINES);
    let mut errors = lines.join("\n");
    if more > 0 {
        errors.push_str(&format!("\n… and {more} lines more"));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn piped_build_keeps_its_exit_code_and_has_no_line_within_a_minute() {
        let mut cargo = Command::new("sh");
        cargo.args(["-c", "echo '{\"reason\":\"compiler-artifact\"}'; exit 101"]);
        let status = with_lines(cargo).await.unwrap();
        assert_eq!(status.code(), Some(101));
    }

    #[test]
    fn functions_are_built_with_the_profile_of_their_folder() {
        assert_eq!(profile(Path::new("/t/debug")), None);
        assert_eq!(profile(Path::new("/t/release")), Some("release"));
        assert_eq!(profile(Path::new("/t/measured")), Some("measured"));
    }

    #[test]
    fn failed_build_shows_its_errors() {
        let text = "a/src/main.rs:1:5: warning: unused\n\
                    a/src/main.rs:3:9: error[E0425]: cannot find value `x`\n\
                    error: could not compile `a`\n";
        assert_eq!(errors(text).lines().count(), 2);
        assert!(errors(text).starts_with("a/src/main.rs:3:9: error[E0425]"));
        assert_eq!(errors("linker gone\n"), "linker gone");
        let many = "error: x\n".repeat(30);
        assert!(errors(&many).ends_with("error: x\n… and 10 lines more"));
    }

    #[test]
    fn changed_binary_is_reported() {
        let mark = |bytes| {
            Some(Mark {
                bytes,
                modified: None,
            })
        };
        let marks = |one, two| Marks([("a".into(), one), ("b".into(), two)].into());
        let before = marks(mark(1), None);
        assert!(marks(mark(1), None).changed_since(&before).is_empty());
        let changed = marks(mark(2), mark(1)).changed_since(&before);
        assert_eq!(changed, BTreeSet::from(["a".into(), "b".into()]));
    }
}
