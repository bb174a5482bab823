//! The page cache: evicts files from memory, as on a machine that has not run the instance before.
//!
//! Needs no privileges.

#[cfg(target_os = "linux")]
mod linux {
    use std::{
        fs::File,
        io::IoSliceMut,
        path::{Path, PathBuf},
    };

    use anyhow::{Context as _, ensure};
    use rustix::{
        fs::{Advice, fadvise},
        io::{Errno, ReadWriteFlags, preadv2},
    };

    /// Pages of a file that are looked at.
    const LOOKS: u64 = 16;

    /// Evicts the cached pages of these files, which no process runs.
    pub(crate) fn evict(files: &[PathBuf]) -> anyhow::Result<()> {
        for path in files {
            let file = open(path)?;
            // Pages that are not on the disk yet are kept.
            file.sync_all()?;
            fadvise(&file, 0, None, Advice::DontNeed)?;
        }
        if let Some(first) = files.first() {
            ensure!(
                is_cached(first)? != Some(true),
                "{} stays in memory: the target folder has to be on a disk",
                first.display()
            );
        }
        Ok(())
    }

    /// Returns whether most of a file is in memory, or `None` if the file system does not tell.
    pub(super) fn is_cached(path: &Path) -> anyhow::Result<Option<bool>> {
        let file = open(path)?;
        let length = file.metadata()?.len();
        let mut cached = 0;
        for look in 0..LOOKS {
            let mut byte = [0];
            let offset = length * look / LOOKS;
            let mut into = [IoSliceMut::new(&mut byte)];
            match preadv2(&file, &mut into, offset, ReadWriteFlags::NOWAIT) {
                Ok(read) => cached += read,
                Err(Errno::AGAIN) => {}
                Err(Errno::OPNOTSUPP) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Some(cached as u64 > LOOKS / 2))
    }

    fn open(path: &Path) -> anyhow::Result<File> {
        File::open(path).with_context(|| path.display().to_string())
    }
}

#[cfg(not(target_os = "linux"))]
mod others {
    use std::path::PathBuf;

    pub(crate) fn evict(_files: &[PathBuf]) -> anyhow::Result<()> {
        anyhow::bail!("the page cache can be emptied on Linux only")
    }
}

#[cfg(target_os = "linux")]
pub(crate) use linux::evict;
#[cfg(not(target_os = "linux"))]
pub(crate) use others::evict;

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use eventrelay_tests::figures::target_folder;

    use super::*;

    /// <https://man7.org/linux/man-pages/man2/statfs.2.html>
    const TMPFS_MAGIC: i64 = 0x0102_1994;

    #[test]
    fn evicted_file_is_not_in_memory_until_read() {
        // Not the folder for temporary files, which is more often in memory than this one.
        let folder = tempfile::tempdir_in(target_folder().unwrap()).unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, vec![7; 1 << 20]).unwrap();
        let kind = rustix::fs::statfs(&path).unwrap().f_type;
        if kind == TMPFS_MAGIC || linux::is_cached(&path).unwrap().is_none() {
            eprintln!("not seen: this file system is in memory, or does not tell what of it is");
            return;
        }
        assert_eq!(linux::is_cached(&path).unwrap(), Some(true));
        evict(std::slice::from_ref(&path)).unwrap();
        assert_eq!(linux::is_cached(&path).unwrap(), Some(false));
        assert_eq!(std::fs::read(&path).unwrap().len(), 1 << 20);
        assert_eq!(linux::is_cached(&path).unwrap(), Some(true));
    }
}
