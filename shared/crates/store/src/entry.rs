//! What the index says of one video, and how that changes. Pure.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::{StoredAnalysis, counters::Counts};
use eventrelay_core::{clock::Timestamp, error::JobError, ids::JobId};

/// How a video stands. An analysis that is there counts for more than a job that is under way or
/// has failed: the video is `done` then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub enum VideoStatus {
    /// A first analysis is being made.
    Running,
    /// There is an analysis.
    Done,
    /// There is none, and the last job failed.
    Failed,
    /// There is none, and the last job was called off.
    Cancelled,
}

impl VideoStatus {
    pub const ALL: [Self; 4] = [Self::Running, Self::Done, Self::Failed, Self::Cancelled];

    /// Name in documents, keys and queries.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

/// What the index says of one video: its row `current`.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// How it stands.
    pub status: VideoStatus,
    /// Since when, which is where it stands in a listing.
    pub listed_at: Timestamp,
    /// The job that this status is of.
    pub job: Option<JobId>,
    /// Why that failed.
    pub error: Option<JobError>,
    /// The newest analysis of the best class.
    pub analysis: Option<StoredAnalysis>,
    /// Grows with every write: who writes says what they have read.
    pub revision: u64,
}

impl Entry {
    /// After a job was submitted. None where nothing changes, since there is an analysis.
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

    /// After an analysis was made. None where a newer one is there, or a fresh one of a better
    /// class.
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

    /// After a job has ended without an analysis: failed with an error, else cancelled. None where
    /// nothing changes, since there is an analysis or the status is another job's.
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

    /// After the analysis with this entity tag was lost, `best` being the newest that is left.
    /// None where the video is no longer listed.
    #[must_use]
    pub fn healed(&self, best: Option<StoredAnalysis>) -> Option<Self> {
        best.map(|best| Self {
            listed_at: best.finished_at,
            analysis: Some(best),
            revision: self.revision + 1,
            ..self.clone()
        })
    }

    /// What the counters are to be changed by, from one entry to the next.
    #[must_use]
    pub fn change(before: Option<&Self>, after: Option<&Self>) -> Counts {
        let mut counts = Counts::default();
        for (entry, sign) in [(before, -1), (after, 1)] {
            let Some(entry) = entry else { continue };
            counts.add(format!("status_{}", entry.status.as_str()), sign);
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
