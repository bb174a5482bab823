//! Work in steps between which nothing waits: a step is done, written down, and the next one begins
//! with a message, at once or after a delay.
//!
//! [`WorkflowRecord`] is what such work has to remember, [`Flow`] is what one kind of it does, and
//! [`Driver`] is who does it and writes it down before anybody else is told. Analyses
//! ([`crate::job`]) and builds ([`crate::build`]) are such work.

mod any;
mod driver;
mod preempt;

use std::time::Duration;

pub use any::AnyRow;
pub use driver::{Driver, Flow, Invocation, Performed, lease};

pub use preempt::{MAX_ATTEMPTS, send};
pub use preempt::{Workflow, preempt, requeue_if_lost, requeue_lost};

use eventrelay_core::clock::Timestamp;
use eventrelay_store::jobs::WorkflowRecord;

/// What follows a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Next<R> {
    /// The record as it is now.
    pub job: R,
    /// When to go on.
    pub then: Then,
}

/// When to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// At once.
    Now,
    /// With a message that is delayed so long.
    After(Duration),
    /// Never: it has ended and is settled.
    End,
}

/// What to do with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reception {
    /// Run the step.
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
) -> Reception {
    if record.is_settled() || (step < version && receive_count <= 1) {
        return Reception::Drop;
    }
    match now.until(record.due_at()) {
        Duration::ZERO => Reception::Run,
        _ if record.is_terminal() || record.is_woken() => Reception::Run,
        early => Reception::Wait(early),
    }
}
