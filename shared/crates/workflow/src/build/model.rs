//! What a build is.

use super::machine;
use crate::{context::Context, engine::WorkflowKind};
use eventrelay_store::jobs::Row;
use eventrelay_store::queue::Queue;
use serde::{Deserialize, Serialize};

use super::{
    deployment::DeploymentWork, file::FileWork, project::ProjectWork, software::SoftwareWork,
};
use crate::job::Status;
use eventrelay_core::{
    clock::Timestamp, error::JobError, ids::JobId, notice::Notice, telemetry::TraceId, usage::Usage,
};
use eventrelay_store::jobs::WorkflowRecord;

/// A build and all it has to remember between two steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Build {
    /// Its id.
    pub id: JobId,
    /// What is built, and how far it is.
    pub work: Work,
    /// How it ended; none while it goes on.
    #[serde(default)]
    pub end: Option<End>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it fails if it has not ended before.
    pub deadline: Timestamp,
    /// When its next message is to be seen.
    pub due_at: Timestamp,
    /// Failed tries of the present step.
    #[serde(default)]
    pub attempts: u32,
    /// Connections of the present step, in a row, that could not be made.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unreached: u32,
    /// Why the present step waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<Notice>,
    /// Those of them that were answers of no use, and paid for.
    #[serde(default)]
    pub bad_answers: u32,
    /// Whether the limiter throttled the step and reserved a slot for it.
    #[serde(
        rename = "in_turn",
        default,
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub has_reservation: bool,
    /// Which of the configured models is asked, counted from 0.
    #[serde(default)]
    pub model: usize,
    /// What it took so far.
    #[serde(default)]
    pub usage: Usage,
    /// Id of the API key on whose behalf it works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_by: Option<String>,
    /// On behalf of which request it is worked on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceId>,
    /// The build that waits for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<JobId>,
    /// It has ended and left nothing behind.
    #[serde(rename = "settled", default)]
    pub finalized: bool,
}

/// A build as it was read.
pub type BuildRow = Row<Build>;

/// What is built, and how far it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Work {
    /// See [`super::project`].
    Project(ProjectWork),
    /// See [`super::file`].
    File(FileWork),
    /// See [`super::deployment`].
    Deployment(DeploymentWork),
    /// See [`super::software`].
    Software(SoftwareWork),
}

/// How a build ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum End {
    /// It is done.
    Done,
    /// There was nothing to do it with.
    Skipped {
        /// What is missing, with its article.
        missing: String,
    },
    /// It could not be done.
    Failed {
        /// Why, as the outside may know it.
        error: JobError,
    },
    /// The caller did not want it any more.
    Cancelled,
}

impl Build {
    /// A new one, with nothing done.
    #[must_use]
    pub fn new(id: JobId, work: Work, deadline: Timestamp, now: Timestamp) -> Self {
        Self {
            id,
            work,
            end: None,
            created_at: now,
            updated_at: now,
            deadline,
            due_at: now,
            attempts: 0,
            unreached: 0,
            notice: None,
            bad_answers: 0,
            has_reservation: false,
            model: 0,
            usage: Usage::default(),
            submitted_by: None,
            trace: TraceId::current(),
            parent: None,
            finalized: false,
        }
    }

    /// Of the step that is the present one from now on nothing was tried.
    pub(super) fn begin_step(&mut self) {
        (self.attempts, self.bad_answers, self.has_reservation) = (0, 0, false);
        (self.unreached, self.notice) = (0, None);
    }

    /// What kind of build, in the words of the API.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self.work {
            Work::Project(_) => "project",
            Work::File(_) => "file",
            Work::Deployment(_) => "deployment",
            Work::Software(_) => "software",
        }
    }

    /// How it ended, once its project or deployment says so too. What was ended from outside need
    /// not wait for that.
    fn told(&self) -> Option<&End> {
        let end = self.end.as_ref()?;
        let is_from_outside = match end {
            End::Cancelled => true,
            End::Failed { error } => error.is_dead_letter(),
            End::Done | End::Skipped { .. } => false,
        };
        (self.finalized || is_from_outside).then_some(end)
    }

    /// Whether it goes on, and if not, how it ended.
    #[must_use]
    pub fn status(&self) -> Status {
        match self.told() {
            None if self.updated_at == self.created_at && self.end.is_none() => Status::Queued,
            None => Status::Running,
            Some(End::Done | End::Skipped { .. }) => Status::Done,
            Some(End::Failed { .. }) => Status::Failed,
            Some(End::Cancelled) => Status::Cancelled,
        }
    }

    /// Where it stands, in the words of the API.
    #[must_use]
    pub fn stage(&self) -> &'static str {
        match self.told() {
            Some(End::Done) => "done",
            Some(End::Skipped { .. }) => "skipped",
            Some(End::Failed { .. }) => "failed",
            Some(End::Cancelled) => "cancelled",
            None => match &self.work {
                Work::Project(work) => work.stage.as_str(),
                Work::File(work) => work.stage.as_str(),
                Work::Deployment(work) => work.stage.as_str(),
                Work::Software(work) => work.stage.as_str(),
            },
        }
    }

    /// How far it is, 0 to 100; 100 is done and nothing else.
    #[must_use]
    pub fn progress(&self) -> u8 {
        match (self.told(), &self.work) {
            (Some(End::Done | End::Skipped { .. }), _) => 100,
            _ if self.end.is_some() => 99,
            (_, Work::Project(work)) => work.stage.progress(),
            (_, Work::File(_)) => 50,
            (_, Work::Deployment(work)) => work.stage.progress(),
            (_, Work::Software(work)) => work.stage.progress(),
        }
    }

    /// Why it failed.
    #[must_use]
    pub fn error(&self) -> Option<&JobError> {
        match &self.end {
            Some(End::Failed { error }) => Some(error),
            _ => None,
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl WorkflowKind for Build {
    fn queue(context: &Context) -> &Queue {
        &context.builds_queue
    }

    fn cancelled(self, now: Timestamp) -> Option<Self> {
        machine::cancel(self, now)
    }

    fn dead_lettered(self, now: Timestamp) -> Option<Self> {
        machine::give_up(self, now)
    }

    fn is_dead_lettered(&self) -> bool {
        machine::was_given_up(self)
    }
}

impl WorkflowRecord for Build {
    const KIND: Option<&'static str> = Some("build");

    fn id(&self) -> &JobId {
        &self.id
    }

    fn trace(&self) -> Option<TraceId> {
        self.trace
    }

    fn stage(&self) -> String {
        format!("{}: {}", self.kind(), self.stage())
    }

    fn due_at(&self) -> Timestamp {
        self.due_at
    }

    fn make_due(&mut self, at: Timestamp) {
        self.due_at = at;
    }

    fn updated_at(&self) -> Timestamp {
        self.updated_at
    }

    fn deadline(&self) -> Timestamp {
        self.deadline
    }

    fn usage(&self) -> Usage {
        self.usage
    }

    fn set_usage(&mut self, usage: Usage) {
        self.usage = usage;
    }

    fn notice(&self) -> Option<&Notice> {
        self.notice.as_ref()
    }

    fn is_terminal(&self) -> bool {
        self.end.is_some()
    }

    fn is_finalized(&self) -> bool {
        self.finalized
    }

    fn is_woken(&self) -> bool {
        match &self.work {
            Work::Project(work) => work.stage.waits_for_others(),
            Work::File(work) => work.stage == super::file::Stage::Waiting,
            Work::Deployment(_) => false,
            Work::Software(work) => work.stage.waits_for_others(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eventrelay_core::error::Error;
    use eventrelay_project::ProjectId;

    #[test]
    fn an_end_is_shown_when_the_project_says_so_too() {
        let work = ProjectWork::new(ProjectId::random(), false);
        let mut build = Build::new(
            JobId::random(),
            Work::Project(work),
            Timestamp(2),
            Timestamp(1),
        );
        let failed = |error: &Error| End::Failed {
            error: JobError::from(error),
        };
        for (end, not_finalized, finalized) in [
            (End::Done, Status::Running, Status::Done),
            (failed(&Error::AnswerEmpty), Status::Running, Status::Failed),
            (failed(&Error::DeadLettered), Status::Failed, Status::Failed),
            (End::Cancelled, Status::Cancelled, Status::Cancelled),
        ] {
            (build.end, build.finalized) = (Some(end), false);
            assert_eq!((build.status(), build.progress()), (not_finalized, 99));
            build.finalized = true;
            assert_eq!(build.status(), finalized);
            assert_eq!(build.progress() == 100, finalized == Status::Done);
        }
    }
}
