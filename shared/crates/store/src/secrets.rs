//! Secrets of a deployment: the keys of the services that it calls.
//!
//! A function knows the name of a secret and reads its value from Secrets Manager
//! (<https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html>). So
//! no key is in a template or an environment. A rotated key is used without a deployment: within
//! the time to live, or as soon as the service refuses the old one.

use crate::sdk_error::storage_error;
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_sdk_secretsmanager::Client;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex as AsyncMutex;

use eventrelay_core::{
    clock::Timestamp,
    error::{Error, KeySource, Source},
};

/// Time beyond the time to live for which a key is used while it cannot be refreshed.
const MAX_STALE: Duration = Duration::from_secs(60 * 60);

/// Minimum interval between two reads of a secret: after a failed read while an older value is
/// cached, and after a service refused the key.
pub const MIN_READ_INTERVAL: Duration = Duration::from_secs(5);

/// Maximum length of a key in bytes, since it becomes a header.
const MAX_KEY_LENGTH: usize = 4096;

#[derive(Clone, Debug)]
pub struct Secrets {
    client: Client,
    ttl: Duration,
    clock: fn() -> Timestamp,
    is_local: bool,
}

impl Secrets {
    /// Creates a reader of secrets that caches each value for `ttl`.
    #[must_use]
    pub fn new(client: Client, ttl: Duration, clock: fn() -> Timestamp) -> Self {
        Self {
            client,
            ttl,
            clock,
            is_local: false,
        }
    }

    /// Creates a reader for `cargo local`, whose secrets are environment variables.
    #[must_use]
    pub fn local(self, is_local: bool) -> Self {
        Self { is_local, ..self }
    }

    /// Returns a handle of the secret with this name or ARN, without reading it.
    #[must_use]
    pub fn secret(&self, id: impl Into<String>) -> Secret {
        Secret(Arc::new(Shared {
            origin: Origin::Manager {
                secrets: self.clone(),
                id: id.into(),
            },
            known: Mutex::default(),
            reading: AsyncMutex::default(),
        }))
    }
}

/// Lazily read key. Clones share the value.
#[derive(Clone)]
pub struct Secret(Arc<Shared>);

struct Shared {
    origin: Origin,
    known: Mutex<Known>,
    /// Held by the task that reads. Other tasks wait for its result.
    reading: AsyncMutex<()>,
}

enum Origin {
    Manager {
        secrets: Secrets,
        id: String,
    },
    /// A value that never changes.
    Fixed,
}

#[derive(Default)]
struct Known {
    key: Option<SecretString>,
    read_at: Timestamp,
    /// Previous key, which recent texts may still quote.
    previous: Option<SecretString>,
    failed_at: Option<Timestamp>,
    renewed_at: Option<Timestamp>,
}

impl Known {
    /// Returns the key unless it has to be read first.
    fn usable(&self, ttl: Duration, now: Timestamp) -> Option<&SecretString> {
        let is_fresh = now < self.read_at + ttl;
        let is_pausing = self
            .failed_at
            .is_some_and(|at| now < at + MIN_READ_INTERVAL);
        let key = self.key.as_ref();
        key.filter(|_| is_fresh || (is_pausing && self.is_in_grace(ttl, now)))
    }

    /// Returns whether the key may be used although it cannot be refreshed.
    fn is_in_grace(&self, ttl: Duration, now: Timestamp) -> bool {
        now < self.read_at + ttl + MAX_STALE
    }

    fn keep(&mut self, key: SecretString, now: Timestamp) {
        let changed = self.key.as_ref().is_some_and(|old| !same(old, &key));
        let old = self.key.replace(key);
        if changed {
            self.previous = old;
        }
        self.read_at = now;
        self.failed_at = None;
    }
}

impl Secret {
    /// Returns the key, read at most a time to live ago. If it cannot be read, the last value is
    /// used for an hour.
    ///
    /// # Errors
    /// [`Error::Storage`] when Secrets Manager is unavailable. [`Error::NoKey`] when the secret
    /// does not exist, may not be read, or holds no key.
    pub async fn get(&self) -> Result<SecretString, Error> {
        let Some((secrets, id)) = self.manager() else {
            return self.fixed();
        };
        let usable = || {
            let now = (secrets.clock)();
            self.known().usable(secrets.ttl, now).cloned()
        };
        if let Some(key) = usable() {
            return Ok(key);
        }
        let _turn = self.0.reading.lock().await;
        if let Some(key) = usable() {
            return Ok(key);
        }
        match self.read(secrets, id).await {
            Ok(key) => Ok(key),
            Err(error) => {
                let now = (secrets.clock)();
                let mut known = self.known();
                known.failed_at = Some(now);
                let is_good = known.is_in_grace(secrets.ttl, now);
                let Some(key) = known.key.clone().filter(|_| is_good) else {
                    return Err(error);
                };
                tracing::warn!(secret.id = %id, error = %error.report(), "secret refresh failed, using the cached value");
                Ok(key)
            }
        }
    }

    /// Reads the key before its first use. A failure is reported by that use.
    pub async fn warm(&self) {
        let _ = self.get().await;
    }

    /// Returns the current key after the service refused `refused`, if the secret holds another one
    /// now. Reads at most once in five seconds.
    pub async fn renewed(&self, refused: &SecretString) -> Option<SecretString> {
        let (secrets, id) = self.manager()?;
        let _turn = self.0.reading.lock().await;
        let now = (secrets.clock)();
        {
            let mut known = self.known();
            if let Some(key) = known.key.as_ref().filter(|key| !same(key, refused)) {
                return Some(key.clone());
            }
            if known
                .renewed_at
                .is_some_and(|at| now < at + MIN_READ_INTERVAL)
            {
                return None;
            }
            known.renewed_at = Some(now);
        }
        match self.read(secrets, id).await {
            Ok(key) => Some(key).filter(|key| !same(key, refused)),
            Err(error) => {
                tracing::warn!(secret.id = %id, error = %error.report(), "secret refresh after a refused key failed");
                None
            }
        }
    }

    /// Returns where the operator sets the key: in `variable` for `cargo local`.
    #[must_use]
    pub fn key_source(&self, variable: &'static str) -> KeySource {
        match self.manager() {
            Some((secrets, id)) if !secrets.is_local => KeySource::Secret(id.to_owned()),
            _ => KeySource::Variable(variable),
        }
    }

    /// Returns a text with the current and the previous key removed, since some services quote it.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let known = self.known();
        let keys = known.key.iter().chain(&known.previous);
        keys.fold(text.to_owned(), |text, key| {
            text.replace(key.expose_secret(), "[key]")
        })
    }

    async fn read(&self, secrets: &Secrets, id: &str) -> Result<SecretString, Error> {
        let request = secrets.client.get_secret_value().secret_id(id);
        let answer = match request.send().await.map_err(storage_error) {
            Ok(answer) => answer,
            Err(
                error @ Error::Storage {
                    transient: true, ..
                },
            ) => return Err(error),
            // A configuration error, not a storage error.
            Err(error) => return Err(no_key(id, error)),
        };
        let text = answer.secret_string().unwrap_or_default();
        let key = key_in(text).ok_or_else(|| no_key(id, "it holds no key"))?;
        self.known().keep(key.clone(), (secrets.clock)());
        Ok(key)
    }

    fn manager(&self) -> Option<(&Secrets, &str)> {
        match &self.0.origin {
            Origin::Manager { secrets, id } => Some((secrets, id)),
            Origin::Fixed => None,
        }
    }

    /// Returns the key of a fixed secret.
    fn fixed(&self) -> Result<SecretString, Error> {
        let key = self.known().key.clone();
        key.ok_or_else(|| Error::internal("a secret without a key"))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.manager().map(|(_, id)| id);
        formatter.debug_tuple("Secret").field(&id).finish()
    }
}

fn no_key(id: &str, source: impl Into<Source>) -> Error {
    Error::NoKey {
        secret: id.to_owned(),
        source: source.into(),
    }
}

fn same(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret() == other.expose_secret()
}

/// Extracts the key from a secret: the field `api_key` of a JSON object, or the whole text.
fn key_in(text: &str) -> Option<SecretString> {
    #[derive(Deserialize)]
    struct Fields {
        api_key: String,
    }
    let text = text.trim();
    let key = if text.starts_with('{') {
        serde_json::from_str::<Fields>(text).ok()?.api_key
    } else {
        text.to_owned()
    };
    let key = key.trim();
    let is_key =
        (1..=MAX_KEY_LENGTH).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    is_key.then(|| key.into())
}

impl From<&str> for Secret {
    fn from(key: &str) -> Self {
        let known = Known {
            key: Some(key.into()),
            ..Known::default()
        };
        Self(Arc::new(Shared {
            origin: Origin::Fixed,
            known: Mutex::new(known),
            reading: AsyncMutex::default(),
        }))
    }
}

#[cfg(test)]
mod tests;
