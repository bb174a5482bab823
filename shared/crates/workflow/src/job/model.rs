//! What a job is.

use eventrelay_core::{error::JobError, ids::JobId, notice::Notice};
use serde::{Deserialize, Serialize};

use super::{Request, machine};
use crate::{context::Context, engine::WorkflowKind};
use eventrelay_core::{
    answer_class::AnswerClass, clock::Timestamp, telemetry::TraceId, usage::Usage, video::VideoKey,
};
use eventrelay_store::queue::Queue;
use eventrelay_store::{
    StoredAnalysis,
    claims::ClaimingRecord,
    jobs::{Row, WorkflowRecord},
    packed::Directory,
};

/// A job and all it has to remember between two steps. Its version and the lease of the step that
/// runs are not here: they belong to its row, see [`eventrelay_store::jobs`].
///
/// Each step writes it twice, and every kilobyte begun is paid for: what is not there, or is not
/// different from how it began, is not written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Its id, which is also the token that owns the claim on the video.
    pub id: JobId,
    /// What is analysed.
    pub video: VideoKey,
    /// How it was asked for.
    pub request: Request,
    /// Where the pictures and the sound come from.
    pub media: Media,
    /// Where it stands.
    pub state: State,
    /// When it was submitted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it fails if it has not ended before.
    pub deadline: Timestamp,
    /// When its next message is to be seen. Past that and a margin, the message is lost.
    pub due_at: Timestamp,
    /// Failed tries of the present step.
    #[serde(default, skip_serializing_if = "is_default")]
    pub attempts: u32,
    /// Connections of the present step, in a row, that could not be made.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unreached: u32,
    /// Why the present step waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<Notice>,
    /// Those of them that were answers of no use, and paid for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub bad_answers: u32,
    /// Whether the limiter throttled the step and reserved a slot for it.
    #[serde(rename = "in_turn", default, skip_serializing_if = "is_default")]
    pub has_reservation: bool,
    /// How often the media was uploaded, or begun to be.
    #[serde(default, skip_serializing_if = "is_default")]
    pub uploads: u32,
    /// Which of the configured models is asked, counted from 0.
    #[serde(default, skip_serializing_if = "is_default")]
    pub model: usize,
    /// What the platform says of the video.
    #[serde(default, skip_serializing_if = "is_default")]
    pub facts: VideoFacts,
    /// The file at Gemini that is to be deleted in the end.
    #[serde(default, skip_serializing_if = "is_default")]
    pub gemini_file: Option<String>,
    /// What it took so far.
    #[serde(default)]
    pub usage: Usage,
    /// Id of the API key on whose behalf it was submitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_by: Option<String>,
    /// On behalf of which request it is worked on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceId>,
    /// It has ended and left nothing behind: no claim, no file.
    #[serde(rename = "settled", default, skip_serializing_if = "is_default")]
    pub finalized: bool,
}

/// An analysis as it was read.
pub type JobRow = Row<Job>;

/// Where the pictures and the sound come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Media {
    /// Gemini fetches the video itself.
    YouTube,
    /// It is uploaded from the bucket.
    Upload {
        /// Length in bytes.
        size_bytes: u64,
        /// Media type.
        content_type: String,
        /// Name that the caller gave it.
        file_name: String,
    },
}

/// What the platform says of a video.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VideoFacts {
    /// Its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its channel or author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Its length in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<f64>,
}

/// Where a job stands, with what only that state needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum State {
    /// Claimed, nothing done.
    Submitted,
    /// The platform is asked about the video.
    FetchingMetadata,
    /// The media goes from the bucket to Gemini.
    Uploading {
        /// URL of the resumable upload, once it was started.
        session: Option<String>,
        /// Bytes that Gemini has confirmed.
        offset: u64,
    },
    /// Gemini prepares the file.
    Processing {
        /// When it began.
        since: Timestamp,
        /// How often it was looked at.
        looks: u32,
    },
    /// The model watches the video.
    Analysing {
        /// The uploaded file; none where Gemini fetches the video itself.
        file: Option<GeminiFile>,
    },
    /// The analysis lies in the bucket and is not in the index yet.
    Storing {
        /// What the index will say.
        analysis: StoredAnalysis,
        /// Where the parts of its body stand.
        #[serde(default)]
        parts: Directory,
    },
    /// The analysis is in the index.
    Done,
    /// It could not be done.
    Failed {
        /// Why, as the outside may know it.
        error: JobError,
        /// Until when the same is not tried again.
        #[serde(default)]
        until: Timestamp,
        /// Who was asked. Absent in rows that were stored before the class was.
        #[serde(default)]
        answered_by: AnswerClass,
    },
    /// The caller did not want it any more.
    Cancelled,
}

/// A file that Gemini holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GeminiFile {
    /// What a request names it by.
    pub uri: String,
    /// Media type.
    pub mime_type: String,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The stages in the words of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "JobStage")
)]
pub enum Stage {
    /// [`State::Submitted`]
    Submitted,
    /// [`State::FetchingMetadata`]
    FetchingMetadata,
    /// [`State::Uploading`]
    Uploading,
    /// [`State::Processing`]
    Processing,
    /// [`State::Analysing`]
    Analysing,
    /// [`State::Storing`]
    Storing,
    /// [`State::Done`]
    Done,
    /// [`State::Failed`]
    Failed,
    /// [`State::Cancelled`]
    Cancelled,
}

/// Whether a job goes on, and if not, how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "JobStatus")
)]
pub enum Status {
    /// Nothing was done yet.
    Queued,
    /// On its way.
    Running,
    /// The analysis is there.
    Done,
    /// See the job's error.
    Failed,
    /// By the caller.
    Cancelled,
}

impl std::fmt::Display for Stage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.serialize(formatter)
    }
}

impl State {
    /// The stage.
    #[must_use]
    pub fn stage(&self) -> Stage {
        match self {
            Self::Submitted => Stage::Submitted,
            Self::FetchingMetadata => Stage::FetchingMetadata,
            Self::Uploading { .. } => Stage::Uploading,
            Self::Processing { .. } => Stage::Processing,
            Self::Analysing { .. } => Stage::Analysing,
            Self::Storing { .. } => Stage::Storing,
            Self::Done => Stage::Done,
            Self::Failed { .. } => Stage::Failed,
            Self::Cancelled => Stage::Cancelled,
        }
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> Status {
        match self {
            Self::Submitted => Status::Queued,
            Self::Done => Status::Done,
            Self::Failed { .. } => Status::Failed,
            Self::Cancelled => Status::Cancelled,
            _ => Status::Running,
        }
    }

    /// Nothing but settling follows.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Done | Self::Failed { .. } | Self::Cancelled)
    }
}

impl Job {
    /// A new one, with nothing done.
    #[must_use]
    pub fn new(
        video: VideoKey,
        request: Request,
        media: Media,
        deadline: Timestamp,
        now: Timestamp,
    ) -> Self {
        Self {
            id: JobId::random(),
            video,
            request,
            media,
            state: State::Submitted,
            created_at: now,
            updated_at: now,
            deadline,
            due_at: now,
            attempts: 0,
            unreached: 0,
            notice: None,
            bad_answers: 0,
            has_reservation: false,
            uploads: 0,
            model: 0,
            facts: VideoFacts::default(),
            gemini_file: None,
            usage: Usage::default(),
            submitted_by: None,
            trace: TraceId::current(),
            finalized: false,
        }
    }

    /// Of the step that is the present one from now on nothing was tried.
    pub(super) fn begin_step(&mut self) {
        (self.attempts, self.bad_answers, self.has_reservation) = (0, 0, false);
        (self.unreached, self.notice) = (0, None);
    }

    /// How far it is, 0 to 100. Grows from step to step; 100 is done and nothing else.
    #[must_use]
    pub fn progress(&self) -> u8 {
        match &self.state {
            State::Submitted => 0,
            State::FetchingMetadata => 5,
            State::Uploading { offset, .. } => match self.media {
                Media::Upload { size_bytes, .. } if size_bytes > 0 => {
                    // At most 20, whatever the sizes are.
                    let part = ((*offset).min(size_bytes).saturating_mul(20) / size_bytes) as u8;
                    10 + part
                }
                _ => 10,
            },
            State::Processing { looks, .. } => 30 + 2 * ((*looks).min(8) as u8),
            State::Analysing { .. } => 50,
            State::Storing { .. } => 95,
            State::Done => 100,
            State::Failed { .. } | State::Cancelled => 99,
        }
    }

    /// The name of the file at Gemini of the upload that was begun last; none before the first.
    /// Known before there is such a file, so that it is found although its upload was not seen to
    /// end.
    #[must_use]
    pub fn upload_name(&self) -> Option<String> {
        (self.uploads > 0).then(|| self.name_of_upload(self.uploads))
    }

    /// The name of the file of the upload that comes next.
    #[must_use]
    pub fn next_upload_name(&self) -> String {
        self.name_of_upload(self.uploads + 1)
    }

    /// The names of all files that the job may have at Gemini: of every upload that was begun, and
    /// the one it knows of.
    #[must_use]
    pub fn file_names(&self) -> Vec<String> {
        let mut names: Vec<_> = (1..=self.uploads)
            .map(|number| self.name_of_upload(number))
            .collect();
        names.extend(
            self.gemini_file
                .clone()
                .filter(|known| !names.contains(known)),
        );
        names
    }

    fn name_of_upload(&self, number: u32) -> String {
        let id = self.id.as_str().trim_start_matches("job_");
        format!("files/{id}-{number}")
    }

    /// What the analysis is stored under beside the video: the pipeline's version and, where there
    /// are any, a hash of the options, so that another question is another answer.
    #[must_use]
    pub fn variant(&self) -> String {
        self.request.variant()
    }
}

impl WorkflowKind for Job {
    fn queue(context: &Context) -> &Queue {
        &context.queue
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

impl ClaimingRecord for Job {
    fn video(&self) -> &VideoKey {
        &self.video
    }

    fn variant(&self) -> String {
        self.request.variant()
    }

    fn is_forced(&self) -> bool {
        self.request.force
    }
}

impl WorkflowRecord for Job {
    const KIND: Option<&'static str> = None;

    fn id(&self) -> &JobId {
        &self.id
    }

    fn trace(&self) -> Option<TraceId> {
        self.trace
    }

    fn stage(&self) -> String {
        self.state.stage().to_string()
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
        self.state.is_terminal()
    }

    fn is_finalized(&self) -> bool {
        self.finalized
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Up to this size, the attributes beside the document fit into the same kilobyte.
    const MAX_DOCUMENT_BYTES: usize = 820;

    #[test]
    fn row_of_a_processed_upload_is_a_kilobyte() {
        const NOW: Timestamp = Timestamp(1_790_000_000_000);
        let video: VideoKey = format!("up:{}", "0".repeat(64)).parse().unwrap();
        let request = Request {
            language: Some("de".to_owned()),
            transcript: Some("0".repeat(64)),
            ..Request::default()
        };
        let media = Media::Upload {
            size_bytes: 123_456_789,
            content_type: "video/mp4".to_owned(),
            file_name: "recording-2026-11-26.mp4".to_owned(),
        };
        let mut job = Job::new(video, request, media, NOW, NOW);
        job.uploads = 1;
        job.gemini_file = job.upload_name();
        job.submitted_by = Some("0123456789abcdef".to_owned());
        job.trace = Some("1-58406520-a006649127e371903a2de979".parse().unwrap());
        job.state = State::Processing {
            since: NOW,
            looks: 12,
        };
        let document = serde_json::to_string(&job).unwrap();
        assert!(document.len() <= MAX_DOCUMENT_BYTES, "{}", document.len());
    }
}
