//! The executor of workflows.
//!
//! It saves the outcome of a step, then sends the next message, then acknowledges the received one.
//! If the process crashes in between, SQS delivers the message again; [`receive`] distinguishes it
//! from a duplicate.

use std::{
    future::Future,
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use futures_util::FutureExt;

use super::{MessageDisposition, NextStep, WorkflowKind, receive, step};
use crate::context::Context;
use eventrelay_core::{
    clock::Timestamp,
    error::Error,
    telemetry::{self, Metric},
    usage::Usage,
};
use eventrelay_store::{
    counters::{Counters, Counts},
    jobs::{Jobs, Lease, Row, WorkflowRecord},
    queue::{Message, Queue},
};

/// Lease duration of a step. The heartbeat renews it, so it can be short: after a crash the job
/// resumes within this time.
const LEASE: Duration = Duration::from_secs(20);

/// Interval at which a running step renews its lease.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// Part of an invocation's time that is reserved for saving the outcome.
const RESERVE: Duration = Duration::from_secs(10);

/// Minimum time that a call needs.
const MIN_CALL_TIME: Duration = Duration::from_secs(20);

/// Invocation of a function that advances workflows.
#[derive(Clone, Debug)]
pub struct Invocation {
    pub id: String,
    /// Message of the batch whose step runs.
    pub message_id: String,
    /// Time at which Lambda stops the function.
    pub deadline: Timestamp,
}

impl Invocation {
    /// Holder of the lease. Two messages of one job may be in one batch.
    fn worker(&self) -> String {
        format!("{}/{}", self.id, self.message_id)
    }

    fn time_for_calls(&self, now: Timestamp) -> Duration {
        now.until(self.deadline).saturating_sub(RESERVE)
    }

    /// Whether enough time is left for another call.
    pub(crate) fn has_time(&self, now: Timestamp) -> bool {
        self.time_for_calls(now) >= MIN_CALL_TIME
    }
}

/// The lease of a step that an invocation runs.
#[must_use]
pub fn lease(invocation: &Invocation, now: Timestamp) -> Lease {
    Lease {
        worker: invocation.worker(),
        until: now + LEASE,
    }
}

/// Result of an effect, with the usage of the record whether it succeeded or not.
#[derive(Debug)]
pub struct StepOutcome<O> {
    pub observed: Result<O, Error>,
    /// Usage of the workflow so far, this step included.
    pub usage: Usage,
    /// Usage already counted by child workflows.
    pub counted: Usage,
    /// Whether performing the effect saved the record already, as the next version.
    pub is_saved: bool,
}

impl<O> StepOutcome<O> {
    /// Outcome of an effect that used nothing.
    pub fn free(observed: Result<O, Error>, record: &impl WorkflowRecord) -> Self {
        Self {
            observed,
            usage: record.header().usage,
            counted: Usage::default(),
            is_saved: false,
        }
    }
}

/// Effects of one kind of workflow: which one follows, and how it is performed.
pub trait Workflow {
    type Record: WorkflowKind;
    /// Work that a step performs. At most one call of an upstream that a wait can follow.
    type Effect;

    /// Prepares the record for its first step, so that a reader sees it running.
    fn begin(&self, record: Self::Record, now: Timestamp) -> Self::Record {
        let _ = now;
        record
    }

    /// Settings of the decisions about this record.
    fn settings(&self, record: &Self::Record) -> <Self::Record as WorkflowKind>::Settings;

    /// Effect of the next step; `None` after the workflow was finalized.
    fn effect(&self, record: &Self::Record) -> Option<Self::Effect>;

    /// Performs an effect; no request lasts longer than `time`. Returns `None` if another worker took
    /// over the step.
    fn perform(
        &self,
        effect: &Self::Effect,
        row: &Row<Self::Record>,
        invocation: &Invocation,
        time: Duration,
    ) -> impl Future<Output = Option<StepOutcome<<Self::Record as WorkflowKind>::Outcome>>>;

    /// Whether an effect may be abandoned if another worker took over the step. Otherwise it runs to
    /// its end, and [`Workflow::lost`] cleans up.
    fn may_be_left(&self, effect: &Self::Effect, record: &Self::Record) -> bool {
        let _ = (effect, record);
        true
    }

    /// Removes what a step has left behind that another worker took over.
    ///
    /// # Errors
    /// Errors of the services that hold the leftovers.
    fn lost(&self, record: &Self::Record) -> impl Future<Output = Result<(), Error>> {
        let _ = record;
        async { Ok(()) }
    }
}

/// Advances the workflows of one queue.
#[derive(Clone, Debug)]
pub struct Worker<F> {
    jobs: Jobs,
    queue: Queue,
    counters: Counters,
    clock: fn() -> Timestamp,
    workflow: F,
}

impl<F: Workflow> Worker<F> {
    /// Worker of the workflows whose messages are in `queue`.
    #[must_use]
    pub fn new(context: &Context, queue: &Queue, workflow: F) -> Self {
        Self {
            jobs: context.jobs.clone(),
            queue: queue.clone(),
            counters: context.counters.clone(),
            clock: context.clock,
            workflow,
        }
    }

    /// Runs the step that a message names, and the steps that follow it without a wait.
    ///
    /// # Errors
    /// The outcome could not be saved: SQS delivers the message again.
    pub async fn advance(
        &self,
        message: &Message,
        receive_count: u32,
        invocation: &Invocation,
    ) -> Result<(), Error> {
        let now = (self.clock)();
        let Some(row) = self.jobs.get::<F::Record>(&message.job_id).await? else {
            tracing::warn!(job.id = %message.job_id, "Dropped a message of an unknown job");
            return Ok(());
        };
        let trace = row.job.header().trace;
        let disposition = receive(&row.job, row.version, message.step, receive_count, now);
        let work = self.received(row, disposition, invocation, now);
        telemetry::resumed(trace, Box::pin(work)).await
    }

    async fn received(
        &self,
        row: Row<F::Record>,
        disposition: MessageDisposition,
        invocation: &Invocation,
        now: Timestamp,
    ) -> Result<(), Error> {
        let Row {
            job,
            version,
            running_until,
        } = row;
        match disposition {
            MessageDisposition::Run => {}
            MessageDisposition::Wait(delay) => {
                return self.queue.send(&job.header().id, version, delay).await;
            }
            MessageDisposition::Drop => return Ok(()),
        }
        let age = job.header().due_at.until(now);
        telemetry::metrics(
            &[F::Record::KIND.unwrap_or("analysis")],
            &[(Metric::QueueAge, age.as_secs_f64())],
            now,
        );
        let job = self.workflow.begin(job, now);
        let lease = lease(invocation, now);
        if !self.jobs.acquire(&job, version, &lease, now).await? {
            let soon = now + Duration::from_secs(1);
            let taken_until = if job.is_woken() {
                soon
            } else {
                running_until.unwrap_or(now).max(soon)
            };
            // The worker with the lease may have received this same message. If it crashes, the new
            // message must not count as a duplicate of the steps that were saved until then.
            return self
                .queue
                .send(&job.header().id, Message::WHICHEVER, now.until(taken_until))
                .await;
        }
        self.run(job, version, invocation).await
    }

    async fn run(
        &self,
        job: F::Record,
        version: u32,
        invocation: &Invocation,
    ) -> Result<(), Error> {
        let mut row = Row {
            job,
            version,
            running_until: None,
        };
        let mut billed = Instant::now();
        while let Some(effect) = self.workflow.effect(&row.job) {
            let job = &mut row.job;
            // Workers that crash cannot end a job. It ends here.
            let is_late = (self.clock)() >= job.header().deadline && !job.is_terminal();
            let performed = if is_late {
                StepOutcome::free(Err(Error::DeadlineExceeded), job)
            } else {
                match self.perform(&effect, &row, invocation).await {
                    Some(performed) => performed,
                    None => return Ok(()),
                }
            };
            let StepOutcome {
                observed,
                mut usage,
                counted,
                is_saved,
            } = performed;
            usage.billed_ms += billed.elapsed().as_millis() as u64;
            billed = Instant::now();
            let job = &mut row.job;
            let (before, stage) = (job.header().usage, job.stage());
            job.header_mut().usage = usage;
            if let Err(error) = &observed {
                tracing::warn!(job.id = %job.header().id, job.stage = stage, error = error.report(), "A step failed");
            }
            let now = (self.clock)();
            let observed = observed.as_ref().map(Clone::clone);
            let next = step(
                job,
                observed,
                self.workflow.settings(job),
                now,
                fastrand::f64(),
            );
            let go_on = next.next == NextStep::Immediate && invocation.has_time(now);
            let lease = lease(invocation, now);
            let is_saved = is_saved || {
                let keep = go_on.then_some(&lease);
                let saved = self
                    .jobs
                    .save(&next.record, row.version, &lease.worker, keep);
                saved.await?
            };
            if !is_saved {
                return self.workflow.lost(&next.record).await;
            }
            let spent = Counts::of_usage(&before.plus(counted), &next.record.header().usage);
            self.counters.count_today(&spent, now).await;
            let version = row.version + 1;
            tracing::info!(
                job.id = %next.record.header().id,
                job.version = version,
                job.stage = next.record.stage(),
                faas.invocation_id = invocation.id,
                "Finished a step"
            );
            let send = |delay| self.queue.send(&next.record.header().id, version, delay);
            match next.next {
                NextStep::Immediate if go_on => {}
                NextStep::Immediate => return send(Duration::ZERO).await,
                NextStep::After(delay) => return send(delay).await,
                NextStep::Finished => return Ok(()),
            }
            (row.job, row.version) = (next.record, version);
        }
        Ok(())
    }

    /// Performs an effect while the heartbeat renews the lease. Returns `None` if another worker took
    /// over the step. A panic ends the workflow and not the function, since every delivery would
    /// panic again.
    async fn perform(
        &self,
        effect: &F::Effect,
        row: &Row<F::Record>,
        invocation: &Invocation,
    ) -> Option<StepOutcome<<F::Record as WorkflowKind>::Outcome>> {
        let time = invocation.time_for_calls((self.clock)());
        let perform = AssertUnwindSafe(Box::pin(
            self.workflow.perform(effect, row, invocation, time),
        ));
        let panicked = |_| {
            let error = Error::internal("a step panicked");
            Some(StepOutcome::free(Err(error), &row.job))
        };
        let perform = perform
            .catch_unwind()
            .map(|performed| performed.unwrap_or_else(panicked));
        tokio::pin!(perform);
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        heartbeat.tick().await;
        loop {
            tokio::select! {
                performed = &mut perform => return performed,
                _ = heartbeat.tick() => {
                    let lease = lease(invocation, (self.clock)());
                    let prolonged = self.jobs.renew(&row.job.header().id, row.version, &lease);
                    if let Ok(false) = prolonged.await {
                        return if self.workflow.may_be_left(effect, &row.job) { None } else { perform.await };
                    }
                }
            }
        }
    }
}
