//! Bookmarks: positions at which periodic work resumes.
//!
//! They are rows `bookmark#<name>` of the controls table. The last writer wins: a reader of an old
//! bookmark repeats some idempotent work.

use crate::sdk_error::storage_error;
use aws_sdk_dynamodb::Client;

use super::item::{get_s, s};
use eventrelay_core::error::Error;

/// Bookmarks of a deployment.
#[derive(Clone, Debug)]
pub struct Bookmarks {
    client: Client,
    table: String,
}

impl Bookmarks {
    /// Creates a client of the bookmarks in `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Returns the saved position, or `None` for the beginning.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn read(&self, name: &str) -> Result<Option<String>, Error> {
        let read = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", s(format!("bookmark#{name}")))
            .consistent_read(true)
            .send()
            .await
            .map_err(storage_error)?;
        let at = read.item.as_ref().and_then(|item| get_s(item, "at"));
        Ok(at.filter(|at| !at.is_empty()).map(str::to_owned))
    }

    /// Saves a position, or `None` for the beginning.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn write(&self, name: &str, at: Option<&str>) -> Result<(), Error> {
        self.client
            .put_item()
            .table_name(&self.table)
            .item("pk", s(format!("bookmark#{name}")))
            .item("at", s(at.unwrap_or_default()))
            .send()
            .await
            .map_err(storage_error)?;
        Ok(())
    }
}
