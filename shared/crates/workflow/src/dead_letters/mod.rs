//! Dead letters: messages that no worker could process.
//!
//! A message becomes a dead letter after five failed deliveries, or at once if it is poison
//! ([`crate::batch::send_poison`]). [`bury`] stores and counts it, and fails its workflow unless
//! that has moved on. An administrator can send it again ([`redrive`]).
//!
//! Both are idempotent and may crash between any two effects. A row is put once, and a job is ended
//! only in the version that was read. An instance that finds an effect done continues after it.

pub mod redrive;

use std::time::Duration;

use aws_lambda_events::event::sqs::SqsMessage;

use crate::{
    any::AnyRow,
    batch::{MESSAGE_ID, receive_count},
    build::Build,
    context::Context,
    engine::{self, WorkflowKind},
    job::Job,
    task::Task,
};
use eventrelay_core::{clock::Timestamp, config::DeadLettersConfig, error::Error, ids::JobId};
use eventrelay_store::conditional::{contended, retry_until_unchanged};
use eventrelay_store::{
    counters::{Counts, DEAD_LETTERS},
    dead_letters::{DeadLetter, DeadLetterId, Kept, Source},
    jobs::Row,
};

/// Tolerated lag of the clock of SQS behind ours.
const SKEW: Duration = Duration::from_secs(1);

/// Stores and counts a dead letter, and ends its workflow if necessary.
///
/// # Errors
/// [`Error::Storage`]: it stays in its queue and is to be delivered again. [`Error::Internal`] for
/// a record that no queue of ours delivers.
pub async fn bury(
    context: &Context,
    config: &DeadLettersConfig,
    record: &SqsMessage,
) -> Result<(), Error> {
    let now = (context.clock)();
    let letter = letter_of(context, config, record, now)?;
    match context.dead_letters.keep(&letter).await? {
        Kept::New => {
            tracing::error!(
                dead_letter.id = %letter.id,
                dead_letter.queue = ?letter.queue,
                dead_letter.reason = ?letter.reason,
                job.id = letter.job_id.as_ref().map(JobId::as_str),
                "A message is dead"
            );
            let mut counts = Counts::default();
            counts.add(DEAD_LETTERS, 1);
            context.counters.count(&counts).await;
        }
        Kept::Before => {}
        Kept::Redriven => return Ok(()),
    }
    // Poison names no job. The job has its own message, or else the sweeper sends one.
    let Some(message) = letter.message() else {
        return Ok(());
    };
    let received = first_received(record).unwrap_or(now);
    let id = &message.job_id;
    let ended = match AnyRow::find(&context.jobs, id).await {
        Ok(Some(AnyRow::Job(_))) => end::<Job>(context, id, message.step, received, now).await,
        Ok(Some(AnyRow::Build(_))) => end::<Build>(context, id, message.step, received, now).await,
        Ok(Some(AnyRow::Task(_))) => end::<Task>(context, id, message.step, received, now).await,
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    match ended {
        // An unreadable row may be why the message failed, so it is left unchanged.
        Err(error @ Error::Internal { .. }) => {
            tracing::error!(job.id = %message.job_id, error = error.report(), "Could not end a job");
            Ok(())
        }
        ended => ended,
    }
}

fn letter_of(
    context: &Context,
    config: &DeadLettersConfig,
    record: &SqsMessage,
    now: Timestamp,
) -> Result<DeadLetter, Error> {
    let arn = record.event_source_arn.as_deref().unwrap_or_default();
    let name = arn.rsplit(':').next().unwrap_or_default();
    let is_of = |url: &str| context.queue.beside(url.to_owned()).name() == name;
    let queue = match () {
        () if is_of(&config.analysis_url) => Source::Analysis,
        () if is_of(&config.tasks_url) => Source::Tasks,
        () if is_of(&config.builds_url) => Source::Builds,
        () => return Err(Error::internal("a record of no queue of dead letters")),
    };
    let attribute = |name: &str| {
        let attribute = record.message_attributes.get(name);
        attribute.and_then(|attribute| attribute.string_value.as_deref())
    };
    let own_id = record.message_id.as_deref().unwrap_or_default();
    let id = attribute(MESSAGE_ID)
        .and_then(DeadLetterId::of_message)
        .or_else(|| DeadLetterId::of_message(own_id))
        .ok_or_else(|| Error::internal("a record without an id"))?;
    let count = attribute("receive_count").and_then(|count| count.parse().ok());
    let body = record.body.as_deref().unwrap_or_default();
    let count = count.unwrap_or_else(|| receive_count(record));
    Ok(DeadLetter::new(id, queue, body, count, now))
}

/// Returns when the message was first received, in its own queue or in the dead-letter queue. Its
/// step was due by then.
fn first_received(record: &SqsMessage) -> Option<Timestamp> {
    let at = record.attributes.get("ApproximateFirstReceiveTimestamp")?;
    at.parse().ok().map(Timestamp)
}

/// Effect of a dead letter on its workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// No effect: the workflow has ended, has moved on, or has another message.
    Leave,
    Fail,
    /// This dead letter ended the workflow. The instance that saved the end may have crashed before
    /// it sent the last message.
    Finalize,
}

/// Returns the effect of a dead letter on its workflow.
///
/// The job fails if the message was for its present step, no worker runs the step, and no later
/// message was sent for it. A message that is enqueued again changes `due_at`, so one that was
/// received before that time is not the later one. A message for an older step is a late duplicate.
/// If it was the only message, the sweeper finds the job.
fn judge<R: WorkflowKind>(row: &Row<R>, step: u32, received: Timestamp, now: Timestamp) -> Verdict {
    let job = &row.job;
    if job.is_terminal() {
        let by_this = engine::is_dead_lettered(job) && step.checked_add(1) == Some(row.version);
        return if by_this && !job.is_finalized() {
            Verdict::Finalize
        } else {
            Verdict::Leave
        };
    }
    let is_running = row.running_until.is_some_and(|until| until >= now);
    // A workflow that is due at its deadline waits for children, which send its message when they
    // end.
    let waits = job.header().due_at >= job.header().deadline;
    let is_superseded = !waits && received + SKEW < job.header().due_at;
    if row.version != step || is_running || is_superseded {
        Verdict::Leave
    } else {
        Verdict::Fail
    }
}

async fn end<R: WorkflowKind>(
    context: &Context,
    id: &JobId,
    step: u32,
    received: Timestamp,
    now: Timestamp,
) -> Result<(), Error> {
    retry_until_unchanged(contended, || async move {
        let Some(row) = context.jobs.get::<R>(id).await? else {
            return Ok(Some(()));
        };
        let version = row.version;
        let step = match judge(&row, step, received, now) {
            Verdict::Leave => return Ok(Some(())),
            Verdict::Finalize => version,
            Verdict::Fail => {
                let Some(failed) = engine::dead_lettered(row.job, now) else {
                    return Ok(Some(()));
                };
                if !context.jobs.preempt_idle(&failed, version, now).await? {
                    return Ok(None);
                }
                version + 1
            }
        };
        engine::send::<R>(context, id, step).await.map(Some)
    })
    .await
}

#[cfg(test)]
mod tests;
