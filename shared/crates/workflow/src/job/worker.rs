//! Analyses: does what the [`machine`] decides.

use crate::engine;
use crate::job::JobRow;
use eventrelay_core::config::{LimitsConfig, UpstreamConfig};
use eventrelay_upstream::{HttpClient, UpstreamGuard};
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;

use super::{
    Job, State,
    calls::{CHUNKS_AT_ONCE, Calls},
    machine::{self, Effect, EffectOutcome, Limits},
    processing_time::ProcessingTimeEstimator,
};
use crate::{
    context::{Context, warm_all, youtube},
    engine::{Invocation, StepOutcome, Worker, Workflow, lease},
    searchable,
};
use eventrelay_core::{
    clock::Timestamp,
    error::{Error, Failure},
};
use eventrelay_store::{claims::Indexed, search::Search, videos::Videos};

/// Returns the worker of analyses, with its secrets read.
///
/// # Errors
/// The environment is incomplete.
pub async fn worker(context: &Context) -> Result<Worker<Analyses>, Error> {
    let upstream = UpstreamConfig::from_env().map_err(Error::internal)?;
    let limits = Limits {
        processing_timeout: upstream.processing_timeout,
        models: upstream.models.names.len(),
        expected: None,
        answer_class: context.config.answer_class,
    };
    let config = LimitsConfig::from_env().map_err(Error::internal)?;
    let gate = UpstreamGuard::new(context.limits.clone(), config.clone());
    let secrets = context.secrets();
    let gemini = secrets.secret(upstream.models.secret.clone());
    let youtube_secret = upstream.youtube.secret.as_ref();
    let youtube_secret = youtube_secret.map(|id| secrets.secret(id));
    warm_all([Some(&gemini), youtube_secret.as_ref()]).await;
    let http = HttpClient::new()?;
    let calls = Calls {
        blobs: context.blobs.clone(),
        models: context.models(&http, upstream.models, gemini, &gate, &config)?,
        youtube: youtube(http, upstream.youtube, youtube_secret, gate),
        analysis_ttl: context.config.analysis_ttl,
        processing_time: ProcessingTimeEstimator::default(),
        chunks: Arc::new(Semaphore::new(CHUNKS_AT_ONCE)),
    };
    let analyses = Analyses {
        videos: context.videos.clone(),
        search: context.search.clone(),
        calls,
        limits,
        jobs: context.jobs.clone(),
    };
    Ok(Worker::new(context, &context.queue, analyses))
}

/// What is done for an analysis.
#[derive(Clone, Debug)]
pub struct Analyses {
    pub videos: Videos,
    /// What of it can be found by its words.
    pub search: Search,
    /// Its calls to the outside.
    pub calls: Calls,
    /// What this deployment sets.
    pub limits: Limits,
    /// Where the executor writes it down.
    pub jobs: eventrelay_store::jobs::Jobs,
}

impl Workflow for Analyses {
    type Record = Job;
    type Effect = Effect;

    fn begin(&self, job: Job, now: Timestamp) -> Job {
        machine::begin(job, now)
    }

    fn settings(&self, job: &Job) -> Limits {
        Limits {
            expected: self.calls.expected(job),
            ..self.limits
        }
    }

    fn effect(&self, job: &Job) -> Option<Effect> {
        machine::effect(job)
    }

    async fn perform(
        &self,
        effect: &Effect,
        row: &JobRow,
        invocation: &Invocation,
        time: Duration,
    ) -> Option<StepOutcome<EffectOutcome>> {
        let job = &row.job;
        match effect {
            Effect::Index { .. } => {
                let indexed = self.index(row, invocation).await.transpose()?;
                let is_saved = indexed.is_ok();
                Some(StepOutcome {
                    is_saved,
                    ..StepOutcome::free(indexed, job)
                })
            }
            Effect::Finalize => Some(StepOutcome::free(self.finalize(job).await, job)),
            _ => Some(self.calls.perform(effect, job, time).await),
        }
    }

    /// Deletes a file that a lost step has made, unless the job goes on with it.
    async fn lost(&self, lost: &Job) -> Result<(), Error> {
        let known = self
            .jobs
            .get::<Job>(&lost.header.id)
            .await?
            .map(|row| row.job);
        let is_theirs =
            |job: &Job| lost.gemini_file.is_none() || job.gemini_file == lost.gemini_file;
        match known {
            Some(job) if !job.header.finalized && is_theirs(&job) => Ok(()),
            _ => self.calls.delete_files(lost).await,
        }
    }
}

impl Analyses {
    /// None when the step was lost.
    async fn index(
        &self,
        row: &JobRow,
        invocation: &Invocation,
    ) -> Result<Option<EffectOutcome>, Error> {
        let (job, version) = (&row.job, row.version);
        let State::Storing { analysis, parts } = &job.state else {
            return Err(Error::internal("nothing to index"));
        };
        let body = self.calls.stored_body(job, analysis, parts).await?;
        let now = Timestamp::now();
        let done = engine::step(job, Ok(EffectOutcome::Indexed), self.limits, now, 0.0).record;
        match self
            .videos
            .index(&done, version, &lease(invocation, now), analysis, &body)
            .await?
        {
            Indexed::Yes => Ok(Some(EffectOutcome::Indexed)),
            Indexed::ClaimLost => {
                // The video was deleted, or another job owns it: nothing will point at these forms.
                self.calls.delete_forms(job, analysis).await?;
                Err(Error::DeadlineExceeded)
            }
            Indexed::StepLost => Ok(None),
        }
    }

    /// Tries all parts of the clean-up even if the first one fails. The error of our own storage
    /// comes first: it is retried for as long as it lasts, while the sweeper deletes a file that
    /// stays at Gemini.
    async fn finalize(&self, job: &Job) -> Result<EffectOutcome, Error> {
        let released = match job.state {
            State::Done => self.make_searchable(job).await,
            _ => self.release(job).await,
        };
        let forgotten = self.calls.delete_made(job).await;
        let deleted = self.calls.delete_files(job).await;
        released?;
        forgotten?;
        deleted?;
        Ok(EffectOutcome::Finalized)
    }

    async fn make_searchable(&self, job: &Job) -> Result<(), Error> {
        let (videos, search, blobs) = (&self.videos, &self.search, &self.calls.blobs);
        searchable::make_searchable(videos, search, blobs, &job.video).await?;
        Ok(())
    }

    /// What has not ended in an analysis gives up its claim.
    async fn release(&self, job: &Job) -> Result<(), Error> {
        let failure = match &job.state {
            State::Failed {
                error,
                until,
                answered_by,
            } => Some(Failure {
                job: job.header.id.clone(),
                error: error.clone(),
                until: *until,
                answered_by: *answered_by,
            }),
            _ => None,
        };
        self.videos
            .release(job, failure.as_ref(), Timestamp::now())
            .await
    }
}
