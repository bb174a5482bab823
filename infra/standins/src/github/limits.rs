//! Rate limits: <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use crate::request::seconds_since_1970;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// Rate limits, where null means unlimited.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Bounds {
    /// Maximum calls in a window: the primary limit.
    pub(super) primary: u64,
    pub(super) window_s: u64,
    /// Status of a refused call, 403 or 429.
    pub(super) status: u16,
    /// Maximum points in a minute. A read has one, a write five.
    pub(super) points_per_minute: Option<u64>,
    /// Maximum writes in a minute and in an hour.
    pub(super) writes_per_minute: Option<u64>,
    pub(super) writes_per_hour: Option<u64>,
    pub(super) concurrent: Option<u64>,
    /// True if the response of a secondary limit has `Retry-After`.
    pub(super) retry_after: bool,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            primary: 5000,
            window_s: 3600,
            status: 403,
            points_per_minute: None,
            writes_per_minute: None,
            writes_per_hour: None,
            concurrent: None,
            retry_after: true,
        }
    }
}

/// Usage of the limits.
#[derive(Debug, Default)]
pub(super) struct Limits {
    window: Option<Window>,
    /// Time of each call of the last hour, and whether it was a write.
    recent: VecDeque<(Instant, bool)>,
    running: u64,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    began: Instant,
    /// Unix time in seconds.
    resets: u64,
    used: u64,
}

/// Usage of the primary limit, as in the headers and in `GET /rate_limit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) limit: u64,
    pub(super) used: u64,
    /// Unix time in seconds.
    pub(super) reset: u64,
}

impl Standing {
    pub(super) fn remaining(self) -> u64 {
        self.limit.saturating_sub(self.used)
    }
}

/// Decision about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Go,
    Primary,
    /// Seconds until the limit allows another call.
    Secondary(u64),
}

impl Limits {
    /// Checks and counts a call. An allowed call must [`Self::end`].
    pub(super) fn begin(&mut self, bounds: &Bounds, write: bool, now: Instant) -> Verdict {
        let window = self.window(bounds, now);
        if window.used >= bounds.primary {
            return Verdict::Primary;
        }
        window.used += 1;
        if bounds.concurrent.is_some_and(|most| self.running >= most) {
            return Verdict::Secondary(60);
        }
        while let Some((at, _)) = self.recent.front() {
            if now.duration_since(*at) < HOUR {
                break;
            }
            self.recent.pop_front();
        }
        let wait = [
            (bounds.points_per_minute, MINUTE, true),
            (bounds.writes_per_minute, MINUTE, false),
            (bounds.writes_per_hour, HOUR, false),
        ]
        .into_iter()
        .filter_map(|(most, span, reads)| self.wait(most?, span, reads, write, now))
        .max();
        if let Some(seconds) = wait {
            return Verdict::Secondary(seconds);
        }
        self.recent.push_back((now, write));
        self.running += 1;
        Verdict::Go
    }

    pub(super) fn end(&mut self) {
        self.running = self.running.saturating_sub(1);
    }

    pub(super) fn standing(&mut self, bounds: &Bounds, now: Instant) -> Standing {
        let window = self.window(bounds, now);
        Standing {
            limit: bounds.primary,
            used: window.used,
            reset: window.resets,
        }
    }

    /// Returns the seconds until a limit allows the call, or `None` if it does now.
    fn wait(
        &self,
        most: u64,
        span: Duration,
        reads: bool,
        write: bool,
        now: Instant,
    ) -> Option<u64> {
        let points = |write: bool| match (write, reads) {
            (true, true) => 5,
            (true, false) | (false, true) => 1,
            (false, false) => 0,
        };
        let inside = |at: &Instant| now.duration_since(*at) < span;
        let counted = self.recent.iter().filter(|(at, _)| inside(at));
        let counted: Vec<_> = counted.filter(|(_, write)| points(*write) > 0).collect();
        let used: u64 = counted.iter().map(|(_, write)| points(*write)).sum();
        if points(write) == 0 || used + points(write) <= most {
            return None;
        }
        let oldest = counted.first().map_or(now, |(at, _)| *at);
        Some((span - now.duration_since(oldest)).as_secs() + 1)
    }

    fn window(&mut self, bounds: &Bounds, now: Instant) -> &mut Window {
        let span = Duration::from_secs(bounds.window_s);
        let over = |window: &Window| now.duration_since(window.began) >= span;
        if self.window.as_ref().is_some_and(over) {
            self.window = None;
        }
        self.window.get_or_insert_with(|| Window {
            began: now,
            resets: seconds_since_1970() + bounds.window_s,
            used: 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(change: impl FnOnce(&mut Bounds)) -> Bounds {
        let mut bounds = Bounds::default();
        change(&mut bounds);
        bounds
    }

    #[test]
    fn limit_resets_after_its_window() {
        let bounds = bounds(|bounds| (bounds.primary, bounds.window_s) = (2, 60));
        let (mut limits, now) = (Limits::default(), Instant::now());
        let verdicts = [0; 3].map(|_| limits.begin(&bounds, false, now));
        assert_eq!(verdicts, [Verdict::Go, Verdict::Go, Verdict::Primary]);
        assert_eq!(limits.standing(&bounds, now).remaining(), 0);
        assert_eq!(limits.begin(&bounds, false, now + MINUTE), Verdict::Go);
    }

    #[test]
    fn write_costs_five_points() {
        let bounds = bounds(|bounds| bounds.points_per_minute = Some(11));
        let (mut limits, now) = (Limits::default(), Instant::now());
        let later = now + Duration::from_secs(20);
        assert_eq!(limits.begin(&bounds, true, now), Verdict::Go);
        assert_eq!(limits.begin(&bounds, true, later), Verdict::Go);
        assert_eq!(limits.begin(&bounds, true, later), Verdict::Secondary(41));
        assert_eq!(limits.begin(&bounds, false, later), Verdict::Go);
        assert_eq!(limits.begin(&bounds, false, later), Verdict::Secondary(41));
        assert_eq!(limits.begin(&bounds, true, now + MINUTE), Verdict::Go);
    }

    #[test]
    fn reads_do_not_count_as_writes() {
        let bounds = bounds(|bounds| bounds.writes_per_minute = Some(1));
        let (mut limits, now) = (Limits::default(), Instant::now());
        assert_eq!(limits.begin(&bounds, true, now), Verdict::Go);
        assert_eq!(limits.begin(&bounds, false, now), Verdict::Go);
        assert!(matches!(
            limits.begin(&bounds, true, now),
            Verdict::Secondary(_)
        ));
    }

    #[test]
    fn finished_call_frees_its_slot() {
        let bounds = bounds(|bounds| bounds.concurrent = Some(1));
        let (mut limits, now) = (Limits::default(), Instant::now());
        assert_eq!(limits.begin(&bounds, false, now), Verdict::Go);
        assert!(matches!(
            limits.begin(&bounds, false, now),
            Verdict::Secondary(_)
        ));
        limits.end();
        assert_eq!(limits.begin(&bounds, false, now), Verdict::Go);
    }
}
