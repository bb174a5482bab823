//! Decisions about the analysis of a video.
//!
//! ```text
//! submitted ─┬─ (YouTube) fetching_metadata ───────────────┬─ analysing ─ storing ─ done
//!            └─ (upload)  uploading ─ processing (waits) ──┘
//! ```
//! A job can fail or be cancelled in every state before its end. One more step follows the end:
//! finalizing releases the claim and deletes the file at Gemini.

use eventrelay_core::error::JobError;
use std::time::Duration;

use super::model::{GeminiFile, Job, Media, State, VideoFacts};
use crate::{
    context::Context,
    engine::step::{end, finalized},
    engine::{Transition, WorkflowKind, is_dead_lettered},
};
use eventrelay_core::{
    answer_class::AnswerClass,
    clock::Timestamp,
    error::{Disposition, Error},
    retry,
};
use eventrelay_store::queue::Queue;
use eventrelay_store::{StoredAnalysis, packed::Directory};

/// Maximum wait between two polls of a file that Gemini processes.
const MAX_LOOK: Duration = Duration::from_secs(30);

/// Maximum uploads per recording. If Gemini loses the file this often, another upload will not
/// help.
const MAX_UPLOADS: u32 = 3;

/// Effect of the next step of a job. At most one call of an upstream that a wait can follow.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Ask the platform about the video.
    FetchMetadata,
    /// Open a resumable upload.
    StartUpload,
    /// Send what is missing.
    Upload {
        /// URL of the resumable upload.
        session: String,
        /// Bytes that are known to have arrived.
        offset: u64,
    },
    /// Ask for the state of the file.
    LookAtFile { name: String },
    /// Ask the model, check its answer and put it in the bucket.
    Analyse {
        /// The uploaded file, if it is one.
        file: Option<GeminiFile>,
    },
    /// Write the analysis to the index.
    Index {
        /// Entry for the index.
        analysis: Box<StoredAnalysis>,
        /// Places of the parts in its body.
        parts: Directory,
    },
    /// Release the claim and delete the file.
    Finalize,
}

/// Outcome of an [`Effect`].
#[derive(Clone, Debug, PartialEq)]
pub enum EffectOutcome {
    Metadata(VideoFacts),
    /// Gemini opened the upload.
    UploadStarted {
        /// URL of the resumable upload.
        session: String,
    },
    /// The time of the function ended before the last byte.
    UploadPaused {
        /// Bytes that Gemini has confirmed.
        offset: u64,
    },
    /// State of the file, after its last byte or at a poll.
    File(FileSeen),
    /// The analysis is in the bucket.
    Analysed {
        /// Entry for the index.
        analysis: Box<StoredAnalysis>,
        /// Places of the parts in its body.
        parts: Directory,
    },
    /// The index has the analysis.
    Indexed,
    /// Nothing is left behind.
    Finalized,
}

/// A file at Gemini.
#[derive(Clone, Debug, PartialEq)]
pub struct FileSeen {
    pub name: String,
    /// URI and type, as requests name the file.
    pub file: GeminiFile,
    /// Whether it can be used.
    pub state: FileState,
    /// Length of the video, if Gemini says it.
    pub duration_s: Option<f64>,
}

/// State of a file at Gemini.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileState {
    Processing,
    Active,
    Failed,
}

/// Settings of the deployment, and what is known about the services.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Maximum time in which Gemini processes a file.
    pub processing_timeout: Duration,
    /// Number of configured models.
    pub models: usize,
    /// Recent processing time of files like that of the job; `None` if unknown.
    pub expected: Option<Duration>,
    pub answer_class: AnswerClass,
}

/// Returns the job as its first step runs, for a reader in the meantime.
#[must_use]
pub fn begin(mut job: Job, now: Timestamp) -> Job {
    if job.state == State::Submitted {
        job.state = match job.media {
            Media::YouTube => State::FetchingMetadata,
            Media::Upload { .. } => State::Uploading {
                session: None,
                offset: 0,
            },
        };
        job.header.updated_at = now;
    }
    job
}

/// Returns the effect of the next step; `None` after the job was finalized.
#[must_use]
pub fn effect(job: &Job) -> Option<Effect> {
    if job.header.finalized {
        return None;
    }
    Some(match &job.state {
        State::Submitted | State::FetchingMetadata => Effect::FetchMetadata,
        State::Uploading { session: None, .. } => Effect::StartUpload,
        State::Uploading {
            session: Some(session),
            offset,
        } => Effect::Upload {
            session: session.clone(),
            offset: *offset,
        },
        State::Processing { .. } => Effect::LookAtFile {
            name: job.gemini_file.clone().unwrap_or_default(),
        },
        State::Analysing { file } => Effect::Analyse { file: file.clone() },
        State::Storing { analysis, parts } => Effect::Index {
            analysis: Box::new(analysis.clone()),
            parts: parts.clone(),
        },
        State::Done | State::Failed { .. } | State::Cancelled => Effect::Finalize,
    })
}

impl WorkflowKind for Job {
    type Outcome = EffectOutcome;
    type Settings = Limits;

    fn queue(context: &Context) -> &Queue {
        &context.queue
    }

    fn models(limits: Limits) -> usize {
        limits.models
    }

    fn on_outcome(
        mut self,
        outcome: EffectOutcome,
        limits: Limits,
        now: Timestamp,
    ) -> Transition<Self> {
        self.state = match outcome {
            EffectOutcome::Metadata(facts) => {
                self.facts = facts;
                State::Analysing { file: None }
            }
            EffectOutcome::UploadStarted { session } => {
                self.uploads += 1;
                State::Uploading {
                    session: Some(session),
                    offset: 0,
                }
            }
            EffectOutcome::UploadPaused { offset } => match self.state {
                State::Uploading { session, .. } => State::Uploading { session, offset },
                other => other,
            },
            EffectOutcome::File(seen) => return on_file(self, seen, limits, now),
            EffectOutcome::Analysed { analysis, parts } => State::Storing {
                analysis: *analysis,
                parts,
            },
            EffectOutcome::Indexed => State::Done,
            EffectOutcome::Finalized => return finalized(self, now),
        };
        Transition::immediate(self, now)
    }

    fn on_error(mut self, error: &Error, now: Timestamp) -> Result<Transition<Self>, Box<Self>> {
        let header = &self.header;
        match error {
            // Gemini lost the file or the upload. The bucket still has the recording.
            Error::FileGone if (1..MAX_UPLOADS).contains(&self.uploads) => {
                self.state = State::Uploading {
                    session: None,
                    offset: 0,
                };
                self.gemini_file = None;
            }
            // The model opens the video without the facts of the platform.
            _ if self.state == State::FetchingMetadata
                && error.disposition() != Disposition::Permanent
                && (header.attempts >= 2
                    || header.unreached >= 2
                    || !(error.was_tried() || error.is_unreachable())) =>
            {
                self.header.begin_step();
                self.state = State::Analysing { file: None };
            }
            _ => return Err(Box::new(self)),
        }
        Ok(Transition::immediate(self, now))
    }

    fn end(&mut self, error: &Error) {
        self.state = match error {
            Error::Cancelled => State::Cancelled,
            _ => State::Failed {
                error: JobError::from(error),
                until: self.header.updated_at + retry::remembered_for(error),
                answered_by: AnswerClass::default(),
            },
        };
    }

    fn on_end(&mut self, limits: Limits, now: Timestamp, jitter: f64) {
        if let State::Failed {
            until, answered_by, ..
        } = &mut self.state
        {
            *answered_by = limits.answer_class;
            // Callers that were refused together do not return together.
            *until = now + now.until(*until).mul_f64(0.75 + 0.5 * jitter);
        }
    }

    fn on_finalized(&mut self) {
        self.gemini_file = None;
    }

    fn error(&self) -> Option<&JobError> {
        match &self.state {
            State::Failed { error, .. } => Some(error),
            _ => None,
        }
    }
}

fn on_file(mut job: Job, seen: FileSeen, limits: Limits, now: Timestamp) -> Transition<Job> {
    job.gemini_file = Some(seen.name);
    job.facts.duration_s = seen.duration_s.or(job.facts.duration_s);
    let (since, looks) = match job.state {
        State::Processing { since, looks } => (since, looks + 1),
        _ => (now, 0),
    };
    match seen.state {
        FileState::Active => {
            job.state = State::Analysing {
                file: Some(seen.file),
            };
            Transition::immediate(job, now)
        }
        FileState::Failed => end(
            job,
            &Error::ProcessingFailed {
                source: "the file's state is FAILED".into(),
            },
            now,
        ),
        FileState::Processing if since.until(now) >= limits.processing_timeout => {
            end(job, &Error::ProcessingTimedOut, now)
        }
        FileState::Processing => {
            let wait = match &job.media {
                Media::Upload { size_bytes, .. } if looks == 0 => {
                    let estimate = || estimate(*size_bytes, job.facts.duration_s);
                    limits.expected.map_or_else(estimate, whole_seconds)
                }
                _ => later_look(looks),
            };
            // The last look is at the time-out and not after it.
            let left = now.until(since + limits.processing_timeout);
            job.state = State::Processing { since, looks };
            Transition::after(job, wait.min(left.max(Duration::from_secs(1))), now)
        }
    }
}

/// How long Gemini may take to prepare a file of this size and length: about a second for each
/// 20 MB or each two minutes, whichever is more. Polling early costs a call, polling late adds
/// latency. Later polls back off exponentially.
pub(super) fn estimate(size_bytes: u64, duration_s: Option<f64>) -> Duration {
    let by_size = size_bytes / 20_000_000;
    let by_duration = Duration::try_from_secs_f64(duration_s.unwrap_or(0.0) / 120.0);
    let seconds = by_size.max(by_duration.map_or(0, |duration| duration.as_secs()));
    Duration::from_secs(seconds.max(1)).min(MAX_LOOK)
}

/// A message is delayed by whole seconds, and half of one late is worth a look that is spared.
fn whole_seconds(expected: Duration) -> Duration {
    let nearest = expected
        .saturating_add(Duration::from_millis(500))
        .as_secs();
    Duration::from_secs(nearest.max(1)).min(MAX_LOOK)
}

/// Wait after a poll: 2, 4, 8, 16, then always 30 seconds.
fn later_look(looks: u32) -> Duration {
    Duration::from_secs(1 << looks.clamp(1, 16)).min(MAX_LOOK)
}

/// Returns a job that a dead letter ended, to start again; `None` if it ended otherwise or is not
/// finalized yet.
#[must_use]
pub fn resume(job: Job, deadline: Timestamp, now: Timestamp) -> Option<Job> {
    if !(job.header.finalized && is_dead_lettered(&job)) {
        return None;
    }
    Some(Job {
        header: job.header.restarted(deadline, now),
        state: State::Submitted,
        uploads: 0,
        gemini_file: None,
        ..job
    })
}

#[cfg(test)]
mod tests;
