//! Progress: the action items that are done.

use std::{collections::BTreeSet, fs, io::ErrorKind, path::Path};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// Numbers of the action items that are done.
    pub done: BTreeSet<u32>,
}

/// Reads the file. Without a file, nothing is done.
pub fn read(path: &Path) -> Result<Progress> {
    match fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text)
            .with_context(|| format!("{} holds no progress", path.display())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Progress::default()),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

/// Writes the file. An interruption leaves the old file unchanged.
pub fn write(path: &Path, progress: &Progress) -> Result<()> {
    let new = path.with_extension("new");
    fs::write(&new, serde_json::to_vec(progress)?).with_context(|| new.display().to_string())?;
    fs::rename(&new, path).with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("progress.json");
        assert_eq!(read(&path).unwrap(), Progress::default());
        let progress = Progress {
            done: BTreeSet::from([2, 1]),
        };
        write(&path, &progress).unwrap();
        assert_eq!(read(&path).unwrap(), progress);
    }

    #[test]
    fn a_file_of_somebody_else_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("progress.json");
        fs::write(&path, r#"{"done": "all"}"#).unwrap();
        assert!(read(&path).is_err());
    }
}
