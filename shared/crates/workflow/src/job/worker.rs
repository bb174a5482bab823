//! The workflow of an analysis: performs the effects that the [`machine`] chooses.

use std::{sync::Arc, time::Duration};

use tokio::sync::Semaphore;

use super::{
    Job, JobRow, State,
    calls::{CHUNKS_AT_ONCE, Calls},
    machine::{self, Effect, EffectOutcome, Limits},
    processing_time::ProcessingTimeEstimator,
};
use crate::{
    context::{Context, warm_all, youtube},
    engine::{self, Invocation, StepOutcome, Worker, Workflow, lease},
    searchable,
};
use eventrelay_core::{
    clock::Timestamp,
    config::{LimitsConfig, UpstreamConfig},
    error::{Error, Failure},
};
use eventrelay_store::{
    claims::Indexed, jobs::Jobs, search::Search, secrets::Secret, videos::Videos,
};
use eventrelay_upstream::HttpClient;

/// Returns the worker of analyses, with its secrets read.
///
/// # Errors
/// The environment is incomplete.
pub async fn worker(context: &Context) -> Result<Worker<Analyses>, Error> {
    let upstream = UpstreamConfig::from_env().map_err(Error::internal)?;
    let limits = LimitsConfig::from_env().map_err(Error::internal)?;
    let secrets = context.secrets();
    let gemini = secrets.secret(upstream.models.secret.clone());
    let youtube = upstream.youtube.secret.clone();
    let youtube = youtube.map(|id| secrets.secret(id));
    warm_all([Some(&gemini), youtube.as_ref()]).await;
    let analyses = Analyses::new(context, upstream, &limits, gemini, youtube)?;
    Ok(Worker::new(context, &context.queue, analyses))
}

#[derive(Clone, Debug)]
pub struct Analyses {
    videos: Videos,
    search: Search,
    jobs: Jobs,
    calls: Calls,
    limits: Limits,
    clock: fn() -> Timestamp,
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

    /// Deletes the file of a step that another worker took over, unless the job continues with it.
    async fn lost(&self, lost: &Job) -> Result<(), Error> {
        let known = self
            .jobs
            .get::<Job>(&lost.header.id)
            .await?
            .map(|row| row.job);
        let has_same_file =
            |job: &Job| lost.gemini_file.is_none() || job.gemini_file == lost.gemini_file;
        match known {
            Some(job) if !job.header.finalized && has_same_file(&job) => Ok(()),
            _ => self.calls.delete_files(lost).await,
        }
    }
}

impl Analyses {
    /// Creates the effects that call the services of `upstream` with these secrets, within `limits`.
    ///
    /// # Errors
    /// [`Error::Internal`] if a budget is set and a model has no price.
    pub fn new(
        context: &Context,
        upstream: UpstreamConfig,
        limits: &LimitsConfig,
        gemini: Secret,
        youtube_key: Option<Secret>,
    ) -> Result<Self, Error> {
        let guard = context.guard(limits.clone(), &upstream.models)?;
        let http = HttpClient::new()?;
        let machine_limits = Limits {
            processing_timeout: upstream.processing_timeout,
            models: upstream.models.names.len(),
            expected: None,
            answer_class: context.config.answer_class,
        };
        let calls = Calls {
            blobs: context.blobs.clone(),
            models: context.models(&http, upstream.models, gemini, &guard),
            youtube: youtube(http, upstream.youtube, youtube_key, guard),
            analysis_ttl: context.config.analysis_ttl,
            processing_time: ProcessingTimeEstimator::default(),
            chunks: Arc::new(Semaphore::new(CHUNKS_AT_ONCE)),
        };
        Ok(Self {
            videos: context.videos.clone(),
            search: context.search.clone(),
            jobs: context.jobs.clone(),
            calls,
            limits: machine_limits,
            clock: context.clock,
        })
    }

    /// Returns `None` if another worker took over the step.
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
        let now = (self.clock)();
        let done = engine::step(job, Ok(EffectOutcome::Indexed), self.limits, now, 0.0).record;
        match self
            .videos
            .index(&done, version, &lease(invocation, now), analysis, &body)
            .await?
        {
            Indexed::Yes => Ok(Some(EffectOutcome::Indexed)),
            Indexed::ClaimLost => {
                // The video was deleted, or another job holds its claim: no row will name these forms.
                self.calls.delete_forms(job, analysis).await?;
                Err(Error::DeadlineExceeded)
            }
            Indexed::StepLost => Ok(None),
        }
    }

    /// Tries all parts of the clean-up even if the first one fails. An error of our storage takes
    /// precedence, since it is retried. The sweeper deletes a file that stays at Gemini.
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

    /// Releases the claim of a job that ended without an analysis.
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
            .release(job, failure.as_ref(), (self.clock)())
            .await
    }
}
