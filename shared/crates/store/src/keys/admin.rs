//! Creation, listing and revocation of API keys. The script `infra/api-key` does the same with the
//! AWS CLI.

use crate::conditional::if_held;
use crate::sdk_error::storage_error;
use aws_sdk_dynamodb::types::{AttributeValue, Put, ReturnValue, TransactWriteItem, Update};

use super::{
    Keys, Scope,
    form::{ApiKey, hash_and_id},
    key_row, row_key, scopes_of,
};
use crate::{
    batch::get_all,
    item::{Item, get_n, get_s, n, s},
};
use eventrelay_core::{clock::Timestamp, error::Error};

/// Row that lists all keys. Its 400 kB hold some 20,000 ids.
const ALL_KEYS: &str = "keys";

const MAX_NAME_LENGTH: usize = 64;
const MAX_PER_MINUTE: u32 = 1_000_000;

/// Properties of a new key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// Owner or purpose: 1 to 64 ASCII letters, digits, spaces and `._@-`.
    pub name: String,
    /// Granted scopes, at least one.
    pub scopes: Vec<Scope>,
    /// Maximum requests per minute, up to a million. `None` is unlimited.
    pub per_minute: Option<u32>,
    pub expires_at: Option<Timestamp>,
}

/// Metadata of a key, without the key itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// Public id: the first 16 hexadecimal digits of its hash.
    pub key_id: String,
    pub name: String,
    pub scopes: Vec<Scope>,
    pub per_minute: Option<u32>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

impl KeyRow {
    /// `active`, `expired` or `revoked`.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> &'static str {
        match self {
            Self {
                revoked_at: Some(_),
                ..
            } => "revoked",
            Self {
                expires_at: Some(at),
                ..
            } if *at <= now => "expired",
            _ => "active",
        }
    }

    fn read(item: &Item) -> Option<Self> {
        let at = |name| get_n(item, name).map(Timestamp);
        Some(Self {
            key_id: get_s(item, "pk")?.strip_prefix("key#")?.to_owned(),
            name: get_s(item, "name").unwrap_or_default().to_owned(),
            scopes: scopes_of(item),
            per_minute: get_n(item, "per_minute"),
            created_at: at("created_at").unwrap_or_default(),
            expires_at: at("expires_at"),
            revoked_at: at("revoked_at"),
        })
    }
}

impl NewKey {
    fn check(&self, now: Timestamp) -> Result<(), Error> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || " ._@-".contains(c);
        if !(1..=MAX_NAME_LENGTH).contains(&self.name.len()) || !self.name.chars().all(is_plain) {
            let rule = "It has 1 to 64 letters, digits, spaces and . _ @ - of ASCII.";
            return Err(Error::invalid("name", rule));
        }
        if self.scopes.is_empty() {
            return Err(Error::invalid("scopes", "There is at least one."));
        }
        let is_limit = |limit| (1..=MAX_PER_MINUTE).contains(&limit);
        if !self.per_minute.is_none_or(is_limit) {
            return Err(Error::invalid("per_minute", "It is from 1 to 1,000,000."));
        }
        if self.expires_at.is_some_and(|at| at <= now) {
            return Err(Error::invalid("expires_at", "It is in the past."));
        }
        Ok(())
    }
}

impl Keys {
    /// Creates a key. The response is the only place that contains it.
    ///
    /// # Errors
    /// [`Error::InvalidInput`], [`Error::Storage`], [`Error::Internal`] where there is no
    /// randomness.
    pub async fn create(&self, new: &NewKey, now: Timestamp) -> Result<(ApiKey, KeyRow), Error> {
        let key = ApiKey::generate()?;
        let row = self.put(key.reveal(), new, now, true).await?;
        Ok((key, row))
    }

    /// Stores a key chosen by the caller, also one that was revoked.
    ///
    /// # Errors
    /// As [`Keys::create`].
    pub async fn accept(&self, key: &str, new: &NewKey, now: Timestamp) -> Result<KeyRow, Error> {
        self.put(key, new, now, false).await
    }

    /// Returns all keys, including expired and revoked ones, oldest first.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn list(&self) -> Result<Vec<KeyRow>, Error> {
        let read = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", s(ALL_KEYS))
            .consistent_read(true)
            .send()
            .await
            .map_err(storage_error)?;
        let ids = read.item.and_then(|mut all| all.remove("ids"));
        let ids = match ids {
            Some(AttributeValue::Ss(ids)) => ids,
            _ => Vec::new(),
        };
        let keys = ids.iter().map(|id| row_key(id)).collect();
        let items = get_all(&self.client, &self.table, keys, true).await?;
        let mut rows: Vec<_> = items.iter().filter_map(KeyRow::read).collect();
        rows.sort_by(|a, b| (a.created_at, &a.key_id).cmp(&(b.created_at, &b.key_id)));
        Ok(rows)
    }

    /// Revokes a key. Idempotent. The gateway caches responses of the authorizer for a minute, so a
    /// key may be accepted that much longer.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Storage`].
    pub async fn revoke(&self, key_id: &str, now: Timestamp) -> Result<KeyRow, Error> {
        let unknown = || Error::NotFound { what: "key" };
        let is_id = key_id.len() == super::ID && key_id.bytes().all(|b| b.is_ascii_hexdigit());
        if !is_id {
            return Err(unknown());
        }
        let revoked = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(row_key(&key_id.to_ascii_lowercase())))
            .update_expression("SET revoked_at = if_not_exists(revoked_at, :now)")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":now", n(now.0))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        let row = if_held(revoked)?.and_then(|output| output.attributes);
        row.as_ref().and_then(KeyRow::read).ok_or_else(unknown)
    }

    /// Writes the row of a key and its id in the list of all keys, in one transaction.
    async fn put(
        &self,
        key: &str,
        new: &NewKey,
        now: Timestamp,
        only_new: bool,
    ) -> Result<KeyRow, Error> {
        new.check(now)?;
        let (hash, id) = hash_and_id(key);
        let scopes = new.scopes.iter().map(|scope| scope.into_str().to_owned());
        let put = Put::builder()
            .table_name(&self.table)
            .item("pk", s(key_row(&id)))
            .item("hash", s(hash))
            .item("name", s(&new.name))
            .item("scopes", AttributeValue::Ss(scopes.collect()))
            .item("created_at", n(now.0));
        let put = match new.per_minute {
            Some(limit) => put.item("per_minute", n(limit)),
            None => put,
        };
        let put = match new.expires_at {
            Some(at) => put.item("expires_at", n(at.0)),
            None => put,
        };
        let put = if only_new {
            put.condition_expression("attribute_not_exists(pk)")
        } else {
            put
        };
        let add = Update::builder()
            .table_name(&self.table)
            .key("pk", s(ALL_KEYS))
            .update_expression("ADD ids :id")
            .expression_attribute_values(":id", AttributeValue::Ss(vec![id.clone()]));
        let put = put.build().map_err(Error::internal)?;
        let add = add.build().map_err(Error::internal)?;
        self.client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().put(put).build())
            .transact_items(TransactWriteItem::builder().update(add).build())
            .send()
            .await
            .map_err(storage_error)?;
        Ok(KeyRow {
            key_id: id,
            name: new.name.clone(),
            scopes: new.scopes.clone(),
            per_minute: new.per_minute,
            created_at: now,
            expires_at: new.expires_at,
            revoked_at: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new() -> NewKey {
        NewKey {
            name: "ann@example.com - laptop_2".into(),
            scopes: vec![Scope::Read],
            per_minute: Some(60),
            expires_at: Some(Timestamp(2)),
        }
    }

    #[test]
    fn new_key_error_names_invalid_property() {
        let now = Timestamp(1);
        assert!(new().check(now).is_ok());
        let long = "a".repeat(65);
        let names = ["", "a\"b", "a\nb", "ä", &long].map(|name| NewKey {
            name: name.into(),
            ..new()
        });
        let others = [
            NewKey {
                scopes: vec![],
                ..new()
            },
            NewKey {
                per_minute: Some(0),
                ..new()
            },
            NewKey {
                per_minute: Some(1_000_001),
                ..new()
            },
            NewKey {
                expires_at: Some(now),
                ..new()
            },
        ];
        for wrong in names.iter().chain(&others) {
            let refused = wrong.check(now);
            assert!(
                matches!(refused, Err(Error::InvalidInput { .. })),
                "{wrong:?}"
            );
        }
    }

    #[test]
    fn a_key_is_active_until_it_expires_or_is_taken_back() {
        let mut row = KeyRow {
            key_id: "0".repeat(16),
            name: "n".into(),
            scopes: vec![],
            per_minute: None,
            created_at: Timestamp(0),
            expires_at: Some(Timestamp(2)),
            revoked_at: None,
        };
        assert_eq!(row.state(Timestamp(1)), "active");
        assert_eq!(row.state(Timestamp(2)), "expired");
        row.revoked_at = Some(Timestamp(1));
        assert_eq!(row.state(Timestamp(3)), "revoked");
    }
}
