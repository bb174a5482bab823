//! Zips whose bytes depend only on their contents.

use std::io::{Cursor, Read as _, Write as _};

use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter, write::SimpleFileOptions};

/// File that Lambda starts in the archive of a `provided.al2023` function.
const BOOTSTRAP: &str = "bootstrap";

/// Mode that all users can read and execute, because Lambda uses its own user.
const MODE: u32 = 0o755;

/// Level of `zlib-rs`, whose output in the version of `Cargo.lock` is the same on every processor.
/// A function is compressed once and read at every cold start.
const LEVEL: i64 = 9;

/// Packs a function.
///
/// # Errors
/// If the archive exceeds the maximum size of a zip.
pub fn pack(bootstrap: &[u8]) -> anyhow::Result<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(LEVEL))
        // 1980-01-01, the earliest time of the format.
        .last_modified_time(DateTime::DEFAULT)
        .unix_permissions(MODE);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file(BOOTSTRAP, options)?;
    archive.write_all(bootstrap)?;
    Ok(archive.finish()?.into_inner())
}

/// Unpacks a function.
///
/// # Errors
/// If it is no archive of a function.
pub fn unpack(archive: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut archive = ZipArchive::new(Cursor::new(archive))?;
    let mut bootstrap = Vec::new();
    archive.by_name(BOOTSTRAP)?.read_to_end(&mut bootstrap)?;
    Ok(bootstrap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archive_is_reproducible() {
        let function: Vec<u8> = (0..200_000_u32)
            .flat_map(|n| (n / 7).to_le_bytes())
            .collect();
        let archive = pack(&function).unwrap();
        assert_eq!(pack(&function).unwrap(), archive);
        assert_ne!(pack(&function[1..]).unwrap(), archive);
        assert!(archive.len() < function.len() / 2);
    }

    #[test]
    fn archive_has_one_executable_without_time_and_user() {
        let mut archive = ZipArchive::new(Cursor::new(pack(b"\x7fELF").unwrap())).unwrap();
        assert_eq!(archive.len(), 1);
        let file = archive.by_index(0).unwrap();
        assert_eq!(file.name().unwrap(), "bootstrap");
        assert_eq!(file.unix_mode(), Some(0o100_755));
        assert_eq!(
            file.last_modified().unwrap().to_string(),
            "1980-01-01 00:00:00"
        );
        assert_eq!(file.extra_data().unwrap_or_default(), b"");
    }

    #[test]
    fn unpack_reverses_pack() {
        assert_eq!(unpack(&pack(b"\x7fELF").unwrap()).unwrap(), b"\x7fELF");
        assert!(unpack(b"\x7fELF").is_err());
    }
}
