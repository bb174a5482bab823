//! API keys: rows of the controls table that hold a hash and never the key; and the key that
//! signs cursors, which the first function that needs one makes.

use aws_sdk_dynamodb::{Client, error::SdkError};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::item::{b, get_b, get_n, get_s, s};
use crate::error::Error;

/// A key longer than this is not looked at.
const LONGEST: usize = 256;

/// Row of the key that signs cursors.
const CURSOR_KEY: &str = "secret#cursor";

/// What a caller may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Public name of the key: the head of its hash.
    pub key_id: String,
    /// `read`, `write`, `admin`.
    pub scopes: Vec<String>,
}

/// The keys of a deployment.
#[derive(Clone, Debug)]
pub struct Keys {
    client: Client,
    table: String,
}

impl Keys {
    /// The keys in `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Opens a connection, so that the first request finds one.
    pub async fn warm(&self) {
        let missing = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", s("-"));
        let _ = missing.send().await;
    }

    /// The key that signs cursors, the same for all functions of the deployment.
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
        match made {
            Ok(_) => Ok(key),
            Err(SdkError::ServiceError(error))
                if error.err().is_conditional_check_failed_exception() =>
            {
                // Somebody else was first.
                let gone = || Error::internal("the key of the cursors is gone");
                self.read_cursor_key().await?.ok_or_else(gone)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn read_cursor_key(&self) -> Result<Option<[u8; 64]>, Error> {
        let read = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", s(CURSOR_KEY))
            .consistent_read(true)
            .send()
            .await?;
        let secret = read.item.and_then(|item| get_b(item, "secret"));
        Ok(secret.and_then(|secret| <[u8; 64]>::try_from(&secret[..]).ok()))
    }

    /// Who presents this key; none when nobody does.
    ///
    /// # Errors
    /// [`Error::Storage`] when the table cannot be read: nobody is let in then.
    pub async fn authenticate(&self, key: &str) -> Result<Option<Caller>, Error> {
        if key.is_empty() || key.len() > LONGEST {
            return Ok(None);
        }
        let hash = hex::encode(Sha256::digest(key));
        let key_id = &hash[..16];
        let read = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", s(format!("key#{key_id}")))
            .send()
            .await?;
        let Some(item) = read.item else {
            return Ok(None);
        };
        // The row is found by a part of the hash; the whole is compared in constant time so that
        // the time taken tells nothing of it.
        let stored = get_s(&item, "hash").unwrap_or_default();
        let same = bool::from(stored.as_bytes().ct_eq(hash.as_bytes()));
        if !same || get_n::<u64>(&item, "revoked_at").is_some() {
            return Ok(None);
        }
        let scopes = item
            .get("scopes")
            .and_then(|scopes| scopes.as_ss().ok().cloned());
        Ok(Some(Caller {
            key_id: key_id.to_owned(),
            scopes: scopes.unwrap_or_default(),
        }))
    }
}
