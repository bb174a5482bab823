//! Work in steps between which nothing waits: a step is done, written down, and the next one begins
//! with a message, at once or after a delay.
//!
//! [`WorkflowRecord`] is what such work has to remember, [`Workflow`] is what one kind of it does, and
//! [`Worker`] is who does it and writes it down before anybody else is told. Analyses
//! ([`crate::job`]) and builds ([`crate::build`]) are such work.

mod executor;
mod preempt;
pub(crate) mod step;

use std::time::Duration;

pub use executor::{Invocation, StepOutcome, Worker, Workflow, lease};

pub use preempt::{MAX_ATTEMPTS, send};
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

/// What to do with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageDisposition {
    Run,
    /// Send it again with this delay.
    Wait(Duration),
    /// It is of no use: another message has done its work.
    Drop,
}

/// What to do with a message for the step `step` that is received for the `receive_count`th time
/// while the record has come to `version`.
///
/// A message that is behind and is received for the first time is a duplicate. One that is behind
/// and was received before belongs to a worker that died after it had saved its step: whether it
/// still sent the next message is not known, so this one goes on in its place. Should both exist,
/// the lease of the step lets one of them through and the other is behind by then. A message that
/// had to wait for a lease is about [`Message::WHICHEVER`](eventrelay_store::queue::Message::WHICHEVER) step
/// and lives as long as its record.
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
