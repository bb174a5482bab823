//! Does what the [`machine`] decides.

use crate::build::BuildRow;
use std::time::Duration;

use super::{
    calls::Calls,
    machine::{self, Effect, EffectOutcome},
    model::{Build, Work},
};
use crate::engine::{Executor, Invocation, StepOutcome, Workflow};
use eventrelay_core::{clock::Timestamp, error::Error};
use eventrelay_store::queue::Message;

/// Drives builds.
#[derive(Clone, Debug)]
pub struct Worker {
    executor: Executor,
    builds: Builds,
}

impl Worker {
    /// A worker that makes these calls.
    #[must_use]
    pub fn new(executor: Executor, calls: Calls) -> Self {
        let builds = Builds { calls };
        Self { executor, builds }
    }

    /// Runs the step that a message is about, and those that follow it without a wait.
    ///
    /// # Errors
    /// When it could not be written down: the message is to be delivered again.
    pub async fn advance(
        &self,
        message: &Message,
        receive_count: u32,
        invocation: &Invocation,
    ) -> Result<(), Error> {
        self.executor
            .advance(&self.builds, message, receive_count, invocation)
            .await
    }
}

#[derive(Clone, Debug)]
struct Builds {
    calls: Calls,
}

impl Workflow for Builds {
    type Record = Build;
    type Effect = Effect;

    fn begin(&self, build: Build, now: Timestamp) -> Build {
        machine::begin(build, now)
    }

    fn settings(&self, _: &Build) -> usize {
        self.calls.models.names.len()
    }

    fn effect(&self, build: &Build) -> Option<Effect> {
        machine::effect(build)
    }

    async fn perform(
        &self,
        effect: &Effect,
        row: &BuildRow,
        _: &Invocation,
        time: Duration,
    ) -> Option<StepOutcome<EffectOutcome>> {
        Some(self.calls.perform(*effect, &row.job, time).await)
    }

    /// What is made at a target has to be known.
    fn may_be_left(&self, _: &Effect, build: &Build) -> bool {
        !matches!(build.work, Work::Deployment(_))
    }

    async fn lost(&self, build: &Build) -> Result<(), Error> {
        self.calls.lost(build).await
    }
}
