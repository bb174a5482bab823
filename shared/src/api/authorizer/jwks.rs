//! The public keys of the issuer of tokens: OpenID Connect Discovery 1.0, section 4, and JSON Web
//! Key Sets (RFC 7517).

use eventrelay_core::config::trusted_url;
use std::time::Duration;

use http::Method;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::sync::Mutex;

use super::jws::PublicKey;
use eventrelay_core::{
    clock::Timestamp,
    error::{Error, Service},
};
use eventrelay_upstream::{HttpClient, client::Request};

/// Age at which cached keys are fetched again.
const TTL: Duration = Duration::from_secs(10 * 60);
/// Time beyond [`TTL`] in which stale keys are accepted while the issuer cannot be reached. It is
/// bounded so that a revoked key does not stay valid for as long as the issuer is down.
const MAX_STALE: Duration = Duration::from_secs(60 * 60);
/// Minimum time between two fetches, even for unknown keys.
const PAUSE: Duration = Duration::from_secs(60);
/// Minimum time between two fetches after a failure.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(5);
/// Timeout of each of the two documents.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Maximum size of a document in bytes. Those of large issuers are below 10 kB.
const LIMIT: usize = 256 * 1024;
/// Maximum number of keys per set.
const MAX_KEYS: usize = 100;

/// Cached keys of one issuer.
pub(super) struct Jwks {
    http: HttpClient,
    issuer: String,
    read: Mutex<Read>,
}

#[derive(Default)]
struct Read {
    keys: Vec<PublicKey>,
    at: Timestamp,
    /// Time of the earliest next fetch.
    pause_until: Timestamp,
}

impl Read {
    fn find(&self, kid: &str) -> Option<&PublicKey> {
        self.keys.iter().find(|key| key.kid == kid)
    }

    fn is_due(&self, kid: &str, now: Timestamp) -> bool {
        let is_stale = now >= self.at + TTL;
        now >= self.pause_until && (is_stale || self.find(kid).is_none())
    }
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct Set {
    /// Each key is parsed alone, so that a key of an unknown kind does not invalidate the set.
    keys: Vec<Value>,
}

impl Jwks {
    pub(super) fn new(http: HttpClient, issuer: String) -> Self {
        Self {
            http,
            issuer,
            read: Mutex::default(),
        }
    }

    /// Returns the key with this id, or `None` if the issuer has no such key or cannot be reached.
    ///
    /// An unknown id or an expired cache makes it fetch the keys again.
    pub(super) async fn key(&self, kid: &str, now: Timestamp) -> Option<PublicKey> {
        // Single flight: concurrent callers wait for the fetch that is under way.
        let mut read = self.read.lock().await;
        if read.is_due(kid, now) {
            match self.fetch().await {
                Ok(keys) => {
                    *read = Read {
                        keys,
                        at: now,
                        pause_until: now + PAUSE,
                    };
                }
                Err(error) => {
                    tracing::warn!(error = %error.report(), "the keys of the issuer of tokens are not read");
                    read.pause_until = now + PAUSE_AFTER_FAILURE;
                }
            }
        }
        let is_good = now < read.at + TTL + MAX_STALE;
        read.find(kid).filter(|_| is_good).cloned()
    }

    async fn fetch(&self) -> Result<Vec<PublicKey>, Error> {
        let base = self.issuer.trim_end_matches('/');
        let discovery = format!("{base}/.well-known/openid-configuration");
        let discovery: Discovery = self.document(&discovery).await?;
        if discovery.issuer != self.issuer {
            return Err(malformed("it names another issuer"));
        }
        if self.issuer.starts_with("https://") && !discovery.jwks_uri.starts_with("https://") {
            return Err(malformed("its keys are not at an https URL"));
        }
        let set: Set = self.document(&discovery.jwks_uri).await?;
        let keys = set.keys.into_iter().take(MAX_KEYS);
        Ok(keys.filter_map(PublicKey::from_jwk).collect())
    }

    async fn document<T: DeserializeOwned>(&self, url: &str) -> Result<T, Error> {
        let url = trusted_url(url).ok_or_else(|| malformed("a URL that is not taken"))?;
        let request = Request::new(Service::Issuer, Method::GET, url, TIMEOUT, LIMIT);
        let answer = self.http.send(request).await?;
        if answer.status.is_success() {
            answer.json(Service::Issuer)
        } else {
            Err(malformed(&format!("it answers {}", answer.status.as_u16())))
        }
    }
}

fn malformed(what: &str) -> Error {
    Error::UpstreamMalformed {
        service: Service::Issuer,
        source: what.into(),
    }
}
