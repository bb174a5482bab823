//! Secrets of a deployment: the keys of the services that it calls. A function knows the name of a
//! secret and reads what it holds from Secrets Manager
//! (<https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html>), so
//! that no key stands in a template or in an environment, and a key that is rotated is used
//! without a deployment: within the time to live, or as soon as the old one is refused.

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

/// How long a key is used beyond its time to live while it cannot be read anew.
const MAX_STALE: Duration = Duration::from_secs(60 * 60);

/// How long nobody tries to read a secret again: after a failure while an older value is at hand,
/// and after a key that was refused.
pub const MIN_READ_INTERVAL: Duration = Duration::from_secs(5);

/// The longest key that is taken, in bytes: it becomes a header.
const MAX_KEY_LENGTH: usize = 4096;

#[derive(Clone, Debug)]
pub struct Secrets {
    client: Client,
    ttl: Duration,
    clock: fn() -> Timestamp,
    is_local: bool,
}

impl Secrets {
    /// Secrets as `client` reads them; a value is used for `ttl` before it is read again.
    #[must_use]
    pub fn new(client: Client, ttl: Duration, clock: fn() -> Timestamp) -> Self {
        Self {
            client,
            ttl,
            clock,
            is_local: false,
        }
    }

    /// The same of `cargo local`, whose secrets hold what its environment variables say.
    #[must_use]
    pub fn local(self, is_local: bool) -> Self {
        Self { is_local, ..self }
    }

    /// A handle of the secret with this name or ARN. Reads nothing yet.
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

/// A key that is read when it is needed. A clone shares what was read.
#[derive(Clone)]
pub struct Secret(Arc<Shared>);

struct Shared {
    origin: Origin,
    known: Mutex<Known>,
    /// Held by the one who reads: the others wait for what it brings.
    reading: AsyncMutex<()>,
}

enum Origin {
    Manager {
        secrets: Secrets,
        id: String,
    },
    /// Never changes.
    Fixed,
}

#[derive(Default)]
struct Known {
    key: Option<SecretString>,
    read_at: Timestamp,
    /// What the key was before, which texts of a moment ago may quote.
    previous: Option<SecretString>,
    failed_at: Option<Timestamp>,
    renewed_at: Option<Timestamp>,
}

impl Known {
    /// The key, unless it has to be read first.
    fn usable(&self, ttl: Duration, now: Timestamp) -> Option<&SecretString> {
        let is_fresh = now < self.read_at + ttl;
        let is_pausing = self
            .failed_at
            .is_some_and(|at| now < at + MIN_READ_INTERVAL);
        let key = self.key.as_ref();
        key.filter(|_| is_fresh || (is_pausing && self.is_in_grace(ttl, now)))
    }

    /// Whether the key may be used although it cannot be read anew.
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
    /// The key: as it was read within the time to live, else read now. While it cannot be read,
    /// the one that was read last, for an hour.
    ///
    /// # Errors
    /// [`Error::Storage`] when Secrets Manager does not answer, [`Error::NoKey`] when there is no
    /// such secret, it may not be read, or it holds no key.
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
                tracing::warn!(secret.id = %id, error = %error.report(), "a secret is not read anew, the last is used");
                Ok(key)
            }
        }
    }

    /// Reads the key ahead of its use. That it cannot be read is for the use to say.
    pub async fn warm(&self) {
        let _ = self.get().await;
    }

    /// After `refused` was refused as a key: the one that the secret holds by now, if that is
    /// another one. Asks at most once in five seconds.
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
                tracing::warn!(secret.id = %id, error = %error.report(), "a secret whose key was refused is not read anew");
                None
            }
        }
    }

    /// Where a person sets the key, which is in `variable` for `cargo local`.
    #[must_use]
    pub fn key_source(&self, variable: &'static str) -> KeySource {
        match self.manager() {
            Some((secrets, id)) if !secrets.is_local => KeySource::Secret(id.to_owned()),
            _ => KeySource::Variable(variable),
        }
    }

    /// A text without the key, the current or the last: some services quote it.
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
            // A fault of the configuration, not of the storage.
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

    /// The key of a secret that is read from nowhere.
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

/// The key in the text of a secret: the field `api_key` of a JSON object, or the whole text.
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
