//! The end of a video and of everything that was made of it.

use std::time::Duration;

use crate::{
    clock::Timestamp,
    context::Context,
    error::Error,
    job::{JobId, machine},
    video::VideoKey,
};

/// Tries to end a job that takes a step at the same moment.
const TRIES: u32 = 8;

/// Ends the jobs of a video, then removes its rows, what the search knows of it, and its blobs: a row never points at a blob
/// that is gone. Whether there was anything. May be done again.
///
/// # Errors
/// [`Error::Storage`]. Some may be gone then.
pub async fn remove(context: &Context, video: &VideoKey, now: Timestamp) -> Result<bool, Error> {
    for job in context.videos.jobs_at_work(video, now).await? {
        cancel(context, &job, now).await?;
    }
    // Listed before the rows go: what a new job of the video stores afterwards is its own.
    let blobs = context.blobs.keys_of(video).await?;
    let had_rows = context.videos.remove(video).await?;
    context.search.forget(video, None).await?;
    let had_blobs = !blobs.is_empty();
    context.blobs.delete(blobs).await?;
    Ok(had_rows || had_blobs)
}

async fn cancel(context: &Context, id: &JobId, now: Timestamp) -> Result<(), Error> {
    for _ in 0..TRIES {
        let Some(row) = context.jobs.get(id).await? else {
            return Ok(());
        };
        let Some(cancelled) = machine::cancel(row.job, now) else {
            return Ok(());
        };
        if context.jobs.overrule(&cancelled, row.version).await? {
            let step = row.version + 1;
            return context.queue.send(id, step, Duration::ZERO).await;
        }
    }
    Err(Error::Conflict {
        reason: "A job of the video is changing; try again.".into(),
    })
}
