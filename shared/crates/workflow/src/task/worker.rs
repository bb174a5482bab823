//! Processes a page of a task and saves the progress.

use eventrelay_store::Page;
use eventrelay_store::jobs::Row;
use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::{PageDone, REPAIRED, RecountAt, Task, Work};
use crate::{
    context::{Context, youtube},
    engine::{Invocation, StepOutcome, Worker, Workflow},
    job::{Job, Request, State},
    removal, searchable,
    submission::{self, Outcome, Submission},
};
use eventrelay_core::{
    clock::Timestamp,
    config::{LimitsConfig, YouTubeConfig},
    error::{Error, JobError},
    limit::Prices,
    video::VideoKey,
};
use eventrelay_store::{
    counters::Counts,
    entry::{Entry, VideoStatus},
    listing::{Filter, Order, PageRequest},
};
use eventrelay_upstream::{
    HttpClient, UpstreamGuard,
    youtube::{PlaylistPage, YouTube},
};

/// Videos deleted per message.
const DELETED_IN_PAGE: u16 = 25;
const AT_ONCE: usize = 4;

/// Videos counted and repaired per message. A page in which all search rows are missing fits into
/// the time limit of the function.
const COUNTED_IN_PAGE: u16 = 50;

/// Video after a recount.
struct Repaired {
    /// Entry in the index after the repair.
    entry: Option<Entry>,
    was_broken: bool,
}

/// Returns the worker of tasks, with its secret read.
///
/// # Errors
/// The environment is incomplete.
pub async fn worker(context: &Context) -> Result<Worker<Tasks>, Error> {
    let config = YouTubeConfig::from_env().map_err(Error::internal)?;
    let limits = LimitsConfig::from_env().map_err(Error::internal)?;
    let guard = UpstreamGuard::new(context.limits.clone(), limits, Prices::default());
    let secret = config
        .secret
        .as_ref()
        .map(|id| context.secrets().secret(id));
    if let Some(secret) = &secret {
        secret.warm().await;
    }
    let youtube = youtube(HttpClient::new()?, config, secret, guard);
    let tasks = Tasks {
        context: context.clone(),
        youtube,
    };
    Ok(Worker::new(context, &context.tasks_queue, tasks))
}

/// Effects of tasks. If a page runs twice, its effects happen twice and one outcome is saved.
#[derive(Clone, Debug)]
pub struct Tasks {
    context: Context,
    youtube: YouTube,
}

impl Workflow for Tasks {
    type Record = Task;
    type Effect = ();

    fn settings(&self, _: &Task) {}

    fn effect(&self, task: &Task) -> Option<()> {
        (!task.has_ended()).then_some(())
    }

    async fn perform(
        &self,
        (): &(),
        row: &Row<Task>,
        _: &Invocation,
        _: Duration,
    ) -> Option<StepOutcome<PageDone>> {
        let done = self.page(&row.job, (self.context.clock)()).await;
        Some(StepOutcome::free(done, &row.job))
    }
}

impl Tasks {
    async fn page(&self, task: &Task, now: Timestamp) -> Result<PageDone, Error> {
        match &task.work {
            Work::DeleteVideos { deleted } => self.delete_some(task, *deleted, now).await,
            Work::Playlist {
                playlist,
                request,
                submitted_by,
                page_token,
                counts,
            } => {
                let page = self
                    .youtube
                    .playlist_page(playlist, page_token.as_deref())
                    .await?;
                let mut counts = counts.clone();
                self.submit_page(&page, request, submitted_by.as_ref(), &mut counts, now)
                    .await?;
                let has_more = page.next.is_some();
                let work = Work::Playlist {
                    playlist: playlist.clone(),
                    request: request.clone(),
                    submitted_by: submitted_by.clone(),
                    page_token: page.next,
                    counts,
                };
                Ok(if has_more {
                    PageDone::More(work)
                } else {
                    PageDone::Last(work)
                })
            }
            Work::Recount { counts, at } => {
                let mut counts = counts.clone();
                let at = match at {
                    RecountAt::Videos(after) => {
                        let page = PageRequest {
                            filter: Filter::All,
                            order: Order::OldestFirst,
                            between: (Timestamp(0), Timestamp(i64::MAX as u64)),
                            limit: COUNTED_IN_PAGE,
                            after: after.clone(),
                        };
                        let Page {
                            items: listed,
                            next,
                        } = self.context.videos.list(&page).await?;
                        let repaired: Vec<Repaired> = stream::iter(&listed)
                            .map(|(video, entry)| self.repair(video, entry))
                            .buffer_unordered(AT_ONCE)
                            .try_collect()
                            .await?;
                        for one in repaired {
                            counts.merge(&Entry::change(None, one.entry.as_ref()));
                            counts.add(REPAIRED, i64::from(one.was_broken));
                        }
                        match next {
                            Some(next) => RecountAt::Videos(Some(next)),
                            None => RecountAt::Feedback(None),
                        }
                    }
                    RecountAt::Feedback(after) => {
                        let (some, next) =
                            self.context.videos.recount_feedback(after.as_ref()).await?;
                        counts.merge(&some);
                        let at = RecountAt::Feedback(next.clone());
                        if next.is_none() {
                            let mut totals = counts.clone();
                            totals.add(REPAIRED, -counts.get(REPAIRED));
                            self.context.counters.replace_totals(&totals, now).await?;
                            return Ok(PageDone::Last(Work::Recount { counts, at }));
                        }
                        at
                    }
                };
                Ok(PageDone::More(Work::Recount { counts, at }))
            }
        }
    }

    /// Repairs a listed video. Ends an entry whose job has ended, and adds a current analysis that
    /// the search lacks.
    async fn repair(&self, video: &VideoKey, listed: &Entry) -> Result<Repaired, Error> {
        let Context {
            videos,
            search,
            blobs,
            jobs,
            ..
        } = &self.context;
        let mut was_broken = false;
        if listed.status == VideoStatus::Running
            && let Some(id) = &listed.job
        {
            let row = jobs.get::<Job>(id).await?;
            let is_open = row.as_ref().is_some_and(|row| !row.job.header.finalized);
            if !is_open {
                // The entry keeps its position, so that the current listing does not return it
                // again.
                let error = match row.map(|row| row.job.state) {
                    Some(State::Failed { error, .. }) => Some(error),
                    Some(State::Cancelled) => None,
                    // A row expires long after the deadline of its job.
                    _ => Some(JobError::from(&Error::DeadlineExceeded)),
                };
                let (error, at) = (error.as_ref(), listed.listed_at);
                was_broken = videos.end_entry(video, id, error, at).await?;
            }
        }
        if listed.analysis.is_some() {
            was_broken |= searchable::make_searchable(videos, search, blobs, video).await?;
        }
        let entry = if was_broken {
            videos.entry(video).await?
        } else {
            Some(listed.clone())
        };
        Ok(Repaired { entry, was_broken })
    }

    async fn submit_page(
        &self,
        page: &PlaylistPage,
        request: &Request,
        submitted_by: Option<&String>,
        counts: &mut Counts,
        now: Timestamp,
    ) -> Result<(), Error> {
        let submissions = page.videos.iter().map(|id| Submission {
            video: VideoKey::YouTube(id.clone()),
            request: request.clone(),
            transcript: None,
            submitted_by: submitted_by.cloned(),
        });
        counts.add("unavailable", page.unavailable.into());
        let submissions: Vec<_> = submissions.collect();
        counts.add(
            "found",
            i64::try_from(submissions.len()).unwrap_or(i64::MAX),
        );
        if submissions.is_empty() {
            return Ok(());
        }
        for outcome in submission::submit(&self.context, submissions, now).await? {
            counts.add(
                match outcome {
                    Ok(Outcome::Cached(_)) => "cached",
                    Ok(Outcome::Queued(_)) => "queued",
                    Ok(Outcome::Joined(_)) => "joined",
                    Err(_) => "refused",
                },
                1,
            );
        }
        Ok(())
    }

    async fn delete_some(
        &self,
        task: &Task,
        deleted: u64,
        now: Timestamp,
    ) -> Result<PageDone, Error> {
        let page = PageRequest {
            filter: Filter::All,
            order: Order::OldestFirst,
            between: (Timestamp(0), task.header.created_at),
            limit: DELETED_IN_PAGE,
            after: None,
        };
        let listed = self.context.videos.list(&page).await?.items;
        if listed.is_empty() {
            return Ok(PageDone::Last(Work::DeleteVideos { deleted }));
        }
        let removed: Vec<bool> = stream::iter(&listed)
            .map(|(video, _)| removal::remove(&self.context, video, now))
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        let deleted = deleted + removed.into_iter().filter(|removed| *removed).count() as u64;
        Ok(PageDone::More(Work::DeleteVideos { deleted }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{MessageDisposition, NextStep, Transition, receive, step};

    use crate::job::Status;
    use eventrelay_core::retry;

    const NOW: Timestamp = Timestamp(1_000);

    fn task() -> Task {
        Task::new(Work::DeleteVideos { deleted: 0 }, Timestamp(1_000_000), NOW)
    }

    #[test]
    fn task_runs_until_its_last_page() {
        let work = || Work::DeleteVideos { deleted: 3 };
        let running = step(&task(), Ok(PageDone::More(work())), (), NOW, 0.5);
        assert_eq!(
            (running.record.status, running.next),
            (Status::Running, NextStep::After(Duration::ZERO))
        );
        let done = step(&running.record, Ok(PageDone::Last(work())), (), NOW, 0.5);
        assert_eq!(
            (done.record.status, done.next),
            (Status::Done, NextStep::Finished)
        );
        assert_eq!(
            receive(&done.record, 2, 2, 1, NOW),
            MessageDisposition::Drop
        );
    }

    #[test]
    fn page_that_fails_is_retried_until_its_attempts_are_used_up() {
        let broken = Error::UpstreamMalformed {
            service: eventrelay_core::error::Service::YouTube,
            source: "x".into(),
        };
        let Transition {
            record: waiting,
            next,
        } = step(&task(), Err(&broken), (), NOW, 1.0);
        assert_eq!(
            (waiting.status, waiting.header.attempts),
            (Status::Queued, 1)
        );
        let NextStep::After(delay) = next else {
            panic!("{next:?}")
        };
        assert_eq!(
            receive(&waiting, 1, 1, 1, NOW),
            MessageDisposition::Wait(delay)
        );
        let mut worn = task();
        worn.header.attempts = retry::MAX_ATTEMPTS;
        let failed = step(&worn, Err(&broken), (), NOW, 1.0);
        assert_eq!(
            (failed.record.status, failed.next),
            (Status::Failed, NextStep::Finished)
        );
        assert!(failed.record.error.is_some());
        let late = step(&task(), Err(&Error::DeadlineExceeded), (), NOW, 1.0);
        assert_eq!(late.record.status, Status::Failed);
    }
}
