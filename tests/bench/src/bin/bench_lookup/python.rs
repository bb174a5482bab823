//! The Python baselines: their packages, their files, their processes. See `tests/baseline/`.

use std::fs;

use anyhow::Context as _;
use eventrelay_tests::figures::Python;
use tempfile::TempDir;
use tokio::{process::Command, task::spawn_blocking};

use crate::{catalog, handler::Server};

/// Folders that the files are spread over, as the original had them.
const CATEGORIES: usize = 11;

/// An interpreter with the packages, and the files of some videos.
#[derive(Debug)]
pub(crate) struct Baselines {
    python: Python,
    files: TempDir,
    videos: usize,
}

impl Baselines {
    /// Installs the packages where that was not done before, and writes a file for each of the
    /// videos 0 to `videos` - 1. None without Python.
    pub(crate) async fn prepare(videos: usize) -> anyhow::Result<Option<Self>> {
        let Some(python) = Python::prepare("baseline-venv", "requirements.txt").await? else {
            return Ok(None);
        };
        let files = spawn_blocking(move || write_files(videos)).await??;
        Ok(Some(Self {
            python,
            files,
            videos,
        }))
    }

    /// Version of the interpreter.
    pub(crate) async fn version(&self) -> anyhow::Result<String> {
        self.python.version().await
    }

    /// Starts the lookup that walks the folders.
    pub(crate) async fn before(&self) -> anyhow::Result<Server> {
        Server::start(self.command("before.py")).await
    }

    /// Starts the lookup with an index and a memory that has room for every body.
    pub(crate) async fn after(&self) -> anyhow::Result<Server> {
        let mut command = self.command("after.py");
        command.arg(self.videos.to_string());
        Server::start(command).await
    }

    fn command(&self, script: &str) -> Command {
        let mut command = self.python.script(script);
        command.arg(self.files.path());
        command
    }
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
