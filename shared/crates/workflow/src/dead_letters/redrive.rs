//! Redrive of dead letters.

use std::borrow::Cow;

use crate::{
    any::AnyRow,
    build::Build,
    context::Context,
    engine,
    job::{Job, JobRow, machine},
    submission::CLAIM_MARGIN,
    task::Task,
};
use eventrelay_core::{clock::Timestamp, error::Error};
use eventrelay_store::{
    Reclaimed,
    dead_letters::{DeadLetter, DeadLetterId, Source},
    jobs::Row,
};

/// Result of a redrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redriven {
    /// The message is in its queue.
    Requeued,
    /// The dead letter is gone: it was redriven before, or it expired.
    Gone,
    /// Nothing changed, for this reason. The dead letter stays.
    Refused(Cow<'static, str>),
}

/// Redrives a dead letter.
///
/// If the letter is the message of a workflow, the workflow gets a message for its present step.
/// Any other letter is sent unchanged. A job or task that the dead letter failed resumes under its
/// id, with a new deadline. A duplicate redrive sends a second message, which the worker discards.
///
/// # Errors
/// [`Error::Storage`], and [`Error::Internal`] for a row that this version cannot read.
pub async fn redrive(
    context: &Context,
    id: &DeadLetterId,
    now: Timestamp,
) -> Result<Redriven, Error> {
    let Some(letter) = context.dead_letters.get(id).await? else {
        return Ok(Redriven::Gone);
    };
    let redriven = match letter.message() {
        Some(message) => match AnyRow::find(&context.jobs, &message.job_id).await? {
            Some(AnyRow::Job(row)) => resume_job(context, *row, now).await?,
            Some(AnyRow::Build(row)) => resume_build(context, &row).await?,
            Some(AnyRow::Task(row)) => resume_task(context, *row, now).await?,
            None => refused("Its job is not kept any more."),
        },
        None => send_as_it_was(context, &letter).await?,
    };
    // The mark follows the message: after a crash between the two, a redrive sends a duplicate.
    if redriven == Redriven::Requeued {
        context.dead_letters.mark_redriven(id, now).await?;
    }
    Ok(redriven)
}

fn refused(reason: impl Into<Cow<'static, str>>) -> Redriven {
    Redriven::Refused(reason.into())
}

/// Sends a letter that this version cannot read, since another version may.
async fn send_as_it_was(context: &Context, letter: &DeadLetter) -> Result<Redriven, Error> {
    if !letter.is_whole() {
        return Ok(refused("Its body was too long to be kept."));
    }
    let queue = match letter.queue {
        Source::Analysis => &context.queue,
        Source::Tasks => &context.tasks_queue,
        Source::Builds => &context.builds_queue,
    };
    queue.send_body(&letter.body, &[]).await?;
    Ok(Redriven::Requeued)
}

async fn resume_job(context: &Context, row: JobRow, now: Timestamp) -> Result<Redriven, Error> {
    let JobRow { job, version, .. } = row;
    let id = job.header.id.clone();
    if !job.header.finalized {
        engine::send::<Job>(context, &id, version).await?;
        // A failed job releases its claim first, with this message or an earlier one.
        return Ok(if engine::is_dead_lettered(&job) {
            refused("Its job has just failed and is being finalized; try again.")
        } else {
            Redriven::Requeued
        });
    }
    let deadline = now + context.config.job_deadline;
    let Some(resumed) = machine::resume(job, deadline, now) else {
        return Ok(refused("Its job has ended otherwise."));
    };
    let lease_until = deadline + CLAIM_MARGIN;
    let claimed = context.videos.reclaim(&resumed, version, lease_until, now);
    Ok(match claimed.await? {
        Reclaimed::Yes => {
            engine::send::<Job>(context, &id, version + 1).await?;
            Redriven::Requeued
        }
        Reclaimed::Owned(owner) => refused(format!("Another job is at the same: {owner}.")),
        Reclaimed::Fresh => refused("There is a fresh analysis by now."),
        Reclaimed::Moved => refused("Its job is changing; try again."),
    })
}

/// A build that has ended is not resumed: the caller starts another one.
async fn resume_build(context: &Context, row: &Row<Build>) -> Result<Redriven, Error> {
    if row.job.header.finalized {
        return Ok(refused("Its build has ended; ask for another one."));
    }
    engine::send::<Build>(context, &row.job.header.id, row.version).await?;
    Ok(Redriven::Requeued)
}

async fn resume_task(context: &Context, row: Row<Task>, now: Timestamp) -> Result<Redriven, Error> {
    let Row {
        job: task, version, ..
    } = row;
    let id = task.header.id.clone();
    if !task.has_ended() {
        engine::send::<Task>(context, &id, version).await?;
        return Ok(Redriven::Requeued);
    }
    let Some(resumed) = task.resumed(now + context.config.job_deadline, now) else {
        return Ok(refused("Its job has ended otherwise."));
    };
    if !context.jobs.preempt(&resumed, version).await? {
        return Ok(refused("Its job is changing; try again."));
    }
    engine::send::<Task>(context, &id, version + 1).await?;
    Ok(Redriven::Requeued)
}
