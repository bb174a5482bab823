//! Number of calls in windows of a length, wherever they begin.

use std::time::Duration;

/// Statistics of the windows of calls.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Windows {
    length_ms: u64,
    /// Calls in the window that has most.
    pub(super) most: usize,
    /// In that which has fewest, of those that end before the last call; none where no window does.
    pub(super) fewest: Option<usize>,
    /// Calls in the time that counts, and its length.
    calls: usize,
    span_ms: u64,
}

impl Windows {
    /// Computes them from times of calls in ascending order. A window includes its first moment and
    /// excludes its last.
    pub(super) fn new(at_ms: &[u64], length: Duration) -> Self {
        let length_ms = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        let first = at_ms.first().copied().unwrap_or(0);
        let last = at_ms.last().copied().unwrap_or(0);
        let (mut most, mut fewest) = (0, None::<usize>);
        let mut end = 0;
        for (begin, at) in at_ms.iter().copied().enumerate() {
            while at_ms.get(end).is_some_and(|other| *other < at + length_ms) {
                end += 1;
            }
            let count = end - begin;
            most = most.max(count);
            if at + length_ms <= last {
                fewest = Some(fewest.map_or(count, |fewest| fewest.min(count)));
            }
        }
        // A burst fits into the first window, and would make a short run look better than it is.
        let counts_from = if last - first > 2 * length_ms {
            first + length_ms
        } else {
            first
        };
        let counted = at_ms.iter().skip_while(|at| **at < counts_from);
        Self {
            length_ms,
            most,
            fewest,
            calls: counted.clone().count(),
            span_ms: counted.min().map_or(0, |from| last - from),
        }
    }

    /// Which share of a quantity for each window was used, but for the first window where there are
    /// more than two.
    pub(super) fn used(&self, quantity: u64) -> f64 {
        let may_be = quantity as f64 * self.span_ms as f64 / self.length_ms as f64;
        // The last call begins what is not seen any more.
        if may_be > 0.0 {
            self.calls.saturating_sub(1) as f64 / may_be
        } else {
            0.0
        }
    }
}

/// For each call, seconds since the first and how many were in the window that it ends.
pub(super) fn ending(at_ms: &[u64], length: Duration) -> Vec<(f64, f64)> {
    let length_ms = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
    let first = at_ms.first().copied().unwrap_or(0);
    let mut begin = 0;
    let points = at_ms.iter().copied().enumerate().map(|(position, at)| {
        while at_ms[begin] + length_ms <= at {
            begin += 1;
        }
        ((at - first) as f64 / 1000.0, (position + 1 - begin) as f64)
    });
    points.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn windows_begin_anywhere_and_exclude_their_end() {
        let windows = Windows::new(&[0, 400, 999, 1000, 1399, 2500], SECOND);
        assert_eq!(windows.most, 4, "400 to 1399");
        assert_eq!(windows.fewest, Some(1), "1399 to 2398");
        let even: Vec<u64> = (0..31).map(|n| n * 100).collect();
        let windows = Windows::new(&even, SECOND);
        assert_eq!((windows.most, windows.fewest), (10, Some(10)));
        assert!((windows.used(10) - 1.0).abs() < 1e-9 && (windows.used(20) - 0.5).abs() < 1e-9);
        let burst: Vec<u64> = [0; 50].into_iter().chain(even).collect();
        assert!((Windows::new(&burst, SECOND).used(10) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn no_window_is_whole_in_too_short_a_time() {
        let windows = Windows::new(&[0, 10], SECOND);
        assert_eq!((windows.most, windows.fewest), (2, None));
        let none = Windows::new(&[], SECOND);
        assert_eq!((none.most, none.used(10)), (0, 0.0));
    }

    #[test]
    fn each_call_ends_a_window() {
        let points = ending(&[1000, 1500, 2000, 2400], SECOND);
        assert_eq!(points, [(0.0, 1.0), (0.5, 2.0), (1.0, 2.0), (1.4, 3.0)]);
    }
}
