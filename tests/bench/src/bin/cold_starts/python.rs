//! The equal function in Python: its packages, its process, its zip. See `tests/baseline/`.

use std::{
    fs,
    io::{Cursor, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use eventrelay_tests::{figures::Python, repository};
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::{place::Place, starts::Subject};

/// The function that it is equal to.
pub(crate) const EQUAL_TO: &str = "GetVideo";

/// Name of the function in the template; that of its executable follows.
const NAME: &str = "GetVideoInPython";
const BINARY: &str = "get-video-in-python";

/// Its source, beside the exact versions of its packages.
const FOLDER: &str = "tests/baseline/cold";

/// Entries of a virtual environment that no function needs.
const OF_ENVIRONMENT: [&str; 5] = ["_distutils_hack", "distutils", "pip", "setuptools", "wheel"];

/// Folders of what Python has compiled: read at a start, and not deployed.
const COMPILED: &str = "__pycache__";

/// The function, ready to be started.
#[derive(Debug)]
pub(crate) struct Baseline {
    pub(crate) subject: Subject,
    pub(crate) version: String,
}

impl Baseline {
    /// Installs its packages where that was not done before, and adds it to the place. None without
    /// Python.
    pub(crate) async fn prepare(place: &Place) -> anyhow::Result<Option<Self>> {
        let python = Python::prepare("baseline-cold-venv", "cold/requirements.txt").await?;
        let Some(python) = python else {
            return Ok(None);
        };
        let source = repository(FOLDER).canonicalize()?;
        let packages = packages(python.program())?;
        place.add(NAME, BINARY, &script(&source, python.program())?)?;
        let mut files = files_below(&packages, true)?;
        files.push(source.join("lookup.py"));
        let subject = Subject {
            name: NAME.to_owned(),
            event_of: EQUAL_TO.to_owned(),
            zip_bytes: zip_bytes(&packages, &source)?,
            files,
            is_python: true,
        };
        let version = python.version().await?;
        Ok(Some(Self { subject, version }))
    }
}

/// Returns a shell script that does the same as Lambda's runtime for Python.
///
/// The interpreter replaces the shell and runs the client of the Runtime API. It writes no bytecode
/// beside the source.
fn script(source: &Path, program: &Path) -> anyhow::Result<String> {
    let (source, program) = (quoted(source)?, quoted(program)?);
    Ok(format!(
        "#!/bin/sh\ncd {source} && exec {program} -B -m awslambdaric lookup.handler\n"
    ))
}

fn quoted(path: &Path) -> anyhow::Result<String> {
    let text = path.to_str().context("a path that is no text")?;
    Ok(format!("'{}'", text.replace('\'', r"'\''")))
}

/// Folder of the packages of an interpreter of a virtual environment.
fn packages(program: &Path) -> anyhow::Result<PathBuf> {
    let environment = program.ancestors().nth(2).context("no environment")?;
    let libraries = fs::read_dir(environment.join("lib"))?;
    let mut folders = libraries.filter_map(|entry| Some(entry.ok()?.path().join("site-packages")));
    folders
        .find(|folder| folder.is_dir())
        .context("an environment without packages")
}

/// All files of the packages in a folder, those that Python has compiled among them or not.
fn files_below(folder: &Path, with_compiled: bool) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            // `pip-24.0.dist-info` is of `pip`.
            let package = name.split('-').next().unwrap_or_default();
            let is_wanted = with_compiled || name != COMPILED;
            if !is_wanted || OF_ENVIRONMENT.contains(&package) {
                continue;
            }
            if entry.file_type()?.is_dir() {
                folders.push(entry.path())
            } else {
                files.push(entry.path())
            }
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// Bytes of the zip that it would be deployed as: its source with all of its packages.
fn zip_bytes(packages: &Path, source: &Path) -> anyhow::Result<usize> {
    let options = SimpleFileOptions::default().compression_level(Some(9));
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut files = files_below(packages, false)?;
    ensure!(!files.is_empty(), "there are no packages");
    files.push(source.join("lookup.py"));
    for path in files {
        let name = path
            .strip_prefix(packages)
            .unwrap_or(Path::new("lookup.py"));
        zip.start_file(name.to_string_lossy(), options)?;
        zip.write_all(&fs::read(&path)?)?;
    }
    Ok(zip.finish()?.into_inner().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_leaves_out_entries_of_the_environment() {
        let folder = tempfile::tempdir().unwrap();
        for path in [
            "boto3/__init__.py",
            "boto3/__pycache__/__init__.pyc",
            "pip/main.py",
            "pip-24.0.dist-info/METADATA",
            "six.py",
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "pass").unwrap();
        }
        let count = |with_compiled| files_below(folder.path(), with_compiled).unwrap().len();
        assert_eq!((count(true), count(false)), (3, 2));
        let source = tempfile::tempdir().unwrap();
        fs::write(source.path().join("lookup.py"), "pass").unwrap();
        assert!(zip_bytes(folder.path(), source.path()).unwrap() > 200);
    }

    #[test]
    fn path_is_quoted_as_one_shell_word() {
        assert_eq!(quoted(Path::new("/a b/it's")).unwrap(), r"'/a b/it'\''s'");
        let script = script(Path::new("/s"), Path::new("/p")).unwrap();
        assert_eq!(
            script,
            "#!/bin/sh\ncd '/s' && exec '/p' -B -m awslambdaric lookup.handler\n"
        );
    }
}
