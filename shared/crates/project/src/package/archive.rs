//! Zip archive of a project.

use std::io::{Cursor, Read, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipArchive, ZipWriter};

use super::super::ProjectFile;
use super::{FileMode, Manifest, ManifestEntry};
use eventrelay_core::error::Error;

/// Packs files into a zip archive below one folder.
///
/// The archive is deterministic: it does not depend on the order of the files, the time or the
/// machine.
///
/// # Errors
/// [`Error::Internal`] if two files have the same path.
pub fn archive(files: &[ProjectFile], root: &str) -> Result<Vec<u8>, Error> {
    let mut files: Vec<&ProjectFile> = files.iter().collect();
    files.sort_by(|one, other| one.path.cmp(&other.path));
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for file in files {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::DEFAULT)
            .system(System::Unix)
            .unix_permissions(FileMode::new(file).permissions());
        zip.start_file(format!("{root}/{}", file.path), options)
            .map_err(Error::internal)?;
        zip.write_all(&file.content).map_err(Error::internal)?;
    }
    let packed = zip.finish().map_err(Error::internal)?;
    Ok(packed.into_inner())
}

/// Unpacks the files of a manifest from an archive of [`archive`]. Returns `None` unless the
/// archive contains every file, byte for byte.
#[must_use]
pub fn unpack(packed: &[u8], manifest: &Manifest) -> Option<Vec<ProjectFile>> {
    let mut zip = ZipArchive::new(Cursor::new(packed)).ok()?;
    let first = zip.file_names().next()?.ok()?;
    let root = first.split_once('/')?.0.to_owned();
    let mut files = Vec::with_capacity(manifest.files.len());
    for entry in &manifest.files {
        let packed = zip.by_name(&format!("{root}/{}", entry.path)).ok()?;
        let mut content = Vec::with_capacity(entry.bytes);
        // One extra byte is enough to detect a different file.
        let mut packed = packed.take(entry.bytes as u64 + 1);
        packed.read_to_end(&mut content).ok()?;
        let file = entry.clone().file(content);
        files.push(file);
    }
    let is_it = |(entry, file): (&ManifestEntry, &ProjectFile)| entry.holds(&file.content);
    manifest
        .files
        .iter()
        .zip(&files)
        .all(is_it)
        .then_some(files)
}

#[cfg(test)]
mod tests {
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
    fn archive_round_trips() {
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
    fn the_files_of_a_manifest_come_out_of_its_archive_and_of_no_other() {
        let mut files = files();
        let packed = archive(&files, "timer").unwrap();
        let manifest = Manifest::new(&files);
        files.sort_by(|one, other| one.path.cmp(&other.path));
        assert_eq!(unpack(&packed, &manifest).unwrap(), files);

        let changed = |change: fn(&mut Vec<u8>)| {
            let mut files = files.clone();
            change(&mut files[1].content);
            unpack(&packed, &Manifest::new(&files))
        };
        assert_eq!(changed(|content| content[0] = b'E'), None);
        assert_eq!(changed(|content| content.truncate(20)), None);
        assert_eq!(changed(|content| content.push(b' ')), None);
        let mut more = files.clone();
        more.push(file("more.txt", b"", false));
        assert_eq!(unpack(&packed, &Manifest::new(&more)), None);
        assert_eq!(unpack(&packed[..packed.len() / 2], &manifest), None);
        assert_eq!(unpack(b"", &manifest), None);
    }

    #[test]
    fn archive_refuses_duplicate_path() {
        let twice = [file("a", b"1", false), file("a", b"2", false)];
        assert!(archive(&twice, "timer").is_err());
        // An archive of no files is valid.
        assert_eq!(archive(&[], "timer").unwrap().len(), 22);
    }
}
