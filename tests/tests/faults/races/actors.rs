//! Concurrent actors: the product's submission, executor, lookup and removal, each on clients of its
//! own. YouTube and Gemini are not called; [`ScriptedAnalyses`] answers in their place.

use std::{sync::Arc, time::Duration};

use eventrelay::{
    analysis::{Analysis, PIPELINE_VERSION},
    clock::Timestamp,
    context::Context,
    engine::{Invocation, StepOutcome, Worker, Workflow},
    error::Error,
    ids::JobId,
    job::{
        Job, JobRow, Request,
        machine::{Effect, EffectOutcome, Limits},
        worker::Analyses,
    },
    removal,
    store::{
        StoredAnalysis,
        blobs::{Form, analysis_key},
        packed::{self, Packed},
        queue::{Message, Version},
        rows::INLINE_LIMIT,
        videos::Selector,
    },
    submission::{self, Outcome, Submission},
    usage::Usage,
    video::VideoKey,
};
use eventrelay_tests::gate::Gate;
use serde_json::json;
use sha2::Digest;

use super::oracle::{Made, Oracle};

/// Time of a function from the receipt of a message.
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(60);

/// Maximum messages that one actor receives for its job.
const MAX_DELIVERIES: u32 = 60;

tokio::task_local! {
    static ORACLE: Arc<Oracle>;
}

/// The clock of the case whose actor runs.
pub(crate) fn clock() -> Timestamp {
    ORACLE.with(|oracle| oracle.world().now)
}

/// Stores, gate and identity of an actor.
#[derive(Clone)]
pub(crate) struct ActorContext {
    pub(crate) name: String,
    pub(crate) context: Context,
    pub(crate) analyses: Analyses,
    pub(crate) gate: Gate,
    pub(crate) oracle: Arc<Oracle>,
    pub(crate) video: VideoKey,
}

/// Role of an actor.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Role {
    /// Submits the video and receives the messages of its job.
    Maker(Making),
    /// Receives one message of a job that there is, as when SQS delivers it again.
    Worker {
        making: Making,
        receive_count: u32,
    },
    /// Looks the video up several times.
    Reader {
        variant: Option<u8>,
        times: u8,
    },
    Deleter,
}

/// Parameters of an analysis.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Making {
    /// Number of the variant.
    pub(crate) variant: u8,
    pub(crate) force: bool,
    pub(crate) fails: bool,
    /// Whether the body is too large for the index.
    pub(crate) large: bool,
}

/// The request for a variant.
pub(crate) fn request(variant: u8, force: bool) -> Request {
    Request {
        language: (variant > 0).then(|| format!("l{variant}")),
        force,
        ..Request::default()
    }
}

pub(crate) async fn act(actor: ActorContext, role: Role) {
    let oracle = Arc::clone(&actor.oracle);
    ORACLE.scope(oracle, Box::pin(actor.act(role))).await;
}

impl ActorContext {
    async fn act(self, role: Role) {
        self.gate.turn().await;
        let acted = match role {
            Role::Maker(making) => self.make(making).await,
            Role::Worker {
                making,
                receive_count,
            } => {
                let job = self.oracle.world().jobs.last().cloned();
                match job {
                    Some(job) => self.receive(&job, making, receive_count).await,
                    None => Ok(()),
                }
            }
            Role::Reader { variant, times } => self.read(variant, times).await,
            Role::Deleter => self.delete().await,
        };
        if let Err(error) = acted {
            let text = format!("{} met {}", self.name, error.report());
            self.oracle.world().violation(text);
        }
    }

    fn log(&self, text: &str) {
        self.oracle.world().log(format!("{}: {text}", self.name));
    }

    async fn make(&self, making: Making) -> Result<(), Error> {
        let submission = Submission {
            video: self.video.clone(),
            request: request(making.variant, making.force),
            transcript: None,
            submitted_by: None,
        };
        let submitted = submission::submit(&self.context, vec![submission], clock()).await?;
        let (job, deliveries) = match submitted.into_iter().next() {
            Some(Ok(Outcome::Queued(job))) => (job, MAX_DELIVERIES),
            Some(Ok(Outcome::Joined(job))) => (job, 1),
            Some(Ok(Outcome::Cached(_)) | Err(Error::FailedBefore { .. })) => {
                self.log("is answered");
                return Ok(());
            }
            Some(Err(error)) => return Err(error),
            None => return Err(Error::internal("a submission without an answer")),
        };
        let id = job.header.id;
        self.log(&format!("submitted {id}"));
        for _ in 0..deliveries {
            if self.oracle.world().is_finalized(&id) {
                break;
            }
            self.receive(&id, making, 1).await?;
        }
        Ok(())
    }

    /// Receives the message of the current step of a job.
    async fn receive(&self, id: &JobId, making: Making, receive_count: u32) -> Result<(), Error> {
        let message = Message {
            v: Version,
            job_id: id.clone(),
            step: self.oracle.world().version(id),
        };
        self.gate.turn().await;
        let invocation = Invocation {
            id: self.name.clone(),
            message_id: fastrand::u32(..).to_string(),
            deadline: clock() + FUNCTION_TIMEOUT,
        };
        let workflow = ScriptedAnalyses {
            actor: self.clone(),
            making,
        };
        self.log(&format!("receives step {} of {id}", message.step));
        Worker::new(&self.context, &self.context.queue, workflow)
            .advance(&message, receive_count, &invocation)
            .await
    }

    async fn read(&self, variant: Option<u8>, times: u8) -> Result<(), Error> {
        for _ in 0..times {
            self.gate.turn().await;
            let selector = match variant {
                None => Selector::Newest,
                Some(variant) => Selector::Variant(request(variant, false).variant()),
            };
            let _ = self.find(&selector).await?;
        }
        Ok(())
    }

    /// Reads an analysis with its blob.
    pub(crate) async fn find(&self, selector: &Selector) -> Result<Option<StoredAnalysis>, Error> {
        let videos = &self.context.videos;
        let Some(found) = videos.find(&self.video, selector, true).await? else {
            return Ok(None);
        };
        let analysis = found.analysis;
        self.log(&format!("sees {}", analysis.etag));
        self.oracle
            .world()
            .sees(&format!("{selector:?}"), &analysis);
        let key = analysis_key(&self.video, &analysis.etag, Form::Json);
        let blob = self.context.blobs.get(&key).await?;
        let mut world = self.oracle.world();
        // A deletion that is under way may have removed the body before the entry.
        if world.removed {
            return Ok(Some(analysis));
        }
        let made = world.made.get(&analysis.etag);
        let made = made.map(|made| made.body.gzip.clone());
        if blob != made {
            world.violation(format!("{} has no blob", analysis.etag));
        }
        let is_small = made.as_ref().is_some_and(|gzip| gzip.len() <= INLINE_LIMIT);
        if (is_small || found.body.is_some()) && found.body != made {
            world.violation(format!("{} has another body", analysis.etag));
        }
        Ok(Some(analysis))
    }

    async fn delete(&self) -> Result<(), Error> {
        self.oracle.world().removed = true;
        self.log("deletes the video");
        match removal::remove(&self.context, &self.video, clock()).await {
            Ok(_) | Err(Error::Conflict { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// The product's workflow, with answers of the test in place of YouTube and Gemini.
#[derive(Clone)]
struct ScriptedAnalyses {
    actor: ActorContext,
    making: Making,
}

impl Workflow for ScriptedAnalyses {
    type Record = Job;
    type Effect = Effect;

    fn begin(&self, job: Job, now: Timestamp) -> Job {
        self.actor.analyses.begin(job, now)
    }

    fn settings(&self, job: &Job) -> Limits {
        self.actor.analyses.settings(job)
    }

    fn effect(&self, job: &Job) -> Option<Effect> {
        self.actor.analyses.effect(job)
    }

    async fn perform(
        &self,
        effect: &Effect,
        row: &JobRow,
        invocation: &Invocation,
        time: Duration,
    ) -> Option<StepOutcome<EffectOutcome>> {
        let outcome = match effect {
            Effect::FetchMetadata => {
                self.actor.gate.turn().await;
                let observed = Ok(EffectOutcome::Metadata(Default::default()));
                Some(StepOutcome::free(observed, &row.job))
            }
            Effect::Analyse { .. } => {
                let observed = self.generate(&row.job).await;
                Some(StepOutcome::free(observed, &row.job))
            }
            _ => {
                let analyses = &self.actor.analyses;
                analyses.perform(effect, row, invocation, time).await
            }
        };
        match outcome.as_ref().map(|outcome| &outcome.observed) {
            Some(Ok(_)) => {}
            Some(Err(error)) => self.actor.log(&format!("met {}", error.report())),
            None => self.actor.log("has lost its step"),
        }
        outcome
    }

    fn may_be_left(&self, effect: &Effect, job: &Job) -> bool {
        self.actor.analyses.may_be_left(effect, job)
    }

    async fn lost(&self, job: &Job) -> Result<(), Error> {
        self.actor.log("has lost its step");
        self.actor.analyses.lost(job).await
    }
}

impl ScriptedAnalyses {
    /// Generates an analysis and puts it into the bucket.
    async fn generate(&self, job: &Job) -> Result<EffectOutcome, Error> {
        let ActorContext {
            oracle,
            gate,
            video,
            name,
            ..
        } = &self.actor;
        oracle.world().generates(job, name);
        gate.turn().await;
        if self.making.fails {
            return Err(Error::VideoPrivate);
        }
        let (analysis, body) = self.document(job)?;
        let key = analysis_key(video, &analysis.etag, Form::Json);
        let made = Made {
            job: job.header.id.clone(),
            analysis: analysis.clone(),
            body: body.clone(),
        };
        oracle.world().made.insert(analysis.etag.clone(), made);
        let blobs = &self.actor.context.blobs;
        let content_type = Form::Json.content_type();
        blobs.put_gzip(&key, content_type, body.gzip).await?;
        Ok(EffectOutcome::Analysed {
            analysis: Box::new(analysis),
            parts: body.parts,
        })
    }

    fn document(&self, job: &Job) -> Result<(StoredAnalysis, Packed), Error> {
        let now = clock();
        let noise: String = (0..if self.making.large { 70_000 } else { 20 })
            .map(|_| fastrand::alphanumeric())
            .collect();
        let analysis: Analysis = serde_json::from_value(json!({
            "schema_version": "1",
            "video": {"id": job.video, "platform": "youtube", "title": "t"},
            "language": "en",
            "summary": noise,
            "sources": {},
            "provenance": {
                "model": "m",
                "pipeline_version": PIPELINE_VERSION,
                "prompt_sha256": "",
                "analyzed_at": now.rfc3339(),
                "usage": Usage::default(),
            },
        }))
        .map_err(Error::internal)?;
        let text = serde_json::to_string(&analysis).map_err(Error::internal)?;
        let body = packed::pack(&text)?;
        let analysis = StoredAnalysis {
            variant: job.variant(),
            base_variant: job.variant(),
            etag: hex::encode(sha2::Sha256::digest(&text)),
            size_bytes: text.len() as u64,
            gzip_bytes: body.gzip.len() as u64,
            title: "t".to_owned(),
            category: "other".to_owned(),
            duration_s: None,
            usage: Default::default(),
            answered_by: self.actor.context.config.answer_class,
            finished_at: now,
            expires_at: now + self.actor.context.config.analysis_ttl,
        };
        Ok((analysis, body))
    }
}
