//! A circuit breaker: after too many failures a service is left alone for a while, and then one
//! call finds out whether it is back.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// Calls and failures are counted for so long, then anew.
const WINDOW: Duration = Duration::from_secs(60);
/// Fewer failures than this open nothing, whatever their share.
const MIN_FAILURES: u32 = 5;
/// The first pause; each that follows a failed probe is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_secs(15);
const MAX_PAUSE: Duration = Duration::from_secs(300);
/// Until then the probe must have told what came of it; else another one is sent. Longer than the
/// longest call, which is a generation.
const PROBE: Duration = Duration::from_secs(300);

/// What is known of the calls of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Breaker {
    since: Timestamp,
    calls: u32,
    failures: u32,
    /// Pauses in a row; 0 is closed.
    pauses: u32,
    /// End of the present pause, or of the time of the probe.
    until: Timestamp,
    probing: bool,
}

/// How a service fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It works, as far as is known.
    Closed,
    /// It is left alone until then.
    Open {
        /// When a call may try.
        until: Timestamp,
    },
    /// The next call tries.
    HalfOpen,
}

impl Breaker {
    pub(super) fn condition(&self, now: Timestamp) -> Condition {
        match self.pauses {
            0 => Condition::Closed,
            // The probe may be back at any moment.
            _ if now < self.until && self.probing => Condition::Open {
                until: self.until.min(now + FIRST_PAUSE),
            },
            _ if now < self.until => Condition::Open { until: self.until },
            _ => Condition::HalfOpen,
        }
    }

    /// A call is made. The probe keeps the others off until it has said what came of it.
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

    /// So many calls were made since somebody counted last. Nobody knows when, if that is long ago:
    /// counting begins anew then.
    pub(super) fn called_often(&mut self, calls: u32, now: Timestamp) {
        if now < self.since + WINDOW {
            self.calls = self.calls.saturating_add(calls);
        } else if calls > 0 {
            (self.since, self.calls, self.failures) = (now, 0, 0);
        }
    }

    /// A call has failed. Calls that began before the pause and fail in it change nothing.
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
