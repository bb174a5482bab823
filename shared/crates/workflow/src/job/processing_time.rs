//! Recent processing times of files at Gemini. They determine the first poll of the next file.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// Number of classes of files. The estimates double from class to class, starting at one second.
const CLASSES: usize = 6;

/// Processing times seen by this instance. A new instance uses estimates, which costs a poll or
/// two. A shared row would cost more.
#[derive(Clone, Debug, Default)]
pub struct ProcessingTimeEstimator(Arc<[AtomicU32; CLASSES]>);

impl ProcessingTimeEstimator {
    /// Records the processing time of a file with this estimate.
    pub fn note(&self, estimate: Duration, took: Duration) {
        let known = &self.0[class(estimate)];
        let took = u32::try_from(took.as_millis()).unwrap_or(u32::MAX);
        // Moves a quarter of the way, so that one slow file does not delay the next by much. Of two
        // concurrent updates, either may win.
        let next = match known.load(Ordering::Relaxed) {
            0 => took,
            before => before - before / 4 + took / 4,
        };
        known.store(next.max(1), Ordering::Relaxed);
    }

    /// Returns the recent processing time of files with this estimate, if known.
    #[must_use]
    pub fn expected(&self, estimate: Duration) -> Option<Duration> {
        let known = self.0[class(estimate)].load(Ordering::Relaxed);
        (known > 0).then(|| Duration::from_millis(known.into()))
    }
}

fn class(estimate: Duration) -> usize {
    let doublings = estimate.as_secs().max(1).ilog2();
    usize::try_from(doublings).map_or(0, |class| class.min(CLASSES - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn files_are_expected_to_take_what_their_like_took() {
        let processing_time = ProcessingTimeEstimator::default();
        assert_eq!(processing_time.expected(SECOND), None);
        processing_time.note(SECOND, 6 * SECOND);
        assert_eq!(processing_time.expected(SECOND), Some(6 * SECOND));
        assert_eq!(processing_time.expected(2 * SECOND), None);
        assert_eq!(processing_time.clone().expected(SECOND), Some(6 * SECOND));
        // A slow file moves the value, and later files move it back.
        processing_time.note(SECOND, 106 * SECOND);
        assert_eq!(processing_time.expected(SECOND), Some(31 * SECOND));
        for _ in 0..20 {
            processing_time.note(SECOND, 6 * SECOND);
        }
        let finalized = processing_time.expected(SECOND).unwrap();
        assert!(finalized < 7 * SECOND, "{finalized:?}");
    }

    #[test]
    fn every_estimate_has_a_class_and_nothing_overflows() {
        let processing_time = ProcessingTimeEstimator::default();
        for seconds in [0, 1, 3, 30, u64::MAX / 1000] {
            for took in [Duration::ZERO, SECOND, Duration::MAX] {
                processing_time.note(Duration::from_secs(seconds), took);
                assert!(
                    processing_time
                        .expected(Duration::from_secs(seconds))
                        .is_some()
                );
            }
        }
    }
}
