//! Removal from the index: of a deleted video, and of a row whose blob is missing.

use crate::conditional::{contended, if_held, retry_until_unchanged};
use crate::sdk_error::storage_error;
use aws_sdk_dynamodb::types::{Delete, ReturnValue, TransactWriteItem};

use super::{
    StoredAnalysis, batch,
    batch::Write,
    counters::Counts,
    entry::Entry,
    feedback,
    item::{Item, get_s, s},
    rows::{CURRENT, Variant, body_key, entry_of, key, variant_key},
    videos::{Videos, unchanged},
};
use eventrelay_core::{clock::Timestamp, error::Error, ids::JobId, video::VideoKey};

/// Maximum rounds that remove the rows of one video, since running jobs may still write some.
const ROUNDS: u32 = 8;

impl Videos {
    /// Returns the jobs that are analysing a video.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn jobs_at_work(
        &self,
        video: &VideoKey,
        now: Timestamp,
    ) -> Result<Vec<JobId>, Error> {
        let variants = self.variants(video).await?;
        Ok(variants
            .iter()
            .filter_map(|(_, variant)| variant.at_work(now).cloned())
            .collect())
    }

    /// Removes every row of a video, including its claims, so that a running job cannot store an
    /// analysis. Returns whether there was a row. Idempotent.
    ///
    /// # Errors
    /// [`Error::Storage`]. Some rows may be gone then, the entry first.
    pub async fn remove(&self, video: &VideoKey) -> Result<bool, Error> {
        let mut known = false;
        for _ in 0..ROUNDS {
            let deleted = self
                .client
                .delete_item()
                .table_name(&self.table)
                .set_key(Some(key(video, CURRENT)))
                .return_values(ReturnValue::AllOld)
                .send()
                .await
                .map_err(storage_error)?;
            let mut changes = Counts::default();
            if let Some(item) = &deleted.attributes {
                known = true;
                changes.merge(&Entry::change(entry_of(item).as_ref(), None));
            }
            let rows = self.keys_of(video).await?;
            known |= !rows.is_empty();
            for row in &rows {
                feedback::change(row, -1).inspect(|change| changes.merge(change));
            }
            let is_over = rows.is_empty() && deleted.attributes.is_none();
            let deletes = rows.iter().map(|row| Write::Delete(key_of(row)));
            batch::write_all(&self.client, &self.table, deletes.collect()).await?;
            self.counters.count(&changes).await;
            if is_over {
                return Ok(known);
            }
        }
        Err(contended())
    }

    /// Returns every row of a video without its large attributes.
    async fn keys_of(&self, video: &VideoKey) -> Result<Vec<Item>, Error> {
        let pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .projection_expression("pk, sk, #type, rating")
            .expression_attribute_names("#type", "type")
            .expression_attribute_values(":pk", s(video.to_string()))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let items = pages.collect::<Result<Vec<_>, _>>().await;
        items.map_err(storage_error)
    }

    /// Removes an analysis whose blob is missing from the index, so that the next submission makes
    /// a new one.
    ///
    /// The newest remaining analysis becomes the current one. Does nothing if the row holds another
    /// analysis by now.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn heal(&self, video: &VideoKey, lost: &StoredAnalysis) -> Result<(), Error> {
        let sk = &variant_key(&lost.variant);
        let forgotten = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(video, sk)))
            .update_expression("REMOVE doc, etag, expires_at, answer_rank")
            .condition_expression("etag = :etag")
            .expression_attribute_values(":etag", s(&lost.etag))
            .send()
            .await;
        if_held(forgotten)?;
        retry_until_unchanged(contended, || async move {
            let before = self.entry(video).await?;
            let Some(entry) = before.as_ref().filter(|entry| {
                entry
                    .analysis
                    .as_ref()
                    .is_some_and(|analysis| analysis.etag == lost.etag)
            }) else {
                return Ok(Some(()));
            };
            let best = self.newest_variant(video).await?;
            let after = entry.healed(best);
            let mut items = vec![match &after {
                Some(after) => self.entry_put(video, before.as_ref(), after)?,
                None => self.entry_delete(video, entry)?,
            }];
            for sk in [CURRENT, sk] {
                let delete = Delete::builder()
                    .table_name(&self.table)
                    .set_key(Some(key(video, &body_key(sk))));
                let delete = delete.build().map_err(Error::internal)?;
                items.push(TransactWriteItem::builder().delete(delete).build());
            }
            if self.transact(items).await?.is_err() {
                return Ok(None);
            }
            self.counters
                .count(&Entry::change(before.as_ref(), after.as_ref()))
                .await;
            Ok(Some(()))
        })
        .await
    }

    async fn newest_variant(&self, video: &VideoKey) -> Result<Option<StoredAnalysis>, Error> {
        let variants = self.variants(video).await?.into_iter();
        let analyses = variants.filter_map(|(_, Variant { analysis, .. })| analysis);
        Ok(analyses.max_by_key(|analysis| (analysis.answered_by, analysis.finished_at)))
    }

    fn entry_delete(&self, video: &VideoKey, entry: &Entry) -> Result<TransactWriteItem, Error> {
        let (condition, values) = unchanged(Some(entry));
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(key(video, CURRENT)))
            .condition_expression(condition)
            .set_expression_attribute_values(values)
            .build()
            .map_err(Error::internal)?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }
}

fn key_of(row: &Item) -> Item {
    let part = |name: &str| (name.to_owned(), s(get_s(row, name).unwrap_or_default()));
    Item::from([part("pk"), part("sk")])
}
