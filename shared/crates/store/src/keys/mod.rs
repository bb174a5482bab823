//! API keys, and the key that signs cursors.
//!
//! The controls table stores a hash of each API key and never the key. The first function that
//! needs the cursor key creates it.

mod admin;
mod form;

use crate::conditional::if_held;
use crate::sdk_error::storage_error;
use aws_sdk_dynamodb::Client;
use strum::{EnumString, IntoStaticStr};
use subtle::ConstantTimeEq;

pub use admin::{KeyRow, NewKey};
pub use form::ApiKey;

use super::item::{Item, b, get_b, get_n, get_s, s};
use eventrelay_core::{clock::Timestamp, error::Error};

/// Maximum length of a presented key. A longer one is refused without a read.
const MAX_LENGTH: usize = 256;

/// Row of the key that signs cursors.
const CURSOR_KEY: &str = "secret#cursor";

/// Length of a key's id in hexadecimal digits of its hash.
const ID: usize = 16;

/// Permission of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumString, IntoStaticStr)]
#[strum(
    const_into_str,
    serialize_all = "snake_case",
    parse_err_fn = not_a_scope,
    parse_err_ty = NotAScope
)]
pub enum Scope {
    Read,
    /// Submit, cancel and delete.
    Write,
    /// Operations on the whole deployment.
    Admin,
}

/// Error of a text that names no scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a scope is read, write or admin")]
pub struct NotAScope;

fn not_a_scope(_: &str) -> NotAScope {
    NotAScope
}

/// Authenticated caller and its permissions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Public id of the credential. For a key, the first 16 hexadecimal digits of its hash. For a
    /// token, `jwt:` and a prefix of the hash of its issuer and subject.
    pub key_id: String,
    pub scopes: Vec<Scope>,
    /// Maximum requests per minute. `None` is unlimited.
    pub per_minute: Option<u32>,
}

/// API keys of a deployment.
#[derive(Clone, Debug)]
pub struct Keys {
    client: Client,
    table: String,
}

impl Keys {
    /// Creates a client of the keys in `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Opens a connection before the first request needs it.
    pub async fn warm(&self) {
        let missing = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", s("-"));
        let _ = missing.send().await;
    }

    /// Returns the key that signs cursors, the same for all functions of the deployment.
    ///
    /// # Errors
    /// [`Error::Storage`], [`Error::Internal`] where there is no randomness.
    pub async fn cursor_key(&self) -> Result<[u8; 64], Error> {
        if let Some(key) = self.read_cursor_key().await? {
            return Ok(key);
        }
        let mut key = [0; 64];
        getrandom::fill(&mut key).map_err(Error::internal)?;
        let made = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", s(CURSOR_KEY))
            .item("secret", b(&key.to_vec().into()))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        if if_held(made)?.is_some() {
            return Ok(key);
        }
        // Another instance has created it first.
        let gone = || Error::internal("the key of the cursors is gone");
        self.read_cursor_key().await?.ok_or_else(gone)
    }

    async fn read_cursor_key(&self) -> Result<Option<[u8; 64]>, Error> {
        let read = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", s(CURSOR_KEY))
            .consistent_read(true)
            .send()
            .await
            .map_err(storage_error)?;
        let secret = read.item.and_then(|item| get_b(item, "secret"));
        Ok(secret.and_then(|secret| <[u8; 64]>::try_from(&secret[..]).ok()))
    }

    /// Returns the caller with this key, or `None` if the key is unknown, expired or revoked.
    ///
    /// # Errors
    /// [`Error::Storage`] when the table cannot be read. The caller must then be refused.
    pub async fn authenticate(&self, key: &str, now: Timestamp) -> Result<Option<Caller>, Error> {
        if key.is_empty() || key.len() > MAX_LENGTH || form::is_damaged(key) {
            return Ok(None);
        }
        let (hash, key_id) = form::hash_and_id(key);
        let read = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(row_key(&key_id)))
            .send()
            .await
            .map_err(storage_error)?;
        let item = read.item.unwrap_or_default();
        Ok(is_good(&item, &hash, now).then(|| Caller {
            key_id,
            scopes: scopes_of(&item),
            per_minute: get_n(&item, "per_minute"),
        }))
    }
}

/// Returns whether the row belongs to the key with this hash and the key is valid.
fn is_good(item: &Item, hash: &str, now: Timestamp) -> bool {
    // The row is found by a prefix of the hash. The whole hash is compared in constant time, so
    // that timing reveals nothing.
    let stored = get_s(item, "hash").unwrap_or_default();
    let is_same = bool::from(stored.as_bytes().ct_eq(hash.as_bytes()));
    // An unreadable expiry counts as expired.
    let is_expired = if item.contains_key("expires_at") {
        get_n(item, "expires_at").is_none_or(|at| Timestamp(at) <= now)
    } else {
        false
    };
    is_same && !is_expired && !item.contains_key("revoked_at")
}

fn key_row(id: &str) -> String {
    format!("key#{id}")
}

fn row_key(id: &str) -> Item {
    Item::from([("pk".to_owned(), s(key_row(id)))])
}

fn scopes_of(item: &Item) -> Vec<Scope> {
    let scopes = item.get("scopes").and_then(|scopes| scopes.as_ss().ok());
    let scopes = scopes.into_iter().flatten();
    let mut scopes: Vec<Scope> = scopes.filter_map(|scope| scope.parse().ok()).collect();
    scopes.sort_unstable();
    scopes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::n;

    #[test]
    fn only_the_key_itself_is_let_in_and_only_in_its_time() {
        let (hash, _) = form::hash_and_id("a key");
        let now = Timestamp(1000);
        let mut item = Item::from([("hash".to_owned(), s(&hash))]);
        assert!(is_good(&item, &hash, now));
        assert!(!is_good(&Item::new(), &hash, now));
        assert!(!is_good(&item, &form::hash_and_id("another").0, now));
        for (expires_at, is_in_time) in [(n(1001), true), (n(1000), false), (s("never"), false)] {
            item.insert("expires_at".to_owned(), expires_at);
            assert_eq!(is_good(&item, &hash, now), is_in_time);
        }
        item.remove("expires_at");
        item.insert("revoked_at".to_owned(), n(5000));
        assert!(!is_good(&item, &hash, now));
    }
}
