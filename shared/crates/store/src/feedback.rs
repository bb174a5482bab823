//! Feedback on analyses: rows beside those of the video.
//!
//! `sk` is `feedback#<id>`, and ids sort by time. All feedback is also in the partition `feedback`
//! of the index `by_time`, which the recount reads.

use crate::Page;
use crate::sdk_error::storage_error;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};
use uuid::Uuid;

use super::{
    counters::Counts,
    item::{Item, get_n, get_s, n, s},
    rows::key,
    videos::Videos,
};
use eventrelay_core::{clock::Timestamp, error::Error, video::VideoKey};

/// Partition of the index `by_time`.
const ALL_FEEDBACK: &str = "feedback";

/// Topic of feedback.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[derive(EnumString, IntoStaticStr, VariantArray)]
#[strum(const_into_str, serialize_all = "snake_case")]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub enum FeedbackType {
    /// Quality of the analysis.
    Quality,
    /// Correctness of the analysis.
    Accuracy,
    /// Duration of the analysis.
    Speed,
    /// A missing feature.
    FeatureRequest,
    /// A defect.
    BugReport,
    /// Other feedback.
    General,
}

impl FeedbackType {
    pub const ALL: &[Self] = Self::VARIANTS;
}

/// Feedback of a caller on a video.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    /// `fb_` and a UUID of version 7.
    pub id: String,
    /// Topic of the feedback.
    #[serde(rename = "type")]
    pub kind: FeedbackType,
    /// Rating from 1 to 5.
    pub rating: Option<u8>,
    /// Free text of the caller.
    pub comment: Option<String>,
    pub created_at: Timestamp,
}

impl Feedback {
    #[must_use]
    pub fn new(
        kind: FeedbackType,
        rating: Option<u8>,
        comment: Option<String>,
        now: Timestamp,
    ) -> Self {
        Self {
            id: format!("fb_{}", Uuid::now_v7().simple()),
            kind,
            rating,
            comment,
            created_at: now,
        }
    }
}

/// Returns the changes of the counters for an added (1) or a deleted (-1) row, or `None` if the row
/// is no feedback.
pub(super) fn change(row: &Item, sign: i64) -> Option<Counts> {
    let is_feedback = get_s(row, "sk")?.starts_with("feedback#");
    let kind = get_s(row, "type").filter(|_| is_feedback)?;
    let mut counts = Counts::default();
    counts.add(format!("feedback_{kind}"), sign);
    if let Some(rating) = get_n::<i64>(row, "rating") {
        counts.add("ratings", sign);
        counts.add("rating_sum", sign * rating);
    }
    Some(counts)
}

fn row(video: &VideoKey, feedback: &Feedback) -> Item {
    let mut item = key(video, &format!("feedback#{}", feedback.id));
    let mut set = |name: &str, value| item.insert(name.to_owned(), value);
    set("listing", s(ALL_FEEDBACK));
    set("listed_at", n(feedback.created_at.0));
    set("type", s(feedback.kind.into_str()));
    if let Some(rating) = feedback.rating {
        set("rating", n(rating));
    }
    if let Some(comment) = &feedback.comment {
        set("comment", s(comment));
    }
    item
}

fn feedback_of(item: &Item) -> Option<Feedback> {
    Some(Feedback {
        id: get_s(item, "sk")?.strip_prefix("feedback#")?.to_owned(),
        kind: get_s(item, "type")?.parse().ok()?,
        rating: get_n(item, "rating"),
        comment: get_s(item, "comment").map(str::to_owned),
        created_at: get_n(item, "listed_at").map(Timestamp)?,
    })
}

impl Videos {
    /// Stores feedback on a video.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn add_feedback(&self, video: &VideoKey, feedback: &Feedback) -> Result<(), Error> {
        let item = row(video, feedback);
        let changes = change(&item, 1).unwrap_or_default();
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .send()
            .await
            .map_err(storage_error)?;
        self.counters.count(&changes).await;
        Ok(())
    }

    /// Returns a page of feedback on a video, newest first and starting behind this id. Takes one
    /// query.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn feedback(
        &self,
        video: &VideoKey,
        limit: u16,
        after: Option<&str>,
    ) -> Result<Page<Feedback, String>, Error> {
        let start = after.map(|id| key(video, &format!("feedback#{id}")));
        let read = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :feedback)")
            .expression_attribute_values(":pk", s(video.to_string()))
            .expression_attribute_values(":feedback", s("feedback#"))
            .scan_index_forward(false)
            .limit(i32::from(limit))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(storage_error)?;
        let listed: Vec<Feedback> = read
            .items
            .unwrap_or_default()
            .iter()
            .filter_map(feedback_of)
            .collect();
        let more = read.last_evaluated_key.is_some();
        let next = listed.last().filter(|_| more).map(|last| last.id.clone());
        Ok(Page {
            items: listed,
            next,
        })
    }

    /// Recounts a page of all feedback. Returns the counts and the position of the next page.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn recount_feedback(
        &self,
        after: Option<&FeedbackPosition>,
    ) -> Result<(Counts, Option<FeedbackPosition>), Error> {
        let start = after.map(|at| {
            Item::from([
                ("pk".to_owned(), s(&at.pk)),
                ("sk".to_owned(), s(&at.sk)),
                ("listing".to_owned(), s(ALL_FEEDBACK)),
                ("listed_at".to_owned(), n(at.listed_at)),
            ])
        });
        let read = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("by_time")
            .key_condition_expression("listing = :feedback")
            .expression_attribute_values(":feedback", s(ALL_FEEDBACK))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(storage_error)?;
        let mut counts = Counts::default();
        for item in read.items.unwrap_or_default() {
            change(&item, 1).inspect(|change| counts.merge(change));
        }
        let next = read.last_evaluated_key.and_then(|key| {
            Some(FeedbackPosition {
                pk: get_s(&key, "pk")?.to_owned(),
                sk: get_s(&key, "sk")?.to_owned(),
                listed_at: get_n(&key, "listed_at")?,
            })
        });
        Ok((counts, next))
    }
}

/// Position at which a page of all feedback ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedbackPosition {
    pk: String,
    sk: String,
    listed_at: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_has_one_name() {
        for kind in FeedbackType::ALL {
            assert_eq!(serde_json::json!(kind), kind.into_str());
            assert_eq!(kind.into_str().parse(), Ok(*kind));
        }
    }

    #[test]
    fn feedback_survives_its_row_and_is_counted() {
        let video = "yt:dQw4w9WgXcQ".parse().unwrap();
        let said = Feedback::new(
            FeedbackType::BugReport,
            Some(4),
            Some("broken".to_owned()),
            Timestamp(7),
        );
        let item = row(&video, &said);
        assert_eq!(feedback_of(&item), Some(said));
        let mut counts = change(&item, 1).unwrap();
        assert_eq!(
            (counts.get("feedback_bug_report"), counts.get("rating_sum")),
            (1, 4)
        );
        counts.merge(&change(&item, -1).unwrap());
        assert!(counts.is_empty());
        assert_eq!(change(&key(&video, "current"), 1), None);
    }
}
