//! Entry of a video in the index, and its transitions. Pure functions.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use super::{StoredAnalysis, counters::Counts};
use eventrelay_core::{clock::Timestamp, error::JobError, ids::JobId};

/// Status of a video. A stored analysis takes precedence: the video is `done` even while another
/// job runs or after one failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[derive(EnumString, IntoStaticStr, VariantArray)]
#[strum(const_into_str, serialize_all = "snake_case")]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub enum VideoStatus {
    /// The first analysis is in progress.
    Running,
    /// The video has an analysis.
    Done,
    /// No analysis exists, and the last job failed.
    Failed,
    /// No analysis exists, and the last job was cancelled.
    Cancelled,
}

impl VideoStatus {
    pub const ALL: &[Self] = Self::VARIANTS;
}

/// Entry of one video in the index: its row `current`.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Status of the video.
    pub status: VideoStatus,
    /// Time of the last status change, by which listings are sorted.
    pub listed_at: Timestamp,
    /// Job that set this status.
    pub job: Option<JobId>,
    /// Error of the failed job.
    pub error: Option<JobError>,
    /// The newest analysis of the best class.
    pub analysis: Option<StoredAnalysis>,
    /// Incremented by every write, for optimistic locking.
    pub revision: u64,
}

impl Entry {
    /// Returns the entry after a job was submitted, or `None` if an analysis exists and nothing
    /// changes.
    #[must_use]
    pub fn submitted(before: Option<&Self>, job: &JobId, now: Timestamp) -> Option<Self> {
        if before.is_some_and(|entry| entry.analysis.is_some()) {
            return None;
        }
        Some(Self {
            status: VideoStatus::Running,
            listed_at: now,
            job: Some(job.clone()),
            error: None,
            analysis: None,
            revision: next(before),
        })
    }

    /// Returns the entry after an analysis was made, or `None` if it has a newer one, or a fresh
    /// one of a better class.
    #[must_use]
    pub fn analysed(before: Option<&Self>, job: &JobId, analysis: &StoredAnalysis) -> Option<Self> {
        let known = before.and_then(|entry| entry.analysis.as_ref());
        let is_kept = |known: &StoredAnalysis| {
            let is_fresh = analysis.finished_at < known.expires_at;
            match known.answered_by.cmp(&analysis.answered_by) {
                Ordering::Greater => is_fresh,
                Ordering::Equal => known.finished_at > analysis.finished_at,
                Ordering::Less => false,
            }
        };
        if known.is_some_and(is_kept) {
            return None;
        }
        Some(Self {
            status: VideoStatus::Done,
            listed_at: analysis.finished_at,
            job: Some(job.clone()),
            error: None,
            analysis: Some(analysis.clone()),
            revision: next(before),
        })
    }

    /// Returns the entry after a job ended without an analysis: failed if there is an error, else
    /// cancelled. Returns `None` if an analysis exists or the status is another job's.
    #[must_use]
    pub fn ended(&self, job: &JobId, error: Option<&JobError>, now: Timestamp) -> Option<Self> {
        let is_of_job = self.status == VideoStatus::Running && self.job.as_ref() == Some(job);
        is_of_job.then(|| Self {
            status: error.map_or(VideoStatus::Cancelled, |_| VideoStatus::Failed),
            listed_at: now,
            error: error.cloned(),
            revision: self.revision + 1,
            ..self.clone()
        })
    }

    /// Returns the entry after the analysis with this entity tag was lost, with `best` as the
    /// newest remaining one. Returns `None` if the video is no longer listed.
    #[must_use]
    pub fn healed(&self, best: Option<StoredAnalysis>) -> Option<Self> {
        best.map(|best| Self {
            listed_at: best.finished_at,
            analysis: Some(best),
            revision: self.revision + 1,
            ..self.clone()
        })
    }

    /// Returns the changes of the counters from one entry to the next.
    #[must_use]
    pub fn change(before: Option<&Self>, after: Option<&Self>) -> Counts {
        let mut counts = Counts::default();
        for (entry, sign) in [(before, -1), (after, 1)] {
            let Some(entry) = entry else { continue };
            counts.add(format!("status_{}", entry.status.into_str()), sign);
            if let Some(analysis) = &entry.analysis {
                let bytes = i64::try_from(analysis.size_bytes).unwrap_or(i64::MAX);
                counts.add(format!("category_{}", analysis.category), sign);
                counts.add("bytes", sign * bytes);
            }
        }
        counts
    }
}

fn next(before: Option<&Entry>) -> u64 {
    before.map_or(1, |entry| entry.revision + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use eventrelay_core::answer_class::AnswerClass;

    #[test]
    fn a_status_has_one_name() {
        for status in VideoStatus::ALL {
            assert_eq!(serde_json::json!(status), status.into_str());
            assert_eq!(status.into_str().parse(), Ok(*status));
        }
    }

    fn analysis(finished_at: u64, category: &str) -> StoredAnalysis {
        StoredAnalysis {
            variant: "1".to_owned(),
            base_variant: "1".to_owned(),
            etag: format!("{finished_at:064}"),
            size_bytes: 100,
            gzip_bytes: 10,
            title: "t".to_owned(),
            category: category.to_owned(),
            duration_s: None,
            usage: Default::default(),
            answered_by: AnswerClass::Model,
            finished_at: Timestamp(finished_at),
            expires_at: Timestamp(finished_at + 1000),
        }
    }

    fn error() -> JobError {
        JobError {
            estimated_cost_usd: None,
            kind: "urn:eventrelay:problem:internal".to_owned(),
            title: "t".to_owned(),
            detail: "d".to_owned(),
            status: 500,
        }
    }

    #[test]
    fn a_video_runs_and_fails_and_is_done() {
        let (first, second) = (JobId::random(), JobId::random());
        let running = Entry::submitted(None, &first, Timestamp(1)).unwrap();
        assert_eq!(
            (running.status, running.revision),
            (VideoStatus::Running, 1)
        );
        let again = Entry::submitted(Some(&running), &second, Timestamp(2)).unwrap();
        assert_eq!(
            again.ended(&first, Some(&error()), Timestamp(3)),
            None,
            "not its status"
        );
        let failed = again.ended(&second, Some(&error()), Timestamp(3)).unwrap();
        assert_eq!(
            (failed.status, failed.error.is_some()),
            (VideoStatus::Failed, true)
        );
        let done = Entry::analysed(Some(&failed), &first, &analysis(5, "ai")).unwrap();
        assert_eq!(
            (done.status, done.listed_at, done.error.is_none()),
            (VideoStatus::Done, Timestamp(5), true)
        );
        assert_eq!(Entry::submitted(Some(&done), &second, Timestamp(9)), None);
        assert_eq!(done.ended(&first, None, Timestamp(9)), None);
        let cancelled = running.ended(&first, None, Timestamp(4)).unwrap();
        assert_eq!(cancelled.status, VideoStatus::Cancelled);
    }

    #[test]
    fn an_older_analysis_does_not_replace_a_newer_one() {
        let job = JobId::random();
        let newer = Entry::analysed(None, &job, &analysis(5, "ai")).unwrap();
        assert_eq!(
            Entry::analysed(Some(&newer), &job, &analysis(4, "ai")),
            None
        );
        assert!(Entry::analysed(Some(&newer), &job, &analysis(6, "ai")).is_some());
    }

    #[test]
    fn analysis_of_a_better_class_stays_current_while_it_is_fresh() {
        let job = JobId::random();
        let stand_in = |finished_at| StoredAnalysis {
            answered_by: AnswerClass::StandIn,
            ..analysis(finished_at, "ai")
        };
        let real = Entry::analysed(None, &job, &analysis(5, "ai")).unwrap();
        assert_eq!(Entry::analysed(Some(&real), &job, &stand_in(6)), None);
        assert!(Entry::analysed(Some(&real), &job, &stand_in(1005)).is_some());
        let replaced = Entry::analysed(None, &job, &stand_in(6)).unwrap();
        assert!(Entry::analysed(Some(&replaced), &job, &analysis(5, "ai")).is_some());
    }

    #[test]
    fn the_counters_follow() {
        let job = JobId::random();
        let running = Entry::submitted(None, &job, Timestamp(1)).unwrap();
        let done = Entry::analysed(Some(&running), &job, &analysis(5, "ai")).unwrap();
        let moved = Entry::analysed(Some(&done), &job, &analysis(6, "web")).unwrap();
        let mut sum = Counts::default();
        for (before, after) in [
            (None, Some(&running)),
            (Some(&running), Some(&done)),
            (Some(&done), Some(&moved)),
        ] {
            sum.merge(&Entry::change(before, after));
        }
        assert_eq!(sum, Entry::change(None, Some(&moved)));
        assert_eq!(
            (
                sum.get("category_web"),
                sum.get("category_ai"),
                sum.get("status_done")
            ),
            (1, 0, 1)
        );
        sum.merge(&Entry::change(Some(&moved), None));
        assert!(sum.is_empty());
    }
}
