//! Known effects of the actors of one case, and the rules that they must not break.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use eventrelay::{
    clock::Timestamp,
    ids::JobId,
    job::Job,
    store::{StoredAnalysis, packed::Packed},
};

/// An analysis whose blob was put.
#[derive(Clone)]
pub(crate) struct Made {
    pub(crate) job: JobId,
    pub(crate) analysis: StoredAnalysis,
    pub(crate) body: Packed,
}

/// Effect of a pending request if it succeeds.
#[derive(Clone)]
pub(crate) enum Effect {
    Claims(JobId),
    Saves { job: JobId, ends: bool },
}

struct Claimed {
    variant: String,
    until: Timestamp,
}

#[derive(Default)]
pub(crate) struct World {
    pub(crate) now: Timestamp,
    /// Log for the analysis of a failure.
    pub(crate) log: Vec<String>,
    pub(crate) violations: Vec<String>,
    /// The jobs whose message was sent.
    pub(crate) jobs: Vec<JobId>,
    pub(crate) made: HashMap<String, Made>,
    /// Entity tags of the analyses that were indexed, in this order.
    pub(crate) indexed: Vec<String>,
    /// The video was deleted, or is being deleted.
    pub(crate) removed: bool,
    pub(crate) generations: u64,
    /// The last claim of each variant that has not ended.
    claims: HashMap<JobId, Claimed>,
    /// The step that runs of a job: by whom, until when.
    leases: HashMap<JobId, (String, Timestamp)>,
    /// Jobs with a request that took effect and whose response was lost.
    uncertain: HashSet<JobId>,
    seen: HashMap<String, Timestamp>,
    effects: HashMap<String, Effect>,
}

/// One case: its clock, its log and its judgement.
#[derive(Default)]
pub(crate) struct Oracle(Mutex<World>);

impl Oracle {
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.world().now
    }

    /// Notes what an actor is about to send.
    pub(crate) fn sends(&self, actor: &str, effect: Effect) {
        self.world().effects.insert(actor.to_owned(), effect);
    }
}

impl World {
    pub(crate) fn log(&mut self, text: String) {
        let at = self.now.0 % 1_000_000_000;
        self.log.push(format!("{at:>9} {text}"));
    }

    pub(crate) fn violation(&mut self, text: String) {
        self.log(format!("VIOLATION: {text}"));
        self.violations.push(text);
    }

    pub(crate) fn jump(&mut self, by: Duration) {
        self.now = self.now + by;
    }

    /// The last request of an actor was done, and the actor does not know.
    pub(crate) fn response_lost(&mut self, actor: &str) {
        match self.effects.remove(actor) {
            Some(Effect::Claims(job)) => {
                self.uncertain.insert(job);
            }
            Some(Effect::Saves { job, ends }) => {
                self.leases.remove(&job);
                if ends {
                    self.claims.remove(&job);
                }
                self.uncertain.insert(job);
            }
            None => {}
        }
    }

    /// A job was told that it owns the video. `now` is what it said the time was.
    pub(crate) fn claimed(&mut self, job: &Job, until: Timestamp, now: Timestamp) {
        let variant = job.variant();
        if !self.removed {
            if let Some(other) = self.live(&variant, now) {
                self.violation(format!("{} claims what {other} holds", job.header.id));
            }
            let last = self.indexed.iter().rev();
            let last = last.map(|etag| &self.made[etag].analysis);
            let last = last
                .filter(|analysis| analysis.variant == variant)
                .map(|analysis| analysis.expires_at)
                .next();
            if !job.request.force && last.is_some_and(|expires_at| now < expires_at) {
                self.violation(format!("{} claims what is fresh", job.header.id));
            }
            self.claims.retain(|_, claim| claim.variant != variant);
            self.claims
                .insert(job.header.id.clone(), Claimed { variant, until });
        }
        self.jobs.push(job.header.id.clone());
    }

    fn live(&self, variant: &str, now: Timestamp) -> Option<JobId> {
        self.claims
            .iter()
            .find(|(_, claim)| claim.variant == variant && claim.until >= now)
            .map(|(job, _)| job.clone())
    }

    /// Records that a job is requeued and its expired lease removed. `now` is the actor's time.
    pub(crate) fn revived(&mut self, job: &Job, actor: &str, now: Timestamp) {
        if let Some((other, held)) = self.leases.remove(&job.header.id)
            && held >= now
        {
            self.violation(format!("{actor} revives {}, run by {other}", job.header.id));
        }
    }

    /// A worker was told that it has the next step. `now` is what it said the time was.
    pub(crate) fn acquired(&mut self, job: &Job, worker: &str, until: Timestamp, now: Timestamp) {
        if let Some((other, held)) = self.leases.get(&job.header.id)
            && *held >= now
        {
            let text = format!("{worker} takes {} from {other}", job.header.id);
            self.violation(text);
        }
        self.holds(&job.header.id, worker, until);
    }

    pub(crate) fn holds(&mut self, job: &JobId, worker: &str, until: Timestamp) {
        self.leases.insert(job.clone(), (worker.to_owned(), until));
    }

    /// A worker begins to generate.
    pub(crate) fn generates(&mut self, job: &Job, worker: &str) {
        self.generations += 1;
        let now = self.now;
        if let Some(other) = self
            .live(&job.variant(), now)
            .filter(|other| *other != job.header.id)
        {
            self.violation(format!(
                "{worker} generates for {} beside {other}",
                job.header.id
            ));
        }
        if let Some((other, until)) = self.leases.get(&job.header.id)
            && other != worker
            && *until >= now
        {
            let text = format!("{worker} generates for {} beside {other}", job.header.id);
            self.violation(text);
        }
    }

    /// A job has ended without an analysis, or its step was saved without a lease.
    pub(crate) fn saved(&mut self, job: &Job) {
        self.leases.remove(&job.header.id);
        if job.state.is_terminal() {
            self.claims.remove(&job.header.id);
        }
    }

    /// The index was told to point at an analysis, and does.
    pub(crate) fn points_at(&mut self, job: &Job, etag: &str) {
        let is_owner = self.claims.remove(&job.header.id).is_some();
        if !is_owner && !self.removed && !self.uncertain.contains(&job.header.id) {
            self.violation(format!("{} indexes without a claim", job.header.id));
        }
        self.indexed.push(etag.to_owned());
    }

    /// Returns whether rows may point at an analysis.
    pub(crate) fn may_be_indexed(&self, etag: &str) -> bool {
        self.indexed.iter().any(|known| known == etag)
            || (self.made.get(etag)).is_some_and(|made| self.uncertain.contains(&made.job))
    }

    /// The video's rows begin to be deleted: from here on a claim may be gone.
    pub(crate) fn removes(&mut self) {
        self.removed = true;
        self.claims.clear();
    }

    /// A reader has found an analysis.
    pub(crate) fn sees(&mut self, selector: &str, analysis: &StoredAnalysis) {
        let known = self.seen.insert(selector.to_owned(), analysis.finished_at);
        if !self.removed && known.is_some_and(|known| known > analysis.finished_at) {
            self.violation(format!("{selector} has gone back to {}", analysis.etag));
        }
        if !self.removed && !self.may_be_indexed(&analysis.etag) {
            self.violation(format!("{selector} shows {}, never indexed", analysis.etag));
        }
    }

    /// The newest analysis that is surely in the index.
    pub(crate) fn newest(&self) -> Option<&StoredAnalysis> {
        let indexed = self.indexed.iter().map(|etag| &self.made[etag].analysis);
        indexed.max_by_key(|analysis| analysis.finished_at)
    }
}
