//! Bookmarks: where work that goes on another time has stopped. Rows `bookmark#<name>` of the
//! controls table. The last writer wins: whoever reads an old one does some work again.

use crate::sdk_error::storage_error;
use aws_sdk_dynamodb::Client;

use super::item::{get_s, s};
use eventrelay_core::error::Error;

/// The bookmarks of a deployment.
#[derive(Clone, Debug)]
pub struct Bookmarks {
    client: Client,
    table: String,
}

impl Bookmarks {
    /// The bookmarks in `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Where it stopped; none for the beginning.
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

    /// Notes where it stopped; none for the beginning.
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
