//! Does a page of a task and writes down how far it is.

use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::{PageDone, REPAIRED, RecountAt, Task, Work};
use crate::{
    clock::Timestamp,
    context::Context,
    error::Error,
    flow::Reception,
    job::{Job, JobError, Notice, Request, Status},
    queue::Message,
    removal,
    retry::{self, Attempts},
    searchable,
    store::{
        counters::Counts,
        entry::{Entry, VideoStatus},
        listing::{Filter, Order, Page},
    },
    submission::{self, Outcome, Submission},
    telemetry::{self, Metric},
    upstream::youtube::{PlaylistPage, YouTube},
    video::VideoKey,
};

/// Videos that are deleted with one message, and how many at a time.
const DELETED_IN_PAGE: u16 = 25;
const AT_ONCE: usize = 4;

/// Videos that are counted, and whose entry and search rows are repaired, with one message. Few
/// enough that a page in which all of them are missing ends within the function's time.
const COUNTED_IN_PAGE: u16 = 50;

/// A video after a recount has looked at it.
struct Repaired {
    /// What the index says of it now.
    entry: Option<Entry>,
    was_broken: bool,
}

/// Drives tasks.
#[derive(Clone, Debug)]
pub struct Worker {
    context: Context,
    youtube: YouTube,
}

impl Worker {
    /// A worker on these stores.
    #[must_use]
    pub fn new(context: Context, youtube: YouTube) -> Self {
        Self { context, youtube }
    }

    /// Does the page that a message is about. Should the same be delivered twice, its effects
    /// happen twice and one of them is written down.
    ///
    /// # Errors
    /// When it could not be written down: the message is to be delivered again.
    pub async fn advance(&self, message: &Message, receive_count: u32) -> Result<(), Error> {
        let now = (self.context.clock)();
        let Some((task, version)) = self.context.jobs.task(&message.job_id).await? else {
            tracing::warn!(job.id = %message.job_id, "Dropped a message of an unknown task");
            return Ok(());
        };
        let reception = receive(&task, version, message.step, receive_count, now);
        let trace = task.trace;
        let work = self.received(task, version, reception, now);
        telemetry::resumed(trace, Box::pin(work)).await
    }

    async fn received(
        &self,
        task: Task,
        version: u32,
        reception: Reception,
        now: Timestamp,
    ) -> Result<(), Error> {
        match reception {
            Reception::Run => {}
            Reception::Wait(delay) => {
                return self
                    .context
                    .tasks_queue
                    .send(&task.id, version, delay)
                    .await;
            }
            Reception::Drop => return Ok(()),
        }
        let age = task.due_at.until(now).as_secs_f64();
        telemetry::metrics(&["task"], &[(Metric::QueueAge, age)], now);
        let done = match now >= task.deadline {
            true => Err(Error::DeadlineExceeded),
            false => self.page(&task, now).await,
        };
        if let Err(error) = &done {
            tracing::warn!(job.id = %task.id, error = error.report(), "A page of a task failed");
        }
        let (next, delay) = step(task, done, (self.context.clock)(), fastrand::f64());
        if !self.context.jobs.save_task(&next, version).await? {
            return Ok(());
        }
        match delay {
            Some(delay) => {
                self.context
                    .tasks_queue
                    .send(&next.id, version + 1, delay)
                    .await
            }
            None => Ok(()),
        }
    }

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
                Ok(match has_more {
                    true => PageDone::More(work),
                    false => PageDone::Last(work),
                })
            }
            Work::Recount { counts, at } => {
                let mut counts = counts.clone();
                let at = match at {
                    RecountAt::Videos(after) => {
                        let page = Page {
                            filter: Filter::All,
                            order: Order::OldestFirst,
                            between: (Timestamp(0), Timestamp(i64::MAX as u64)),
                            limit: COUNTED_IN_PAGE,
                            after: after.clone(),
                        };
                        let (listed, next) = self.context.videos.list(&page).await?;
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

    /// Repairs what the index and the search say of a listed video: an entry that still runs
    /// although its job has ended, and a current analysis that the search does not have.
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
            let is_open = row.as_ref().is_some_and(|row| !row.job.settled);
            if !is_open {
                // It keeps its place, so that the listing that is under way does not meet it again.
                let (job, at) = (row.map(|row| row.job), listed.listed_at);
                was_broken = videos.end_lost(video, id, job, at).await?;
            }
        }
        if listed.analysis.is_some() {
            was_broken |= searchable::make_searchable(videos, search, blobs, video).await?;
        }
        let entry = match was_broken {
            true => videos.entry(video).await?,
            false => Some(listed.clone()),
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
        let page = Page {
            filter: Filter::All,
            order: Order::OldestFirst,
            between: (Timestamp(0), task.created_at),
            limit: DELETED_IN_PAGE,
            after: None,
        };
        let (listed, _) = self.context.videos.list(&page).await?;
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

/// What to do with a message, see [`crate::flow::receive`].
fn receive(task: &Task, version: u32, step: u32, receive_count: u32, now: Timestamp) -> Reception {
    if task.has_ended() || (step < version && receive_count <= 1) {
        return Reception::Drop;
    }
    match now.until(task.due_at) {
        Duration::ZERO => Reception::Run,
        early => Reception::Wait(early),
    }
}

/// The task after a page, and when its next one is due. Pure.
fn step(
    mut task: Task,
    done: Result<PageDone, Error>,
    now: Timestamp,
    jitter: f64,
) -> (Task, Option<Duration>) {
    task.updated_at = now;
    task.due_at = now;
    match done {
        Ok(PageDone::More(work)) => {
            (task.work, task.status) = (work, Status::Running);
            (task.attempts, task.unreached, task.notice) = (0, 0, None);
            (task, Some(Duration::ZERO))
        }
        Ok(PageDone::Last(work)) => {
            (task.work, task.status, task.notice) = (work, Status::Done, None);
            (task, None)
        }
        Err(error) => {
            let attempts = Attempts {
                failed: task.attempts,
                unreached: task.unreached,
            };
            let delay = retry::delay(&error, attempts, now, task.deadline, jitter);
            match delay {
                Some(delay) => {
                    let after = attempts.after(&error);
                    (task.attempts, task.unreached) = (after.failed, after.unreached);
                    task.notice = Notice::from_error(&error);
                    task.due_at = now + delay;
                }
                None => {
                    task.notice = None;
                    task.status = Status::Failed;
                    task.error = Some(JobError::from(&error));
                }
            }
            (task, delay)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000);

    fn task() -> Task {
        Task::new(Work::DeleteVideos { deleted: 0 }, Timestamp(1_000_000), NOW)
    }

    #[test]
    fn pages_follow_until_the_last() {
        let (running, delay) = step(
            task(),
            Ok(PageDone::More(Work::DeleteVideos { deleted: 3 })),
            NOW,
            0.5,
        );
        assert_eq!(
            (running.status, delay),
            (Status::Running, Some(Duration::ZERO))
        );
        let (done, delay) = step(
            running,
            Ok(PageDone::Last(Work::DeleteVideos { deleted: 3 })),
            NOW,
            0.5,
        );
        assert_eq!((done.status, delay), (Status::Done, None));
        assert_eq!(receive(&done, 2, 2, 1, NOW), Reception::Drop);
    }

    #[test]
    fn a_page_that_fails_is_tried_again_and_in_the_end_given_up() {
        let broken = || Error::UpstreamMalformed {
            service: crate::error::Service::YouTube,
            source: "x".into(),
        };
        let (waiting, delay) = step(task(), Err(broken()), NOW, 1.0);
        assert_eq!((waiting.status, waiting.attempts), (Status::Queued, 1));
        assert_eq!(
            receive(&waiting, 1, 1, 1, NOW),
            Reception::Wait(delay.unwrap())
        );
        let worn = Task {
            attempts: retry::MAX_ATTEMPTS,
            ..task()
        };
        let (failed, delay) = step(worn, Err(broken()), NOW, 1.0);
        assert_eq!(
            (failed.status, delay, failed.error.is_some()),
            (Status::Failed, None, true)
        );
        assert_eq!(
            step(task(), Err(Error::DeadlineExceeded), NOW, 1.0)
                .0
                .status,
            Status::Failed
        );
    }

    #[test]
    fn a_message_that_is_behind_goes_on_only_if_its_worker_died() {
        let task = task();
        assert_eq!(receive(&task, 1, 0, 1, NOW), Reception::Drop);
        assert_eq!(receive(&task, 1, 0, 2, NOW), Reception::Run);
        assert_eq!(receive(&task, 1, 1, 1, NOW), Reception::Run);
    }
}
