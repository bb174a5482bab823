//! Decisions about projects, files, deployments and all of them together.

use std::time::Duration;

use super::{
    deployment, file,
    model::{Build, End, Work},
    project, software,
};
use crate::{
    context::Context,
    engine::{
        Transition, WorkflowKind,
        step::{end, ended, finalized},
    },
};
use eventrelay_core::{
    clock::Timestamp,
    error::{Error, JobError},
};
use eventrelay_store::queue::Queue;

/// Effect of the next step of a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Work of the present stage.
    Work,
    /// After the end: inform the parent and remove what must not stay.
    Finalize,
}

/// Outcome of an [`Effect`].
#[derive(Clone, Debug, PartialEq)]
pub enum EffectOutcome {
    Project(project::Seen),
    File(file::Seen),
    Deployment(deployment::Seen),
    /// Of a project and its deployment together.
    Software(software::Seen),
    /// Nothing is left behind.
    Finalized,
}

/// What follows an outcome.
#[derive(Clone, Debug, PartialEq)]
pub enum After {
    Now,
    Later(Duration),
    Done,
    /// A child workflow failed.
    Failed(JobError),
    /// A child workflow was cancelled.
    Cancelled,
}

/// Returns the effect of the next step; `None` after the build was finalized.
#[must_use]
pub fn effect(build: &Build) -> Option<Effect> {
    match (build.header.finalized, &build.end) {
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
        build.header.due_at = now;
    }
    if build.end.is_none() {
        build.header.updated_at = now.max(Timestamp(build.header.created_at.0 + 1));
    }
    build
}

impl WorkflowKind for Build {
    type Outcome = EffectOutcome;
    /// Number of configured models.
    type Settings = usize;

    fn queue(context: &Context) -> &Queue {
        &context.builds_queue
    }

    fn models(models: usize) -> usize {
        models
    }

    fn on_outcome(mut self, outcome: EffectOutcome, _: usize, now: Timestamp) -> Transition<Self> {
        let after = match (&mut self.work, outcome) {
            (_, EffectOutcome::Finalized) => return finalized(self, now),
            (Work::Project(work), EffectOutcome::Project(seen)) => Ok(work.observe(seen)),
            (Work::File(work), EffectOutcome::File(seen)) => work.observe(seen),
            (Work::Deployment(work), EffectOutcome::Deployment(seen)) => work.observe(seen),
            (Work::Software(work), EffectOutcome::Software(seen)) => Ok(work.observe(seen)),
            _ => Err(Error::internal("an outcome of another kind of build")),
        };
        self.end = Some(match after {
            Ok(After::Now) => return Transition::immediate(self, now),
            Ok(After::Later(delay)) => return Transition::after(self, delay, now),
            Ok(After::Done) => End::Done,
            Ok(After::Failed(error)) => End::Failed { error },
            Ok(After::Cancelled) => End::Cancelled,
            Err(error) => return end(self, &error, now),
        });
        ended(self, now)
    }

    fn end(&mut self, error: &Error) {
        self.end = Some(match (error, &self.work) {
            (Error::Cancelled, _) => End::Cancelled,
            (Error::NotConfigured { what }, Work::Deployment(_)) => End::Skipped {
                missing: (*what).to_owned(),
            },
            (error, Work::File(work)) if error.is_bad_answer() => End::Failed {
                error: JobError::from(&file::no_answer(&work.path, error)),
            },
            _ => End::Failed {
                error: JobError::from(error),
            },
        });
    }

    fn error(&self) -> Option<&JobError> {
        match &self.end {
            Some(End::Failed { error }) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
