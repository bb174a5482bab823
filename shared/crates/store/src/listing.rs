//! Listings of videos by time, status and category: one query of one index per page.
//!
//! Each index has one partition per listing, which takes 1000 writes a second. Beyond that,
//! listings would need partitions by day, read one after the other.

use crate::sdk_error::storage_error;
use serde::{Deserialize, Serialize};

use super::{
    Page,
    entry::{Entry, VideoStatus},
    item::{Item, get_n, get_s, n, s},
    rows::{ALL_VIDEOS, CURRENT, entry_of, key},
    videos::Videos,
};
use eventrelay_analysis::Category;
use eventrelay_core::{clock::Timestamp, error::Error, video::VideoKey};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    All,
    /// Videos with this status.
    Status(VideoStatus),
    /// Videos with an analysis of this category.
    Category(Category),
}

/// Position between two pages of a listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub video: VideoKey,
    pub listed_at: Timestamp,
}

/// Sort order of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    NewestFirst,
    OldestFirst,
}

/// Request for a page of a listing.
#[derive(Clone, Debug, PartialEq)]
pub struct PageRequest {
    pub filter: Filter,
    pub order: Order,
    /// Earliest and latest time of change.
    pub between: (Timestamp, Timestamp),
    pub limit: u16,
    /// Position behind which the page starts.
    pub after: Option<Position>,
}

impl Filter {
    /// Returns the name of the index, its partition key and the partition.
    fn index(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::All => ("by_time", "listing", ALL_VIDEOS),
            Self::Status(status) => ("by_status", "status", status.into_str()),
            Self::Category(category) => ("by_category", "category", category.into_str()),
        }
    }
}

impl Videos {
    /// Returns a page of videos. Takes one query.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn list(
        &self,
        page: &PageRequest,
    ) -> Result<Page<(VideoKey, Entry), Position>, Error> {
        let (index, name, partition) = page.filter.index();
        let start = page.after.as_ref().map(|position| {
            let mut start = key(&position.video, CURRENT);
            start.insert(name.to_owned(), s(partition));
            start.insert("listed_at".to_owned(), n(position.listed_at.0));
            start
        });
        let read = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(index)
            .key_condition_expression("#partition = :partition AND listed_at BETWEEN :from AND :to")
            .expression_attribute_names("#partition", name)
            .expression_attribute_values(":partition", s(partition))
            .expression_attribute_values(":from", n(page.between.0.0))
            .expression_attribute_values(":to", n(page.between.1.0))
            .scan_index_forward(page.order == Order::OldestFirst)
            .limit(i32::from(page.limit))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(storage_error)?;
        let items = read.items.unwrap_or_default();
        let listed = items.iter().filter_map(|item| {
            let video = get_s(item, "pk")?.parse().ok()?;
            Some((video, entry_of(item)?))
        });
        Ok(Page {
            items: listed.collect(),
            next: read.last_evaluated_key.as_ref().and_then(position),
        })
    }

    /// Returns the completion times of the oldest and the newest analysis. Takes two queries of one
    /// row.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn span(&self) -> Result<Option<(Timestamp, Timestamp)>, Error> {
        let end = async |order| {
            let page = PageRequest {
                filter: Filter::Status(VideoStatus::Done),
                order,
                between: (Timestamp(0), Timestamp(i64::MAX as u64)),
                limit: 1,
                after: None,
            };
            let listed = self.list(&page).await?.items;
            Ok::<_, Error>(listed.first().map(|(_, entry)| entry.listed_at))
        };
        let (oldest, newest) =
            futures_util::future::try_join(end(Order::OldestFirst), end(Order::NewestFirst))
                .await?;
        Ok(oldest.zip(newest))
    }
}

fn position(key: &Item) -> Option<Position> {
    Some(Position {
        video: get_s(key, "pk")?.parse().ok()?,
        listed_at: get_n(key, "listed_at").map(Timestamp)?,
    })
}
