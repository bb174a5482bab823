//! The index `due` of the jobs table: open rows by due time. It projects keys only.

use crate::sdk_error::storage_error;
use serde::{Deserialize, Serialize};

use super::{
    Page,
    item::{Item, get_n, get_s, n, s},
    jobs::Jobs,
};
use eventrelay_core::{clock::Timestamp, error::Error, ids::JobId};

/// Value of `open` in the row of a job that is not settled, and of a task that has not ended.
pub(super) const OPEN: &str = "1";

/// Key of the index, and position of a listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// Key of the row.
    pub id: String,
    pub due_at: Timestamp,
}

impl Jobs {
    /// Returns a page of open jobs and tasks due before `until`, longest overdue first. Takes one
    /// query.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn overdue(
        &self,
        until: Timestamp,
        limit: u16,
        after: Option<&Due>,
    ) -> Result<Page<JobId, Due>, Error> {
        let Page { items, next } = self.list_due(OPEN, until, true, limit, after).await?;
        let ids = items.into_iter().filter_map(|due| due.id.parse().ok());
        Ok(Page {
            items: ids.collect(),
            next,
        })
    }

    /// Returns a page of one partition of the index, up to a time.
    pub(super) async fn list_due(
        &self,
        partition: &str,
        until: Timestamp,
        oldest_first: bool,
        limit: u16,
        after: Option<&Due>,
    ) -> Result<Page<Due, Due>, Error> {
        let start = after.map(|due| {
            Item::from([
                ("pk".to_owned(), s(&due.id)),
                ("open".to_owned(), s(partition)),
                ("due_at".to_owned(), n(due.due_at.0)),
            ])
        });
        let read = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("due")
            .key_condition_expression("#open = :open AND due_at <= :until")
            .expression_attribute_names("#open", "open")
            .expression_attribute_values(":open", s(partition))
            .expression_attribute_values(":until", n(until.0))
            .scan_index_forward(oldest_first)
            .limit(i32::from(limit))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(storage_error)?;
        Ok(Page {
            items: read.items().iter().filter_map(due).collect(),
            next: read.last_evaluated_key().and_then(due),
        })
    }
}

fn due(item: &Item) -> Option<Due> {
    Some(Due {
        id: get_s(item, "pk")?.to_owned(),
        due_at: get_n(item, "due_at").map(Timestamp)?,
    })
}
