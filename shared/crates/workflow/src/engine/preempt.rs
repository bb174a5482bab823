//! Changes of a workflow from outside its steps: cancelling, dead letters, lost messages.

use std::time::Duration;

use super::WorkflowKind;
use crate::context::Context;
use eventrelay_core::{clock::Timestamp, error::Error, ids::JobId, telemetry};
use eventrelay_store::{
    conditional::retry_until_unchanged,
    jobs::{Row, WorkflowRecord},
};

/// Applies `change` to a workflow even while a step runs, then enqueues its next step. Returns the
/// new workflow, or `None` if `change` declined or the workflow does not exist.
///
/// # Errors
/// [`Error::Conflict`] if steps change the workflow all the time; [`Error::Storage`].
pub async fn preempt<R: WorkflowKind>(
    context: &Context,
    id: &JobId,
    change: impl Fn(R, Timestamp) -> Option<R>,
    now: Timestamp,
) -> Result<Option<R>, Error> {
    let change = &change;
    retry_until_unchanged(changing, || async move {
        let Some(row) = context.jobs.get::<R>(id).await? else {
            return Ok(Some(None));
        };
        let Some(changed) = change(row.job, now) else {
            return Ok(Some(None));
        };
        if !context.jobs.preempt(&changed, row.version).await? {
            return Ok(None);
        }
        send::<R>(context, id, row.version + 1).await?;
        Ok(Some(Some(changed)))
    })
    .await
}

fn changing() -> Error {
    Error::Conflict {
        reason: "The job is changing; try again.".into(),
    }
}

/// Enqueues a step without delay.
pub(crate) async fn send<R: WorkflowKind>(
    context: &Context,
    id: &JobId,
    step: u32,
) -> Result<(), Error> {
    R::queue(context).send(id, step, Duration::ZERO).await
}

/// Enqueues the message of a workflow again if it is lost. A failure is logged and does not fail the
/// read that noticed the loss.
pub async fn requeue_if_lost<R: WorkflowKind>(context: &Context, row: &Row<R>, now: Timestamp) {
    if let Err(error) = requeue_lost(context, row, R::OVERDUE, now).await {
        tracing::warn!(job.id = %row.job.header().id, error = error.report(), "Could not enqueue the lost message of a job");
    }
}

/// Enqueues the message of a workflow that has been overdue for `overdue`. Returns `false` if it is
/// not lost, or if another instance enqueued it.
///
/// # Errors
/// [`Error::Storage`].
pub async fn requeue_lost<R: WorkflowKind>(
    context: &Context,
    row: &Row<R>,
    overdue: Duration,
    now: Timestamp,
) -> Result<bool, Error> {
    if !is_overdue(row, overdue, now) || !context.jobs.requeue_lost(row, now).await? {
        return Ok(false);
    }
    let send = async {
        tracing::warn!(job.id = %row.job.header().id, "Enqueued the lost message of a job");
        send::<R>(context, &row.job.header().id, row.version).await
    };
    telemetry::resumed(row.job.header().trace, send).await?;
    Ok(true)
}

/// Whether no worker runs the workflow and its message should have arrived `overdue` ago.
fn is_overdue(row: &Row<impl WorkflowRecord>, overdue: Duration, now: Timestamp) -> bool {
    let expected = row
        .running_until
        .unwrap_or_default()
        .max(row.job.header().due_at);
    !row.job.is_finalized() && now >= expected + overdue
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        job::{Job, Media, Request, Status},
        task::{Task, Work},
    };

    const OVERDUE: Duration = Duration::from_secs(60);
    const NOW: Timestamp = Timestamp(1_000_000);

    fn row(due_at: u64, running_until: Option<u64>) -> Row<Job> {
        let video = "yt:dQw4w9WgXcQ".parse().unwrap();
        let mut job = Job::new(video, Request::default(), Media::YouTube, NOW, NOW);
        job.header.due_at = Timestamp(due_at);
        Row {
            job,
            version: 0,
            running_until: running_until.map(Timestamp),
        }
    }

    #[test]
    fn job_is_overdue_only_without_a_lease_and_after_its_time() {
        assert!(is_overdue(&row(940_000, None), OVERDUE, NOW));
        assert!(!is_overdue(&row(940_001, None), OVERDUE, NOW));
        assert!(!is_overdue(&row(0, Some(NOW.0 + 1)), OVERDUE, NOW));
        assert!(!is_overdue(&row(0, Some(940_001)), OVERDUE, NOW));
        assert!(is_overdue(&row(0, Some(940_000)), OVERDUE, NOW));
        let mut finalized = row(0, None);
        finalized.job.header.finalized = true;
        assert!(!is_overdue(&finalized, OVERDUE, NOW));
    }

    #[test]
    fn task_that_has_ended_is_never_overdue() {
        let task = Task::new(Work::DeleteVideos { deleted: 0 }, NOW, Timestamp(940_000));
        let mut row = Row {
            job: task,
            version: 0,
            running_until: None,
        };
        assert!(is_overdue(&row, OVERDUE, NOW));
        row.job.status = Status::Failed;
        assert!(!is_overdue(&row, OVERDUE, NOW));
    }
}
