//! Manifest of a project's files.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use strum::IntoStaticStr;

use super::super::{Language, Origin, ProjectFile, Span};

/// File mode in git.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr)]
#[strum(const_into_str)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub enum FileMode {
    /// Regular file that is readable and writable.
    #[serde(rename = "100644")]
    #[strum(to_string = "100644")]
    Regular,
    /// Executable file.
    #[serde(rename = "100755")]
    #[strum(to_string = "100755")]
    Executable,
}

impl FileMode {
    /// Returns the mode of a file.
    #[must_use]
    pub const fn new(file: &ProjectFile) -> Self {
        if file.executable {
            Self::Executable
        } else {
            Self::Regular
        }
    }

    /// Permission bits of the mode.
    #[must_use]
    pub const fn permissions(self) -> u32 {
        match self {
            Self::Regular => 0o644,
            Self::Executable => 0o755,
        }
    }
}

/// Files of a project without their contents, sorted by path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// One entry for each file.
    pub files: Vec<ManifestEntry>,
}

/// File of a project without its content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct ManifestEntry {
    /// Path relative to the project's root, with `/`.
    pub path: String,
    /// Size of the file in bytes.
    pub bytes: usize,
    /// SHA-256 of the content, in 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Mode of the file.
    pub mode: FileMode,
    /// Language of the file.
    pub language: Language,
    /// Author of the file.
    pub origin: Origin,
    /// Stretches of the video that the file is based on.
    #[serde(default)]
    pub sources: Vec<Span>,
}

impl Manifest {
    /// Builds the manifest of some files, in any order.
    #[must_use]
    pub fn new(files: &[ProjectFile]) -> Self {
        let mut files: Vec<_> = files.iter().map(ManifestEntry::new).collect();
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Self { files }
    }

    /// Total size of all files in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Hash over all files, in 64 lower-case hexadecimal digits. Equal if and only if the paths,
    /// bytes and modes are equal, independent of the author.
    #[must_use]
    pub fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        for file in &self.files {
            // No path contains NUL, and the fields before the path have a fixed length.
            hash.update(file.mode.into_str());
            hash.update(&file.sha256);
            hash.update(&file.path);
            hash.update([0]);
        }
        hex::encode(hash.finalize())
    }
}

impl ManifestEntry {
    /// Returns true if these bytes are the content of the file.
    #[must_use]
    pub fn holds(&self, content: &[u8]) -> bool {
        content.len() == self.bytes && hex::encode(Sha256::digest(content)) == self.sha256
    }

    /// Rebuilds the file with these bytes.
    #[must_use]
    pub fn file(self, content: Vec<u8>) -> ProjectFile {
        ProjectFile {
            path: self.path,
            content,
            executable: self.mode == FileMode::Executable,
            origin: self.origin,
            sources: self.sources,
        }
    }

    /// Builds the entry of a file.
    #[must_use]
    pub fn new(file: &ProjectFile) -> Self {
        Self {
            path: file.path.clone(),
            bytes: file.content.len(),
            sha256: hex::encode(Sha256::digest(&file.content)),
            mode: FileMode::new(file),
            language: Language::of_path(&file.path),
            origin: file.origin,
            sources: file.sources.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, content: &str, executable: bool) -> ProjectFile {
        ProjectFile {
            path: path.to_owned(),
            content: content.as_bytes().to_vec(),
            executable,
            origin: Origin::Model,
            sources: vec![Span {
                start_s: 1.5,
                end_s: 3.0,
            }],
        }
    }

    #[test]
    fn a_manifest_tells_of_its_files() {
        let manifest = Manifest::new(&[file("run.py", "abc", true), file("a.md", "", false)]);
        assert_eq!(manifest.bytes(), 3);
        let expected = serde_json::json!({"files": [
            {
                "path": "a.md",
                "bytes": 0,
                "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "mode": "100644",
                "language": "markdown",
                "origin": "model",
                "sources": [{"start_s": 1.5, "end_s": 3.0}],
            },
            {
                "path": "run.py",
                "bytes": 3,
                "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                "mode": "100755",
                "language": "python",
                "origin": "model",
                "sources": [{"start_s": 1.5, "end_s": 3.0}],
            },
        ]});
        assert_eq!(serde_json::to_value(&manifest).unwrap(), expected);
        assert_eq!(
            serde_json::from_value::<Manifest>(expected).unwrap(),
            manifest
        );
        for mode in [FileMode::Regular, FileMode::Executable] {
            assert_eq!(serde_json::to_value(mode).unwrap(), mode.into_str());
        }
    }

    #[test]
    fn sha256_depends_on_paths_bytes_and_modes() {
        let (one, two) = (file("a", "1", false), file("b", "2", false));
        let hash = |files: &[ProjectFile]| Manifest::new(files).sha256();
        let whole = hash(&[one.clone(), two.clone()]);
        assert_eq!(whole.len(), 64);
        assert_eq!(hash(&[two.clone(), one.clone()]), whole);
        let by_us = ProjectFile {
            origin: Origin::Template,
            sources: Vec::new(),
            ..two.clone()
        };
        assert_eq!(hash(&[one.clone(), by_us]), whole);
        for other in [
            file("c", "2", false),
            file("b", "3", false),
            file("b", "2", true),
        ] {
            assert_ne!(hash(&[one.clone(), other]), whole);
        }
        assert_ne!(hash(&[one]), whole);
    }
}
