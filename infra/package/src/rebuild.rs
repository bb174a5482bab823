//! Reproducibility check: a second build in another folder, with other paths of the target folder
//! and of the registry.

use std::{
    os::unix::{ffi::OsStrExt as _, fs::symlink},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};

/// A copy of the workspace, which is removed when it is dropped unless it is kept.
pub(crate) struct WorkspaceCopy {
    folder: PathBuf,
    is_kept: bool,
}

impl WorkspaceCopy {
    /// Copies all files that git tracks or would track, in their current state.
    ///
    /// # Errors
    /// If `root` is no work tree of git, or the disk is full.
    pub(crate) fn copy(root: &Path, target: &Path, cargo_home: &Path) -> anyhow::Result<Self> {
        let folder = target.join("package-again");
        remove(&folder)?;
        let copy = Self {
            folder,
            is_kept: false,
        };
        for path in files(root)? {
            let from = root.join(&path);
            // A file may have been deleted without a commit.
            let Ok(kind) = from.symlink_metadata() else {
                continue;
            };
            let to = copy.root().join(&path);
            std::fs::create_dir_all(to.parent().context("no folder")?)?;
            if kind.is_symlink() {
                symlink(std::fs::read_link(from)?, to)?
            } else {
                std::fs::copy(from, to)?;
            }
        }
        // Links the same registry under another path.
        std::fs::create_dir_all(copy.cargo_home())?;
        for name in ["registry", "git", "config.toml"] {
            let from = cargo_home.join(name);
            if from.exists() {
                symlink(from, copy.cargo_home().join(name))?;
            }
        }
        Ok(copy)
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.join("a-clone-in-another-folder")
    }

    pub(crate) fn target(&self) -> PathBuf {
        self.folder.join("built")
    }

    pub(crate) fn cargo_home(&self) -> PathBuf {
        self.folder.join("cargo-home")
    }

    /// Keeps the copy for inspection.
    pub(crate) fn keep(&mut self) {
        self.is_kept = true;
    }
}

impl Drop for WorkspaceCopy {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = remove(&self.folder);
        }
    }
}

fn remove(folder: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Returns the paths of all files of the work tree that git does not ignore.
fn files(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let output = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .output()
        .context("cannot run git")?;
    ensure!(
        output.status.success(),
        "git: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let paths = output.stdout.split(|byte| *byte == 0);
    Ok(paths
        .filter(|path| !path.is_empty())
        .map(|path| PathBuf::from(std::ffi::OsStr::from_bytes(path)))
        .collect())
}

/// Returns the position of the first difference between two files.
pub(crate) fn difference(left: &[u8], right: &[u8]) -> Option<usize> {
    let same = left.iter().zip(right).take_while(|(a, b)| a == b).count();
    (left.len() != right.len() || same != left.len()).then_some(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn difference_returns_the_first_position() {
        assert_eq!(difference(b"abc", b"abc"), None);
        assert_eq!(difference(b"abc", b"abd"), Some(2));
        assert_eq!(difference(b"abc", b"ab"), Some(2));
        assert_eq!(difference(b"", b"a"), Some(0));
    }

    #[test]
    fn copy_has_files_of_git_and_is_removed() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let target = tempfile::tempdir().unwrap();
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("registry")).unwrap();
        let copy = WorkspaceCopy::copy(&root, target.path(), home.path()).unwrap();
        let read = |root: &Path| std::fs::read(root.join("infra/package/Cargo.toml")).unwrap();
        assert_eq!(read(&copy.root()), read(&root));
        assert!(copy.root().join(".cargo/config.toml").exists());
        assert!(!copy.root().join("target").exists());
        assert!(copy.cargo_home().join("registry").exists());
        drop(copy);
        assert_eq!(std::fs::read_dir(target.path()).unwrap().count(), 0);
    }
}
