//! Latencies of requests: in total, and second by second.

use std::{collections::BTreeMap, time::Duration};

use eventrelay_tests::figures::short;
use hdrhistogram::Histogram;

use crate::plot::Series;

/// Results of the requests of a schedule.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    /// Latency of answered requests, in microseconds.
    latency: Histogram<u64>,
    /// By the second that the requests were scheduled in.
    seconds: Vec<Second>,
    /// Number of failures by reason.
    pub(crate) failures: BTreeMap<String, u64>,
    /// Maximum delay of the generator itself.
    pub(crate) most_late: Duration,
    /// Requests under way at a time.
    pub(crate) most_under_way: usize,
    /// From the first request to the last answer.
    pub(crate) took: Duration,
}

#[derive(Clone, Debug)]
struct Second {
    latency: Histogram<u64>,
    failed: u64,
}

fn empty() -> Histogram<u64> {
    // Three digits can be kept.
    Histogram::new(3).unwrap_or_else(|error| unreachable!("{error}"))
}

impl Default for Recorded {
    fn default() -> Self {
        Self {
            latency: empty(),
            seconds: Vec::new(),
            failures: BTreeMap::new(),
            most_late: Duration::ZERO,
            most_under_way: 0,
            took: Duration::ZERO,
        }
    }
}

impl Recorded {
    /// Notes what came of a request that was scheduled for this time after the start. A failure has
    /// no latency: one that comes at once would make the others look fast.
    pub(crate) fn add(
        &mut self,
        scheduled: Duration,
        latency: Duration,
        outcome: Result<(), String>,
    ) {
        let second = usize::try_from(scheduled.as_secs()).unwrap_or(usize::MAX);
        while self.seconds.len() <= second {
            self.seconds.push(Second {
                latency: empty(),
                failed: 0,
            });
        }
        match outcome {
            Ok(()) => {
                let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
                // They grow with what they are given.
                let _ = self.latency.record(micros);
                let _ = self.seconds[second].latency.record(micros);
            }
            Err(reason) => {
                *self.failures.entry(reason).or_default() += 1;
                self.seconds[second].failed += 1;
            }
        }
    }

    /// Notes that a request was begun, so late, with so many others under way.
    pub(crate) fn begun(&mut self, late: Duration, others: usize) {
        self.most_late = self.most_late.max(late);
        self.most_under_way = self.most_under_way.max(others + 1);
    }

    /// Requests that were answered.
    pub(crate) fn answered(&self) -> u64 {
        self.latency.len()
    }

    /// Requests that were not.
    pub(crate) fn failed(&self) -> u64 {
        self.failures.values().sum()
    }

    /// Milliseconds that this share of the answered requests took at most.
    pub(crate) fn quantile_ms(&self, share: f64) -> f64 {
        self.latency.value_at_quantile(share) as f64 / 1000.0
    }

    /// Heads of the cells of [`Self::cells`].
    pub(crate) const HEADS: [&'static str; 7] = [
        "requests",
        "failed",
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "most ms",
        "begun late by, most ms",
    ];

    /// A line of a table.
    pub(crate) fn cells(&self) -> Vec<String> {
        let figures = [0.5, 0.95, 0.99, 1.0].map(|share| short(self.quantile_ms(share)));
        let mut cells = vec![
            (self.answered() + self.failed()).to_string(),
            self.failed().to_string(),
        ];
        cells.extend(figures);
        cells.push(short(1000.0 * self.most_late.as_secs_f64()));
        cells
    }

    /// The reasons for which requests failed, in a sentence; none where none did.
    pub(crate) fn reasons(&self) -> Option<String> {
        let all: Vec<String> = self
            .failures
            .iter()
            .map(|(reason, count)| format!("{count} × {reason}"))
            .collect();
        (!all.is_empty()).then(|| all.join(", "))
    }

    pub(crate) fn by_percentile(&self, name: &str) -> Series {
        let points = PERCENTILES.map(|share| (share, self.quantile_ms(share)));
        // Beyond, one request alone would be a percentile.
        let known = |(share, _): &(f64, f64)| (1.0 - share) * self.answered() as f64 >= 1.0;
        Series {
            name: name.to_owned(),
            points: points.into_iter().filter(known).collect(),
        }
    }

    /// Latency over time: what this share of a second's requests took at most.
    pub(crate) fn over_time(&self, name: &str, share: f64) -> Series {
        let seconds = self.seconds.iter().enumerate();
        let points = seconds
            .filter(|(_, second)| !second.latency.is_empty())
            .map(|(at, second)| {
                let ms = second.latency.value_at_quantile(share) as f64 / 1000.0;
                (at as f64, ms)
            });
        Series {
            name: name.to_owned(),
            points: points.collect(),
        }
    }

    /// Answers over time, by the second that their requests were scheduled in.
    pub(crate) fn rate(&self, name: &str) -> Series {
        let seconds = self.seconds.iter().enumerate();
        Series {
            name: name.to_owned(),
            points: seconds
                .map(|(at, second)| (at as f64, second.latency.len() as f64))
                .collect(),
        }
    }

    pub(crate) fn failing(&self, name: &str) -> Series {
        let seconds = self.seconds.iter().enumerate();
        Series {
            name: name.to_owned(),
            points: seconds
                .map(|(at, second)| (at as f64, second.failed as f64))
                .collect(),
        }
    }
}

/// Percentiles that a plot shows.
const PERCENTILES: [f64; 16] = [
    0.0, 0.25, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.975, 0.99, 0.995, 0.999, 0.9995, 0.9999,
];

/// Latency by percentile of values in seconds, which are few.
pub(crate) fn percentiles_of(name: &str, seconds: &[f64]) -> Series {
    let mut recorded = Recorded::default();
    for value in seconds {
        recorded.add(Duration::ZERO, Duration::from_secs_f64(*value), Ok(()));
    }
    recorded.by_percentile(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded() -> Recorded {
        let mut recorded = Recorded::default();
        for ms in 1..=100 {
            let scheduled = Duration::from_millis(20 * ms);
            recorded.add(scheduled, Duration::from_millis(ms), Ok(()));
        }
        recorded.add(
            Duration::from_millis(2500),
            Duration::ZERO,
            Err("status 503".into()),
        );
        recorded
    }

    #[test]
    fn quantiles_are_of_what_was_answered() {
        let recorded = recorded();
        assert_eq!((recorded.answered(), recorded.failed()), (100, 1));
        let shown = [0.5, 0.95, 1.0].map(|share| recorded.quantile_ms(share).round());
        assert_eq!(shown, [50.0, 95.0, 100.0]);
        assert_eq!(recorded.cells().len(), Recorded::HEADS.len());
        assert_eq!(recorded.reasons().unwrap(), "1 × status 503");
    }

    #[test]
    fn seconds_are_those_of_the_schedule() {
        let recorded = recorded();
        let rate = recorded.rate("").points;
        assert_eq!(rate, [(0.0, 49.0), (1.0, 50.0), (2.0, 1.0)]);
        assert_eq!(recorded.failing("").points[2], (2.0, 1.0));
        let over_time = recorded.over_time("", 1.0).points;
        assert_eq!(over_time[0].1.round(), 49.0);
    }

    #[test]
    fn percentiles_need_at_least_one_request() {
        let points = recorded().by_percentile("all").points;
        assert_eq!(points.last().unwrap().0, 0.99);
        assert_eq!(
            percentiles_of("few", &[1.0, 3.0]).points.last().unwrap().0,
            0.5
        );
    }
}
