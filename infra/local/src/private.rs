//! Files and folders that only their user can read. They hold keys, transcripts and analyses.

use std::{
    fs::{DirBuilder, OpenOptions, Permissions},
    io::{self, ErrorKind},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

const FOLDER_MODE: u32 = 0o700;

const FILE_MODE: u32 = 0o600;

/// Names that this program creates in a data folder. A user's folder may hold other files.
const OWN_NAMES: [&str; 7] = [
    "api-key",
    "aws",
    "clients",
    "lock",
    "logs",
    "running.json",
    "running.json.partial",
];

/// Options that create a file with mode 0600.
pub(crate) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(FILE_MODE);
    options
}

/// Creates a file with mode 0600 unless it exists, for libraries that open a file by its path.
/// SQLite gives its journals the mode of the database.
pub(crate) fn create_file(path: &Path) -> io::Result<()> {
    options().append(true).create(true).open(path).map(drop)
}

/// Creates a folder with mode 0700, or restricts the one that exists. Missing parents get the usual
/// mode.
pub(crate) fn create_folder(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    match DirBuilder::new().mode(FOLDER_MODE).create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => {
            set_mode(path, FOLDER_MODE)
        }
        created => created,
    }
}

/// Restricts files that an earlier version left in a data folder.
pub(crate) fn restrict(data: &Path) -> io::Result<()> {
    let mut pending: Vec<_> = OWN_NAMES.iter().map(|name| data.join(name)).collect();
    while let Some(path) = pending.pop() {
        let kind = match path.symlink_metadata() {
            Ok(metadata) => metadata.file_type(),
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        if kind.is_dir() {
            set_mode(&path, FOLDER_MODE)?;
            for entry in std::fs::read_dir(&path)? {
                pending.push(entry?.path());
            }
        } else if kind.is_file() {
            set_mode(&path, FILE_MODE)?;
        }
    }
    Ok(())
}

fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    if path.metadata()?.permissions().mode() & 0o777 == mode {
        return Ok(());
    }
    std::fs::set_permissions(path, Permissions::from_mode(mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn own_files_are_restricted_and_others_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir_all(data.join("aws/s3/bodies")).unwrap();
        let files = ["aws/dynamodb.sqlite", "aws/s3/bodies/x", "mine.txt"];
        let open = |path: &Path, mode| {
            std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        };
        for file in files {
            std::fs::write(data.join(file), "").unwrap();
            open(&data.join(file), 0o644);
        }
        for path in ["", "aws", "aws/s3", "aws/s3/bodies"] {
            open(&data.join(path), 0o755);
        }
        std::os::unix::fs::symlink(data.join("mine.txt"), data.join("api-key")).unwrap();

        create_folder(&data).unwrap();
        restrict(&data).unwrap();
        for path in ["", "aws", "aws/s3", "aws/s3/bodies"] {
            assert_eq!(mode(&data.join(path)), 0o700, "{path}");
        }
        assert_eq!(
            files.map(|file| mode(&data.join(file))),
            [0o600, 0o600, 0o644]
        );
    }

    #[test]
    fn new_files_are_private() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("a/b");
        create_folder(&data).unwrap();
        assert_eq!(mode(&data), 0o700);
        let file = data.join("f");
        create_file(&file).unwrap();
        assert_eq!(mode(&file), 0o600);
        std::fs::write(&file, "kept").unwrap();
        create_file(&file).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"kept");
    }
}
