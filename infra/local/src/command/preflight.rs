//! Checks that run before anything is started.

use std::path::Path;

/// Checks that a file can be written: it is no folder, and its own folder exists.
pub(super) fn writable(option: &str, path: &Path) -> Result<(), String> {
    if path.is_dir() {
        return Err(format!("{option} {} is a folder", path.display()));
    }
    match path.parent() {
        Some(folder) if folder != Path::new("") && !folder.is_dir() => Err(format!(
            "{option} {}: there is no folder {}",
            path.display(),
            folder.display()
        )),
        _ => Ok(()),
    }
}

/// Checks that git can clone into a folder: it is missing or empty.
pub(super) fn empty_folder(option: &str, path: &Path) -> Result<(), String> {
    let Ok(metadata) = path.metadata() else {
        return Ok(());
    };
    if !metadata.is_dir() {
        return Err(format!("{option} {} is a file", path.display()));
    }
    let mut entries =
        std::fs::read_dir(path).map_err(|error| format!("{option} {}: {error}", path.display()))?;
    match entries.next() {
        None => Ok(()),
        Some(_) => Err(format!(
            "{option} {} is not empty: name a new or an empty folder",
            path.display()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_of_a_result_is_checked() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        assert!(writable("--out", &path("new.json")).is_ok());
        assert!(writable("--out", Path::new("new.json")).is_ok());
        assert!(writable("--out", folder.path()).is_err());
        assert!(writable("--out", &path("none/new.json")).is_err());

        assert!(empty_folder("--checkout", folder.path()).is_ok());
        assert!(empty_folder("--checkout", &path("new")).is_ok());
        std::fs::write(path("file"), "").unwrap();
        assert!(empty_folder("--checkout", &path("file")).is_err());
        let refused = empty_folder("--checkout", folder.path()).unwrap_err();
        assert!(refused.contains("is not empty"), "{refused}");
    }
}
