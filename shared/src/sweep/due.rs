//! Jobs and tasks that are long due: whoever was at them died before it wrote down or sent what
//! follows. Their message is sent anew, and the worker does the rest: it takes over a lease that ran
//! out, and ends a job whose deadline has passed.

use std::time::Duration;

use futures_util::stream::{self, StreamExt};

use super::{Part, Sweeper};
use crate::{
    clock::Timestamp,
    error::Error,
    job::JobId,
    store::{
        Due,
        counters::{Counts, REVIVED_JOBS, REVIVED_TASKS},
        jobs::{AnyRow, JobRow},
    },
    task::Task,
};

/// Keys in a page, and rows that are looked at together.
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
            let (ids, next) = jobs.overdue(before, IN_PAGE, after.as_ref()).await?;
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

    /// What was revived, if anything was.
    async fn revive(&self, id: &JobId) -> Result<Option<&'static str>, Error> {
        let now = self.now();
        let overdue = self.config.overdue;
        let context = &self.context;
        match context.jobs.any(id).await? {
            Some(AnyRow::Job(row)) if is_lost(&row, overdue, now) => {
                if !context.jobs.revive(&row, now).await? {
                    return Ok(None);
                }
                tracing::warn!(job.id = %id, "Sent the lost message of a job anew");
                let sent = context.queue.send(id, row.version, Duration::ZERO);
                sent.await.map(|()| Some(REVIVED_JOBS))
            }
            Some(AnyRow::Task(task, version)) if is_lost_task(&task, overdue, now) => {
                if !context.jobs.revive_task(&task, version, now).await? {
                    return Ok(None);
                }
                tracing::warn!(job.id = %id, "Sent the lost message of a task anew");
                let sent = context.tasks_queue.send(id, version, Duration::ZERO);
                sent.await.map(|()| Some(REVIVED_TASKS))
            }
            _ => Ok(None),
        }
    }
}

/// Pure. A job is lost when nobody is at it and its message should have been seen long ago.
fn is_lost(row: &JobRow, overdue: Duration, now: Timestamp) -> bool {
    let expected = row.running_until.unwrap_or_default().max(row.job.due_at);
    !row.job.settled && now >= expected + overdue
}

/// Pure. The same for a task.
fn is_lost_task(task: &Task, overdue: Duration, now: Timestamp) -> bool {
    !task.has_ended() && now >= task.due_at + overdue
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        job::{Job, Media, Request},
        task::Work,
    };

    const OVERDUE: Duration = Duration::from_secs(60);
    const NOW: Timestamp = Timestamp(1_000_000);

    fn row(due_at: u64, running_until: Option<u64>) -> JobRow {
        let video = "yt:dQw4w9WgXcQ".parse().unwrap();
        JobRow {
            job: Job {
                due_at: Timestamp(due_at),
                ..Job::new(video, Request::default(), Media::YouTube, NOW, NOW)
            },
            version: 0,
            running_until: running_until.map(Timestamp),
        }
    }

    #[test]
    fn a_job_is_lost_when_nobody_is_at_it_for_long() {
        assert!(is_lost(&row(940_000, None), OVERDUE, NOW));
        assert!(!is_lost(&row(940_001, None), OVERDUE, NOW));
        assert!(!is_lost(&row(0, Some(NOW.0 + 1)), OVERDUE, NOW));
        assert!(!is_lost(&row(0, Some(940_001)), OVERDUE, NOW));
        assert!(is_lost(&row(0, Some(940_000)), OVERDUE, NOW));
        let mut settled = row(0, None);
        settled.job.settled = true;
        assert!(!is_lost(&settled, OVERDUE, NOW));
    }

    #[test]
    fn a_task_is_lost_until_it_has_ended() {
        let mut task = Task::new(Work::DeleteVideos { deleted: 0 }, NOW, Timestamp(940_000));
        assert!(is_lost_task(&task, OVERDUE, NOW));
        task.due_at = Timestamp(940_001);
        assert!(!is_lost_task(&task, OVERDUE, NOW));
        (task.due_at, task.status) = (Timestamp(0), crate::job::Status::Failed);
        assert!(!is_lost_task(&task, OVERDUE, NOW));
    }
}
