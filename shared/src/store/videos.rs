//! The index: which analyses of a video there are, and who is making one.
//!
//! Rows of a video have its key as `pk` and stand beside each other by `sk`:
//!
//! | `sk` | what |
//! |---|---|
//! | `v#<variant>` | a variant: its claim (`owner`, `lease_until`) while it is made, its entry (`doc`, `finished_at`, `expires_at`) once it is there |
//! | `v#<variant>#body` | its compressed body (`etag`, `body`), if small |
//! | `current`, `current#body` | the same of the newest analysis of all variants, without a claim; alone in the index `by_category` |
//!
//! The body has a row of its own so that the conditional writes and the index `by_category` do not
//! carry it, and stands next to its entry so that one read brings both.

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::transact_write_items::TransactWriteItemsError,
    primitives::Blob,
    types::{
        CancellationReason, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
        Update,
    },
};
use bytes::Bytes;

use super::{
    StoredAnalysis,
    item::{Item, get_n, get_s, n, s},
    jobs::{Jobs, Lease},
};
use crate::{
    clock::Timestamp,
    error::Error,
    job::{Job, JobId},
    video::VideoKey,
};

/// Largest compressed body that stands beside its row, in bytes. A read of it costs eight read
/// units where a plain row costs one, and saves a request to S3.
pub const INLINE_LIMIT: usize = 32 * 1024;

/// Tries of a transaction that met another one on the same rows.
const TRIES: u32 = 8;

/// What came of claiming a video.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// The job owns the video and is written down: it is the caller's to send the message.
    Claimed,
    /// This job is at it already.
    Joined(JobId),
    /// There is nothing to do.
    Fresh(Box<StoredAnalysis>),
}

/// What came of pointing the index at an analysis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indexed {
    /// It points, and the job is saved.
    Yes,
    /// The claim has gone to somebody else.
    ClaimLost,
    /// The step has gone to somebody else.
    StepLost,
}

/// An analysis with its body, if that is small.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The entry.
    pub analysis: StoredAnalysis,
    /// The JSON body in gzip.
    pub body: Option<Bytes>,
}

/// The index.
#[derive(Clone, Debug)]
pub struct Videos {
    client: Client,
    table: String,
    jobs: Jobs,
}

impl Videos {
    /// The index in `table`, beside `jobs`.
    #[must_use]
    pub fn new(client: Client, table: String, jobs: Jobs) -> Self {
        Self {
            client,
            table,
            jobs,
        }
    }

    /// The analysis of this variant, or the newest of all, with its body where that is small. One
    /// read.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn find(
        &self,
        video: &VideoKey,
        variant: Option<&str>,
    ) -> Result<Option<Found>, Error> {
        let sk = variant.map_or_else(|| "current".to_owned(), variant_key);
        let read = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND sk BETWEEN :row AND :body")
            .expression_attribute_values(":pk", s(video.to_string()))
            .expression_attribute_values(":body", s(format!("{sk}#body")))
            .expression_attribute_values(":row", s(&sk))
            .send()
            .await?;
        let mut items = read.items.unwrap_or_default().into_iter();
        let Some(analysis) = items.next().as_ref().and_then(entry) else {
            return Ok(None);
        };
        let body = items
            .next()
            .filter(|item| get_s(item, "etag") == Some(&analysis.etag))
            .and_then(|mut item| item.remove("body"))
            .and_then(|body| {
                body.as_b()
                    .ok()
                    .map(|blob| Bytes::copy_from_slice(blob.as_ref()))
            });
        Ok(Some(Found { analysis, body }))
    }

    /// The entry that answers a request for this variant: its own, else the newest if that is the
    /// same but for a transcript that came along.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn answering(
        &self,
        video: &VideoKey,
        variant: &str,
    ) -> Result<Option<StoredAnalysis>, Error> {
        if let Some(analysis) = self
            .row(video, &variant_key(variant))
            .await?
            .as_ref()
            .and_then(entry)
        {
            return Ok(Some(analysis));
        }
        let current = self.row(video, "current").await?.as_ref().and_then(entry);
        Ok(current.filter(|analysis| analysis.base_variant == variant))
    }

    /// A job that is making an analysis of this video at the moment.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn job_at_work(
        &self,
        video: &VideoKey,
        now: Timestamp,
    ) -> Result<Option<JobId>, Error> {
        let read = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :variant)")
            .filter_expression("attribute_exists(#owner) AND lease_until >= :now")
            .projection_expression("#owner")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":pk", s(video.to_string()))
            .expression_attribute_values(":variant", s("v#"))
            .expression_attribute_values(":now", n(now.0))
            .send()
            .await?;
        let owner = read
            .items
            .unwrap_or_default()
            .iter()
            .find_map(|item| get_s(item, "owner").and_then(|owner| owner.parse().ok()));
        Ok(owner)
    }

    /// Claims the video for a new job and writes the job down, both or neither. One claim per
    /// video and variant holds across all instances; it ends with the job, or with `lease_until`.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn claim(
        &self,
        job: &Job,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Claim, Error> {
        for _ in 0..TRIES {
            let reasons = match self.try_claim(job, lease_until, now).await? {
                Ok(()) => return Ok(Claim::Claimed),
                Err(reasons) => reasons,
            };
            let refused = reasons.first().filter(|reason| condition_failed(reason));
            if let Some(item) = refused.and_then(|reason| reason.item.as_ref()) {
                if let Some(owner) = owner(item, now) {
                    return Ok(Claim::Joined(owner));
                }
                if let Some(analysis) = entry(item) {
                    return Ok(Claim::Fresh(Box::new(analysis)));
                }
            }
            // Another claim was under way at the same moment: the next try sees what it left.
        }
        Err(contended())
    }

    async fn try_claim(
        &self,
        job: &Job,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Result<(), Vec<CancellationReason>>, Error> {
        let free = "(attribute_not_exists(#owner) OR lease_until < :now)";
        let wanted = "(attribute_not_exists(expires_at) OR expires_at <= :now)";
        let condition = if job.request.force {
            free.to_owned()
        } else {
            format!("{free} AND {wanted}")
        };
        let claim = Update::builder()
            .table_name(&self.table)
            .key("pk", s(job.video.to_string()))
            .key("sk", s(variant_key(&job.variant())))
            .update_expression("SET #owner = :owner, lease_until = :lease")
            .condition_expression(condition)
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", s(job.id.as_str()))
            .expression_attribute_values(":lease", n(lease_until.0))
            .expression_attribute_values(":now", n(now.0))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(Error::internal)?;
        let new = self.jobs.new_job(job).build().map_err(Error::internal)?;
        self.transact(vec![
            TransactWriteItem::builder().update(claim).build(),
            TransactWriteItem::builder().put(new).build(),
        ])
        .await
    }

    /// Gives up the claim of a job that has ended without an analysis. Nothing happens if it has
    /// none any more.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn release(&self, job: &Job) -> Result<(), Error> {
        let released = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", s(job.video.to_string()))
            .key("sk", s(variant_key(&job.variant())))
            .update_expression("REMOVE #owner, lease_until")
            .condition_expression("#owner = :owner")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", s(job.id.as_str()))
            .send()
            .await;
        match released {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(error))
                if error.err().is_conditional_check_failed_exception() =>
            {
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Points the index at an analysis whose blobs are stored, ends the claim and saves the job
    /// as version + 1 under the lease of its next step, all or nothing. The newest analysis of the video stays the current one.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn index(
        &self,
        job: &Job,
        version: u32,
        lease: &Lease,
        analysis: &StoredAnalysis,
        body: Option<&Bytes>,
    ) -> Result<Indexed, Error> {
        let mut newest = true;
        for _ in 0..TRIES {
            let items = self.index_items(job, version, lease, analysis, body, newest)?;
            let reasons = match self.transact(items).await? {
                Ok(()) => return Ok(Indexed::Yes),
                Err(reasons) => reasons,
            };
            let failed = |position: usize| reasons.get(position).is_some_and(condition_failed);
            match () {
                () if failed(0) => return Ok(Indexed::StepLost),
                () if failed(1) => return Ok(Indexed::ClaimLost),
                () if failed(3) => newest = false,
                () => {}
            }
        }
        Err(contended())
    }

    fn index_items(
        &self,
        job: &Job,
        version: u32,
        lease: &Lease,
        analysis: &StoredAnalysis,
        body: Option<&Bytes>,
        newest: bool,
    ) -> Result<Vec<TransactWriteItem>, Error> {
        let video = job.video.to_string();
        let doc = serde_json::to_string(analysis).map_err(Error::internal)?;
        let sk = variant_key(&analysis.variant);
        let save = self.jobs.outcome(job, version, &lease.worker, Some(lease));
        let save = save.build().map_err(Error::internal)?;
        let finish = Update::builder()
            .table_name(&self.table)
            .key("pk", s(&video))
            .key("sk", s(&sk))
            .update_expression(
                "SET doc = :doc, finished_at = :finished, expires_at = :expires \
                 REMOVE #owner, lease_until",
            )
            .condition_expression("#owner = :owner")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", s(job.id.as_str()))
            .expression_attribute_values(":doc", s(&doc))
            .expression_attribute_values(":finished", n(analysis.finished_at.0))
            .expression_attribute_values(":expires", n(analysis.expires_at.0))
            .build()
            .map_err(Error::internal)?;
        let mut items = vec![
            TransactWriteItem::builder().put(save).build(),
            TransactWriteItem::builder().update(finish).build(),
            self.body_item(&video, &sk, analysis, body)?,
        ];
        if newest {
            let current = Put::builder()
                .table_name(&self.table)
                .item("pk", s(&video))
                .item("sk", s("current"))
                .item("category", s(&analysis.category))
                .item("doc", s(&doc))
                .item("finished_at", n(analysis.finished_at.0))
                .item("expires_at", n(analysis.expires_at.0))
                .condition_expression("attribute_not_exists(pk) OR finished_at <= :finished")
                .expression_attribute_values(":finished", n(analysis.finished_at.0))
                .build()
                .map_err(Error::internal)?;
            items.push(TransactWriteItem::builder().put(current).build());
            items.push(self.body_item(&video, "current", analysis, body)?);
        }
        Ok(items)
    }

    /// The body beside its row, or the end of an older one where the new one is too large.
    fn body_item(
        &self,
        video: &str,
        sk: &str,
        analysis: &StoredAnalysis,
        body: Option<&Bytes>,
    ) -> Result<TransactWriteItem, Error> {
        let sk = format!("{sk}#body");
        let write = TransactWriteItem::builder();
        Ok(match body.filter(|body| body.len() <= INLINE_LIMIT) {
            Some(body) => {
                let put = Put::builder()
                    .table_name(&self.table)
                    .item("pk", s(video))
                    .item("sk", s(sk))
                    .item("etag", s(&analysis.etag))
                    .item(
                        "body",
                        aws_sdk_dynamodb::types::AttributeValue::B(Blob::new(&body[..])),
                    );
                write.put(put.build().map_err(Error::internal)?)
            }
            None => {
                let delete = Delete::builder()
                    .table_name(&self.table)
                    .key("pk", s(video))
                    .key("sk", s(sk));
                write.delete(delete.build().map_err(Error::internal)?)
            }
        }
        .build())
    }

    async fn row(&self, video: &VideoKey, sk: &str) -> Result<Option<Item>, Error> {
        let read = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", s(video.to_string()))
            .key("sk", s(sk))
            .consistent_read(true)
            .send()
            .await?;
        Ok(read.item)
    }

    /// The inner error says why nothing was written, item by item.
    async fn transact(
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
                _ => Err(SdkError::ServiceError(error).into()),
            },
            Err(error) => Err(error.into()),
        }
    }
}

fn variant_key(variant: &str) -> String {
    format!("v#{variant}")
}

fn entry(item: &Item) -> Option<StoredAnalysis> {
    serde_json::from_str(get_s(item, "doc")?).ok()
}

fn owner(item: &Item, now: Timestamp) -> Option<JobId> {
    let held = get_n(item, "lease_until")
        .map(Timestamp)
        .is_some_and(|until| until >= now);
    get_s(item, "owner").filter(|_| held)?.parse().ok()
}

fn condition_failed(reason: &CancellationReason) -> bool {
    reason.code.as_deref() == Some("ConditionalCheckFailed")
}

fn contended() -> Error {
    Error::Storage {
        transient: true,
        source: "too many transactions on one video".into(),
    }
}
