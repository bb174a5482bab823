//! Work in steps between which nothing waits: a step is done, written down, and the next one begins
//! with a message, at once or after a delay.
//!
//! [`Record`] is what such work has to remember, [`Flow`] is what one kind of it does, and
//! [`Driver`] is who does it and writes it down before anybody else is told. Analyses
//! ([`crate::job`]) and builds ([`crate::build`]) are such work.

mod driver;

use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};

pub use driver::{Driver, Flow, Invocation, Performed, lease};

use crate::{
    analysis::Usage,
    clock::Timestamp,
    job::{JobId, Notice},
    telemetry::TraceId,
};

/// What work in steps has to remember between two of them. Its version and the lease of the step
/// that runs are not here: they belong to its row, see [`crate::store::jobs`].
pub trait Record: Clone + std::fmt::Debug + PartialEq + Serialize + DeserializeOwned {
    /// What its row calls it; none for the analysis of a video.
    const KIND: Option<&'static str>;

    /// Its id.
    fn id(&self) -> &JobId;

    /// On behalf of which request it was begun.
    fn trace(&self) -> Option<TraceId>;

    /// The stage, for people who look at the table and the log.
    fn stage(&self) -> String;

    /// When its next message is to be seen. Past that and a margin, the message is lost.
    fn due_at(&self) -> Timestamp;

    /// Makes it due then.
    fn make_due(&mut self, at: Timestamp);

    /// When it last changed.
    fn updated_at(&self) -> Timestamp;

    /// When it fails if it has not ended before.
    fn deadline(&self) -> Timestamp;

    /// What it took so far.
    fn usage(&self) -> Usage;

    /// Replaces what it took.
    fn set_usage(&mut self, usage: Usage);

    /// Why the present step waits.
    fn notice(&self) -> Option<&Notice>;

    /// Nothing but settling follows.
    fn is_terminal(&self) -> bool;

    /// It has ended and left nothing behind.
    fn is_settled(&self) -> bool;

    /// It waits for others, who say when they are done: a message is of use before it is due.
    fn is_woken(&self) -> bool {
        false
    }
}

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
/// had to wait for a lease is about [`Message::WHICHEVER`](crate::queue::Message::WHICHEVER) step
/// and lives as long as its record.
#[must_use]
pub fn receive(
    record: &impl Record,
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
