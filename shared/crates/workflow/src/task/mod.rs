//! Task: bulk work on many videos, page by page. Each page is a message and each effect is
//! idempotent. The row stores the progress.
//!
//! The API shows a task as a job, with an id and a status.

mod worker;

use crate::engine::Transition;
use crate::engine::is_dead_lettered;
use crate::engine::step::ended;
use eventrelay_store::jobs::WorkflowHeader;
use serde::{Deserialize, Serialize};

pub use worker::worker;

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
    video::PlaylistId,
};
use eventrelay_store::{
    counters::Counts, feedback::FeedbackPosition, jobs::WorkflowRecord, listing::Position,
    queue::Queue,
};

/// Name of the count of videos whose entry or search rows a recount has repaired.
pub const REPAIRED: &str = "repaired";

/// Record of bulk work on many videos.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Members that every workflow has.
    #[serde(flatten)]
    pub header: WorkflowHeader,
    /// Kind of work, with its progress.
    pub work: Work,
    pub status: Status,
    #[serde(default)]
    pub error: Option<JobError>,
}

/// Work of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Work {
    /// Deletes all videos that exist at its submission.
    DeleteVideos { deleted: u64 },
    /// Submits every video of a playlist.
    Playlist {
        playlist: PlaylistId,
        /// Options of each analysis.
        request: Request,
        /// Id of the API key.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        submitted_by: Option<String>,
        /// Token of the next page.
        page_token: Option<String>,
        /// Counts of the results: `found`, `cached`, `queued`, `joined`, `refused`, `unavailable`.
        counts: Counts,
    },
    /// Counts the videos and the feedback, repairs their entries and search rows, and replaces the
    /// totals.
    Recount { counts: Counts, at: RecountAt },
}

/// Position of a recount.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecountAt {
    /// After this video; `None` at the beginning.
    Videos(Option<Position>),
    /// After this feedback; `None` at the beginning.
    Feedback(Option<FeedbackPosition>),
}

/// Result of a page.
#[derive(Clone, Debug, PartialEq)]
pub enum PageDone {
    More(Work),
    /// The last page.
    Last(Work),
}

impl Task {
    #[must_use]
    pub fn new(work: Work, deadline: Timestamp, now: Timestamp) -> Self {
        Self {
            header: WorkflowHeader::new(JobId::random(), deadline, now),
            work,
            status: Status::Queued,
            error: None,
        }
    }

    /// Returns a task that a dead letter ended, to continue from its last page; `None` if it ended
    /// otherwise.
    #[must_use]
    pub fn resumed(self, deadline: Timestamp, now: Timestamp) -> Option<Self> {
        is_dead_lettered(&self).then(|| Self {
            header: self.header.restarted(deadline, now),
            status: Status::Running,
            error: None,
            ..self
        })
    }

    /// Returns the stage in the API.
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

    #[must_use]
    pub fn has_ended(&self) -> bool {
        matches!(
            self.status,
            Status::Done | Status::Failed | Status::Cancelled
        )
    }
}

impl WorkflowKind for Task {
    type Outcome = PageDone;
    type Settings = ();

    // The row does not change during a page, which takes longer than a step of a job.
    const OVERDUE: Duration = Duration::from_secs(120);

    fn queue(context: &Context) -> &Queue {
        &context.tasks_queue
    }

    fn models((): ()) -> usize {
        0
    }

    fn on_outcome(mut self, done: PageDone, (): (), now: Timestamp) -> Transition<Self> {
        match done {
            PageDone::More(work) => {
                (self.work, self.status) = (work, Status::Running);
                // Each page has its own message, and so the full time limit of a function.
                Transition::after(self, Duration::ZERO, now)
            }
            PageDone::Last(work) => {
                (self.work, self.status) = (work, Status::Done);
                ended(self, now)
            }
        }
    }

    fn end(&mut self, error: &Error) {
        (self.status, self.error) = match error {
            Error::Cancelled => (Status::Cancelled, None),
            _ => (Status::Failed, Some(JobError::from(error))),
        };
    }

    fn error(&self) -> Option<&JobError> {
        self.error.as_ref()
    }
}

impl WorkflowRecord for Task {
    const KIND: Option<&'static str> = Some("task");

    fn header(&self) -> &WorkflowHeader {
        &self.header
    }

    fn header_mut(&mut self) -> &mut WorkflowHeader {
        &mut self.header
    }

    fn stage(&self) -> String {
        self.stage_name().to_owned()
    }

    fn is_terminal(&self) -> bool {
        self.has_ended()
    }

    /// A task has nothing to clean up, so it is finalized when it ends.
    fn is_finalized(&self) -> bool {
        self.has_ended()
    }
}
