//! Jobs whose message is lost.

use std::time::Duration;

use crate::{
    clock::Timestamp,
    error::Error,
    queue::Queue,
    store::jobs::{JobRow, Jobs},
    task::Task,
};

/// How long a job's message may be overdue before it counts as lost.
const OVERDUE: Duration = Duration::from_secs(30);

/// The same for a task, a page of which takes longer than a job's row is silent.
const OVERDUE_TASK: Duration = Duration::from_secs(120);

/// Sends the message of a job anew that should have gone on long ago: whoever was to send it died
/// between writing the job down and doing so. Somebody who asks for the job is a good moment; that
/// it fails is no reason not to answer them.
pub async fn revive_if_lost(jobs: &Jobs, queue: &Queue, row: &JobRow, now: Timestamp) {
    let waited_for = row.running_until.unwrap_or_default().max(row.job.due_at) + OVERDUE;
    if row.job.settled || now < waited_for {
        return;
    }
    let revived = async {
        if jobs.revive(row, now).await? {
            tracing::warn!(job.id = %row.job.id, "Sent the lost message of a job anew");
            queue.send(&row.job.id, row.version, Duration::ZERO).await?;
        }
        Ok::<_, Error>(())
    };
    if let Err(error) = revived.await {
        tracing::warn!(job.id = %row.job.id, error = error.report(), "Could not revive a job");
    }
}

/// The same for a task. Its pages bear being done twice, so nothing is written before.
pub async fn revive_task_if_lost(queue: &Queue, task: &Task, version: u32, now: Timestamp) {
    if task.has_ended() || now < task.due_at + OVERDUE_TASK {
        return;
    }
    tracing::warn!(job.id = %task.id, "Sent the lost message of a task anew");
    if let Err(error) = queue.send(&task.id, version, Duration::ZERO).await {
        tracing::warn!(job.id = %task.id, error = error.report(), "Could not revive a task");
    }
}
