//! Archive that runs without Rust: the local runtime, the functions and the template.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use tar::{Builder, Header};

/// Name of the runtime, in the archive and in the workspace.
pub const RUNTIME: &str = "eventrelay-local";

/// Folder of the functions. The runtime uses it if `template.yaml` is beside it.
pub const FUNCTIONS: &str = "functions";

#[derive(Clone, Debug)]
pub struct File {
    /// Path below the folder of the archive, with `/`.
    pub path: String,
    pub content: Vec<u8>,
    pub is_executable: bool,
}

impl File {
    #[must_use]
    pub fn program(path: impl Into<String>, content: Vec<u8>) -> Self {
        Self {
            path: path.into(),
            content,
            is_executable: true,
        }
    }

    #[must_use]
    pub fn document(path: impl Into<String>, content: Vec<u8>) -> Self {
        Self {
            is_executable: false,
            ..Self::program(path, content)
        }
    }
}

/// Returns the name of the archive without its extension, which is also its top folder.
#[must_use]
pub fn name(version: &str, architecture: &str) -> String {
    format!("{RUNTIME}-{version}-linux-{architecture}")
}

/// Returns a compressed tar archive whose bytes depend only on the files.
///
/// # Errors
/// If a path is too long for the format.
pub fn pack(folder: &str, files: &[File]) -> std::io::Result<Vec<u8>> {
    let mut archive = Builder::new(GzEncoder::new(Vec::new(), Compression::best()));
    for file in files {
        let mut header = Header::new_ustar();
        header.set_size(file.content.len() as u64);
        header.set_mode(if file.is_executable { 0o755 } else { 0o644 });
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        let path = format!("{folder}/{}", file.path);
        archive.append_data(&mut header, path, file.content.as_slice())?;
    }
    let mut compressed = archive.into_inner()?;
    compressed.flush()?;
    compressed.finish()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn archive_unpacks_with_modes_and_is_reproducible() {
        let files = [
            File::program("functions/get-health", b"\x7fELF".to_vec()),
            File::document("template.yaml", b"Resources: {}".to_vec()),
        ];
        let packed = pack("a-1", &files).unwrap();
        assert_eq!(pack("a-1", &files).unwrap(), packed);
        let folder = tempfile::tempdir().unwrap();
        let mut archive = tar::Archive::new(GzDecoder::new(packed.as_slice()));
        archive.unpack(folder.path()).unwrap();
        let mode = |path: &str| {
            let metadata = folder.path().join("a-1").join(path).metadata().unwrap();
            metadata.permissions().mode() & 0o111
        };
        assert_ne!(mode("functions/get-health"), 0);
        assert_eq!(mode("template.yaml"), 0);
    }
}
