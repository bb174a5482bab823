//! The row of an API key, as the authorizer reads it.

use std::time::SystemTime;

use anyhow::Context as _;
use aws_sdk_dynamodb::types::AttributeValue;
use sha2::{Digest as _, Sha256};

/// Accepts the key, with all scopes.
///
/// # Errors
/// When the table refuses the row.
pub(crate) async fn accept(
    key: &str,
    table: &str,
    client: &aws_sdk_dynamodb::Client,
) -> anyhow::Result<()> {
    let hash = hex::encode(Sha256::digest(key));
    let now = SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap_or_default()
        .as_millis();
    let scopes = ["read", "write", "admin"].map(str::to_owned).to_vec();
    client
        .put_item()
        .table_name(table)
        .item("pk", AttributeValue::S(format!("key#{}", &hash[..16])))
        .item("hash", AttributeValue::S(hash))
        .item("name", AttributeValue::S("local".into()))
        .item("scopes", AttributeValue::Ss(scopes))
        .item("created_at", AttributeValue::N(now.to_string()))
        .send()
        .await
        .context("cannot write the API key")?;
    Ok(())
}
