//! Overdue workflows: their worker crashed before it saved the step or sent the next message. The
//! sweeper enqueues their message again. The worker does the rest: it takes over an expired lease,
//! and ends a job whose deadline has passed.

use eventrelay_store::Page;
use futures_util::stream::{self, StreamExt};

use super::{Part, Sweeper};
use crate::{any::AnyRow, engine};
use eventrelay_core::{clock::Timestamp, error::Error, ids::JobId};
use eventrelay_store::{
    Due,
    counters::{Counts, REVIVED_JOBS, REVIVED_TASKS},
};

/// Keys per page, and rows that are read together.
const IN_PAGE: u16 = 100;
const AT_ONCE: usize = 8;

impl Sweeper {
    pub(super) async fn sweep_due(&self, until: Timestamp) -> Part {
        let mut done = Counts::default();
        let ended = self.revive_all(until, &mut done).await;
        (done, ended)
    }

    async fn revive_all(&self, until: Timestamp, done: &mut Counts) -> Result<(), Error> {
        let before = self.now() - self.config.overdue;
        let jobs = &self.context.jobs;
        let mut after: Option<Due> = None;
        let mut failed = None;
        while !self.is_over(until) {
            let Page { items: ids, next } = jobs.overdue(before, IN_PAGE, after.as_ref()).await?;
            let revivals = stream::iter(&ids).map(|id| self.revive(id));
            let mut revivals = std::pin::pin!(revivals.buffer_unordered(AT_ONCE));
            while let Some(revived) = revivals.next().await {
                match revived {
                    Ok(Some(what)) => done.add(what, 1),
                    Ok(None) => {}
                    Err(error) => failed = failed.or(Some(error)),
                }
            }
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Requeues an overdue workflow. Returns the name of its counter, or `None` if it was not
    /// overdue.
    async fn revive(&self, id: &JobId) -> Result<Option<&'static str>, Error> {
        let now = self.now();
        let overdue = self.config.overdue;
        let context = &self.context;
        let row = AnyRow::find(&context.jobs, id).await?;
        Ok(match row {
            Some(AnyRow::Job(row)) => engine::requeue_lost(context, &row, overdue, now)
                .await?
                .then_some(REVIVED_JOBS),
            Some(AnyRow::Build(row)) => engine::requeue_lost(context, &row, overdue, now)
                .await?
                .then_some(REVIVED_JOBS),
            Some(AnyRow::Task(row)) => engine::requeue_lost(context, &row, overdue, now)
                .await?
                .then_some(REVIVED_TASKS),
            None => None,
        })
    }
}
