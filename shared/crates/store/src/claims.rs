//! Claims: at most one job per video and variant makes an analysis, across all instances.

use crate::conditional::{MAX_ATTEMPTS, contended, if_held, retry_until_unchanged};
use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::types::{
    CancellationReason, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use super::{
    StoredAnalysis,
    counters::Counts,
    entry::Entry,
    item::{n, s},
    jobs::{Lease, WorkflowRecord},
    packed::Packed,
    rows::{CURRENT, Variant, analysis_document, body_item, entry_item, key, variant_key},
    videos::{Videos, condition_failed, unchanged},
};
use eventrelay_core::{
    answer_class::AnswerClass,
    clock::Timestamp,
    error::{Error, Failure, JobError},
    ids::JobId,
    video::VideoKey,
};

/// Maximum claims per transaction. A claim takes up to three writes, and a transaction has at most
/// 100
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>).
const MAX_CLAIMS: usize = 33;

/// Result of a claim.
#[derive(Clone, Debug, PartialEq)]
pub enum ClaimOutcome {
    /// The job owns the video and its row is written. The caller must send the message.
    Claimed,
    /// Another job holds the claim.
    Joined(JobId),
    /// A fresh analysis exists.
    Fresh(Box<StoredAnalysis>),
    /// A recent attempt failed.
    Failed(Box<Failure>),
}

/// Result of adding an analysis to the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indexed {
    /// The index refers to the analysis, and the job is saved.
    Yes,
    /// Another job holds the claim.
    ClaimLost,
    /// Another worker holds the lease of the step.
    StepLost,
}

/// Workflow that analyses a video and holds the claim on it.
pub trait ClaimingRecord: WorkflowRecord {
    /// Returns the video to analyse.
    fn video(&self) -> &VideoKey;

    /// Returns the variant of the analysis, part of the key of the claim.
    fn variant(&self) -> String;

    /// Returns whether the claim ignores a fresh analysis and a remembered failure.
    fn is_forced(&self) -> bool;
}

/// Request for a claim.
#[derive(Clone, Debug)]
pub struct ClaimRequest<R> {
    /// Job that requests the claim.
    pub job: R,
    /// Entry of the video as last read.
    pub entry: Option<Entry>,
    /// Finished job that has not released its claim yet.
    pub ended: Option<JobId>,
    /// Expiry of the claim if the job does not end before.
    pub lease_until: Timestamp,
}

/// Transaction of several claims.
struct ClaimTransaction {
    items: Vec<TransactWriteItem>,
    /// Index of each claim, and the position of its write of the variant.
    claims: Vec<(usize, usize)>,
    changes: Counts,
}

impl Videos {
    /// Claims videos for new jobs and creates the jobs. Each claim and its job are written together
    /// or not at all.
    ///
    /// The claims must differ in video or variant. A claim ends with its job or when its lease
    /// expires. A stored analysis or failure of a class below `configured` does not block a claim.
    ///
    /// # Errors
    /// [`Error::Storage`]. Some claims may have succeeded. Their jobs resume when a caller polls
    /// them.
    pub async fn claim<R: ClaimingRecord>(
        &self,
        mut wanted: Vec<ClaimRequest<R>>,
        configured: AnswerClass,
        now: Timestamp,
    ) -> Result<Vec<ClaimOutcome>, Error> {
        let mut outcomes: Vec<Option<ClaimOutcome>> = vec![None; wanted.len()];
        for _ in 0..MAX_ATTEMPTS {
            let open: Vec<usize> = (0..wanted.len())
                .filter(|at| outcomes[*at].is_none())
                .collect();
            if open.is_empty() {
                break;
            }
            for chunk in open.chunks(MAX_CLAIMS) {
                let attempt = self.attempt(&wanted, chunk, configured, now)?;
                match self.transact(attempt.items).await? {
                    Ok(()) => {
                        attempt
                            .claims
                            .iter()
                            .for_each(|(at, _)| outcomes[*at] = Some(ClaimOutcome::Claimed));
                        self.counters.count(&attempt.changes).await;
                    }
                    Err(reasons) => {
                        for (at, position) in attempt.claims {
                            outcomes[at] = reasons
                                .get(position)
                                .and_then(|reason| refusal(reason, configured, now));
                            // The video may have changed since it was read.
                            if outcomes[at].is_none() {
                                wanted[at].entry = self.entry(wanted[at].job.video()).await?;
                            }
                        }
                    }
                }
            }
        }
        let outcomes = outcomes.into_iter();
        outcomes
            .map(|outcome| outcome.ok_or_else(contended))
            .collect()
    }

    fn attempt<R: ClaimingRecord>(
        &self,
        wanted: &[ClaimRequest<R>],
        chunk: &[usize],
        configured: AnswerClass,
        now: Timestamp,
    ) -> Result<ClaimTransaction, Error> {
        let mut attempt = ClaimTransaction {
            items: Vec::with_capacity(3 * chunk.len()),
            claims: Vec::with_capacity(chunk.len()),
            changes: Counts::default(),
        };
        // A transaction may contain a row once, and two variants share the row of the video.
        let mut named: HashSet<&VideoKey> = HashSet::new();
        for at in chunk {
            let ClaimRequest {
                job,
                entry,
                ended,
                lease_until,
            } = &wanted[*at];
            attempt.claims.push((*at, attempt.items.len()));
            let claim = self.claim_item(job, ended.as_ref(), *lease_until, configured, now)?;
            let new = self.jobs.new_job(job)?;
            attempt
                .items
                .push(TransactWriteItem::builder().update(claim).build());
            attempt
                .items
                .push(TransactWriteItem::builder().put(new).build());
            if let Some(submitted) = Entry::submitted(entry.as_ref(), &job.header().id, now)
                && named.insert(job.video())
            {
                attempt
                    .changes
                    .merge(&Entry::change(entry.as_ref(), Some(&submitted)));
                attempt
                    .items
                    .push(self.entry_put(job.video(), entry.as_ref(), &submitted)?);
            }
        }
        Ok(attempt)
    }

    fn claim_item(
        &self,
        job: &impl ClaimingRecord,
        ended: Option<&JobId>,
        lease_until: Timestamp,
        configured: AnswerClass,
        now: Timestamp,
    ) -> Result<Update, Error> {
        let free = "(attribute_not_exists(#owner) OR lease_until < :now OR #owner = :ended)";
        // A row without a rank is older than the class and counts as a model's.
        let needed = "(attribute_not_exists(expires_at) OR expires_at <= :now \
                      OR answer_rank < :rank) \
                      AND (attribute_not_exists(failed_until) OR failed_until <= :now \
                      OR failed_rank < :rank)";
        let condition = if job.is_forced() {
            free.to_owned()
        } else {
            format!("{free} AND {needed}")
        };
        let rank = (!job.is_forced()).then(|| n(configured.rank()));
        let ranks = rank.map(|rank| HashMap::from([(":rank".to_owned(), rank)]));
        Update::builder()
            .table_name(&self.table)
            .set_key(Some(key(job.video(), &variant_key(&job.variant()))))
            .update_expression(
                "SET #owner = :owner, lease_until = :lease \
                 REMOVE failure, failed_until, failed_rank",
            )
            .set_expression_attribute_values(ranks)
            .condition_expression(condition)
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", s(job.header().id.as_str()))
            // No row has the id of a new job.
            .expression_attribute_values(":ended", s(ended.unwrap_or(&job.header().id).as_str()))
            .expression_attribute_values(":lease", n(lease_until.0))
            .expression_attribute_values(":now", n(now.0))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(Error::internal)
    }

    /// Returns the write that replaces the entry that was read.
    pub(super) fn entry_put(
        &self,
        video: &VideoKey,
        before: Option<&Entry>,
        after: &Entry,
    ) -> Result<TransactWriteItem, Error> {
        let (condition, values) = unchanged(before);
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(entry_item(video, after)?))
            .condition_expression(condition)
            .set_expression_attribute_values(values)
            .build()
            .map_err(Error::internal)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Releases the claim of a job that has ended without an analysis, and stores its failure, if
    /// any. Does nothing if the job no longer holds the claim.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn release(
        &self,
        job: &impl ClaimingRecord,
        failure: Option<&Failure>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let error = failure.map(|failure| &failure.error);
        self.end_entry(job.video(), &job.header().id, error, now)
            .await?;
        let mut release = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key(job.video(), &variant_key(&job.variant()))))
            .condition_expression("#owner = :owner")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", s(job.header().id.as_str()));
        let forget = "REMOVE #owner, lease_until";
        release = match failure {
            None => release.update_expression(forget),
            Some(failure) => {
                let document = serde_json::to_string(failure).map_err(Error::internal)?;
                release
                    .update_expression(format!(
                        "SET failure = :failure, failed_until = :until, failed_rank = :rank {forget}"
                    ))
                    .expression_attribute_values(":rank", n(failure.answered_by.rank()))
                    .expression_attribute_values(":failure", s(document))
                    .expression_attribute_values(":until", n(failure.until.0))
            }
        };
        if_held(release.send().await)?;
        Ok(())
    }

    /// Ends the entry of a video on behalf of a job that has ended without an analysis, or is gone.
    /// Returns whether the entry changed.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn end_entry(
        &self,
        video: &VideoKey,
        job: &JobId,
        error: Option<&JobError>,
        now: Timestamp,
    ) -> Result<bool, Error> {
        retry_until_unchanged(contended, || async move {
            let before = self.entry(video).await?;
            let ended = before
                .as_ref()
                .and_then(|entry| entry.ended(job, error, now));
            let Some(ended) = ended else {
                return Ok(Some(false));
            };
            let put = self.entry_put(video, before.as_ref(), &ended)?;
            if self.transact(vec![put]).await?.is_err() {
                return Ok(None);
            }
            self.counters
                .count(&Entry::change(before.as_ref(), Some(&ended)))
                .await;
            Ok(Some(true))
        })
        .await
    }

    /// Adds an analysis whose blobs are stored to the index, in one transaction.
    ///
    /// The transaction also ends the claim and saves the job as version + 1 under the lease of its
    /// next step. The newest analysis of the video stays the current one.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn index(
        &self,
        job: &impl ClaimingRecord,
        version: u32,
        lease: &Lease,
        analysis: &StoredAnalysis,
        body: &Packed,
    ) -> Result<Indexed, Error> {
        retry_until_unchanged(contended, || async move {
            let before = self.entry(job.video()).await?;
            let after = Entry::analysed(before.as_ref(), &job.header().id, analysis);
            let mut items = self.index_items(job, version, lease, analysis, body)?;
            if let Some(after) = &after {
                items.push(self.entry_put(job.video(), before.as_ref(), after)?);
                items.push(self.body_put(job.video(), CURRENT, analysis, body)?);
            }
            let reasons = match self.transact(items).await? {
                Ok(()) => {
                    if after.is_some() {
                        let changes = Entry::change(before.as_ref(), after.as_ref());
                        self.counters.count(&changes).await;
                    }
                    return Ok(Some(Indexed::Yes));
                }
                Err(reasons) => reasons,
            };
            let failed = |position: usize| reasons.get(position).is_some_and(condition_failed);
            Ok(if failed(0) {
                Some(Indexed::StepLost)
            } else if failed(1) {
                Some(Indexed::ClaimLost)
            } else {
                None
            })
        })
        .await
    }

    fn index_items(
        &self,
        job: &impl ClaimingRecord,
        version: u32,
        lease: &Lease,
        analysis: &StoredAnalysis,
        body: &Packed,
    ) -> Result<Vec<TransactWriteItem>, Error> {
        let sk = variant_key(&analysis.variant);
        let save = self
            .jobs
            .outcome(job, version, &lease.worker, Some(lease))?;
        let finish = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key(job.video(), &sk)))
            .update_expression(
                "SET doc = :doc, etag = :etag, expires_at = :expires, answer_rank = :rank \
                 REMOVE #owner, lease_until, failure, failed_until, failed_rank",
            )
            .condition_expression("#owner = :owner")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", s(job.header().id.as_str()))
            .expression_attribute_values(":doc", s(analysis_document(analysis)?))
            .expression_attribute_values(":etag", s(&analysis.etag))
            .expression_attribute_values(":expires", n(analysis.expires_at.0))
            .expression_attribute_values(":rank", n(analysis.answered_by.rank()))
            .build()
            .map_err(Error::internal)?;
        Ok(vec![
            TransactWriteItem::builder().put(save).build(),
            TransactWriteItem::builder().update(finish).build(),
            self.body_put(job.video(), &sk, analysis, body)?,
        ])
    }

    fn body_put(
        &self,
        video: &VideoKey,
        sk: &str,
        analysis: &StoredAnalysis,
        body: &Packed,
    ) -> Result<TransactWriteItem, Error> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(body_item(video, sk, &analysis.etag, body)?))
            .build()
            .map_err(Error::internal)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

/// Returns why the condition of a claim failed, or `None` if another claim of the transaction
/// failed.
fn refusal(
    reason: &CancellationReason,
    configured: AnswerClass,
    now: Timestamp,
) -> Option<ClaimOutcome> {
    let item = reason.item.as_ref().filter(|_| condition_failed(reason))?;
    let variant = Variant::new(item);
    if let Some(owner) = variant.at_work(now) {
        return Some(ClaimOutcome::Joined(owner.clone()));
    }
    if let Some(analysis) = variant.fresh(configured, now) {
        return Some(ClaimOutcome::Fresh(Box::new(analysis.clone())));
    }
    let failure = variant.failed(configured, now)?;
    Some(ClaimOutcome::Failed(Box::new(failure.clone())))
}
