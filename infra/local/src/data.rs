//! The data folder: one runtime at a time, its API key, and how to reach it.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions, TryLockError},
    io::{Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use eventrelay::store::keys::ApiKey;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

/// Longest API key that is read from the folder, in bytes.
const MAXIMUM_KEY_BYTES: u64 = 1024;

/// How to reach a runtime, as it says when it is ready.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Ready {
    /// Base URL of the API.
    pub(crate) api: String,
    pub(crate) api_key: String,
    pub(crate) aws: Endpoints,
    /// Base URL of each stand-in; empty where the real services are called.
    pub(crate) standins: BTreeMap<String, String>,
    /// Base URL of the admin endpoints.
    pub(crate) admin: String,
    /// What each table, bucket and queue of the template is called, as `Ref` has it on AWS: the URL
    /// of a queue, the name of all else.
    #[serde(default)]
    pub(crate) resources: BTreeMap<String, String>,
}

/// Base URLs of the embedded services.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Endpoints {
    pub(crate) dynamodb: String,
    pub(crate) s3: String,
    pub(crate) secrets_manager: String,
    pub(crate) sqs: String,
}

/// A data folder that no other runtime uses.
#[derive(Debug)]
pub(crate) struct Data {
    path: PathBuf,
    /// Locked as long as it is open.
    _lock: File,
    /// Removes the folder at the end.
    _temporary: Option<TempDir>,
}

/// What [`Data::open`] found.
#[derive(Debug)]
pub(crate) enum Opened {
    Free(Data),
    /// Another runtime has the folder; none where it is not ready yet.
    InUse(Option<Ready>),
}

impl Data {
    /// Takes a folder, making it if it is not there.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Opened> {
        std::fs::create_dir_all(path)
            .with_context(|| format!("cannot make the data folder {}", path.display()))?;
        // Functions are started in other folders and know only absolute paths.
        let path = path.canonicalize()?;
        let lock = File::create(path.join("lock")).context("cannot write the data folder")?;
        match lock.try_lock() {
            Ok(()) => Ok(Opened::Free(Self {
                path,
                _lock: lock,
                _temporary: None,
            })),
            Err(TryLockError::WouldBlock) => {
                let ready = std::fs::read(path.join("running.json"))
                    .ok()
                    .and_then(|text| serde_json::from_slice(&text).ok());
                Ok(Opened::InUse(ready))
            }
            Err(TryLockError::Error(error)) => Err(error).context("cannot lock the data folder"),
        }
    }

    /// A folder that ends with this value.
    ///
    /// # Errors
    /// When none can be made.
    pub(crate) fn temporary() -> anyhow::Result<Self> {
        let temporary =
            TempDir::with_prefix("eventrelay-").context("cannot make a temporary folder")?;
        match Self::open(temporary.path())? {
            Opened::Free(mut data) => {
                data._temporary = Some(temporary);
                Ok(data)
            }
            Opened::InUse(_) => bail!("a new folder is in use already"),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The key of earlier runs, or a new one that later runs find.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub(crate) fn api_key(&self) -> anyhow::Result<String> {
        let path = self.path.join("api-key");
        match File::open(&path) {
            Ok(file) => {
                let mut key = String::new();
                file.take(MAXIMUM_KEY_BYTES).read_to_string(&mut key)?;
                let key = key.trim();
                if key.is_empty() {
                    bail!("{} is empty: remove it", path.display());
                }
                Ok(key.to_owned())
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let key = ApiKey::generate()?.reveal().to_owned();
                write_private(&path, &key)?;
                Ok(key)
            }
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Tells other processes how to reach the runtime.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn announce(&self, ready: &Ready) -> anyhow::Result<()> {
        let path = self.path.join("running.json");
        let partial = self.path.join("running.json.partial");
        write_private(&partial, &serde_json::to_string(ready)?)?;
        std::fs::rename(partial, path)?;
        Ok(())
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        // Without the lock nobody reads it.
        let _ = std::fs::remove_file(self.path.join("running.json"));
    }
}

fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options
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
    fn the_key_is_made_once_and_private() {
        let folder = TempDir::new().unwrap();
        let data = free(Data::open(folder.path()).unwrap());
        let key = data.api_key().unwrap();
        assert!(key.starts_with("er_"), "{key}");
        assert_eq!(data.api_key().unwrap(), key);
        let mode = folder
            .path()
            .join("api-key")
            .metadata()
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_temporary_folder_is_removed() {
        let data = Data::temporary().unwrap();
        let path = data.path().to_owned();
        assert!(path.exists());
        drop(data);
        assert!(!path.exists());
    }
}
