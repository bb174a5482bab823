//! Reclaiming: a job that has ended takes its claim again.

use crate::conditional::{contended, retry_until_unchanged};
use aws_sdk_dynamodb::types::{ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};

use super::{
    claims::ClaimingRecord,
    entry::Entry,
    item::{n, s},
    rows::{Variant, key, variant_key},
    videos::{Videos, condition_failed},
};
use eventrelay_core::{clock::Timestamp, error::Error, ids::JobId};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reclaimed {
    /// The claim is held, and the job is saved as version + 1. The caller must send its message.
    Yes,
    /// Another job holds the claim.
    Owned(JobId),
    /// A fresh analysis exists now.
    Fresh,
    /// The job has changed since it was read.
    Moved,
}

impl Videos {
    /// Takes the claim for a settled job that resumes, and saves the job as version + 1, in one
    /// transaction. The remembered failure of the job is deleted.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn reclaim(
        &self,
        job: &impl ClaimingRecord,
        version: u32,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Reclaimed, Error> {
        retry_until_unchanged(contended, || async move {
            let before = self.entry(job.video()).await?;
            let after = Entry::submitted(before.as_ref(), &job.header().id, now);
            let put = self.jobs.resumed_job(job, version)?;
            let mut items = vec![
                TransactWriteItem::builder().put(put).build(),
                self.reclaim_item(job, lease_until, now)?,
            ];
            if let Some(after) = &after {
                items.push(self.entry_put(job.video(), before.as_ref(), after)?);
            }
            let reasons = match self.transact(items).await? {
                Ok(()) => {
                    if after.is_some() {
                        let changes = Entry::change(before.as_ref(), after.as_ref());
                        self.counters.count(&changes).await;
                    }
                    return Ok(Some(Reclaimed::Yes));
                }
                Err(reasons) => reasons,
            };
            if reasons.first().is_some_and(condition_failed) {
                return Ok(Some(Reclaimed::Moved));
            }
            let refused = reasons.get(1).filter(|reason| condition_failed(reason));
            let item = refused.and_then(|reason| reason.item.as_ref());
            Ok(item.map(|item| match Variant::new(item).at_work(now) {
                Some(owner) => Reclaimed::Owned(owner.clone()),
                None => Reclaimed::Fresh,
            }))
        })
        .await
    }

    fn reclaim_item(
        &self,
        job: &impl ClaimingRecord,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<TransactWriteItem, Error> {
        let free = "(attribute_not_exists(#owner) OR lease_until < :now)";
        let needed = "(attribute_not_exists(expires_at) OR expires_at <= :now)";
        let condition = if job.is_forced() {
            free.to_owned()
        } else {
            format!("{free} AND {needed}")
        };
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key(job.video(), &variant_key(&job.variant()))))
            .update_expression(
                "SET #owner = :owner, lease_until = :lease REMOVE failure, failed_until, failed_rank",
            )
            .condition_expression(condition)
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", s(job.header().id.as_str()))
            .expression_attribute_values(":lease", n(lease_until.0))
            .expression_attribute_values(":now", n(now.0))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(Error::internal)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}
