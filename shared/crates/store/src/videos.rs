//! The index of videos: their analyses and claims.
//!
//! The rows of a video share its key as `pk` and differ in `sk`:
//!
//! | `sk` | what |
//! |---|---|
//! | `current` | the [`Entry`]: status and newest analysis of all variants; in the indexes `by_time`, `by_status`, `by_category`; written with its `revision` as the condition |
//! | `current#body` | beside it, the body of that analysis, if small, and where its parts stand (`etag`, `parts`, `body`) |
//! | `v#<variant>` | a [`Variant`]: its claim (`owner`, `lease_until`), its analysis (`doc`, `etag`, `answer_rank`), its remembered failure (`failure`, `failed_until`, `failed_rank`); the ranks are those of [`eventrelay_core::answer_class::AnswerClass`] |
//! | `v#<variant>#body` | as above |
//! | `feedback#<id>` | see [`super::feedback`] |
//!
//! The body has its own row, so that conditional writes and the indexes do not carry it. It is
//! adjacent to its entry, so that one read returns both. Claims are in [`super::claims`], listings
//! in [`super::listing`], removal is in `removal`.

use crate::sdk_error::storage_error;
use std::sync::Arc;

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{CancellationReason, TransactWriteItem},
};
use bytes::Bytes;

use super::{
    StoredAnalysis, batch,
    counters::Counters,
    entry::Entry,
    item::{Item, get_s, s},
    jobs::{Jobs, Row, WorkflowRecord},
    packed::Directory,
    rows::{CURRENT, Variant, body_key, body_of, entry_of, key, variant_key},
};
use eventrelay_analysis::PIPELINE_VERSION;
use eventrelay_core::{clock::Timestamp, error::Error, video::VideoKey};

/// Selects an analysis of a video.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Selector {
    /// The analysis of a submission without options, else the newest of the best class.
    Default,
    /// The newest of the best class.
    Newest,
    /// The analysis of a variant, as named by jobs.
    Variant(String),
    /// The newest of the best class made by a version of the pipeline.
    Version(String),
}

/// Analysis, with its body if that is small.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub analysis: StoredAnalysis,
    /// Directory of the body's parts, empty if unknown.
    pub parts: Directory,
    /// The JSON body in gzip.
    pub body: Option<Bytes>,
}

#[derive(Clone, Debug)]
pub enum Lookup<R> {
    /// The analysis is stored.
    Stored(Arc<Found>),
    /// A job is making an analysis of the video.
    Running(Box<Row<R>>),
    Absent,
}

/// State of a video and of one variant before a submission.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    pub variant: Variant,
    pub entry: Option<Entry>,
}

impl Known {
    /// Returns the analysis for a reader of this variant: its own, else the newest of the video.
    #[must_use]
    pub fn shown(self) -> Option<StoredAnalysis> {
        let newest = self.entry.and_then(|entry| entry.analysis);
        self.variant.analysis.or(newest)
    }
}

#[derive(Clone, Debug)]
pub struct Videos {
    pub(super) client: Client,
    pub(super) table: String,
    pub(super) jobs: Jobs,
    pub(super) counters: Counters,
}

impl Videos {
    /// Creates a client of the index in `table`, with `jobs`, whose changes are counted in
    /// `counters`.
    #[must_use]
    pub fn new(client: Client, table: String, jobs: Jobs, counters: Counters) -> Self {
        Self {
            client,
            table,
            jobs,
            counters,
        }
    }

    /// Returns an analysis, with its body if that is small. Takes one read, or two if no submission
    /// without options was analysed.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn find(
        &self,
        video: &VideoKey,
        selector: &Selector,
        consistent: bool,
    ) -> Result<Option<Found>, Error> {
        let of_variant = |variant: &str| {
            let sk = variant_key(variant);
            let body = body_key(&sk);
            (sk, body)
        };
        if *selector == Selector::Default {
            let range = of_variant(PIPELINE_VERSION);
            if let Some(found) = self.find_between(video, range, consistent).await? {
                return Ok(Some(found));
            }
        }
        let range = match selector {
            Selector::Default | Selector::Newest => (CURRENT.to_owned(), body_key(CURRENT)),
            Selector::Variant(variant) => of_variant(variant),
            // A variant is a version, or a version followed by a dash and options.
            Selector::Version(version) => (variant_key(version), format!("v#{version}-~")),
        };
        self.find_between(video, range, consistent).await
    }

    /// Returns the newest analysis of the best class in a range of sort keys.
    async fn find_between(
        &self,
        video: &VideoKey,
        (from, to): (String, String),
        consistent: bool,
    ) -> Result<Option<Found>, Error> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
            .expression_attribute_values(":pk", s(video.to_string()))
            .expression_attribute_values(":from", s(from))
            .expression_attribute_values(":to", s(to))
            .consistent_read(consistent)
            .into_paginator()
            .items()
            .send();
        let mut newest: Option<Found> = None;
        let mut is_its_body = false;
        while let Some(item) = pages.next().await {
            let item = item.map_err(storage_error)?;
            if get_s(&item, "sk").is_some_and(|sk| sk.ends_with("#body")) {
                let found = newest.as_mut().filter(|_| is_its_body);
                if let Some(found) = found
                    && let Some((parts, body)) = body_of(item, &found.analysis.etag)
                {
                    (found.parts, found.body) = (parts, body);
                }
                continue;
            }
            let place = |analysis: &StoredAnalysis| (analysis.answered_by, analysis.finished_at);
            let known = newest.as_ref().map(|found| place(&found.analysis));
            let analysis = Variant::new(&item).analysis;
            let newer =
                analysis.filter(|analysis| known.is_none_or(|known| known < place(analysis)));
            is_its_body = newer.is_some();
            if let Some(analysis) = newer {
                newest = Some(Found {
                    analysis,
                    parts: Directory::default(),
                    body: None,
                });
            }
        }
        Ok(newest)
    }

    /// Returns the state of these videos and variants, in their order. Takes one read for up to
    /// fifty.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn look_up(&self, wanted: &[(&VideoKey, &str)]) -> Result<Vec<Known>, Error> {
        let mut keys = Vec::with_capacity(2 * wanted.len());
        for (video, variant) in wanted {
            for key in [key(video, CURRENT), key(video, &variant_key(variant))] {
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        let items = batch::get_all(&self.client, &self.table, keys, true).await?;
        let row = |video: &VideoKey, sk: &str| {
            let pk = video.to_string();
            items.iter().find(|item| {
                get_s(item, "pk") == Some(pk.as_str()) && get_s(item, "sk") == Some(sk)
            })
        };
        let known = wanted.iter().map(|(video, variant)| Known {
            variant: row(video, &variant_key(variant))
                .map(Variant::new)
                .unwrap_or_default(),
            entry: row(video, CURRENT).and_then(entry_of),
        });
        Ok(known.collect())
    }

    /// Returns the entry of a video (strongly consistent).
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn entry(&self, video: &VideoKey) -> Result<Option<Entry>, Error> {
        let read = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key(video, CURRENT)))
            .consistent_read(true)
            .send()
            .await
            .map_err(storage_error)?;
        Ok(read.item.as_ref().and_then(entry_of))
    }

    /// Returns all variants of a video, stored or in progress, with their names.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn variants(&self, video: &VideoKey) -> Result<Vec<(String, Variant)>, Error> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :variant)")
            .filter_expression("attribute_not_exists(parts)")
            .expression_attribute_values(":pk", s(video.to_string()))
            .expression_attribute_values(":variant", s(variant_key("")))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut variants = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(storage_error)?;
            let sk = get_s(&item, "sk").unwrap_or_default();
            if let Some(name) = sk
                .strip_prefix("v#")
                .filter(|name| !name.ends_with("#body"))
            {
                variants.push((name.to_owned(), Variant::new(&item)));
            }
        }
        Ok(variants)
    }

    /// Returns the analysis that the selector names, else a job that is analysing the video.
    ///
    /// The claims are read before the index is read again: a job that ends between the two reads
    /// has stored its analysis by the second.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn find_or_job<R: WorkflowRecord>(
        &self,
        video: &VideoKey,
        selector: &Selector,
        now: Timestamp,
    ) -> Result<Lookup<R>, Error> {
        if let Some(found) = self.find(video, selector, false).await? {
            return Ok(Lookup::Stored(Arc::new(found)));
        }
        let job = self.running_job(video, now).await?;
        // This read is strongly consistent, since the first one may miss a recent write.
        Ok(match (self.find(video, selector, true).await?, job) {
            (Some(found), _) => Lookup::Stored(Arc::new(found)),
            (None, Some(job)) => Lookup::Running(Box::new(job)),
            (None, None) => Lookup::Absent,
        })
    }

    /// Returns a job that is analysing the video.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn running_job<R: WorkflowRecord>(
        &self,
        video: &VideoKey,
        now: Timestamp,
    ) -> Result<Option<Row<R>>, Error> {
        for id in self.jobs_at_work(video, now).await? {
            let row = self.jobs.get::<R>(&id).await?;
            if let Some(row) = row.filter(|row| !row.job.is_terminal()) {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    /// Runs a transaction. The inner error has the cancellation reason of each item.
    pub(super) async fn transact(
        &self,
        items: Vec<TransactWriteItem>,
    ) -> Result<Result<(), Vec<CancellationReason>>, Error> {
        match self
            .client
            .transact_write_items()
            .set_transact_items(Some(items))
            .send()
            .await
        {
            Ok(_) => Ok(Ok(())),
            Err(SdkError::ServiceError(error)) => match error.err() {
                TransactWriteItemsError::TransactionCanceledException(cancelled) => {
                    Ok(Err(cancelled.cancellation_reasons().to_vec()))
                }
                _ => Err(storage_error(SdkError::ServiceError(error))),
            },
            Err(error) => Err(storage_error(error)),
        }
    }
}

/// Returns whether a write of a transaction failed its condition.
pub(super) fn condition_failed(reason: &CancellationReason) -> bool {
    reason.code.as_deref() == Some("ConditionalCheckFailed")
}

/// Returns the condition that a row still has the revision that was read.
pub(super) fn unchanged(before: Option<&Entry>) -> (&'static str, Option<Item>) {
    match before {
        None => ("attribute_not_exists(pk)", None),
        Some(entry) => (
            "revision = :revision",
            Some(Item::from([(
                ":revision".to_owned(),
                super::item::n(entry.revision),
            )])),
        ),
    }
}
