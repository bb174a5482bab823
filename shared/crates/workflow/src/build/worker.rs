//! Does what the [`machine`] decides.

use crate::build::BuildRow;
use std::time::Duration;

use super::{
    calls::Calls,
    machine::{self, Call, Observation},
    model::{Build, Work},
};
use crate::flow::{Driver, Flow, Invocation, Next, Performed};
use eventrelay_core::{clock::Timestamp, error::Error};
use eventrelay_store::queue::Message;

/// Drives builds.
#[derive(Clone, Debug)]
pub struct Worker {
    driver: Driver,
    builds: Builds,
}

impl Worker {
    /// A worker that makes these calls.
    #[must_use]
    pub fn new(driver: Driver, calls: Calls) -> Self {
        let builds = Builds { calls };
        Self { driver, builds }
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
        self.driver
            .advance(&self.builds, message, receive_count, invocation)
            .await
    }
}

#[derive(Clone, Debug)]
struct Builds {
    calls: Calls,
}

impl Flow for Builds {
    type Record = Build;
    type Call = Call;
    type Observation = Observation;

    fn begin(&self, build: Build, now: Timestamp) -> Build {
        machine::begin(build, now)
    }

    fn call(&self, build: &Build) -> Option<Call> {
        machine::call(build)
    }

    fn step(
        &self,
        build: &Build,
        observed: Result<Observation, &Error>,
        now: Timestamp,
        jitter: f64,
    ) -> Next<Build> {
        let models = self.calls.models.names.len();
        machine::step(build, observed, models, now, jitter)
    }

    async fn perform(
        &self,
        call: &Call,
        row: &BuildRow,
        _: &Invocation,
        time: Duration,
    ) -> Option<Performed<Observation>> {
        Some(self.calls.perform(*call, &row.job, time).await)
    }

    /// What is made at a target has to be known.
    fn may_be_left(&self, _: &Call, build: &Build) -> bool {
        !matches!(build.work, Work::Deployment(_))
    }

    async fn lost(&self, build: &Build) -> Result<(), Error> {
        self.calls.lost(build).await
    }
}
