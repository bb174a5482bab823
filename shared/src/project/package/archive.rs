//! The archive of a project.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use super::super::ProjectFile;
use super::FileMode;
use crate::error::Error;

/// Packs files into a zip, all of them below one folder. Nothing in it depends on the order of the
/// files, the time or the machine: the same files give the same bytes.
///
/// # Errors
/// [`Error::Internal`]: two files have one path.
pub fn archive(files: &[ProjectFile], root: &str) -> Result<Vec<u8>, Error> {
    let mut files: Vec<&ProjectFile> = files.iter().collect();
    files.sort_by(|one, other| one.path.cmp(&other.path));
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for file in files {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::DEFAULT)
            .system(System::Unix)
            .unix_permissions(FileMode::of(file).permissions());
        zip.start_file(format!("{root}/{}", file.path), options)
            .map_err(Error::internal)?;
        zip.write_all(&file.content).map_err(Error::internal)?;
    }
    let packed = zip.finish().map_err(Error::internal)?;
    Ok(packed.into_inner())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use zip::ZipArchive;

    use super::super::super::Origin;
    use super::*;

    fn file(path: &str, content: &[u8], executable: bool) -> ProjectFile {
        ProjectFile {
            path: path.to_owned(),
            content: content.to_vec(),
            executable,
            origin: Origin::Model,
            sources: Vec::new(),
        }
    }

    fn files() -> Vec<ProjectFile> {
        vec![
            file("scripts/run.sh", b"#!/bin/sh\necho yes\n", true),
            file(".gitignore", b"dist/\n", false),
            file("logo.png", &[0x89, 0, 0xff], false),
            file("app/[id]/\u{e4}.tsx", &b"export {};\n".repeat(500), false),
            file("empty.txt", b"", false),
        ]
    }

    #[test]
    fn what_is_packed_is_unpacked() {
        let packed = archive(&files(), "timer").unwrap();
        let mut zip = ZipArchive::new(Cursor::new(packed.as_slice())).unwrap();
        let names: Vec<_> = zip.file_names().map(Result::unwrap).collect();
        let sorted = [
            "timer/.gitignore",
            "timer/app/[id]/\u{e4}.tsx",
            "timer/empty.txt",
            "timer/logo.png",
            "timer/scripts/run.sh",
        ];
        assert_eq!(names, sorted);
        for file in files() {
            let mut entry = zip.by_name(&format!("timer/{}", file.path)).unwrap();
            let mode = if file.executable {
                0o100_755
            } else {
                0o100_644
            };
            assert_eq!(entry.unix_mode(), Some(mode), "{}", file.path);
            assert_eq!(entry.last_modified(), Some(DateTime::DEFAULT));
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            assert_eq!(content, file.content, "{}", file.path);
        }
        assert!(packed.len() < 2000, "not compressed: {}", packed.len());
    }

    #[test]
    fn the_same_files_give_the_same_bytes() {
        let mut files = files();
        let packed = archive(&files, "timer").unwrap();
        files.reverse();
        assert_eq!(archive(&files, "timer").unwrap(), packed);
        files[0].executable = true;
        assert_ne!(archive(&files, "timer").unwrap(), packed);
    }

    #[test]
    fn one_path_is_one_file() {
        let twice = [file("a", b"1", false), file("a", b"2", false)];
        assert!(archive(&twice, "timer").is_err());
        // An archive of nothing is one.
        assert_eq!(archive(&[], "timer").unwrap().len(), 22);
    }
}
