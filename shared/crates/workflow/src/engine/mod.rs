//! The workflow engine.
//!
//! A workflow is a [`WorkflowRecord`] that steps advance. Nothing waits between two steps: the next
//! one starts with a message, at once or after a delay. [`WorkflowKind`] decides what follows an
//! outcome, [`Workflow`] performs the effects, and [`Worker`] saves each step before it sends the next
//! message. Analyses ([`crate::job`]), builds ([`crate::build`]) and tasks ([`crate::task`]) are
//! workflows.

mod executor;
mod preempt;
pub(crate) mod step;

use std::time::Duration;

pub use executor::{Invocation, StepOutcome, Worker, Workflow, lease};
pub(crate) use preempt::send;
pub use preempt::{preempt, requeue_if_lost, requeue_lost};
pub use step::{WorkflowKind, cancelled, dead_lettered, is_dead_lettered, step};

use eventrelay_core::clock::Timestamp;
use eventrelay_store::jobs::WorkflowRecord;

/// Result of a step: the new record and when its next step runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition<R> {
    /// The record after the step.
    pub record: R,
    /// When the next step runs.
    pub next: NextStep,
}

impl<R: WorkflowRecord> Transition<R> {
    /// The next step runs without delay.
    pub fn immediate(mut record: R, now: Timestamp) -> Self {
        record.header_mut().due_at = now;
        Self {
            record,
            next: NextStep::Immediate,
        }
    }

    /// The next step runs after `delay`.
    pub fn after(mut record: R, delay: Duration, now: Timestamp) -> Self {
        record.header_mut().due_at = now + delay;
        Self {
            record,
            next: NextStep::After(delay),
        }
    }

    /// The workflow has ended and is finalized.
    pub fn finished(mut record: R, now: Timestamp) -> Self {
        record.header_mut().due_at = now;
        Self {
            record,
            next: NextStep::Finished,
        }
    }
}

/// When the next step runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextStep {
    Immediate,
    /// With a message that is delayed.
    After(Duration),
    Finished,
}

/// Treatment of a received message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageDisposition {
    Run,
    /// Send the message again with this delay.
    Wait(Duration),
    /// Drop the message: another one has done its work.
    Drop,
}

/// Returns how to treat a message for the step `step`, received for the `receive_count`th time,
/// while the record is at `version`.
///
/// A message for an older step is a duplicate if SQS delivers it for the first time. If SQS delivered
/// it before, its worker crashed after it saved the step. The worker may not have sent the next
/// message, so this one continues in its place. If both exist, the lease admits one of them, and the
/// other is then a duplicate. A message that waited for a lease names
/// [`Message::WHICHEVER`](eventrelay_store::queue::Message::WHICHEVER) step, so it never counts as old.
#[must_use]
pub fn receive(
    record: &impl WorkflowRecord,
    version: u32,
    step: u32,
    receive_count: u32,
    now: Timestamp,
) -> MessageDisposition {
    if record.is_finalized() || (step < version && receive_count <= 1) {
        return MessageDisposition::Drop;
    }
    match now.until(record.header().due_at) {
        Duration::ZERO => MessageDisposition::Run,
        _ if record.is_terminal() || record.is_woken() => MessageDisposition::Run,
        early => MessageDisposition::Wait(early),
    }
}
