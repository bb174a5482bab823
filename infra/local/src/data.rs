//! The data folder: one system at a time, its clients, its API key, and how to reach it.

use std::{
    collections::BTreeMap,
    fs::{File, TryLockError},
    io::{ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use eventrelay::store::keys::ApiKey;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::private;

/// Maximum API key that is read from the folder, in bytes.
const MAX_KEY_BYTES: u64 = 1024;

/// Addresses and key of a running system.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Ready {
    pub(crate) api: String,
    pub(crate) api_key: String,
    pub(crate) aws: Endpoints,
    /// Base URL of each stand-in; empty where the real services are called.
    pub(crate) standins: BTreeMap<String, String>,
    pub(crate) admin: String,
    /// Physical names of tables, buckets and queues by logical id, as `Ref` has them on AWS: the
    /// URL of a queue, the name of anything else.
    #[serde(default)]
    pub(crate) resources: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Endpoints {
    pub(crate) dynamodb: String,
    pub(crate) s3: String,
    pub(crate) secrets_manager: String,
    pub(crate) sqs: String,
}

/// A data folder that this process owns.
#[derive(Debug)]
pub(crate) struct Data {
    path: PathBuf,
    /// Holds the lock while it is open.
    _lock: File,
    /// Removes a temporary folder when it is dropped.
    _temporary: Option<TempDir>,
}

#[derive(Debug)]
pub(crate) enum Opened {
    Free(Data),
    /// Another process owns the folder. The address is missing until its system is ready.
    InUse(Option<Ready>),
}

/// A share of the lock that tells the owner of a folder that its system is in use.
#[derive(Debug)]
pub(crate) struct ClientLock {
    _file: File,
}

/// The lock that keeps new clients away while the owner of a folder stops its system.
#[derive(Debug)]
pub(crate) struct ClosedToClients {
    _file: File,
}

impl Data {
    /// Takes a folder, creating it if it does not exist. Only its user can read it afterwards.
    ///
    /// # Errors
    /// If it cannot be written.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Opened> {
        let cannot_create = || format!("cannot create the data folder {}", path.display());
        private::create_folder(path).with_context(cannot_create)?;
        // Functions are started in other folders and need absolute paths.
        let path = path.canonicalize()?;
        let lock = lock_file(&path, "lock")?;
        if !is_locked(lock.try_lock())? {
            let ready = std::fs::read(path.join("running.json"))
                .ok()
                .and_then(|text| serde_json::from_slice(&text).ok());
            return Ok(Opened::InUse(ready));
        }
        private::restrict(&path)
            .with_context(|| format!("cannot make {} private", path.display()))?;
        // An owner that was killed left it; other processes may use its ports now.
        remove_if_exists(&path.join("running.json"))?;
        Ok(Opened::Free(Self {
            path,
            _lock: lock,
            _temporary: None,
        }))
    }

    /// Creates a folder that is removed with this value.
    ///
    /// # Errors
    /// If none can be created.
    pub(crate) fn temporary() -> anyhow::Result<Self> {
        let temporary =
            TempDir::with_prefix("eventrelay-").context("cannot create a temporary folder")?;
        match Self::open(temporary.path())? {
            Opened::Free(mut data) => {
                data._temporary = Some(temporary);
                Ok(data)
            }
            Opened::InUse(_) => bail!("a new folder is already in use"),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the key of earlier runs, or a new one that later runs find.
    ///
    /// # Errors
    /// If the file cannot be read or written.
    pub(crate) fn api_key(&self) -> anyhow::Result<String> {
        let path = self.path.join("api-key");
        match File::open(&path) {
            Ok(file) => {
                let mut key = String::new();
                file.take(MAX_KEY_BYTES).read_to_string(&mut key)?;
                let key = key.trim();
                if key.is_empty() {
                    bail!("{} is empty: remove it", path.display());
                }
                Ok(key.to_owned())
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let key = ApiKey::generate()?.reveal().to_owned();
                write(&path, &key)?;
                Ok(key)
            }
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Tells other processes how to reach the system.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub(crate) fn announce(&self, ready: &Ready) -> anyhow::Result<()> {
        let partial = self.path.join("running.json.partial");
        write(&partial, &serde_json::to_string(ready)?)?;
        std::fs::rename(partial, self.path.join("running.json"))?;
        Ok(())
    }

    /// Joins the clients of the system that another process runs on the folder. Returns `None`
    /// while that process is stopping it.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub(crate) fn join(path: &Path) -> anyhow::Result<Option<ClientLock>> {
        let file = lock_file(path, "clients")?;
        Ok(is_locked(file.try_lock_shared())?.then_some(ClientLock { _file: file }))
    }

    /// Keeps new clients away. Returns `None` while there are any.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub(crate) fn close_to_clients(&self) -> anyhow::Result<Option<ClosedToClients>> {
        let file = lock_file(&self.path, "clients")?;
        Ok(is_locked(file.try_lock())?.then_some(ClosedToClients { _file: file }))
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        // Readers ignore it without the lock.
        let _ = remove_if_exists(&self.path.join("running.json"));
    }
}

/// Returns whether this process has the lock, or another process holds it.
fn is_locked(attempt: Result<(), TryLockError>) -> anyhow::Result<bool> {
    match attempt {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error).context("cannot lock the data folder"),
    }
}

fn lock_file(folder: &Path, name: &str) -> anyhow::Result<File> {
    let path = folder.join(name);
    let opened = private::options().write(true).create(true).open(&path);
    opened.with_context(|| format!("cannot write {}", path.display()))
}

fn remove_if_exists(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut options = private::options();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(text.as_bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn free(opened: Opened) -> Data {
        match opened {
            Opened::Free(data) => data,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_folder_serves_one_runtime() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("new");
        let data = free(Data::open(&path).unwrap());
        assert!(matches!(Data::open(&path).unwrap(), Opened::InUse(None)));
        let ready = Ready {
            api: "http://127.0.0.1:1".into(),
            api_key: "k".into(),
            aws: Endpoints {
                dynamodb: "d".into(),
                s3: "s".into(),
                secrets_manager: "m".into(),
                sqs: "q".into(),
            },
            standins: BTreeMap::new(),
            admin: "a".into(),
            resources: BTreeMap::from([("T".into(), "t".into())]),
        };
        data.announce(&ready).unwrap();
        match Data::open(&path).unwrap() {
            Opened::InUse(found) => assert_eq!(found, Some(ready)),
            other => panic!("{other:?}"),
        }
        drop(data);
        free(Data::open(&path).unwrap());
        assert!(!path.join("running.json").exists());
    }

    #[test]
    fn address_of_a_killed_owner_is_removed() {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("running.json"), "{}").unwrap();
        let data = free(Data::open(folder.path()).unwrap());
        assert!(!data.path().join("running.json").exists());
    }

    #[test]
    fn owner_closes_only_without_clients_and_clients_join_only_before() {
        let folder = TempDir::new().unwrap();
        let data = free(Data::open(folder.path()).unwrap());
        let one = Data::join(folder.path()).unwrap().unwrap();
        let other = Data::join(folder.path()).unwrap().unwrap();
        assert!(data.close_to_clients().unwrap().is_none());
        drop(one);
        assert!(data.close_to_clients().unwrap().is_none());
        drop(other);
        let closed = data.close_to_clients().unwrap();
        assert!(closed.is_some());
        assert!(Data::join(folder.path()).unwrap().is_none());
        drop(closed);
        assert!(Data::join(folder.path()).unwrap().is_some());
    }

    #[test]
    fn key_is_created_once_and_private() {
        let folder = TempDir::new().unwrap();
        let data = free(Data::open(folder.path()).unwrap());
        let key = data.api_key().unwrap();
        assert!(key.starts_with("er_"), "{key}");
        assert_eq!(data.api_key().unwrap(), key);
        let mode = folder.path().join("api-key").metadata().unwrap();
        assert_eq!(mode.permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn temporary_folder_is_removed() {
        let data = Data::temporary().unwrap();
        let path = data.path().to_owned();
        assert!(path.exists());
        drop(data);
        assert!(!path.exists());
    }
}
