//! Decisions that are the same for every kind of workflow. Pure.

use std::time::Duration;

use eventrelay_core::{
    clock::Timestamp,
    error::{Error, JobError},
    notice::Notice,
    retry::{self, Attempts},
};
use eventrelay_store::{jobs::WorkflowRecord, queue::Queue};

use super::Transition;
use crate::context::Context;

/// Decisions of one kind of workflow. [`step`], [`cancelled`] and [`dead_lettered`] apply them.
pub trait WorkflowKind: WorkflowRecord {
    /// Result of an effect.
    type Outcome: Clone;

    /// What the deployment sets, and what is known about the services.
    type Settings: Copy;

    /// Time that the message of a workflow may be overdue before a reader takes it for lost.
    const OVERDUE: Duration = Duration::from_secs(30);

    /// Queue of the messages that advance workflows of this kind.
    fn queue(context: &Context) -> &Queue;

    /// Number of configured models, which are asked one after the other.
    fn models(settings: Self::Settings) -> usize;

    /// Applies the outcome of an effect.
    fn on_outcome(
        self,
        outcome: Self::Outcome,
        settings: Self::Settings,
        now: Timestamp,
    ) -> Transition<Self>;

    /// Handles an error that has a meaning of its own for this kind. `Err` returns the record
    /// unchanged: [`step`] retries or fails it.
    ///
    /// # Errors
    /// The unchanged record.
    fn on_error(self, error: &Error, now: Timestamp) -> Result<Transition<Self>, Box<Self>> {
        let _ = (error, now);
        Err(Box::new(self))
    }

    /// Sets the terminal state: cancelled after [`Error::Cancelled`], else failed.
    fn end(&mut self, error: &Error);

    /// Completes the terminal state that a step reached.
    fn on_end(&mut self, settings: Self::Settings, now: Timestamp, jitter: f64) {
        let _ = (settings, now, jitter);
    }

    /// Forgets what finalizing has removed.
    fn on_finalized(&mut self) {}

    /// Why the workflow failed.
    fn error(&self) -> Option<&JobError>;
}

/// Returns the workflow after an effect. `jitter` is a random number in 0..1.
#[must_use]
pub fn step<R: WorkflowKind>(
    record: &R,
    outcome: Result<R::Outcome, &Error>,
    settings: R::Settings,
    now: Timestamp,
    jitter: f64,
) -> Transition<R> {
    let mut record = record.clone();
    record.header_mut().updated_at = now;
    let had_ended = record.is_terminal();
    let is_late = !had_ended && now >= record.header().deadline;
    let mut transition = match outcome {
        _ if is_late => end(record, &Error::DeadlineExceeded, now),
        Ok(outcome) => {
            record.header_mut().begin_step();
            record.on_outcome(outcome, settings, now)
        }
        Err(error) if had_ended => finalize_again(record, error, now, jitter),
        Err(error) => match record.on_error(error, now) {
            Ok(transition) => transition,
            Err(record) => retry_or_end(*record, error, R::models(settings), now, jitter),
        },
    };
    if !had_ended && transition.record.is_terminal() {
        transition.record.on_end(settings, now, jitter);
    }
    transition
}

/// Ends a workflow. Finalizing follows, if this kind has anything to finalize.
pub(crate) fn end<R: WorkflowKind>(mut record: R, error: &Error, now: Timestamp) -> Transition<R> {
    record.end(error);
    ended(record, now)
}

/// The transition of a workflow whose terminal state is set.
pub(crate) fn ended<R: WorkflowKind>(mut record: R, now: Timestamp) -> Transition<R> {
    record.header_mut().begin_step();
    if record.is_finalized() {
        Transition::finished(record, now)
    } else {
        Transition::immediate(record, now)
    }
}

/// The workflow after it was finalized.
pub(crate) fn finalized<R: WorkflowKind>(mut record: R, now: Timestamp) -> Transition<R> {
    let header = record.header_mut();
    (header.finalized, header.notice) = (true, None);
    record.on_finalized();
    Transition::finished(record, now)
}

/// Retries finalizing. It never changes how the workflow ended. A failure of the storage is retried
/// for as long as it lasts, so that no claim, entry or search row is left behind.
fn finalize_again<R: WorkflowKind>(
    mut record: R,
    error: &Error,
    now: Timestamp,
    jitter: f64,
) -> Transition<R> {
    let header = record.header_mut();
    header.attempts = header.attempts.saturating_add(1);
    header.notice = Notice::from_error(error);
    let attempts = header.attempts;
    if attempts < retry::MAX_ATTEMPTS || retry::outlasts_tries(error) {
        Transition::after(record, retry::backoff(attempts, jitter), now)
    } else {
        finalized(record, now)
    }
}

fn retry_or_end<R: WorkflowKind>(
    mut record: R,
    error: &Error,
    models: usize,
    now: Timestamp,
    jitter: f64,
) -> Transition<R> {
    let header = record.header_mut();
    let is_model_unusable = matches!(
        error,
        Error::ModelGone { .. } | Error::DailyQuotaSpent { .. }
    );
    if is_model_unusable && header.model + 1 < models {
        header.model += 1;
        header.begin_step();
        return Transition::immediate(record, now);
    }
    // A bad answer was paid for, so it is retried once only.
    if error.is_bad_answer() && header.bad_answers > 0 {
        return end(record, error, now);
    }
    let attempts = Attempts {
        failed: header.attempts,
        unreached: header.unreached,
    };
    let Some(delay) = retry::delay(error, attempts, now, header.deadline, jitter) else {
        return end(record, error, now);
    };
    let after = attempts.after(error);
    (header.attempts, header.unreached) = (after.failed, after.unreached);
    header.notice = Notice::from_error(error);
    header.bad_answers += u32::from(error.is_bad_answer());
    header.has_reservation = retry::is_reservation(error);
    Transition::after(record, delay, now)
}

/// Returns the workflow after its caller cancelled it; `None` if it had ended.
#[must_use]
pub fn cancelled<R: WorkflowKind>(record: R, now: Timestamp) -> Option<R> {
    end_early(record, &Error::Cancelled, now)
}

/// Returns the workflow after its message became a dead letter; `None` if it had ended.
#[must_use]
pub fn dead_lettered<R: WorkflowKind>(record: R, now: Timestamp) -> Option<R> {
    end_early(record, &Error::DeadLettered, now)
}

fn end_early<R: WorkflowKind>(mut record: R, error: &Error, now: Timestamp) -> Option<R> {
    if record.is_terminal() {
        return None;
    }
    record.header_mut().updated_at = now;
    Some(end(record, error, now).record)
}

/// Whether a dead letter ended the workflow.
#[must_use]
pub fn is_dead_lettered(record: &impl WorkflowKind) -> bool {
    record.error().is_some_and(JobError::is_dead_letter)
}
