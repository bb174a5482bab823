//! Effects of builds: calls to other services, each of which ends in an [`EffectOutcome`] or an
//! error.

mod deployment;
mod file;
mod graph;
mod hosts;
mod project;
mod repository;
mod software;

pub use project::part_id;
pub use repository::address;

use eventrelay_project::Checker;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{
    machine::{Effect, EffectOutcome},
    model::{Build, Work},
};
use crate::{context::Context, engine::StepOutcome};
use eventrelay_analysis::Analysis;
use eventrelay_core::{
    answer_class::AnswerClass,
    clock::Timestamp,
    error::Error,
    ids::JobId,
    limit::{Cap, Estimate},
    usage::Usage,
};
use eventrelay_project::{Project, ProjectFile, ProjectId, Question, plan::Plan, templates::Facts};
use eventrelay_store::{
    blobs::{self, Form, MAX_DOCUMENT_BYTES},
    compression,
    project_blobs::{self, Kind},
    queue::Message,
};
use eventrelay_upstream::{
    gemini::GenerateRequest, github::GitHub, models::Models, netlify::Netlify, vercel::Vercel,
};

/// Maximum concurrent reads of the bucket.
const AT_ONCE: usize = 16;

/// Estimated bytes of text per token.
const BYTES_PER_TOKEN: u64 = 4;

/// Clients of all services that a build calls.
#[derive(Clone, Debug)]
pub struct Calls {
    pub context: Context,
    pub checker: Checker,
    pub models: Models,
    /// `None` without a token.
    pub github: Option<GitHub>,
    pub vercel: Option<Vercel>,
    pub netlify: Option<Netlify>,
}

/// Paid answer, stored until the build no longer needs it.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    text: String,
    usage: Usage,
    /// Job that paid. A read by any other job costs nothing.
    job: JobId,
    /// Class of the model. Rows of older releases lack it.
    #[serde(default)]
    answered_by: AnswerClass,
}

/// Answer of a model and the class of that model.
#[derive(Debug)]
struct Answer {
    text: String,
    answered_by: AnswerClass,
}

/// Limits of one question to a model.
#[derive(Clone, Copy, Debug)]
struct Allowance {
    /// Estimated tokens of the answer.
    output_tokens: u64,
    cap: Option<Cap>,
}

impl Calls {
    /// Performs an effect. No request lasts longer than `time`.
    pub(super) async fn perform(
        &self,
        call: Effect,
        build: &Build,
        time: Duration,
    ) -> StepOutcome<EffectOutcome> {
        let deadline = Instant::now() + time;
        let has_reservation = build.header.has_reservation;
        let (github, vercel) = (self.github.as_ref(), self.vercel.as_ref());
        let netlify = self.netlify.as_ref();
        let calls = Self {
            models: self.models.until(deadline),
            github: github.map(|one| one.within(deadline, has_reservation)),
            vercel: vercel.map(|one| one.within(deadline, has_reservation)),
            netlify: netlify.map(|one| one.within(deadline, has_reservation)),
            checker: self.checker,
            context: self.context.clone(),
        };
        let mut usage = build.header.usage;
        let (observed, counted) = match call {
            Effect::Work => calls.work(build, time, &mut usage).await,
            Effect::Finalize => calls.finalize(build).await,
        };
        StepOutcome {
            observed,
            usage: usage.plus(counted),
            counted,
            is_saved: false,
        }
    }

    /// Runs a step. Also returns usage that the steps of child builds have already counted.
    async fn work(
        &self,
        build: &Build,
        time: Duration,
        usage: &mut Usage,
    ) -> (Result<EffectOutcome, Error>, Usage) {
        let mut counted = Usage::default();
        let seen = match &build.work {
            Work::Project(work) => {
                let (paid, others) = (usage, &mut counted);
                let seen = self.project_step(build, work, time, paid, others).await;
                seen.map(EffectOutcome::Project)
            }
            Work::File(work) => {
                let seen = self.file_step(build, work, time, usage).await;
                seen.map(EffectOutcome::File)
            }
            Work::Deployment(work) => {
                let seen = self.deployment_step(build, work).await;
                seen.map(EffectOutcome::Deployment)
            }
            Work::Software(work) => {
                let seen = self.software_step(build, work).await;
                seen.map(EffectOutcome::Software)
            }
        };
        (seen, counted)
    }

    /// Reports the end of a build to the workflows that wait for it. Returns the same as
    /// [`Self::work`].
    async fn finalize(&self, build: &Build) -> (Result<EffectOutcome, Error>, Usage) {
        match self.finalized(build).await {
            Ok(counted) => (Ok(EffectOutcome::Finalized), counted),
            // The retry counts the usage of the child builds.
            Err(error) => (Err(error), Usage::default()),
        }
    }

    async fn finalized(&self, build: &Build) -> Result<Usage, Error> {
        let mut counted = Usage::default();
        match &build.work {
            Work::Project(work) => counted = self.finalize_project(build, work).await?,
            Work::File(work) => self.finalize_file(build, work).await?,
            Work::Deployment(work) => self.finalize_deployment(build, work).await?,
            Work::Software(work) => self.finalize_software(build, work).await?,
        }
        match (&build.parent, &build.work) {
            // The last file, or the first one that fails, wakes its project.
            (_, Work::File(_)) | (None, _) => {}
            (Some(parent), _) => self.wake(parent).await?,
        }
        Ok(counted)
    }

    async fn wake(&self, job: &JobId) -> Result<(), Error> {
        let queue = &self.context.builds_queue;
        queue.send(job, Message::WHICHEVER, Duration::ZERO).await
    }

    /// Returns a running build, or [`Error::Cancelled`] if it has ended or is gone.
    async fn at_work(&self, id: &JobId) -> Result<Build, Error> {
        let row = self.context.jobs.get::<Build>(id).await?;
        let build = row.map(|row| row.job);
        build
            .filter(|build| build.end.is_none())
            .ok_or(Error::Cancelled)
    }

    /// Returns the project of a build, or [`Error::Cancelled`] if it was deleted.
    async fn project(&self, id: &ProjectId) -> Result<Project, Error> {
        let stored = self.context.projects.project(id).await?;
        Ok(stored.ok_or(Error::Cancelled)?.doc)
    }

    /// Removes blobs that were stored while the project was being deleted.
    async fn tidy(&self, id: &ProjectId) -> Result<(), Error> {
        if self.context.projects.project(id).await?.is_some() {
            return Ok(());
        }
        let blobs = &self.context.blobs;
        let left = blobs.keys_under(&project_blobs::prefix(id)).await?;
        blobs.delete(left).await
    }

    async fn analysis(&self, project: &Project) -> Result<Analysis, Error> {
        let key = blobs::analysis_key(&project.video, &project.analysis, Form::Json);
        let packed = self.context.blobs.get(&key).await?;
        // The analysis was deleted or replaced.
        let packed = packed.ok_or(Error::NotFound { what: "analysis" })?;
        let text = compression::gunzip(&packed, MAX_DOCUMENT_BYTES)?;
        serde_json::from_slice(&text).map_err(Error::internal)
    }

    async fn plan(&self, project: &ProjectId, etag: &str) -> Result<Plan, Error> {
        self.context.blobs.document(project, Kind::Plan, etag).await
    }

    /// Returns the files of a manifest with their bytes.
    async fn files(&self, project: &ProjectId, etag: &str) -> Result<Vec<ProjectFile>, Error> {
        let made = self.project(project).await?.made;
        // Another build may have replaced the manifest.
        let made = made.filter(|made| made.manifest == etag);
        let archive = made.as_ref().map(|made| made.archive.as_str());
        self.context.blobs.files(project, etag, archive).await
    }

    /// Returns a paid answer to the question, if one is stored. Adds its cost to `usage` once.
    async fn kept(
        &self,
        build: &Build,
        project: &ProjectId,
        hash: &str,
        usage: &mut Usage,
    ) -> Result<Option<Answer>, Error> {
        let key = project_blobs::made_key(project, hash);
        let kept: Option<Kept> = self.context.blobs.json(&key).await?;
        let kept = kept.filter(|kept| kept.answered_by >= self.models.class);
        Ok(kept.map(|kept| {
            if kept.job == build.header.id {
                *usage = usage.plus(kept.usage);
            }
            Answer {
                text: kept.text,
                answered_by: kept.answered_by,
            }
        }))
    }

    /// Asks a model. Adds the cost to `usage` even if the answer is unusable.
    async fn ask(
        &self,
        build: &Build,
        question: &Question,
        allowance: Allowance,
        time: Duration,
        usage: &mut Usage,
    ) -> Result<Answer, Error> {
        let model = self.models.name(build.header.model)?;
        let estimate = Estimate {
            input_tokens: (question.bytes() as u64).div_ceil(BYTES_PER_TOKEN),
            output_tokens: allowance.output_tokens,
        };
        let texts = [question.parts[0].as_str(), question.parts[1].as_str()];
        let request = GenerateRequest {
            model,
            media: None,
            window: None,
            system: question.system,
            texts: &texts,
            json_schema: &question.schema,
            media_resolution: None,
            thinking_level: None,
            estimate,
            cap: allowance.cap,
            key_id: build.header.submitted_by.as_deref(),
            has_reservation: build.header.has_reservation,
        };
        let answered = self.models.gemini.generate(&request, time).await?;
        *usage = usage.plus(answered.usage);
        let generated = answered.outcome?;
        let version = generated.model_version.as_deref().unwrap_or(model);
        Ok(Answer {
            answered_by: AnswerClass::of_answer(self.models.class, version),
            text: generated.text,
        })
    }

    /// Stores a paid answer. Best effort: a crash after a failure pays for the answer twice.
    async fn keep(
        &self,
        build: &Build,
        project: &ProjectId,
        hash: &str,
        answer: &Answer,
        paid: Usage,
    ) {
        let key = project_blobs::made_key(project, hash);
        let kept = Kept {
            text: answer.text.clone(),
            usage: paid,
            job: build.header.id.clone(),
            answered_by: answer.answered_by,
        };
        if let Err(error) = self.context.blobs.put_json(&key, &kept).await {
            tracing::warn!(job.id = %build.header.id, error = error.report(), "Could not keep an answer");
        }
    }
}

/// Returns the difference of two usages.
fn paid(before: Usage, after: Usage) -> Usage {
    Usage {
        input_tokens: after.input_tokens - before.input_tokens,
        output_tokens: after.output_tokens - before.output_tokens,
        thinking_tokens: after.thinking_tokens - before.thinking_tokens,
        model_calls: after.model_calls - before.model_calls,
        cost_usd: match before.model_calls {
            0 => after.cost_usd,
            _ => after
                .cost_usd
                .zip(before.cost_usd)
                .map(|(after, before)| after - before),
        },
        billed_ms: 0,
    }
}

fn facts(project: &Project, analysis: &Analysis) -> Facts {
    Facts {
        video_title: analysis.video.title.clone(),
        video_url: analysis.video.url.clone(),
        year: year(project.created_at),
        answered_by: project.answered_by,
    }
}

fn year(at: Timestamp) -> i16 {
    at.day()[..4].parse().unwrap_or(1970)
}
