//! Circuit breaker: after too many failures it stops calls of a service for a while, and then
//! admits one probe.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// Time for which calls and failures are counted before the counts are reset.
const WINDOW: Duration = Duration::from_secs(60);
/// Minimum failures that open the circuit, whatever their share.
const MIN_FAILURES: u32 = 5;
/// First pause. Each failed probe doubles the next one.
const FIRST_PAUSE: Duration = Duration::from_secs(15);
const MAX_PAUSE: Duration = Duration::from_secs(300);
/// Timeout of the probe, after which another one is admitted. It is longer than the longest call, a
/// generation.
const PROBE: Duration = Duration::from_secs(300);

/// State of the circuit breaker of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Breaker {
    since: Timestamp,
    calls: u32,
    failures: u32,
    /// Consecutive pauses; 0 is closed.
    pauses: u32,
    /// End of the current pause, or of the probe's timeout.
    until: Timestamp,
    probing: bool,
}

/// Condition of a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The service works, as far as is known.
    Closed,
    /// The service is not called until then.
    Open {
        /// Time of the next probe.
        until: Timestamp,
    },
    /// The next call is the probe.
    HalfOpen,
}

impl Breaker {
    pub(super) fn condition(&self, now: Timestamp) -> Condition {
        match self.pauses {
            0 => Condition::Closed,
            // The probe may return at any moment.
            _ if now < self.until && self.probing => Condition::Open {
                until: self.until.min(now + FIRST_PAUSE),
            },
            _ if now < self.until => Condition::Open { until: self.until },
            _ => Condition::HalfOpen,
        }
    }

    /// Records a call. A probe blocks all other calls until its outcome is known.
    pub(super) fn called(&mut self, probe: bool, now: Timestamp) {
        if probe {
            (self.until, self.probing) = (now + PROBE, true);
            return;
        }
        if now >= self.since + WINDOW {
            (self.since, self.calls, self.failures) = (now, 0, 0);
        }
        self.calls = self.calls.saturating_add(1);
    }

    /// Adds calls made since the last count. Their time is unknown if the last count is long ago,
    /// so counting restarts then.
    pub(super) fn called_often(&mut self, calls: u32, now: Timestamp) {
        if now < self.since + WINDOW {
            self.calls = self.calls.saturating_add(calls);
        } else if calls > 0 {
            (self.since, self.calls, self.failures) = (now, 0, 0);
        }
    }

    /// Records a failure. Calls that began before the pause and fail during it change nothing.
    pub(super) fn failed(&mut self, probe: bool, now: Timestamp) {
        self.failures = self.failures.saturating_add(1);
        let too_many = self.failures >= MIN_FAILURES && self.failures * 2 >= self.calls;
        if probe || (self.pauses == 0 && too_many) {
            self.pauses = self.pauses.saturating_add(1);
            let doubled = FIRST_PAUSE.saturating_mul(1 << (self.pauses - 1).min(8));
            (self.until, self.probing) = (now + doubled.min(MAX_PAUSE), false);
            (self.since, self.calls, self.failures) = (now, 0, 0);
        }
    }
}
