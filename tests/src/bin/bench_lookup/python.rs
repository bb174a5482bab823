//! The Python baselines: their packages, their files, their processes. See `tests/baseline/`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context as _, ensure};
use eventrelay_tests::repository;
use tempfile::TempDir;
use tokio::{process::Command, task::spawn_blocking};

use crate::{catalog, handler::Server};

/// Folders that the files are spread over, as the original had them.
const CATEGORIES: usize = 11;

/// An interpreter with the packages, and the files of some videos.
#[derive(Debug)]
pub(crate) struct Baselines {
    python: PathBuf,
    files: TempDir,
    videos: usize,
}

impl Baselines {
    /// Installs the packages where that was not done before, and writes a file for each of the
    /// videos 0 to `videos` - 1. None without Python.
    ///
    /// # Errors
    /// When the packages cannot be installed or the files not written.
    pub(crate) async fn prepare(target: &Path, videos: usize) -> anyhow::Result<Option<Self>> {
        let version = Command::new("python3").arg("--version").output().await;
        if !version.is_ok_and(|output| output.status.success()) {
            return Ok(None);
        }
        let python = install(&target.join("baseline-venv")).await?;
        let files = spawn_blocking(move || write_files(videos)).await??;
        Ok(Some(Self {
            python,
            files,
            videos,
        }))
    }

    /// Version of the interpreter.
    ///
    /// # Errors
    /// When it does not say.
    pub(crate) async fn version(&self) -> anyhow::Result<String> {
        let output = Command::new(&self.python).arg("--version").output().await?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Starts the lookup that walks the folders.
    ///
    /// # Errors
    /// When it does not get ready.
    pub(crate) async fn before(&self) -> anyhow::Result<Server> {
        Server::start(self.command("before.py")).await
    }

    /// Starts the lookup with an index and a memory that has room for every body.
    ///
    /// # Errors
    /// When it does not get ready.
    pub(crate) async fn after(&self) -> anyhow::Result<Server> {
        let mut command = self.command("after.py");
        command.arg(self.videos.to_string());
        Server::start(command).await
    }

    fn command(&self, script: &str) -> Command {
        let mut command = Command::new(&self.python);
        command
            .arg(repository("tests/baseline").join(script))
            .arg(self.files.path())
            .env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}

/// A virtual environment with exactly the packages of `requirements.txt`; its interpreter.
async fn install(folder: &Path) -> anyhow::Result<PathBuf> {
    let requirements = repository("tests/baseline/requirements.txt");
    let wanted = fs::read(&requirements)?;
    // Written last, so that it says what is complete.
    let (installed, python) = (folder.join("installed.txt"), folder.join("bin/python"));
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    let mut create = Command::new("python3");
    create.args(["-m", "venv", "--clear"]).arg(folder);
    run(create).await?;
    let mut install = Command::new(&python);
    install
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .arg("--requirement")
        .arg(&requirements);
    run(install).await?;
    fs::write(installed, wanted)?;
    Ok(python)
}

async fn run(mut command: Command) -> anyhow::Result<()> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let status = command.status().await?;
    ensure!(status.success(), "{:?} failed", command.as_std());
    Ok(())
}

/// The newer layout with a file per video; the older layout with its folders and nothing in them.
fn write_files(videos: usize) -> anyhow::Result<TempDir> {
    let root = TempDir::with_prefix("bench-lookup-")?;
    let folder = |layout: &str, category: usize| {
        root.path()
            .join(layout)
            .join(format!("category-{category:02}"))
    };
    for category in 0..CATEGORIES {
        fs::create_dir_all(folder("markdown_analysis", category))?;
        fs::create_dir_all(folder("enhanced_analysis", category))?;
    }
    for number in 0..videos {
        let name = format!("{}_20261124T120000_enhanced.md", catalog::id(number as u64));
        let path = folder("enhanced_analysis", number % CATEGORIES).join(name);
        fs::write(&path, catalog::body(number as u64).plain)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_video_has_a_file_in_one_category() {
        let root = write_files(25).unwrap();
        let listed = |layout: &str| {
            let folders = fs::read_dir(root.path().join(layout)).unwrap();
            let files = folders.flat_map(|folder| fs::read_dir(folder.unwrap().path()).unwrap());
            files.count()
        };
        assert_eq!(listed("enhanced_analysis"), 25);
        assert_eq!(listed("markdown_analysis"), 0);
    }
}
