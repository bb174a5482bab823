//! What happens next in a build, whatever its kind. Pure: record, observation and time in, new
//! record and what to wait for out.

use std::time::Duration;

use super::{
    deployment, file,
    model::{Build, End, Work},
    project, software,
};
use crate::engine::Transition;
use eventrelay_core::{
    clock::Timestamp,
    error::{Error, JobError},
    notice::Notice,
    retry::{self, Attempts},
};

/// What has to be done for a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// What its stage asks for.
    Work,
    /// After its end: tell those who wait for it, and leave nothing behind.
    Finalize,
}

/// What came of a [`Effect`].
#[derive(Clone, Debug, PartialEq)]
pub enum EffectOutcome {
    /// Of a project.
    Project(project::Seen),
    /// Of a file.
    File(file::Seen),
    /// Of a deployment.
    Deployment(deployment::Seen),
    /// Of all of them.
    Software(software::Seen),
    /// Nothing is left behind.
    Finalized,
}

/// What follows from what was seen.
#[derive(Clone, Debug, PartialEq)]
pub enum After {
    /// The next stage.
    Now,
    /// Another look.
    Later(Duration),
    /// Nothing.
    Done,
    /// Nothing: what it waited for has failed.
    Failed(JobError),
    /// Nothing: what it waited for was called off.
    Cancelled,
}

/// What has to be done for a build, or none when it has ended and is finalized.
#[must_use]
pub fn call(build: &Build) -> Option<Effect> {
    match (build.finalized, &build.end) {
        (true, _) => None,
        (false, Some(_)) => Some(Effect::Finalize),
        (false, None) => Some(Effect::Work),
    }
}

/// The build as its first step is done, for a reader that looks while it runs.
#[must_use]
pub fn begin(mut build: Build, now: Timestamp) -> Build {
    if let Work::File(work) = &mut build.work
        && work.stage == file::Stage::Waiting
    {
        work.stage = file::Stage::Writing;
        build.due_at = now;
    }
    if build.end.is_none() {
        build.updated_at = now.max(Timestamp(build.created_at.0 + 1));
    }
    build
}

/// The build after a call. `models` is how many are configured, `jitter` a random number in 0..1.
#[must_use]
pub fn step(
    build: &Build,
    observed: Result<EffectOutcome, &Error>,
    models: usize,
    now: Timestamp,
    jitter: f64,
) -> Transition<Build> {
    let mut build = build.clone();
    build.updated_at = now;
    let is_late = now >= build.deadline && build.end.is_none();
    match observed {
        _ if is_late => end(build, failed(&Error::DeadlineExceeded), now),
        Ok(observation) => {
            build.begin_step();
            on_observation(build, observation, now)
        }
        Err(error) => on_error(build, error, models, now, jitter),
    }
}

fn on_observation(
    mut build: Build,
    observation: EffectOutcome,
    now: Timestamp,
) -> Transition<Build> {
    let after = match (&mut build.work, observation) {
        (_, EffectOutcome::Finalized) => {
            build.finalized = true;
            build.notice = None;
            return Transition::finished(build, now);
        }
        (Work::Project(work), EffectOutcome::Project(seen)) => Ok(work.observe(seen)),
        (Work::File(work), EffectOutcome::File(seen)) => work.observe(seen),
        (Work::Deployment(work), EffectOutcome::Deployment(seen)) => work.observe(seen),
        (Work::Software(work), EffectOutcome::Software(seen)) => Ok(work.observe(seen)),
        _ => Err(Error::internal("a build saw what is of another kind")),
    };
    match after {
        Ok(After::Now) => Transition::immediate(build, now),
        Ok(After::Later(delay)) => Transition::after(build, delay, now),
        Ok(After::Done) => end(build, End::Done, now),
        Ok(After::Failed(error)) => end(build, End::Failed { error }, now),
        Ok(After::Cancelled) => end(build, End::Cancelled, now),
        Err(error) => end(build, failed(&error), now),
    }
}

fn on_error(
    mut build: Build,
    error: &Error,
    models: usize,
    now: Timestamp,
    jitter: f64,
) -> Transition<Build> {
    if build.end.is_some() {
        // A clean-up never changes how the build ended.
        build.attempts = build.attempts.saturating_add(1);
        return match build.attempts {
            tries if tries < retry::MAX_ATTEMPTS || retry::outlasts_tries(error) => {
                let delay = retry::backoff(build.attempts, jitter);
                Transition::after(build, delay, now)
            }
            _ => on_observation(build, EffectOutcome::Finalized, now),
        };
    }
    let another_model = build.model + 1 < models;
    match error {
        Error::ModelGone { .. } | Error::DailyQuotaSpent { .. } if another_model => {
            build.model += 1;
            build.begin_step();
            return Transition::immediate(build, now);
        }
        // A bad answer was paid for: one more is asked for, not eight.
        _ if error.is_bad_answer() && build.bad_answers > 0 => {
            let failed = match &build.work {
                Work::File(work) => failed(&file::no_answer(&work.path, error)),
                _ => failed(error),
            };
            return end(build, failed, now);
        }
        Error::NotConfigured { what } if matches!(build.work, Work::Deployment(_)) => {
            let missing = (*what).to_owned();
            return end(build, End::Skipped { missing }, now);
        }
        Error::Cancelled => return end(build, End::Cancelled, now),
        _ => {}
    }
    let attempts = Attempts {
        failed: build.attempts,
        unreached: build.unreached,
    };
    match retry::delay(error, attempts, now, build.deadline, jitter) {
        Some(delay) => {
            let after = attempts.after(error);
            (build.attempts, build.unreached) = (after.failed, after.unreached);
            build.notice = Notice::from_error(error);
            build.bad_answers += u32::from(error.is_bad_answer());
            build.has_reservation = retry::is_reservation(error);
            Transition::after(build, delay, now)
        }
        None => end(build, failed(error), now),
    }
}

fn failed(error: &Error) -> End {
    End::Failed {
        error: JobError::from(error),
    }
}

fn end(mut build: Build, end: End, now: Timestamp) -> Transition<Build> {
    build.end = Some(end);
    build.begin_step();
    Transition::immediate(build, now)
}

/// The build after its caller has given it up; none if it had ended before.
#[must_use]
pub fn cancel(build: Build, now: Timestamp) -> Option<Build> {
    over(build, End::Cancelled, now)
}

/// The build after its message was given up; none if it had ended before.
#[must_use]
pub fn give_up(build: Build, now: Timestamp) -> Option<Build> {
    over(build, failed(&Error::DeadLettered), now)
}

fn over(mut build: Build, how: End, now: Timestamp) -> Option<Build> {
    if build.end.is_some() {
        return None;
    }
    build.updated_at = now;
    Some(end(build, how, now).record)
}

/// Whether a build has failed since its message was given up.
#[must_use]
pub fn was_given_up(build: &Build) -> bool {
    build.error().is_some_and(JobError::is_dead_letter)
}

#[cfg(test)]
mod tests;
