//! History of the system, one point per second.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use serde::Serialize;

/// Length of the history, in seconds.
const SECONDS: usize = 900;

/// Seconds that quantiles cover. Those of a single second would jump.
const WINDOW: usize = 10;

/// Maximum durations kept per second. Further requests are only counted.
const KEPT: usize = 2000;

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Point {
    /// Unix time in seconds.
    pub(super) at: u64,
    pub(super) requests: u64,
    /// Median duration over the last ten seconds.
    pub(super) p50_ms: Option<f64>,
    /// 95th percentile over the last ten seconds.
    pub(super) p95_ms: Option<f64>,
    /// 99th percentile over the last ten seconds.
    pub(super) p99_ms: Option<f64>,
    /// Messages by queue, without empty queues.
    pub(super) queues: BTreeMap<String, u64>,
    /// Number of jobs by stage.
    pub(super) jobs: BTreeMap<String, u64>,
    pub(super) busy: u64,
    pub(super) instances: u64,
}

#[derive(Debug, Default)]
pub(super) struct History {
    points: VecDeque<Point>,
    /// Durations of requests by second, in milliseconds; the current second is last.
    durations: VecDeque<Vec<f64>>,
    requests: u64,
}

impl History {
    pub(super) fn request(&mut self, took: Duration) {
        self.requests += 1;
        if self.durations.is_empty() {
            self.durations.push_back(Vec::new());
        }
        if let Some(present) = self.durations.back_mut()
            && present.len() < KEPT
        {
            present.push(took.as_secs_f64() * 1000.0);
        }
    }

    /// Ends a second. `rest` holds the values that are measured elsewhere.
    pub(super) fn tick(&mut self, rest: Point) {
        let mut all: Vec<f64> = self.durations.iter().flatten().copied().collect();
        all.sort_unstable_by(f64::total_cmp);
        let quantile = |of: f64| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_precision_loss,
                clippy::cast_sign_loss,
                reason = "a place among some thousands"
            )]
            let rank = (all.len() as f64 * of).ceil() as usize;
            all.get(rank.saturating_sub(1)).copied()
        };
        self.points.push_back(Point {
            requests: std::mem::take(&mut self.requests),
            p50_ms: quantile(0.50),
            p95_ms: quantile(0.95),
            p99_ms: quantile(0.99),
            ..rest
        });
        self.durations.push_back(Vec::new());
        if self.durations.len() > WINDOW {
            self.durations.pop_front();
        }
        if self.points.len() > SECONDS {
            self.points.pop_front();
        }
    }

    /// Returns the points after a time.
    pub(super) fn since(&self, after: u64) -> Vec<Point> {
        let points = self.points.iter().filter(|point| point.at > after);
        points.cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tick(history: &mut History, at: u64) {
        history.tick(Point {
            at,
            ..Point::default()
        });
    }

    #[test]
    fn point_has_requests_of_its_second_and_recent_quantiles() {
        let mut history = History::default();
        for ms in 1..=100 {
            history.request(Duration::from_millis(ms));
        }
        tick(&mut history, 1);
        let point = &history.since(0)[0];
        assert_eq!(point.requests, 100);
        assert_eq!(
            (point.p50_ms, point.p95_ms, point.p99_ms),
            (Some(50.0), Some(95.0), Some(99.0))
        );
        for at in 2..=10 {
            tick(&mut history, at);
        }
        let points = history.since(9);
        assert_eq!((points.len(), points[0].requests), (1, 0));
        assert_eq!(points[0].p50_ms, Some(50.0), "still in the window");
        tick(&mut history, 11);
        assert_eq!(history.since(10)[0].p50_ms, None);
    }

    #[test]
    fn history_keeps_a_limited_number_of_points() {
        let mut history = History::default();
        for at in 1..=2000 {
            for _ in 0..3 {
                history.request(Duration::ZERO);
            }
            tick(&mut history, at);
        }
        assert_eq!(history.since(0).len(), SECONDS);
        assert!(history.durations.len() <= WINDOW);
    }
}
