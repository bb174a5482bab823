//! Orphaned files at Gemini: files that their jobs could not delete when they were finalized.

use std::time::Duration;

use super::{Part, Sweeper};
use crate::job::Job;
use eventrelay_core::{
    clock::Timestamp,
    error::Error,
    ids::JobId,
    video::{ContentHash, VideoKey},
};
use eventrelay_store::counters::{Counts, DELETED_FILES};
use eventrelay_upstream::gemini::File;

impl Sweeper {
    pub(super) async fn sweep_files(&self, until: Timestamp) -> Part {
        let mut done = Counts::default();
        let ended = self.delete_orphans(until, &mut done).await;
        (done, ended)
    }

    /// Deletes orphaned files on all pages. Gemini keeps files for two days, which bounds the list.
    /// Files that deletions shift between pages are found by the next sweep.
    async fn delete_orphans(&self, until: Timestamp, done: &mut Counts) -> Result<(), Error> {
        let mut token: Option<String> = None;
        let mut failed = None;
        while !self.is_over(until) {
            let page = self.gemini.list_files(token.as_deref()).await?;
            for file in &page.files {
                if self.is_over(until) {
                    break;
                }
                match self.delete_orphan(file).await {
                    Ok(true) => done.add(DELETED_FILES, 1),
                    Ok(false) => {}
                    Err(error) => failed = failed.or(Some(error)),
                }
            }
            token = page.next_page_token;
            if token.is_none() {
                break;
            }
        }
        failed.map_or(Ok(()), Err)
    }

    async fn delete_orphan(&self, file: &File) -> Result<bool, Error> {
        let now = self.now();
        let Some(hash) = suspect(file, self.config.files_age, now) else {
            return Ok(false);
        };
        let video = VideoKey::Upload(hash);
        let owners: Vec<JobId> = self.context.videos.jobs_at_work(&video, now).await?;
        for id in &owners {
            let job = self.context.jobs.get(id).await?.map(|row| row.job);
            if job.is_some_and(|job| may_need(&job, file)) {
                return Ok(false);
            }
        }
        self.gemini.delete_file(&file.name).await?;
        tracing::warn!(gemini.file = file.name, video.id = %video, "Deleted an orphaned file");
        Ok(true)
    }
}

/// Returns the recording of a file that we uploaded and that is old enough. Pure. The display name
/// of such a file is the hash of its recording.
fn suspect(file: &File, age: Duration, now: Timestamp) -> Option<ContentHash> {
    let hash = ContentHash::parse(file.display_name.as_deref()?).ok()?;
    let created_at = file.created_at?;
    (now >= created_at + age).then_some(hash)
}

/// Returns whether a job uses a file, or may be uploading it. Pure.
fn may_need(job: &Job, file: &File) -> bool {
    let is_its = job.file_names().contains(&file.name) || job.next_upload_name() == file.name;
    !job.header.finalized && is_its
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGE: Duration = Duration::from_secs(60);

    fn file(display_name: &str, created_at: u64) -> File {
        let json = serde_json::json!({
            "name": "files/a",
            "displayName": display_name,
            "createTime": Timestamp(created_at).rfc3339(),
        });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn only_an_old_file_of_ours_is_suspect() {
        let hash = "ab".repeat(32);
        let now = Timestamp(100_000);
        let found = suspect(&file(&hash, 40_000), AGE, now);
        assert_eq!(found.unwrap().as_str(), hash);
        assert!(suspect(&file(&hash, 40_001), AGE, now).is_none());
        for foreign in [
            "",
            "talk.mp4",
            &hash[1..],
            &hash.to_uppercase(),
            &format!("{hash}0"),
        ] {
            assert!(suspect(&file(foreign, 0), AGE, now).is_none(), "{foreign}");
        }
        let mut timeless = file(&hash, 0);
        timeless.created_at = None;
        assert!(suspect(&timeless, AGE, now).is_none());
    }
}
