//! A task: work on many videos, page by page. Each page is a message, each of its effects may
//! happen twice, and what is done so far stands in the task's row.
//!
//! To the outside a task is a job like any other: it has an id, a status and an end.

mod worker;

use serde::{Deserialize, Serialize};

pub use worker::Worker;

use crate::{
    clock::Timestamp,
    job::{JobError, JobId, Notice, Request, Status},
    store::{counters::Counts, feedback::FeedbackPosition, listing::Position},
    telemetry::TraceId,
    video::PlaylistId,
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
            trace: TraceId::current(),
        }
    }

    /// Whether it has failed since its message was given up.
    #[must_use]
    pub fn was_given_up(&self) -> bool {
        let is_dead_letter = self.error.as_ref().is_some_and(JobError::is_dead_letter);
        self.status == Status::Failed && is_dead_letter
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
