//! Effects of analyses: calls to other services, each of which ends in an [`EffectOutcome`] or an
//! error.

mod analyse;
mod kept;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::Semaphore, time::timeout};

use super::{
    Job, Media, State,
    machine::{self, Effect, EffectOutcome, FileSeen, FileState},
    model::{GeminiFile, VideoFacts},
    processing_time::ProcessingTimeEstimator,
};
use crate::engine::StepOutcome;
use eventrelay_core::{clock::Timestamp, error::Error, telemetry, usage::Usage, video::VideoKey};
use eventrelay_store::{
    StoredAnalysis,
    blobs::{self, Blobs, Form, MAX_DOCUMENT_BYTES},
    packed::{Directory, Packed},
};
use eventrelay_upstream::{gemini, models::Models, youtube::YouTube};

/// Size of a part of a recording in memory. It is a multiple of the granularity of the Files API
/// (256 KiB) and the size that Google's SDKs send.
const CHUNK: u64 = 8 * 1024 * 1024;

/// Maximum parts in memory per instance.
pub const CHUNKS_AT_ONCE: usize = 4;

/// Clients of all services that an analysis calls.
#[derive(Clone, Debug)]
pub struct Calls {
    pub blobs: Blobs,
    pub models: Models,
    pub youtube: YouTube,
    /// Time for which an analysis is fresh.
    pub analysis_ttl: Duration,
    /// Recent processing times of files.
    pub processing_time: ProcessingTimeEstimator,
    /// Permits for parts in memory: [`CHUNKS_AT_ONCE`].
    pub chunks: Arc<Semaphore>,
}

impl Calls {
    /// Performs an effect. No request lasts longer than `time`.
    pub(super) async fn perform(
        &self,
        call: &Effect,
        job: &Job,
        time: Duration,
    ) -> StepOutcome<EffectOutcome> {
        let deadline = Instant::now() + time;
        let calls = Self {
            models: self.models.until(deadline),
            youtube: self.youtube.until(deadline),
            ..self.clone()
        };
        let mut usage = job.header.usage;
        let observed = calls.call(call, job, time, &mut usage).await;
        StepOutcome {
            observed,
            usage,
            counted: Usage::default(),
            is_saved: false,
        }
    }

    async fn call(
        &self,
        call: &Effect,
        job: &Job,
        time: Duration,
        usage: &mut Usage,
    ) -> Result<EffectOutcome, Error> {
        match call {
            Effect::FetchMetadata => self.fetch_metadata(job).await,
            Effect::StartUpload => self.start_upload(job).await,
            Effect::Upload { session, offset } => self.upload(job, session, *offset, time).await,
            Effect::LookAtFile { name } => self.look_at_file(job, name).await,
            Effect::Analyse { file } => self.analyse(job, file.as_ref(), time, usage).await,
            Effect::Index { .. } | Effect::Finalize => {
                Err(Error::internal("not a call to the outside"))
            }
        }
    }

    async fn fetch_metadata(&self, job: &Job) -> Result<EffectOutcome, Error> {
        let VideoKey::YouTube(id) = &job.video else {
            return Err(Error::internal("only YouTube has metadata"));
        };
        let metadata = self.youtube.metadata(id.as_str()).await?;
        Ok(EffectOutcome::Metadata(VideoFacts {
            title: metadata.title,
            channel: metadata.channel,
            duration_s: metadata.duration_s,
        }))
    }

    async fn start_upload(&self, job: &Job) -> Result<EffectOutcome, Error> {
        let (hash, size_bytes, mime_type) = recording(job)?;
        let name = job.next_upload_name();
        let start = gemini::UploadStart {
            name: &name,
            display_name: hash.as_str(),
            mime_type,
            size_bytes,
        };
        let session = self.models.gemini.start_upload(&start).await?;
        Ok(EffectOutcome::UploadStarted {
            session: session.url().to_string(),
        })
    }

    /// Uploads the recording in parts, each read from the bucket just before it is sent. Stops when
    /// the next part might not end within `time`.
    async fn upload(
        &self,
        job: &Job,
        session: &str,
        offset: u64,
        time: Duration,
    ) -> Result<EffectOutcome, Error> {
        let (hash, size_bytes, _) = recording(job)?;
        let session = self.models.gemini.resume_upload(session)?;
        let key = blobs::media_key(hash);
        let stop = Timestamp::now() + time.saturating_sub(gemini::CHUNK_TIMEOUT);
        // After an earlier attempt, only Gemini knows the offset.
        let mut is_known = offset == 0 && job.header.attempts == 0;
        let mut offset = offset;
        loop {
            if !is_known {
                let Some(received) = self.models.gemini.query_upload(&session).await? else {
                    return self.uploaded(job).await;
                };
                (offset, is_known) = (received, true);
            }
            let length = CHUNK.min(size_bytes.saturating_sub(offset));
            if length == 0 {
                return Err(Error::FileGone);
            }
            // Other jobs of this instance may hold the permits for all of the time.
            let Ok(permit) = timeout(Timestamp::now().until(stop), self.chunks.acquire()).await
            else {
                return Ok(EffectOutcome::UploadPaused { offset });
            };
            let _permit = permit.map_err(Error::internal)?;
            let chunk = self.blobs.get_range(&key, offset, length).await?;
            if chunk.len() as u64 != length {
                return Err(Error::UploadMismatch { what: "size" });
            }
            let last = offset + length == size_bytes;
            match self
                .models
                .gemini
                .upload_chunk(&session, offset, chunk, last)
                .await
            {
                Ok(gemini::ChunkOutcome::Final(file)) => {
                    return Ok(EffectOutcome::File(seen(*file)));
                }
                Ok(gemini::ChunkOutcome::Active) => offset += length,
                // A worker that crashed may have sent this part.
                Err(error @ Error::UpstreamRejected { .. })
                    if offset == 0 && job.header.attempts == 0 =>
                {
                    match self.models.gemini.query_upload(&session).await? {
                        Some(0) => return Err(error),
                        Some(received) => offset = received,
                        None => return self.uploaded(job).await,
                    }
                }
                Err(error) => return Err(error),
            }
            if Timestamp::now() >= stop {
                return Ok(EffectOutcome::UploadPaused { offset });
            }
        }
    }

    async fn look_at_file(&self, job: &Job, name: &str) -> Result<EffectOutcome, Error> {
        let file = self.models.gemini.get_file(name).await?;
        if let (gemini::FileState::Active, State::Processing { looks, since }) =
            (&file.state, &job.state)
        {
            telemetry::noticed("file", looks + 1, file.updated_at, Timestamp::now());
            if let (Some(estimate), Some(ready_at)) = (estimate(job), file.updated_at) {
                self.processing_time.note(estimate, since.until(ready_at));
            }
        }
        Ok(EffectOutcome::File(seen(file)))
    }

    /// Returns the recent processing time of files like that of the job, if known.
    pub(super) fn expected(&self, job: &Job) -> Option<Duration> {
        self.processing_time.expected(estimate(job)?)
    }

    /// Returns the file of a completed upload, if Gemini created it.
    async fn uploaded(&self, job: &Job) -> Result<EffectOutcome, Error> {
        let name = job.upload_name().ok_or(Error::FileGone)?;
        let file = self.models.gemini.get_file(&name).await?;
        Ok(EffectOutcome::File(seen(file)))
    }

    /// Returns the stored body of an analysis, with the directory of its parts.
    pub(super) async fn stored_body(
        &self,
        job: &Job,
        stored: &StoredAnalysis,
        parts: &Directory,
    ) -> Result<Packed, Error> {
        let key = blobs::analysis_key(&job.video, &stored.etag, Form::Json);
        let gone = || Error::internal("the analysis of a job is gone");
        Ok(Packed {
            gzip: self.blobs.get(&key).await?.ok_or_else(gone)?,
            parts: parts.clone(),
        })
    }

    /// Deletes all formats of an analysis that no row refers to.
    pub(super) async fn delete_forms(
        &self,
        job: &Job,
        stored: &StoredAnalysis,
    ) -> Result<(), Error> {
        let keys = Form::ALL.map(|form| blobs::analysis_key(&job.video, &stored.etag, form));
        self.blobs.delete(keys.to_vec()).await
    }

    /// Deletes all files that the job has or may have at Gemini.
    pub(super) async fn delete_files(&self, job: &Job) -> Result<(), Error> {
        let mut deleted = Ok(());
        for name in job.file_names() {
            deleted = self.models.gemini.delete_file(&name).await.and(deleted);
        }
        deleted
    }
}

fn recording(job: &Job) -> Result<(&eventrelay_core::video::ContentHash, u64, &str), Error> {
    match (&job.video, &job.media) {
        (
            VideoKey::Upload(hash),
            Media::Upload {
                size_bytes,
                content_type,
                ..
            },
        ) => Ok((hash, *size_bytes, content_type)),
        _ => Err(Error::internal("only an upload has a recording")),
    }
}

/// Estimates the processing time of the file from its size; `None` without a file.
fn estimate(job: &Job) -> Option<Duration> {
    match &job.media {
        Media::Upload { size_bytes, .. } => {
            Some(machine::estimate(*size_bytes, job.facts.duration_s))
        }
        Media::YouTube => None,
    }
}

fn seen(file: gemini::File) -> FileSeen {
    FileSeen {
        state: match file.state {
            gemini::FileState::Active => FileState::Active,
            gemini::FileState::Failed => FileState::Failed,
            // An unknown state is polled like `Processing`.
            gemini::FileState::Processing | gemini::FileState::Other(_) => FileState::Processing,
        },
        name: file.name,
        file: GeminiFile {
            uri: file.uri,
            mime_type: file.mime_type,
        },
        duration_s: file.duration_s,
    }
}
