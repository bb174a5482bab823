//! Jobs and tasks whose message is lost: whoever was to send it died between writing them down and
//! doing so.

use std::time::Duration;

use crate::{
    clock::Timestamp,
    error::Error,
    flow::Record,
    queue::Queue,
    store::jobs::{Jobs, Row},
    task::Task,
    telemetry,
};

/// How long a job's message may be overdue before it counts as lost for somebody who asks.
const OVERDUE: Duration = Duration::from_secs(30);

/// The same for a task, a page of which takes longer than a job's row is silent.
const OVERDUE_TASK: Duration = Duration::from_secs(120);

/// Sends the message of a job anew if it is lost. Somebody who asks for the job is a good moment;
/// that it fails is no reason not to answer them.
pub async fn revive_if_lost<R: Record>(jobs: &Jobs, queue: &Queue, row: &Row<R>, now: Timestamp) {
    if let Err(error) = revive(jobs, queue, row, OVERDUE, now).await {
        tracing::warn!(job.id = %row.job.id(), error = error.report(), "Could not revive a job");
    }
}

/// The same for a task.
pub async fn revive_task_if_lost(
    jobs: &Jobs,
    queue: &Queue,
    task: &Task,
    version: u32,
    now: Timestamp,
) {
    if let Err(error) = revive_task(jobs, queue, task, version, OVERDUE_TASK, now).await {
        tracing::warn!(job.id = %task.id, error = error.report(), "Could not revive a task");
    }
}

/// Sends the message of a job anew that should have been seen so long ago. False where it should
/// not, or somebody else has sent it.
///
/// # Errors
/// [`Error::Storage`].
pub async fn revive<R: Record>(
    jobs: &Jobs,
    queue: &Queue,
    row: &Row<R>,
    overdue: Duration,
    now: Timestamp,
) -> Result<bool, Error> {
    if !is_lost(row, overdue, now) || !jobs.revive(row, now).await? {
        return Ok(false);
    }
    let send = async {
        tracing::warn!(job.id = %row.job.id(), "Sending the lost message of a job anew");
        let sent = queue.send(row.job.id(), row.version, Duration::ZERO);
        sent.await
    };
    telemetry::resumed(row.job.trace(), send).await?;
    Ok(true)
}

/// The same for a task.
///
/// # Errors
/// [`Error::Storage`].
pub async fn revive_task(
    jobs: &Jobs,
    queue: &Queue,
    task: &Task,
    version: u32,
    overdue: Duration,
    now: Timestamp,
) -> Result<bool, Error> {
    if !is_lost_task(task, overdue, now) || !jobs.revive_task(task, version, now).await? {
        return Ok(false);
    }
    let send = async {
        tracing::warn!(job.id = %task.id, "Sending the lost message of a task anew");
        queue.send(&task.id, version, Duration::ZERO).await
    };
    telemetry::resumed(task.trace, send).await?;
    Ok(true)
}

/// Pure. A job is lost when nobody is at it and its message should have been seen long ago.
fn is_lost(row: &Row<impl Record>, overdue: Duration, now: Timestamp) -> bool {
    let expected = row.running_until.unwrap_or_default().max(row.job.due_at());
    !row.job.is_settled() && now >= expected + overdue
}

/// Pure. The same for a task.
fn is_lost_task(task: &Task, overdue: Duration, now: Timestamp) -> bool {
    !task.has_ended() && now >= task.due_at + overdue
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        job::{Job, Media, Request, Status},
        store::jobs::JobRow,
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
        (task.due_at, task.status) = (Timestamp(0), Status::Failed);
        assert!(!is_lost_task(&task, OVERDUE, NOW));
    }
}
