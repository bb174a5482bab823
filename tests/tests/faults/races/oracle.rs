//! The rules that no interleaving may break, checked on the rows after every write.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_sdk_dynamodb::{error::SdkError, operation::get_item::GetItemError, types::AttributeValue};
use eventrelay::{
    clock::Timestamp,
    context::Context,
    error::Error,
    ids::JobId,
    job::Job,
    store::{StoredAnalysis, packed::Packed, rows::Variant},
    video::VideoKey,
};
use futures_util::future::try_join_all;

type GetError = SdkError<GetItemError>;

/// An analysis whose blob was put.
#[derive(Clone)]
pub(crate) struct Made {
    pub(crate) job: JobId,
    pub(crate) analysis: StoredAnalysis,
    pub(crate) body: Packed,
}

/// Row of a job, with the holder of its lease.
#[derive(Clone)]
pub(crate) struct JobState {
    job: Job,
    version: u32,
    lease: Option<(String, Timestamp)>,
}

impl JobState {
    fn new(item: &HashMap<String, AttributeValue>) -> Option<Self> {
        let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
        let number = |name: &str| item.get(name)?.as_n().ok()?.parse::<u64>().ok();
        let until = number("running_until").map(Timestamp);
        Some(Self {
            job: serde_json::from_str(text("doc")?).ok()?,
            version: number("version")? as u32,
            lease: text("running_by").cloned().zip(until),
        })
    }
}

/// Rows of the video and of its jobs.
#[derive(Clone, Default)]
pub(crate) struct Snapshot {
    variants: BTreeMap<String, Variant>,
    current: Option<StoredAnalysis>,
    jobs: HashMap<JobId, JobState>,
}

impl Snapshot {
    /// Reads the rows. `known` are the jobs seen before; those that hold a claim are added.
    pub(crate) async fn read(
        context: &Context,
        dynamodb: &aws_sdk_dynamodb::Client,
        video: &VideoKey,
        known: &[JobId],
    ) -> Result<Self, Error> {
        let (variants, entry) =
            futures_util::try_join!(context.videos.variants(video), context.videos.entry(video))?;
        let variants: BTreeMap<_, _> = variants.into_iter().collect();
        let owners = variants
            .values()
            .filter_map(|variant| variant.claim.as_ref());
        let ids = known.iter().chain(owners.map(|(job, _)| job));
        let reads = ids.map(async |id| {
            let read = dynamodb
                .get_item()
                .table_name(&context.config.jobs_table)
                .key("pk", AttributeValue::S(id.to_string()))
                .consistent_read(true)
                .send()
                .await?;
            Ok(read.item.as_ref().and_then(JobState::new))
        });
        let read = try_join_all(reads).await;
        let read: Vec<Option<JobState>> = read.map_err(|error: GetError| Error::internal(error))?;
        let jobs = read.into_iter().flatten();
        let jobs = jobs
            .map(|state| (state.job.header.id.clone(), state))
            .collect();
        Ok(Self {
            variants,
            current: entry.and_then(|entry| entry.analysis),
            jobs,
        })
    }

    fn has_ended(&self, job: &JobId) -> bool {
        let job = self.jobs.get(job);
        job.is_some_and(|state| state.job.state.is_terminal())
    }
}

#[derive(Default)]
pub(crate) struct World {
    pub(crate) now: Timestamp,
    /// Log for the analysis of a failure.
    pub(crate) log: Vec<String>,
    pub(crate) violations: Vec<String>,
    /// Jobs that have held a claim, in this order.
    pub(crate) jobs: Vec<JobId>,
    pub(crate) made: HashMap<String, Made>,
    /// Entity tags of the analyses in the index, in the order of their writes.
    pub(crate) indexed: Vec<String>,
    /// Whether the video was deleted or is being deleted.
    pub(crate) removed: bool,
    pub(crate) generations: u64,
    seen: HashMap<String, Timestamp>,
    rows: Snapshot,
}

/// State of one case: its clock, its log and its rows.
#[derive(Default)]
pub(crate) struct Oracle(Mutex<World>);

impl Oracle {
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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

    pub(crate) fn version(&self, job: &JobId) -> u32 {
        self.rows.jobs.get(job).map_or(0, |state| state.version)
    }

    pub(crate) fn is_finalized(&self, job: &JobId) -> bool {
        let state = self.rows.jobs.get(job);
        state.is_some_and(|state| state.job.header.finalized)
    }

    /// Compares the rows after a write of `actor` with those before it.
    pub(crate) fn observe(&mut self, actor: &str, rows: Snapshot) {
        let before = std::mem::replace(&mut self.rows, rows.clone());
        let mut broken = Vec::new();
        for (name, variant) in &rows.variants {
            let old = before.variants.get(name).cloned().unwrap_or_default();
            self.check_claim(&before, &rows, &old, variant, &mut broken);
            self.check_analysis(name, &old, variant, &mut broken);
        }
        for (name, old) in &before.variants {
            let claim = rows.variants.get(name).map(|variant| &variant.claim);
            if let (Some((owner, _)), None | Some(None)) = (&old.claim, claim)
                && !rows.has_ended(owner)
                && !self.removed
            {
                broken.push(format!("the claim of {owner} is gone"));
            }
        }
        let finished_at = |rows: &Snapshot| rows.current.as_ref().map(|one| one.finished_at);
        if !self.removed && finished_at(&rows) < finished_at(&before) {
            broken.push("the current analysis has gone back".to_owned());
        }
        for (id, job) in &rows.jobs {
            if let Some(old) = before.jobs.get(id) {
                broken.extend(self.broken_rules(old, job));
            }
        }
        broken
            .into_iter()
            .for_each(|text| self.violation(format!("{actor}: {text}")));
    }

    fn check_claim(
        &mut self,
        before: &Snapshot,
        rows: &Snapshot,
        old: &Variant,
        new: &Variant,
        broken: &mut Vec<String>,
    ) {
        let Some((owner, _)) = &new.claim else { return };
        let previous = old.claim.as_ref();
        if previous.is_some_and(|(previous, _)| previous == owner) {
            return;
        }
        self.log(format!("{owner} holds the claim"));
        self.jobs.push(owner.clone());
        if let Some((previous, until)) = previous
            && *until >= self.now
            && !before.has_ended(previous)
        {
            broken.push(format!("{owner} claims what {previous} holds"));
        }
        let is_forced = rows
            .jobs
            .get(owner)
            .is_some_and(|row| row.job.request.force);
        let is_fresh = |analysis: &StoredAnalysis| self.now < analysis.expires_at;
        if !is_forced && old.analysis.as_ref().is_some_and(is_fresh) {
            broken.push(format!("{owner} claims what is fresh"));
        }
        let is_remembered = old.failure.as_ref().is_some_and(|it| self.now < it.until);
        if !is_forced && is_remembered {
            broken.push(format!("{owner} claims what has failed"));
        }
    }

    fn check_analysis(
        &mut self,
        name: &str,
        old: &Variant,
        new: &Variant,
        broken: &mut Vec<String>,
    ) {
        let tag = |variant: &Variant| variant.analysis.as_ref().map(|one| one.etag.clone());
        let Some(etag) = tag(new).filter(|_| tag(new) != tag(old)) else {
            return;
        };
        let Some(made) = self.made.get(&etag) else {
            return broken.push(format!("{etag} was never made"));
        };
        let owner = old.claim.as_ref().map(|(owner, _)| owner);
        if owner != Some(&made.job) {
            broken.push(format!("{} indexes without a claim", made.job));
        }
        let older = old.analysis.as_ref();
        if older.is_some_and(|older| older.finished_at > made.analysis.finished_at) {
            broken.push(format!("{name} has gone back to {etag}"));
        }
        self.log(format!("{etag} is in the index"));
        self.indexed.push(etag);
    }

    fn broken_rules(&self, old: &JobState, new: &JobState) -> Vec<String> {
        let id = &new.job.header.id;
        let mut broken = Vec::new();
        if new.version < old.version {
            broken.push(format!("{id} has gone back to version {}", new.version));
        }
        let is_reopened = old.job.header.finalized && !new.job.header.finalized;
        let is_revived = old.job.state.is_terminal() && !new.job.state.is_terminal();
        if is_reopened || is_revived {
            broken.push(format!("{id} goes on after its end"));
        }
        if let (Some((holder, until)), Some((worker, _))) = (&old.lease, &new.lease)
            && holder != worker
            && *until >= self.now
        {
            broken.push(format!("{worker} takes {id} from {holder}"));
        }
        if let (Some((holder, until)), None) = (&old.lease, &new.lease)
            && old.version == new.version
            && *until >= self.now
        {
            broken.push(format!("{id} is enqueued again while {holder} runs it"));
        }
        broken
    }

    /// A worker begins to generate.
    pub(crate) fn generates(&mut self, job: &Job, actor: &str) {
        self.generations += 1;
        let id = &job.header.id;
        self.log(format!("{actor} generates for {id}"));
        let claim = self.rows.variants.get(&job.variant());
        let claim = claim.and_then(|variant| variant.claim.as_ref());
        let lease = self
            .rows
            .jobs
            .get(id)
            .and_then(|state| state.lease.as_ref());
        let mut rivals = Vec::new();
        if let Some((owner, until)) = claim
            && owner != id
            && *until >= self.now
            && !self.removed
        {
            rivals.push(owner.to_string());
        }
        if let Some((holder, until)) = lease
            && !holder.starts_with(&format!("{actor}/"))
            && *until >= self.now
        {
            rivals.push(holder.clone());
        }
        for rival in rivals {
            self.violation(format!("{actor} generates for {id} beside {rival}"));
        }
    }

    /// A reader has found an analysis.
    pub(crate) fn sees(&mut self, selector: &str, analysis: &StoredAnalysis) {
        let known = self.seen.insert(selector.to_owned(), analysis.finished_at);
        if !self.removed && known.is_some_and(|known| known > analysis.finished_at) {
            self.violation(format!("{selector} has gone back to {}", analysis.etag));
        }
        if !self.indexed.contains(&analysis.etag) {
            self.violation(format!("{selector} shows {}, never indexed", analysis.etag));
        }
    }

    /// The newest analysis in the index.
    pub(crate) fn newest(&self) -> Option<&StoredAnalysis> {
        let indexed = self.indexed.iter().map(|etag| &self.made[etag].analysis);
        indexed.max_by_key(|analysis| analysis.finished_at)
    }
}
