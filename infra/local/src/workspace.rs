//! The folder whose template is run, and what cargo builds of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    path::{Path, PathBuf},
    process::Stdio,
    time::SystemTime,
};

use anyhow::{Context as _, bail};
use tokio::process::Command;

use crate::template::{self, Site, model::Template};

/// Folder of the workspace which this program is built in.
const OWN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Lines of a build that are shown when it fails.
const MOST_LINES: usize = 20;

/// A workspace.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// Where cargo puts the functions.
    pub(crate) binaries: PathBuf,
    /// It is another one than this program's own.
    is_other: bool,
}

/// What tells a binary from the one that was there before.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Mark {
    bytes: u64,
    modified: Option<SystemTime>,
}

/// Marks of binaries, by their names; none where there is no file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks(BTreeMap<String, Option<Mark>>);

impl Marks {
    /// Names of those that are other ones than before.
    pub(crate) fn changed_since(&self, before: &Self) -> BTreeSet<String> {
        let changed = |(name, mark): &(&String, &Option<Mark>)| {
            before.0.get(*name).is_some_and(|old| old != *mark)
        };
        let changed = self.0.iter().filter(changed);
        changed.map(|(name, _)| name.clone()).collect()
    }
}

impl Workspace {
    /// The workspace of this program, whose functions are built beside it with the same profile, or
    /// another one.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn of(other: Option<&Path>) -> anyhow::Result<Self> {
        if let Some(root) = other {
            let root = root
                .canonicalize()
                .with_context(|| root.display().to_string())?;
            return Ok(Self {
                binaries: root.join("target/debug"),
                root,
                is_other: true,
            });
        }
        let own = std::env::current_exe()?;
        Ok(Self {
            // Where the source has gone, the template is not found, by this name.
            root: Path::new(OWN).canonicalize().unwrap_or_else(|_| OWN.into()),
            binaries: own.parent().context("this program is in no folder")?.into(),
            is_other: false,
        })
    }

    /// Reads the template.
    ///
    /// # Errors
    /// When it is refused.
    pub(crate) fn template(
        &self,
        sqs: &str,
        overrides: &BTreeMap<String, String>,
    ) -> anyhow::Result<Template> {
        let path = self.root.join("template.yaml");
        let text = std::fs::read_to_string(&path).context("cannot read template.yaml")?;
        template::read(&text, &Site { sqs, overrides }).context("template.yaml")
    }

    /// Builds the functions; cargo tells its progress on stderr.
    ///
    /// # Errors
    /// When they do not build.
    pub(crate) async fn build(&self, template: &Template) -> anyhow::Result<()> {
        let status = self.command(template).kill_on_drop(true).status().await;
        if !status.context("cannot run cargo")?.success() {
            bail!("the functions do not build");
        }
        Ok(())
    }

    /// Builds the functions without a word.
    ///
    /// # Errors
    /// When they do not build, with a line for each thing that is wrong.
    pub(crate) async fn build_quietly(&self, template: &Template) -> anyhow::Result<()> {
        let output = self
            .command(template)
            .args(["--quiet", "--message-format", "short"])
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .output()
            .await
            .context("cannot run cargo")?;
        if !output.status.success() {
            bail!("{}", errors(&String::from_utf8_lossy(&output.stderr)));
        }
        Ok(())
    }

    fn command(&self, template: &Template) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command
            .arg("build")
            .current_dir(&self.root)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        match (self.is_other, profile(&self.binaries)) {
            (true, _) => {
                let folder: OsString = self.root.join("target").into();
                command.arg("--target-dir").arg(folder);
            }
            (false, Some(profile)) => {
                command.args(["--profile", profile]);
            }
            (false, None) => {}
        }
        // With the features of the whole workspace, as its tests and this program are built, so that
        // what they share is compiled once.
        let kind = if self.is_other { "--package" } else { "--bin" };
        for name in binaries(template) {
            command.args([kind, name]);
        }
        command
    }

    /// What the binaries of the functions are now.
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

fn binaries(template: &Template) -> BTreeSet<&str> {
    let functions = template.functions.iter();
    functions.map(|function| function.binary.as_str()).collect()
}

/// The profile whose binaries cargo puts into this folder; none for its default.
/// <https://doc.rust-lang.org/cargo/guide/build-cache.html>
fn profile(binaries: &Path) -> Option<&str> {
    let folder = binaries.file_name()?.to_str()?;
    (folder != "debug").then_some(folder)
}

/// The errors of a build with short messages; all that it said where none can be told.
fn errors(text: &str) -> String {
    let is_error = |line: &&str| line.contains(": error") || line.starts_with("error");
    let mut lines: Vec<_> = text.lines().filter(is_error).collect();
    if lines.is_empty() {
        lines = text.lines().collect();
    }
    let more = lines.len().saturating_sub(MOST_LINES);
    lines.truncate(MOST_LINES);
    let mut errors = lines.join("\n");
    if more > 0 {
        errors.push_str(&format!("\n… and {more} lines more"));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_built_with_the_profile_of_their_folder() {
        assert_eq!(profile(Path::new("/t/debug")), None);
        assert_eq!(profile(Path::new("/t/release")), Some("release"));
        assert_eq!(profile(Path::new("/t/measured")), Some("measured"));
    }

    #[test]
    fn of_a_build_the_errors_are_shown() {
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
    fn a_binary_that_is_another_one_is_told() {
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
