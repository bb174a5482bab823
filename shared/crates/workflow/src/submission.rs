//! Submission of videos: one lookup, one claim and one send for all of them.

use std::{collections::HashMap, time::Duration};

use futures_util::future::join_all;

use crate::{
    context::Context,
    engine,
    job::{Job, JobRow, Media, Request, State},
};
use eventrelay_core::{
    answer_class::AnswerClass,
    clock::Timestamp,
    error::{Error, Failure},
    ids::JobId,
    limit::micro_usd,
    video::{MediaType, VideoKey, container},
};
use eventrelay_store::{
    StoredAnalysis,
    blobs::{self, Form},
    claims::{ClaimOutcome, ClaimRequest},
    compression,
    counters::{Counts, LOOKUP_HITS, LOOKUP_MISSES, SAVED_MICRO_USD},
    entry::Entry,
    videos::Known,
};

/// Time between the deadline of a job and the expiry of its claim, so that the job ends first.
pub(crate) const CLAIM_MARGIN: Duration = Duration::from_secs(60);

/// Video with the options of its analysis.
#[derive(Clone, Debug, PartialEq)]
pub struct Submission {
    pub video: VideoKey,
    pub request: Request,
    /// Submitted transcript in its stored form. The request has its hash.
    pub transcript: Option<String>,
    /// Id of the API key.
    pub submitted_by: Option<String>,
}

/// Result of a submission.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A fresh analysis exists.
    Cached(Box<StoredAnalysis>),
    /// A new job makes the analysis.
    Queued(Box<Job>),
    /// A running job makes the analysis.
    Joined(Box<Job>),
}

/// Provisional decision about a submission.
#[derive(Clone, Debug, PartialEq)]
enum Decision {
    Cached(Box<StoredAnalysis>),
    Joined(Box<Job>),
    Failed(Box<Failure>),
    Make,
}

/// Decides about a submission. Pure. `owner` is the job that holds the claim, if any. Analyses and
/// failures of a class below `configured` are ignored.
fn decide(
    known: &Known,
    owner: Option<&Job>,
    request: &Request,
    configured: AnswerClass,
    now: Timestamp,
) -> Decision {
    match owner.map(|job| (job, &job.state)) {
        // The job has ended and will release its claim.
        Some((
            job,
            State::Failed {
                error,
                until,
                answered_by,
            },
        )) if !request.force && now < *until && *answered_by >= configured => {
            return Decision::Failed(Box::new(Failure {
                job: job.header.id.clone(),
                error: error.clone(),
                until: *until,
                answered_by: *answered_by,
            }));
        }
        Some((_, state)) if state.is_terminal() => {}
        // The answer of the job is no longer good enough, so another job takes over the claim.
        Some((_, State::Storing { analysis, .. })) if analysis.answered_by < configured => {}
        Some((job, _)) => return Decision::Joined(Box::new(job.clone())),
        None => {}
    }
    if request.force {
        return Decision::Make;
    }
    if let Some(analysis) = known.variant.fresh(configured, now) {
        return Decision::Cached(Box::new(analysis.clone()));
    }
    // A request without a transcript accepts an analysis with one.
    let newest = known
        .entry
        .as_ref()
        .and_then(|entry| entry.analysis.as_ref());
    let serves = newest.filter(|analysis| {
        analysis.serves(configured, now) && analysis.base_variant == request.variant()
    });
    if let Some(analysis) = serves {
        return Decision::Cached(Box::new(analysis.clone()));
    }
    match known.variant.failed(configured, now) {
        Some(failure) => Decision::Failed(Box::new(failure.clone())),
        None => Decision::Make,
    }
}

fn failed_before(failure: Box<Failure>, now: Timestamp) -> Error {
    let retry_after = now.until(failure.until);
    Error::FailedBefore {
        failure,
        retry_after,
    }
}

/// Submits videos and returns the results in their order. Duplicates share one job: the second
/// submission joins it.
///
/// # Errors
/// [`Error::Storage`] where nothing can be said of any of them. Of one of them:
/// [`Error::UploadMissing`], [`Error::UploadMismatch`], [`Error::FailedBefore`],
/// [`Error::Storage`].
pub async fn submit(
    context: &Context,
    submissions: Vec<Submission>,
    now: Timestamp,
) -> Result<Vec<Result<Outcome, Error>>, Error> {
    let variants: Vec<String> = submissions
        .iter()
        .map(|one| one.request.variant())
        .collect();
    let wanted: Vec<_> = (submissions.iter().zip(&variants))
        .map(|(one, variant)| (&one.video, variant.as_str()))
        .collect();
    let known = context.videos.look_up(&wanted).await?;
    let owners = known.iter().filter_map(|known| known.variant.at_work(now));
    let rows = read_jobs(context, owners.cloned().collect()).await?;
    let mut outcomes: Vec<Option<Result<Found, Error>>> = Vec::with_capacity(submissions.len());
    let mut first: HashMap<(VideoKey, String), usize> = HashMap::new();
    let mut makes = Vec::new();
    for (at, (submission, variant)) in submissions.into_iter().zip(variants).enumerate() {
        let owner = known[at].variant.at_work(now);
        let owner = rows.iter().find(|row| Some(&row.job.header.id) == owner);
        let decision = decide(
            &known[at],
            owner.map(|row| &row.job),
            &submission.request,
            context.config.answer_class,
            now,
        );
        outcomes.push(match decision {
            Decision::Cached(analysis) => Some(Ok(Found::Cached(analysis))),
            Decision::Joined(job) => {
                if let Some(row) = owner {
                    engine::requeue_if_lost(context, row, now).await;
                }
                Some(Ok(Found::Known(job)))
            }
            Decision::Failed(failure) => Some(Err(failed_before(failure, now))),
            Decision::Make => {
                let same = (submission.video.clone(), variant);
                match *first.entry(same).or_insert(at) {
                    earlier if earlier < at => Some(Ok(Found::SameAs(earlier))),
                    _ => {
                        makes.push(Make {
                            at,
                            submission,
                            entry: known[at].entry.clone(),
                            ended: owner.map(|row| row.job.header.id.clone()),
                        });
                        None
                    }
                }
            }
        });
    }
    for (at, outcome) in make(context, makes, now).await? {
        outcomes[at] = Some(outcome);
    }
    let lost = || Err(Error::internal("a submission without an outcome"));
    let outcomes = outcomes
        .into_iter()
        .map(|outcome| outcome.unwrap_or_else(lost));
    finish(context, outcomes.collect()).await
}

async fn read_jobs(context: &Context, mut ids: Vec<JobId>) -> Result<Vec<JobRow>, Error> {
    ids.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
    ids.dedup();
    if ids.is_empty() {
        Ok(Vec::new())
    } else {
        context.jobs.get_all(&ids).await
    }
}

/// Submission that needs a new job.
struct Make {
    /// Index of the submission.
    at: usize,
    submission: Submission,
    entry: Option<Entry>,
    /// Ended job that still holds the claim.
    ended: Option<JobId>,
}

/// Result whose job is not read yet.
enum Found {
    Cached(Box<StoredAnalysis>),
    Queued(Box<Job>),
    Known(Box<Job>),
    Joined(JobId),
    SameAs(usize),
}

/// Claims the videos and sends the first messages.
async fn make(
    context: &Context,
    makes: Vec<Make>,
    now: Timestamp,
) -> Result<Vec<(usize, Result<Found, Error>)>, Error> {
    let prepared = join_all(makes.into_iter().map(async |make| {
        let job = prepare(context, make.submission, now).await;
        let wanted = job.map(|job| ClaimRequest {
            lease_until: job.header.deadline + CLAIM_MARGIN,
            job,
            entry: make.entry,
            ended: make.ended,
        });
        (make.at, wanted)
    }));
    let mut outcomes = Vec::new();
    let (mut places, mut wanted) = (Vec::new(), Vec::new());
    for (at, prepared) in prepared.await {
        match prepared {
            Ok(claim) => {
                places.push(at);
                wanted.push(claim);
            }
            Err(error) => outcomes.push((at, Err(error))),
        }
    }
    let jobs: Vec<Job> = wanted.iter().map(|wanted| wanted.job.clone()).collect();
    let configured = context.config.answer_class;
    let claims = context.videos.claim(wanted, configured, now).await?;
    let mut sends = Vec::new();
    for ((at, job), claim) in places.into_iter().zip(jobs).zip(claims) {
        outcomes.push((
            at,
            match claim {
                ClaimOutcome::Claimed => {
                    sends.push(job.header.id.clone());
                    Ok(Found::Queued(Box::new(job)))
                }
                ClaimOutcome::Joined(id) => Ok(Found::Joined(id)),
                ClaimOutcome::Fresh(analysis) => Ok(Found::Cached(analysis)),
                ClaimOutcome::Failed(failure) => Err(failed_before(failure, now)),
            },
        ));
    }
    context.queue.send_first_steps(&sends).await?;
    Ok(outcomes)
}

/// Creates the job of a submission, after storing or checking its blobs.
async fn prepare(context: &Context, submission: Submission, now: Timestamp) -> Result<Job, Error> {
    let media = match &submission.video {
        VideoKey::YouTube(_) => Media::YouTube,
        VideoKey::Upload(hash) => {
            let key = blobs::media_key(hash);
            let (recording, head) = futures_util::try_join!(
                context.blobs.recording(hash),
                context.blobs.get_range(&key, 0, container::HEAD_BYTES)
            )?;
            let recording = recording.ok_or(Error::UploadMissing)?;
            let declared = MediaType::parse(&recording.content_type);
            let media_type = declared.and_then(|declared| declared.read_as(&head));
            let media_type = media_type.ok_or_else(|| Error::UploadMismatch {
                what: container::mismatch(&head),
            })?;
            Media::Upload {
                size_bytes: recording.size_bytes,
                content_type: media_type.as_str().to_owned(),
                file_name: recording.file_name,
            }
        }
    };
    if let (Some(sha256), Some(text)) = (&submission.request.transcript, &submission.transcript) {
        let key = blobs::transcript_key(sha256);
        let gzip = compression::gzip(text.as_bytes());
        context
            .blobs
            .put_gzip(&key, Form::Vtt.content_type(), gzip)
            .await?;
    }
    let deadline = now + context.config.job_deadline;
    let mut job = Job::new(submission.video, submission.request, media, deadline, now);
    job.header.submitted_by = submission.submitted_by;
    Ok(job)
}

/// Reads joined jobs and updates the counters.
async fn finish(
    context: &Context,
    found: Vec<Result<Found, Error>>,
) -> Result<Vec<Result<Outcome, Error>>, Error> {
    let joined = found.iter().flatten().filter_map(|one| match one {
        Found::Joined(id) => Some(id.clone()),
        _ => None,
    });
    let rows = read_jobs(context, joined.collect()).await?;
    let mut counts = Counts::default();
    let mut outcomes: Vec<Result<Outcome, Error>> = Vec::with_capacity(found.len());
    for one in found {
        match &one {
            Ok(Found::Cached(analysis)) => {
                counts.add(LOOKUP_HITS, 1);
                let saved = micro_usd(analysis.usage.cost_usd.unwrap_or(0.0));
                counts.add(SAVED_MICRO_USD, i64::try_from(saved).unwrap_or(i64::MAX));
            }
            _ => counts.add(LOOKUP_MISSES, 1),
        }
        outcomes.push(match one {
            Ok(Found::Cached(analysis)) => Ok(Outcome::Cached(analysis)),
            Ok(Found::Queued(job)) => Ok(Outcome::Queued(job)),
            Ok(Found::Known(job)) => Ok(Outcome::Joined(job)),
            Ok(Found::Joined(id)) => match rows.iter().find(|row| row.job.header.id == id) {
                Some(row) => Ok(Outcome::Joined(Box::new(row.job.clone()))),
                None => Err(Error::internal("a claim without its job")),
            },
            Ok(Found::SameAs(earlier)) => match outcomes.get(earlier) {
                Some(Ok(Outcome::Queued(job) | Outcome::Joined(job))) => {
                    Ok(Outcome::Joined(job.clone()))
                }
                Some(Ok(Outcome::Cached(analysis))) => Ok(Outcome::Cached(analysis.clone())),
                _ => Err(Error::Conflict {
                    reason: "The same video earlier in this request was refused.".into(),
                }),
            },
            Err(error) => Err(error),
        });
    }
    context.counters.count(&counts).await;
    Ok(outcomes)
}

#[cfg(test)]
mod tests;
