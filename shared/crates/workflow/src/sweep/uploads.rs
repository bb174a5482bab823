//! Recordings that were uploaded and never submitted.

use eventrelay_store::Page;
use std::time::Duration;

use super::{Part, Sweeper};
use eventrelay_analysis::PIPELINE_VERSION;
use eventrelay_core::{clock::Timestamp, error::Error, video::VideoKey};
use eventrelay_store::{
    blobs::{Stored, media_hash, media_key},
    counters::{Counts, DELETED_UPLOADS},
};

/// Objects per page. Their videos are looked up with one read.
const IN_PAGE: u16 = 50;

/// Name of the bookmark at which the next sweep resumes.
const BOOKMARK: &str = "unused-uploads";

impl Sweeper {
    pub(super) async fn sweep_uploads(&self, until: Timestamp) -> Part {
        let mut done = Counts::default();
        let ended = self.delete_unused(until, &mut done).await;
        (done, ended)
    }

    /// Deletes unused uploads page by page from the bookmark to the end of the bucket.
    async fn delete_unused(&self, until: Timestamp, done: &mut Counts) -> Result<(), Error> {
        let bookmarks = &self.context.bookmarks;
        let mut after = bookmarks.read(BOOKMARK).await?;
        while !self.is_over(until) {
            let blobs = &self.context.blobs;
            let Page { items: page, next } = blobs.list_media(after.as_deref(), IN_PAGE).await?;
            let deleted = self.delete_unused_of(&page).await?;
            done.add(DELETED_UPLOADS, deleted);
            after = next;
            bookmarks.write(BOOKMARK, after.as_deref()).await?;
            if after.is_none() {
                break;
            }
        }
        Ok(())
    }

    async fn delete_unused_of(&self, page: &[Stored]) -> Result<i64, Error> {
        let now = self.now();
        let age = self.config.uploads_age;
        let old = page.iter().filter(|stored| is_old(stored, age, now));
        let videos: Vec<VideoKey> = old
            .filter_map(|stored| media_hash(&stored.key).map(VideoKey::Upload))
            .collect();
        if videos.is_empty() {
            return Ok(0);
        }
        // A submission writes the entry with the claim, so an entry also covers running jobs.
        let wanted: Vec<_> = videos
            .iter()
            .map(|video| (video, PIPELINE_VERSION))
            .collect();
        let known = self.context.videos.look_up(&wanted).await?;
        let unused = videos.iter().zip(known).filter_map(|(video, known)| {
            let is_used = known.entry.is_some() || known.variant.claim.is_some();
            match video {
                VideoKey::Upload(hash) if !is_used => Some(media_key(hash)),
                _ => None,
            }
        });
        let unused: Vec<String> = unused.collect();
        for key in &unused {
            tracing::info!(
                blob.key = key,
                "Deleting a recording that was never submitted"
            );
        }
        let count = i64::try_from(unused.len()).unwrap_or(i64::MAX);
        if !unused.is_empty() {
            self.context.blobs.delete(unused).await?;
        }
        Ok(count)
    }
}

/// Returns whether an object is at least this old. Pure.
fn is_old(stored: &Stored, age: Duration, now: Timestamp) -> bool {
    now >= stored.modified_at + age
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_has_its_time() {
        let stored = Stored {
            key: "media/a".to_owned(),
            modified_at: Timestamp(1_000),
        };
        let age = Duration::from_secs(5);
        assert!(!is_old(&stored, age, Timestamp(5_999)));
        assert!(is_old(&stored, age, Timestamp(6_000)));
    }
}
