//! The proof: everything once more, in another folder, with another target folder and another path
//! to the registry.

use std::{
    os::unix::{ffi::OsStrExt as _, fs::symlink},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};

/// A copy of the workspace at another place; removed when it is dropped, unless it is kept.
pub(crate) struct Elsewhere {
    folder: PathBuf,
    is_kept: bool,
}

impl Elsewhere {
    /// Copies what git knows of, or would: the state of the work tree, and nothing that is built.
    ///
    /// # Errors
    /// When this is no work tree of git, or the disk is full.
    pub(crate) fn copy(root: &Path, target: &Path, cargo_home: &Path) -> anyhow::Result<Self> {
        let folder = target.join("package-again");
        remove(&folder)?;
        let copy = Self {
            folder,
            is_kept: false,
        };
        for path in files(root)? {
            let from = root.join(&path);
            // A file may be deleted and not yet committed.
            let Ok(kind) = from.symlink_metadata() else {
                continue;
            };
            let to = copy.root().join(&path);
            std::fs::create_dir_all(to.parent().context("no folder")?)?;
            match kind.is_symlink() {
                true => symlink(std::fs::read_link(from)?, to)?,
                false => {
                    std::fs::copy(from, to)?;
                }
            }
        }
        // The same registry by another path.
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

    /// Leaves everything where it is, for a look.
    pub(crate) fn keep(&mut self) {
        self.is_kept = true;
    }
}

impl Drop for Elsewhere {
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

/// Paths of all files of the work tree that git does not ignore.
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

/// Where two files differ first; none where they are the same.
pub(crate) fn difference(left: &[u8], right: &[u8]) -> Option<usize> {
    let same = left.iter().zip(right).take_while(|(a, b)| a == b).count();
    (left.len() != right.len() || same != left.len()).then_some(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_found() {
        assert_eq!(difference(b"abc", b"abc"), None);
        assert_eq!(difference(b"abc", b"abd"), Some(2));
        assert_eq!(difference(b"abc", b"ab"), Some(2));
        assert_eq!(difference(b"", b"a"), Some(0));
    }

    #[test]
    fn a_copy_has_what_git_knows_and_goes_away() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let target = tempfile::tempdir().unwrap();
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("registry")).unwrap();
        let copy = Elsewhere::copy(&root, target.path(), home.path()).unwrap();
        let read = |root: &Path| std::fs::read(root.join("infra/package/Cargo.toml")).unwrap();
        assert_eq!(read(&copy.root()), read(&root));
        assert!(copy.root().join(".cargo/config.toml").exists());
        assert!(!copy.root().join("target").exists());
        assert!(copy.cargo_home().join("registry").exists());
        drop(copy);
        assert_eq!(std::fs::read_dir(target.path()).unwrap().count(), 0);
    }
}
