//! A task: work on many videos, page by page. Each page is a message, each of its effects may
//! happen twice, and what is done so far stands in the task's row.
//!
//! To the outside a task is a job like any other: it has an id, a status and an end.

mod worker;

use serde::{Deserialize, Serialize};

pub use worker::Worker;

use std::time::Duration;

use crate::{
    context::Context,
    engine::WorkflowKind,
    job::{Request, Status},
};
use eventrelay_core::{
    clock::Timestamp,
    error::{Error, JobError},
    ids::JobId,
    notice::Notice,
    telemetry::TraceId,
    usage::Usage,
    video::PlaylistId,
};
use eventrelay_store::{
    counters::Counts, feedback::FeedbackPosition, jobs::WorkflowRecord, listing::Position,
    queue::Queue,
};

/// Count of videos whose entry or search rows a recount has repaired.
pub const REPAIRED: &str = "repaired";

/// A task and all it has to remember between two pages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Its id.
    pub id: JobId,
    /// What is done, and how far it is.
    pub work: Work,
    /// Whether it goes on.
    pub status: Status,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<JobError>,
    /// When it was submitted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it fails if it has not ended before.
    pub deadline: Timestamp,
    /// When its next message is to be seen.
    pub due_at: Timestamp,
    /// Failed tries of the present page.
    #[serde(default)]
    pub attempts: u32,
    /// Connections of the present page, in a row, that could not be made.
    #[serde(default)]
    pub unreached: u32,
    /// Why the present page waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<Notice>,
    /// Resources that it has used so far.
    #[serde(default)]
    pub usage: Usage,
    /// On behalf of which request it is worked on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceId>,
}

/// What a task does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Work {
    /// Deletes every video that there was when it was submitted.
    DeleteVideos {
        /// Deleted so far.
        deleted: u64,
    },
    /// Submits every video of a playlist.
    Playlist {
        /// Which.
        playlist: PlaylistId,
        /// How each is analysed.
        request: Request,
        /// Id of the API key that it was submitted with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        submitted_by: Option<String>,
        /// Where its next page begins.
        page_token: Option<String>,
        /// What came of them: `found`, `cached`, `queued`, `joined`, `refused`, `unavailable`.
        counts: Counts,
    },
    /// Counts the videos and the feedback, repairs their entries and search rows, and replaces the
    /// totals.
    Recount {
        /// Counted so far.
        counts: Counts,
        /// Where to go on.
        at: RecountAt,
    },
}

/// Where a recount goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecountAt {
    /// Behind this video, or at the beginning.
    Videos(Option<Position>),
    /// Behind this feedback, or at its beginning.
    Feedback(Option<FeedbackPosition>),
}

/// What came of a page.
#[derive(Clone, Debug, PartialEq)]
pub enum PageDone {
    /// There is another.
    More(Work),
    /// It was the last.
    Last(Work),
}

impl Task {
    /// A new one.
    #[must_use]
    pub fn new(work: Work, deadline: Timestamp, now: Timestamp) -> Self {
        Self {
            id: JobId::random(),
            work,
            status: Status::Queued,
            error: None,
            created_at: now,
            updated_at: now,
            deadline,
            due_at: now,
            attempts: 0,
            unreached: 0,
            notice: None,
            usage: Usage::default(),
            trace: TraceId::current(),
        }
    }

    /// Returns a task that a dead letter ended, to go on from its last page; `None` if it ended
    /// otherwise.
    #[must_use]
    pub fn resumed(self, deadline: Timestamp, now: Timestamp) -> Option<Self> {
        self.is_dead_lettered().then_some(Self {
            status: Status::Running,
            error: None,
            attempts: 0,
            updated_at: now,
            due_at: now,
            deadline,
            ..self
        })
    }

    fn ended(mut self, status: Status, error: Option<&Error>, now: Timestamp) -> Option<Self> {
        if self.has_ended() {
            return None;
        }
        (self.status, self.error) = (status, error.map(JobError::from));
        (self.updated_at, self.notice) = (now, None);
        Some(self)
    }

    /// Stage in the words of the API.
    #[must_use]
    pub const fn stage_name(&self) -> &'static str {
        match (self.status, &self.work) {
            (Status::Queued, _) => "submitted",
            (Status::Running, Work::DeleteVideos { .. }) => "deleting",
            (Status::Running, Work::Playlist { .. }) => "submitting",
            (Status::Running, Work::Recount { .. }) => "counting",
            (Status::Done, _) => "done",
            (Status::Failed, _) => "failed",
            (Status::Cancelled, _) => "cancelled",
        }
    }

    /// Whether nothing follows.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        matches!(
            self.status,
            Status::Done | Status::Failed | Status::Cancelled
        )
    }
}

impl WorkflowKind for Task {
    // The row stays unchanged while a page is worked on, which takes longer than a step of a job.
    const OVERDUE: Duration = Duration::from_secs(120);

    fn queue(context: &Context) -> &Queue {
        &context.tasks_queue
    }

    fn cancelled(self, now: Timestamp) -> Option<Self> {
        self.ended(Status::Cancelled, None, now)
    }

    fn dead_lettered(self, now: Timestamp) -> Option<Self> {
        self.ended(Status::Failed, Some(&Error::DeadLettered), now)
    }

    fn is_dead_lettered(&self) -> bool {
        let is_dead_letter = self.error.as_ref().is_some_and(JobError::is_dead_letter);
        self.status == Status::Failed && is_dead_letter
    }
}

impl WorkflowRecord for Task {
    const KIND: Option<&'static str> = Some("task");

    fn id(&self) -> &JobId {
        &self.id
    }

    fn trace(&self) -> Option<TraceId> {
        self.trace
    }

    fn stage(&self) -> String {
        self.stage_name().to_owned()
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
        self.has_ended()
    }

    fn is_finalized(&self) -> bool {
        self.has_ended()
    }
}
