//! Does what the [`machine`] decides, and writes it down before anybody else is told.
//!
//! Order: the outcome of a step is saved, then the next message is sent, then this one is
//! acknowledged. A process that dies between two of these leaves a message that is delivered
//! again; [`machine::receive`] tells it from a duplicate.

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use futures_util::FutureExt;

use super::{
    Job,
    calls::{Calls, Performed},
    machine::{self, Call, Limits, Observation, Reception, Then},
};
use crate::{
    clock::Timestamp,
    error::Error,
    queue::{Message, Queue},
    store::{
        claims::Indexed,
        counters::{Counters, Counts},
        entry::Failure,
        jobs::{JobRow, Jobs, Lease},
        search::Search,
        videos::Videos,
    },
    video::VideoKey,
};

/// How long a step is nobody else's. Prolonged while it runs, so that it can be short: it is what
/// a job waits for when its worker dies.
const LEASE: Duration = Duration::from_secs(20);

/// How often it is prolonged.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// Of an invocation's time, what is kept for writing down.
const RESERVE: Duration = Duration::from_secs(10);

/// Less than this is not enough for another call.
const SHORTEST_CALL: Duration = Duration::from_secs(20);

/// One invocation of the function that runs the worker.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Unique to it.
    pub id: String,
    /// When the function is stopped.
    pub deadline: Timestamp,
}

impl Invocation {
    fn time_for_calls(&self, now: Timestamp) -> Duration {
        now.until(self.deadline).saturating_sub(RESERVE)
    }
}

/// Drives jobs.
#[derive(Clone, Debug)]
pub struct Worker {
    jobs: Jobs,
    videos: Videos,
    counters: Counters,
    search: Search,
    queue: Queue,
    calls: Calls,
    limits: Limits,
}

impl Worker {
    /// A worker on these stores.
    #[must_use]
    pub fn new(
        jobs: Jobs,
        videos: Videos,
        counters: Counters,
        search: Search,
        queue: Queue,
        calls: Calls,
        limits: Limits,
    ) -> Self {
        Self {
            jobs,
            videos,
            counters,
            search,
            queue,
            calls,
            limits,
        }
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
        let now = Timestamp::now();
        let Some(JobRow {
            job,
            version,
            running_until,
        }) = self.jobs.get(&message.job_id).await?
        else {
            tracing::warn!(job.id = %message.job_id, "Dropped a message of an unknown job");
            return Ok(());
        };
        match machine::receive(&job, version, message.step, receive_count, now) {
            Reception::Run => {}
            Reception::Wait(delay) => return self.queue.send(&job.id, version, delay).await,
            Reception::Drop => return Ok(()),
        }
        let job = machine::begin(job, now);
        let lease = Lease {
            worker: invocation.id.clone(),
            until: now + LEASE,
        };
        if !self.jobs.acquire(&job, version, &lease, now).await? {
            let taken_until = running_until
                .unwrap_or(now)
                .max(now + Duration::from_secs(1));
            // Who runs it may have received this very message, and dies with it if it dies: the one
            // in its place must not be taken for a duplicate by what was done until then.
            return self
                .queue
                .send(&job.id, Message::WHICHEVER, now.until(taken_until))
                .await;
        }
        self.run(job, version, invocation).await
    }

    async fn run(
        &self,
        mut job: Job,
        mut version: u32,
        invocation: &Invocation,
    ) -> Result<(), Error> {
        let mut billed = Instant::now();
        while let Some(call) = machine::call(&job) {
            let stage = job.state.stage();
            // A job whose workers die before they can say so ends here.
            let is_late = Timestamp::now() >= job.deadline && !job.state.is_terminal();
            let Performed { observed, usage } = match is_late {
                true => Performed {
                    observed: Err(Error::DeadlineExceeded),
                    usage: job.usage,
                },
                false => match self.perform(&call, &job, version, invocation).await {
                    Some(performed) => performed,
                    None => return Ok(()),
                },
            };
            let before = std::mem::replace(&mut job.usage, usage);
            job.usage.billed_ms += billed.elapsed().as_millis() as u64;
            billed = Instant::now();
            if let Err(error) = &observed {
                tracing::warn!(job.id = %job.id, job.stage = ?stage, error = error.report(), "A step failed");
            }
            let now = Timestamp::now();
            let next = machine::step(
                &job,
                observed.as_ref().map(Clone::clone),
                self.limits,
                now,
                fastrand::f64(),
            );
            let go_on = next.then == Then::Now && invocation.time_for_calls(now) >= SHORTEST_CALL;
            let lease = Lease {
                worker: invocation.id.clone(),
                until: now + LEASE,
            };
            let saved = match (&call, &observed) {
                (Call::Index { .. }, Ok(Observation::Indexed)) => true,
                _ => {
                    let keep = go_on.then_some(&lease);
                    self.jobs
                        .save(&next.job, version, &invocation.id, keep)
                        .await?
                }
            };
            if !saved {
                return self.give_up(&next.job).await;
            }
            let spent = Counts::of_usage(&before, &next.job.usage);
            self.counters.count_today(&spent, now).await;
            tracing::info!(
                job.id = %job.id,
                job.version = version + 1,
                job.stage = ?next.job.state.stage(),
                "Finished a step"
            );
            version += 1;
            match next.then {
                Then::Now if go_on => job = next.job,
                Then::Now => return self.queue.send(&job.id, version, Duration::ZERO).await,
                Then::After(delay) => return self.queue.send(&job.id, version, delay).await,
                Then::End => return Ok(()),
            }
        }
        Ok(())
    }

    /// Performs a call while it prolongs the lease of the step. None when the step was lost. A
    /// panic is the end of the job and not of the function: it would come again with every
    /// delivery.
    async fn perform(
        &self,
        call: &Call,
        job: &Job,
        version: u32,
        invocation: &Invocation,
    ) -> Option<Performed> {
        let time = invocation.time_for_calls(Timestamp::now());
        let perform = AssertUnwindSafe(async {
            let own = |observed| Performed {
                observed,
                usage: job.usage,
            };
            match call {
                Call::Index { .. } => {
                    let indexed = self.index(job, version, invocation).await;
                    indexed.transpose().map(own)
                }
                Call::Settle => Some(own(self.settle(job).await)),
                _ => Some(self.calls.perform(call, job, time).await),
            }
        });
        let panicked = |_| {
            Some(Performed {
                observed: Err(Error::internal("a step panicked")),
                usage: job.usage,
            })
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
                    let until = Timestamp::now() + LEASE;
                    let lease = Lease { worker: invocation.id.clone(), until };
                    if let Ok(false) = self.jobs.prolong(&job.id, version, &lease).await {
                        return None;
                    }
                }
            }
        }
    }

    /// None when the step was lost.
    async fn index(
        &self,
        job: &Job,
        version: u32,
        invocation: &Invocation,
    ) -> Result<Option<Observation>, Error> {
        let super::State::Storing { analysis, parts } = &job.state else {
            return Err(Error::internal("nothing to index"));
        };
        let body = self.calls.stored_body(job, analysis, parts).await?;
        let now = Timestamp::now();
        let done = machine::step(job, Ok(Observation::Indexed), self.limits, now, 0.0).job;
        let lease = Lease {
            worker: invocation.id.clone(),
            until: now + LEASE,
        };
        match self
            .videos
            .index(&done, version, &lease, analysis, &body)
            .await?
        {
            Indexed::Yes => Ok(Some(Observation::Indexed)),
            Indexed::ClaimLost => {
                // The video was deleted, or is somebody else's now: nothing will point at these.
                self.calls.delete_forms(job, analysis).await?;
                Err(Error::DeadlineExceeded)
            }
            Indexed::StepLost => Ok(None),
        }
    }

    /// Deletes a file that a lost step has made, unless the job goes on with it.
    async fn give_up(&self, lost: &Job) -> Result<(), Error> {
        let known = self.jobs.get(&lost.id).await?.map(|row| row.job);
        let is_theirs =
            |job: &Job| lost.gemini_file.is_none() || job.gemini_file == lost.gemini_file;
        match known {
            Some(job) if !job.settled && is_theirs(&job) => Ok(()),
            _ => self.calls.delete_files(lost).await,
        }
    }

    /// Nothing may be left behind, so all are tried even if the first one fails.
    async fn settle(&self, job: &Job) -> Result<Observation, Error> {
        let released = match job.state {
            super::State::Done => self.make_searchable(&job.video).await,
            _ => self.release(job).await,
        };
        let forgotten = self.calls.delete_made(job).await;
        self.calls.delete_files(job).await?;
        forgotten?;
        released?;
        Ok(Observation::Settled)
    }

    /// Puts the current analysis of a video into the search and takes the others out. What is there
    /// is listed before the entry is read: an analysis that comes between the two is not removed.
    async fn make_searchable(&self, video: &VideoKey) -> Result<(), Error> {
        let known = self.search.documents(video).await?;
        let entry = self.videos.entry(video).await?;
        let current = entry.and_then(|entry| entry.analysis);
        let is_current = |tag: &String| {
            let current = current.as_ref();
            current.is_some_and(|current| current.etag.starts_with(tag.as_str()))
        };
        if let Some(current) = &current
            && !known.iter().any(is_current)
            && let Some(document) = self.calls.document(video, current).await?
        {
            self.search.put(video, &current.etag, &document).await?;
        }
        for tag in known.iter().filter(|tag| !is_current(tag)) {
            self.search.remove(video, tag).await?;
        }
        Ok(())
    }

    /// What has not ended in an analysis gives up its claim.
    async fn release(&self, job: &Job) -> Result<(), Error> {
        let failure = match &job.state {
            super::State::Failed { error, until } => Some(Failure {
                job: job.id.clone(),
                error: error.clone(),
                until: *until,
            }),
            _ => None,
        };
        self.videos
            .release(job, failure.as_ref(), Timestamp::now())
            .await
    }
}
