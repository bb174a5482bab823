//! Adding and removing documents.

use crate::conditional::{contended, retry_until_unchanged};
use crate::sdk_error::storage_error;
use aws_sdk_dynamodb::{
    error::SdkError,
    operation::put_item::PutItemError,
    types::{ReturnValue, ReturnValuesOnConditionCheckFailure},
};

use super::{
    super::{
        batch::{Write, write_all},
        item::{Item, get_s, n, s},
    },
    Search,
    rows::{self, DocumentKey},
};
use eventrelay_analysis::search::Document;
use eventrelay_core::{error::Error, video::VideoKey};

impl Search {
    /// Adds an analysis to the index. It is found once it is the current one of its video.
    /// Idempotent: a retry after a partial write completes it.
    ///
    /// # Errors
    /// [`Error::Storage`]. The caller must then retry, or remove the document.
    pub async fn put(
        &self,
        video: &VideoKey,
        etag: &str,
        document: &Document,
    ) -> Result<(), Error> {
        let key = DocumentKey::new(video, etag)?;
        self.put_document(&key, document).await?;
        let postings = document.terms().map(|(term, occurrence)| {
            Write::Put(rows::posting(&key, document.length(), term, occurrence))
        });
        write_all(&self.client, &self.table, postings.collect()).await?;
        // Another worker may have removed it meanwhile, without seeing all postings.
        if self.document(&key).await?.is_none() {
            let terms = document.terms().map(|(term, _)| term);
            self.delete_postings(&key, terms).await?;
        }
        Ok(())
    }

    /// Writes a row with this content and replaces any other row.
    async fn put_document(&self, key: &DocumentKey, document: &Document) -> Result<(), Error> {
        let row = &rows::document(key, document)?;
        retry_until_unchanged(contended, || async move {
            let put = self
                .client
                .put_item()
                .table_name(&self.table)
                .set_item(Some(row.clone()))
                .condition_expression("attribute_not_exists(pk)")
                .return_values_on_condition_check_failure(
                    ReturnValuesOnConditionCheckFailure::AllOld,
                )
                .send()
                .await;
            let old = match put {
                Ok(_) => return self.count(key, 1, rows::length(row)).await.map(Some),
                Err(SdkError::ServiceError(error)) => match error.err() {
                    PutItemError::ConditionalCheckFailedException(failed) => failed.item().cloned(),
                    _ => return Err(storage_error(SdkError::ServiceError(error))),
                },
                Err(error) => return Err(storage_error(error)),
            };
            match old {
                Some(old) if rows::is_same(&old, row) => return Ok(Some(())),
                // Another version of the tokenizer made other terms, which only the old row names.
                Some(old) => self.remove_row(key, &old).await?,
                None => {}
            }
            Ok(None)
        })
        .await
    }

    /// Removes an analysis from the index. A prefix of its entity tag is enough. Idempotent.
    ///
    /// # Errors
    /// [`Error::Storage`]. The caller must then retry.
    pub async fn remove(&self, video: &VideoKey, etag: &str) -> Result<(), Error> {
        let key = DocumentKey::new(video, etag)?;
        match self.document(&key).await? {
            Some(row) => self.remove_row(&key, &row).await,
            None => Ok(()),
        }
    }

    /// Returns the entity tag prefixes of a video's analyses in the index.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn documents(&self, video: &VideoKey) -> Result<Vec<String>, Error> {
        let rows = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .projection_expression("pk, sk")
            .expression_attribute_values(":pk", s(rows::partition(video)))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send()
            .collect::<Result<Vec<_>, _>>()
            .await
            .map_err(storage_error)?;
        let tags = rows.iter().filter_map(|row| get_s(row, "sk"));
        Ok(tags.map(str::to_owned).collect())
    }

    /// Removes all analyses of a video from the index except the one with the tag `keep_etag`.
    ///
    /// # Errors
    /// [`Error::Storage`]. The caller must then retry.
    pub async fn forget(&self, video: &VideoKey, keep_etag: Option<&str>) -> Result<(), Error> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", s(rows::partition(video)))
            .consistent_read(true)
            .into_paginator()
            .send();
        while let Some(page) = pages.try_next().await.map_err(storage_error)? {
            for row in page.items.unwrap_or_default() {
                let key = rows::read_key(video, &row)?;
                if !keep_etag.is_some_and(|etag| key.is_of(etag)) {
                    self.remove_row(&key, &row).await?;
                }
            }
        }
        Ok(())
    }

    async fn remove_row(&self, key: &DocumentKey, row: &Item) -> Result<(), Error> {
        let stored = rows::read_document(row)?;
        let terms = stored.terms.iter().map(String::as_str);
        self.delete_postings(key, terms).await?;
        let deleted = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key.item()))
            .return_values(ReturnValue::AllOld)
            .send()
            .await
            .map_err(storage_error)?;
        match deleted.attributes {
            Some(row) => self.count(key, -1, -rows::length(&row)).await,
            // Another worker was faster and has updated the counters.
            None => Ok(()),
        }
    }

    async fn delete_postings(
        &self,
        key: &DocumentKey,
        terms: impl Iterator<Item = &str>,
    ) -> Result<(), Error> {
        let deletes = terms.map(|term| Write::Delete(key.posting(term))).collect();
        write_all(&self.client, &self.table, deletes).await
    }

    async fn document(&self, key: &DocumentKey) -> Result<Option<Item>, Error> {
        let read = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key.item()))
            .consistent_read(true)
            .send()
            .await
            .map_err(storage_error)?;
        Ok(read.item)
    }

    /// Updates the corpus counters outside the row's transaction. A crash in between leaves the
    /// corpus off by one document, which does not affect scores noticeably.
    async fn count(&self, key: &DocumentKey, documents: i64, length: i64) -> Result<(), Error> {
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key.counters()))
            .update_expression("ADD #documents :documents, #length :length")
            .expression_attribute_names("#documents", "documents")
            .expression_attribute_names("#length", "length")
            .expression_attribute_values(":documents", n(documents))
            .expression_attribute_values(":length", n(length))
            .send()
            .await
            .map_err(storage_error)?;
        Ok(())
    }
}
