//! Record of an analysis.

use eventrelay_core::{error::JobError, ids::JobId};
use eventrelay_store::jobs::WorkflowHeader;
use serde::{Deserialize, Serialize};

use super::Request;
use eventrelay_core::{answer_class::AnswerClass, clock::Timestamp, video::VideoKey};
use eventrelay_store::{
    StoredAnalysis,
    claims::ClaimingRecord,
    jobs::{Row, WorkflowRecord},
    packed::Directory,
};

/// Record of the analysis of a video.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Members that every workflow has.
    #[serde(flatten)]
    pub header: WorkflowHeader,
    /// Video that is analysed.
    pub video: VideoKey,
    /// Options of the analysis.
    pub request: Request,
    /// Source of the pictures and the sound.
    pub media: Media,
    pub state: State,
    /// Number of uploads of the media that were begun.
    #[serde(default, skip_serializing_if = "is_default")]
    pub uploads: u32,
    /// Facts from the platform.
    #[serde(default, skip_serializing_if = "is_default")]
    pub facts: VideoFacts,
    /// File at Gemini, deleted when the job is finalized.
    #[serde(default, skip_serializing_if = "is_default")]
    pub gemini_file: Option<String>,
}

pub type JobRow = Row<Job>;

/// Source of the pictures and the sound.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Media {
    /// Gemini fetches the video itself.
    YouTube,
    /// The worker uploads it from the bucket.
    Upload {
        size_bytes: u64,
        content_type: String,
        /// Name that the caller gave it.
        file_name: String,
    },
}

/// Facts about a video from its platform.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct VideoFacts {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<f64>,
}

/// State of a job, with its data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum State {
    /// The job was created with its claim.
    Submitted,
    /// Asks the platform about the video.
    FetchingMetadata,
    /// Uploads the media from the bucket to Gemini.
    Uploading {
        /// URL of the resumable upload, once it was started.
        session: Option<String>,
        /// Bytes that Gemini has confirmed.
        offset: u64,
    },
    /// Waits until Gemini has processed the file.
    Processing { since: Timestamp, looks: u32 },
    /// Asks the model about the video.
    Analysing {
        /// The uploaded file; `None` if Gemini fetches the video itself.
        file: Option<GeminiFile>,
    },
    /// The analysis is in the bucket and not in the index yet.
    Storing {
        /// Entry for the index.
        analysis: StoredAnalysis,
        /// Directory of the parts of its body.
        #[serde(default)]
        parts: Directory,
    },
    /// The analysis is in the index.
    Done,
    Failed {
        /// Error as shown to the caller.
        error: JobError,
        /// Time before which the same request fails at once.
        #[serde(default)]
        until: Timestamp,
        /// Class of the model. Rows of older releases lack it.
        #[serde(default)]
        answered_by: AnswerClass,
    },
    /// The caller cancelled it.
    Cancelled,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GeminiFile {
    /// URI that a request refers to it by.
    pub uri: String,
    pub mime_type: String,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Stage of a job, as the API names it. [`State`] has the details.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "JobStage")
)]
pub enum Stage {
    Submitted,
    FetchingMetadata,
    Uploading,
    Processing,
    Analysing,
    Storing,
    Done,
    Failed,
    Cancelled,
}

/// Status of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "JobStatus")
)]
pub enum Status {
    /// No step has run yet.
    Queued,
    /// Workers run its steps.
    Running,
    /// It ended with its result.
    Done,
    /// It ended with the error that the job contains.
    Failed,
    /// A caller cancelled it.
    Cancelled,
}

impl State {
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

    /// Returns whether only finalization can follow.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Done | Self::Failed { .. } | Self::Cancelled)
    }
}

impl Job {
    /// Creates a job before its first step.
    #[must_use]
    pub fn new(
        video: VideoKey,
        request: Request,
        media: Media,
        deadline: Timestamp,
        now: Timestamp,
    ) -> Self {
        Self {
            header: WorkflowHeader::new(JobId::random(), deadline, now),
            video,
            request,
            media,
            state: State::Submitted,
            uploads: 0,
            facts: VideoFacts::default(),
            gemini_file: None,
        }
    }

    /// Returns the progress, 0 to 100. It never decreases, and only a finished job has 100.
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

    /// Returns the name of the file of the latest upload, or `None` before the first.
    ///
    /// The name is chosen before the upload, so that the file can be deleted even if the response
    /// was lost.
    #[must_use]
    pub fn upload_name(&self) -> Option<String> {
        (self.uploads > 0).then(|| self.name_of_upload(self.uploads))
    }

    /// Returns the name of the file of the next upload.
    #[must_use]
    pub fn next_upload_name(&self) -> String {
        self.name_of_upload(self.uploads + 1)
    }

    /// Returns the names of all files that the job may have at Gemini: one for each upload, and the
    /// one in the record.
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
        let id = self.header.id.as_str().trim_start_matches("job_");
        format!("files/{id}-{number}")
    }

    /// Returns the key of the analysis beside the video: the version of the pipeline and a hash of
    /// the options, if any. Requests with different options therefore have different analyses.
    #[must_use]
    pub fn variant(&self) -> String {
        self.request.variant()
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

    fn header(&self) -> &WorkflowHeader {
        &self.header
    }

    fn header_mut(&mut self) -> &mut WorkflowHeader {
        &mut self.header
    }

    fn stage(&self) -> String {
        self.state.stage().to_string()
    }

    fn is_terminal(&self) -> bool {
        self.state.is_terminal()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Up to this size, the attributes beside the document fit into the same kilobyte.
    const MAX_DOCUMENT_BYTES: usize = 820;

    #[test]
    fn a_stage_has_one_name() {
        for stage in [Stage::Submitted, Stage::FetchingMetadata, Stage::Storing] {
            assert_eq!(serde_json::json!(stage), stage.to_string());
        }
    }

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
        job.header.submitted_by = Some("0123456789abcdef".to_owned());
        job.header.trace = Some("1-58406520-a006649127e371903a2de979".parse().unwrap());
        job.state = State::Processing {
            since: NOW,
            looks: 12,
        };
        let document = serde_json::to_string(&job).unwrap();
        assert!(document.len() <= MAX_DOCUMENT_BYTES, "{}", document.len());
    }

    /// Records as written by the release before the common header.
    #[test]
    fn rows_of_the_previous_release_are_read() {
        let job = r#"{"id":"job_0193a1b2c3d47e5f8a9b0c1d2e3f4a5d","video":"yt:dQw4w9WgXcQ",
            "request":{"language":"de"},"media":{"kind":"you_tube"},
            "state":{"stage":"processing","since":7,"looks":2},"created_at":1,"updated_at":2,
            "deadline":9,"due_at":3,"attempts":1,"in_turn":true,"uploads":1,"model":1,
            "gemini_file":"files/a","usage":{"input_tokens":5,"output_tokens":0,
            "thinking_tokens":0,"model_calls":1,"cost_usd":0.25,"billed_ms":12},
            "submitted_by":"0123456789abcdef","trace":"1-58406520-a006649127e371903a2de979",
            "settled":true}"#;
        let job: Job = serde_json::from_str(job).unwrap();
        let header = &job.header;
        assert_eq!((header.attempts, header.model), (1, 1));
        assert_eq!((header.has_reservation, header.finalized), (true, true));
        assert_eq!(header.usage.cost_usd, Some(0.25));
        assert_eq!(
            (job.uploads, job.gemini_file.as_deref()),
            (1, Some("files/a"))
        );
        let written = serde_json::to_value(&job).unwrap();
        assert_eq!(
            (&written["in_turn"], &written["settled"]),
            (&true.into(), &true.into())
        );
        let minimal = r#"{"id":"job_0193a1b2c3d47e5f8a9b0c1d2e3f4a5d","video":"yt:dQw4w9WgXcQ",
            "request":{},"media":{"kind":"you_tube"},"state":{"stage":"submitted"},"created_at":1,
            "updated_at":1,"deadline":9,"due_at":1}"#;
        assert!(serde_json::from_str::<Job>(minimal).is_ok());
        let build = r#"{"id":"job_0193a1b2c3d47e5f8a9b0c1d2e3f4a5d","work":{"kind":"project",
            "project":"prj_0193a1b2c3d47e5f8a9b0c1d2e3f4a5d","plan_only":false,
            "stage":{"stage":"planning"}},"end":null,"created_at":1,"updated_at":2,"deadline":9,"due_at":3,
            "attempts":0,"bad_answers":1,"model":0,"usage":{"input_tokens":5,"output_tokens":0,
            "thinking_tokens":0,"model_calls":1,"cost_usd":null},"settled":false}"#;
        let build: crate::build::Build = serde_json::from_str(build).unwrap();
        assert_eq!(
            (build.header.bad_answers, build.header.finalized),
            (1, false)
        );
        let task = r#"{"id":"job_0193a1b2c3d47e5f8a9b0c1d2e3f4a5d","work":{"kind":"delete_videos",
            "deleted":3},"status":"running","error":null,"created_at":1,"updated_at":2,
            "deadline":9,"due_at":3,"attempts":2,"unreached":1}"#;
        let task: crate::task::Task = serde_json::from_str(task).unwrap();
        assert_eq!((task.header.attempts, task.header.unreached), (2, 1));
        assert!(!task.has_ended());
    }
}
