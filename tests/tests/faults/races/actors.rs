//! Concurrent actors. They call the stores in the order of the submission, the worker, the lookup
//! and the deletion.

use std::{sync::Arc, time::Duration};

use eventrelay::{
    answer_class::AnswerClass,
    clock::Timestamp,
    error::{Error, Failure, JobError},
    ids::JobId,
    job::{Job, JobRow, Media, Request, State, machine},
    store::{
        StoredAnalysis,
        blobs::{Form, analysis_key},
        claims::{ClaimOutcome, ClaimRequest, Indexed},
        jobs::Lease,
        packed::{Packed, pack},
        videos::Selector,
    },
    video::VideoKey,
};
use eventrelay_tests::gate::{Gate, Stores};
use sha2::Digest;

use super::oracle::{Effect, Made, Oracle};

/// After that a job fails if it has not ended.
const DEADLINE: Duration = Duration::from_secs(120);
/// A claim outlives its job's deadline by this.
const CLAIM_MARGIN: Duration = Duration::from_secs(60);
const LEASE: Duration = Duration::from_secs(20);
/// An analysis is fresh for this long.
const FRESH: Duration = Duration::from_secs(90);
/// A failure is remembered for this long.
const REMEMBERED: Duration = Duration::from_secs(30);

/// Stores, gate and identity of an actor.
#[derive(Clone)]
pub(crate) struct ActorContext {
    pub(crate) name: String,
    pub(crate) stores: Stores,
    /// Without a gate, to look behind an actor's back.
    pub(crate) behind: Stores,
    pub(crate) gate: Gate,
    pub(crate) oracle: Arc<Oracle>,
    pub(crate) video: VideoKey,
}

/// Role of an actor.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Role {
    /// Submits the video and works on its job.
    Maker(Making),
    /// Works on a job that there is, as when its message is delivered again.
    Worker(Making),
    /// Looks the video up several times.
    Reader { variant: Option<u8>, times: u8 },
    /// Deletes the video's rows.
    Deleter,
}

/// Parameters of an analysis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Making {
    /// Which of the options.
    pub(crate) variant: u8,
    pub(crate) force: bool,
    pub(crate) fails: bool,
    /// The body is too large to stand in the index.
    pub(crate) large: bool,
}

/// The options that there are.
pub(crate) fn request(variant: u8, force: bool) -> Request {
    Request {
        language: (variant > 0).then(|| format!("l{variant}")),
        force,
        ..Request::default()
    }
}

pub(crate) async fn act(context: ActorContext, role: Role) {
    context.gate.turn().await;
    let acted = match role {
        Role::Maker(making) => context.make(making).await,
        Role::Worker(making) => context.work_on_any(making).await,
        Role::Reader { variant, times } => context.read(variant, times).await,
        Role::Deleter => context.delete().await,
    };
    if let Err(error) = acted {
        let text = format!("{} met {}", context.name, error.report());
        context.oracle.world().violation(text);
    }
}

impl ActorContext {
    fn log(&self, text: &str) {
        self.oracle.world().log(format!("{}: {text}", self.name));
    }

    fn now(&self) -> Timestamp {
        self.oracle.now()
    }

    fn lease(&self, now: Timestamp) -> Lease {
        Lease {
            worker: self.name.clone(),
            until: now + LEASE,
        }
    }

    async fn make(&self, making: Making) -> Result<(), Error> {
        let request = request(making.variant, making.force);
        match self.submit(request).await? {
            Some(job) => self.work(&job, making).await,
            None => Ok(()),
        }
    }

    /// The job to work on: a new one, or one that was joined.
    pub(crate) async fn submit(&self, request: Request) -> Result<Option<JobId>, Error> {
        let now = self.now();
        let variant = request.variant();
        let wanted = [(&self.video, variant.as_str())];
        let known = self.stores.videos.look_up(&wanted).await?.remove(0);
        let owner = match known.variant.at_work(now) {
            Some(owner) => {
                self.stores
                    .jobs
                    .get_all::<Job>(std::slice::from_ref(owner))
                    .await?
            }
            None => Vec::new(),
        };
        let owner = owner.first();
        match owner.map(|row| &row.job.state) {
            Some(State::Failed { until, .. }) if !request.force && now < *until => {
                self.log("has failed before");
                return Ok(None);
            }
            Some(state) if state.is_terminal() => {}
            Some(_) => return self.join(owner, now).await,
            None => {}
        }
        let is_answered = known.variant.fresh(AnswerClass::Model, now).is_some()
            || known.variant.failed(AnswerClass::Model, now).is_some();
        if is_answered && !request.force {
            self.log("is answered");
            return Ok(None);
        }
        let job = self.new_job(request, now);
        let lease_until = job.header.deadline + CLAIM_MARGIN;
        let wanted = ClaimRequest {
            job: job.clone(),
            entry: known.entry,
            ended: owner.map(|row| row.job.header.id.clone()),
            lease_until,
        };
        self.oracle
            .sends(&self.name, Effect::Claims(job.header.id.clone()));
        let claim = self
            .stores
            .videos
            .claim(vec![wanted], AnswerClass::Model, now)
            .await?
            .remove(0);
        self.log(&format!("{} wanted: {claim:?}", job.header.id));
        match claim {
            ClaimOutcome::Claimed => {
                self.oracle.world().claimed(&job, lease_until, now);
                Ok(Some(job.header.id))
            }
            ClaimOutcome::Joined(id) => {
                let row = self.stores.jobs.get(&id).await?;
                self.join(row.as_ref(), now).await
            }
            ClaimOutcome::Fresh(_) | ClaimOutcome::Failed(_) => Ok(None),
        }
    }

    /// Resends the message of a job that no worker runs.
    async fn join(&self, row: Option<&JobRow>, now: Timestamp) -> Result<Option<JobId>, Error> {
        let Some(row) = row else { return Ok(None) };
        let is_run = row.running_until.is_some_and(|until| until >= now);
        self.log(&format!("joins {}", row.job.header.id));
        if is_run || row.job.header.finalized {
            return Ok(None);
        }
        self.oracle.sends(&self.name, saves(&row.job));
        let is_revived = self.stores.jobs.requeue_lost(row, now).await?;
        if is_revived {
            self.oracle.world().revived(&row.job, &self.name, now);
        }
        Ok(is_revived.then(|| row.job.header.id.clone()))
    }

    fn new_job(&self, request: Request, now: Timestamp) -> Job {
        Job::new(
            self.video.clone(),
            request,
            Media::YouTube,
            now + DEADLINE,
            now,
        )
    }

    async fn work_on_any(&self, making: Making) -> Result<(), Error> {
        let job = self.oracle.world().jobs.last().cloned();
        match job {
            Some(job) => self.work(&job, making).await,
            None => Ok(()),
        }
    }

    /// Drives a job to its end, or until it is lost.
    pub(crate) async fn work(&self, id: &JobId, making: Making) -> Result<(), Error> {
        let Some(row) = self.stores.jobs.get::<Job>(id).await? else {
            return Ok(());
        };
        if row.job.header.finalized {
            return Ok(());
        }
        let now = self.now();
        let (mut job, mut version) = (machine::begin(row.job, now), row.version);
        let lease = self.lease(now);
        let taken = self.stores.jobs.acquire(&job, version, &lease, now).await?;
        self.log(&format!("{id} version {version} acquired: {taken}"));
        if !taken {
            return Ok(());
        }
        self.oracle
            .world()
            .acquired(&job, &self.name, lease.until, now);
        while !job.header.finalized {
            let is_late = self.now() >= job.header.deadline && !job.state.is_terminal();
            let next = match &job.state {
                _ if is_late => Some(self.failed(&job)),
                State::Storing { analysis, .. } => {
                    let analysis = analysis.clone();
                    match self.index(&job, version, &analysis).await? {
                        Indexed::Yes => {
                            (job.state, version) = (State::Done, version + 1);
                            continue;
                        }
                        Indexed::ClaimLost => Some(self.failed(&job)),
                        Indexed::StepLost => None,
                    }
                }
                state if state.is_terminal() => Some(self.finalized(&job).await?),
                _ => self.generated(&job, version, making).await?,
            };
            let Some(next) = next else { return Ok(()) };
            if !self.save(&next, version).await? {
                return Ok(());
            }
            (job, version) = (next, version + 1);
        }
        Ok(())
    }

    async fn save(&self, job: &Job, version: u32) -> Result<bool, Error> {
        let lease = self.lease(self.now());
        let keep = (!job.header.finalized).then_some(&lease);
        self.oracle.sends(&self.name, saves(job));
        let saved = self.stores.jobs.save(job, version, &self.name, keep);
        let saved = saved.await?;
        self.log(&format!(
            "{} as {:?}: {saved}",
            job.header.id,
            job.state.stage()
        ));
        if saved {
            let mut world = self.oracle.world();
            world.saved(job);
            if keep.is_some() {
                world.holds(&job.header.id, &self.name, lease.until);
            }
        }
        Ok(saved)
    }

    /// Returns `None` if another worker has the step.
    async fn generated(
        &self,
        job: &Job,
        version: u32,
        making: Making,
    ) -> Result<Option<Job>, Error> {
        self.oracle.world().generates(job, &self.name);
        self.log(&format!("generates for {}", job.header.id));
        self.gate.turn().await;
        let lease = self.lease(self.now());
        self.oracle.sends(&self.name, saves(job));
        let prolonged = self
            .stores
            .jobs
            .renew(&job.header.id, version, &lease)
            .await?;
        if !prolonged {
            self.log("has lost its step");
            return Ok(None);
        }
        self.oracle
            .world()
            .holds(&job.header.id, &self.name, lease.until);
        if making.fails {
            return Ok(Some(self.failed(job)));
        }
        let (analysis, body) = self.document(job, making.large)?;
        let key = analysis_key(&self.video, &analysis.etag, Form::Json);
        let form = Form::Json.content_type();
        self.oracle.world().made.insert(
            analysis.etag.clone(),
            Made {
                job: job.header.id.clone(),
                analysis: analysis.clone(),
                body: body.clone(),
            },
        );
        self.stores.blobs.put_gzip(&key, form, body.gzip).await?;
        Ok(Some(Job {
            state: State::Storing {
                analysis,
                parts: body.parts,
            },
            ..job.clone()
        }))
    }

    fn document(&self, job: &Job, large: bool) -> Result<(StoredAnalysis, Packed), Error> {
        let now = self.now();
        let noise: String = (0..if large { 70_000 } else { 20 })
            .map(|_| fastrand::alphanumeric())
            .collect();
        let text = format!(
            r#"{{"schema_version":"1","video":{{"id":"{}"}},"job":"{}","noise":"{noise}"}}"#,
            self.video, job.header.id
        );
        let body = pack(&text)?;
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
            answered_by: Default::default(),
            finished_at: now,
            expires_at: now + FRESH,
        };
        Ok((analysis, body))
    }

    async fn index(
        &self,
        job: &Job,
        version: u32,
        analysis: &StoredAnalysis,
    ) -> Result<Indexed, Error> {
        let body = self.oracle.world().made[&analysis.etag].body.clone();
        let lease = self.lease(self.now());
        let done = Job {
            state: State::Done,
            ..job.clone()
        };
        self.oracle.sends(&self.name, saves(&done));
        let videos = &self.stores.videos;
        let indexed = videos.index(&done, version, &lease, analysis, &body);
        let indexed = indexed.await?;
        self.log(&format!("{} indexed: {indexed:?}", job.header.id));
        if indexed == Indexed::Yes {
            let mut world = self.oracle.world();
            world.points_at(job, &analysis.etag);
            world.holds(&job.header.id, &self.name, lease.until);
            return Ok(indexed);
        }
        self.has_changed_nothing(&analysis.etag).await?;
        if indexed == Indexed::ClaimLost {
            let key = analysis_key(&self.video, &analysis.etag, Form::Json);
            self.stores.blobs.delete(vec![key]).await?;
        }
        Ok(indexed)
    }

    /// Checks that a refused actor has left no trace.
    async fn has_changed_nothing(&self, etag: &str) -> Result<(), Error> {
        let videos = &self.behind.videos;
        let variants = videos.variants(&self.video).await?;
        let entry = videos.entry(&self.video).await?;
        let analyses = variants
            .into_iter()
            .filter_map(|(_, variant)| variant.analysis)
            .chain(entry.and_then(|entry| entry.analysis));
        let is_there = analyses.into_iter().any(|one| one.etag == etag);
        let mut world = self.oracle.world();
        if is_there && !world.may_be_indexed(etag) {
            world.violation(format!("{} was refused and yet wrote {etag}", self.name));
        }
        Ok(())
    }

    fn failed(&self, job: &Job) -> Job {
        Job {
            state: State::Failed {
                error: JobError::from(&Error::DeadlineExceeded),
                until: self.now() + REMEMBERED,
                answered_by: AnswerClass::Model,
            },
            ..job.clone()
        }
    }

    async fn finalized(&self, job: &Job) -> Result<Job, Error> {
        let failure = match &job.state {
            State::Failed { error, until, .. } => Some(Failure {
                job: job.header.id.clone(),
                error: error.clone(),
                until: *until,
                answered_by: AnswerClass::Model,
            }),
            _ => None,
        };
        if job.state != State::Done {
            let now = self.now();
            let videos = &self.stores.videos;
            videos.release(job, failure.as_ref(), now).await?;
        }
        let mut finalized = job.clone();
        finalized.header.finalized = true;
        Ok(finalized)
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
        let videos = &self.stores.videos;
        let Some(found) = videos.find(&self.video, selector, true).await? else {
            return Ok(None);
        };
        let analysis = found.analysis;
        self.log(&format!("sees {}", analysis.etag));
        self.oracle
            .world()
            .sees(&format!("{selector:?}"), &analysis);
        let key = analysis_key(&self.video, &analysis.etag, Form::Json);
        let blob = self.stores.blobs.get(&key).await?;
        let mut world = self.oracle.world();
        let made = world.made.get(&analysis.etag);
        let made = made.map(|made| made.body.gzip.clone());
        if blob != made {
            world.violation(format!("{} has no blob", analysis.etag));
        }
        let is_small = made
            .as_ref()
            .is_some_and(|gzip| gzip.len() <= eventrelay::store::rows::INLINE_LIMIT);
        // A deletion that is under way may have removed the body before the entry.
        let is_due = is_small && !world.removed;
        if (is_due || found.body.is_some()) && found.body != made {
            world.violation(format!("{} has another body", analysis.etag));
        }
        Ok(Some(analysis))
    }

    async fn delete(&self) -> Result<(), Error> {
        let now = self.now();
        for id in self.stores.videos.jobs_at_work(&self.video, now).await? {
            let Some(row) = self.stores.jobs.get(&id).await? else {
                continue;
            };
            let Some(cancelled) = eventrelay::engine::cancelled(row.job, now) else {
                continue;
            };
            self.oracle.sends(&self.name, saves(&cancelled));
            if self.stores.jobs.preempt(&cancelled, row.version).await? {
                self.log(&format!("cancels {id}"));
                self.oracle.world().saved(&cancelled);
            }
        }
        self.oracle.world().removes();
        self.log("removes the rows");
        let _ = self.stores.videos.remove(&self.video).await?;
        self.log("has removed the rows");
        Ok(())
    }
}

fn saves(job: &Job) -> Effect {
    Effect::Saves {
        job: job.header.id.clone(),
        ends: job.state.is_terminal(),
    }
}
