//! A quantity in a time: the generic cell rate algorithm for a sliding window, a sum for a day.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Reading, Zone};
use crate::clock::Timestamp;

const NANOS: u64 = 1_000_000;

/// By how much one call may be longer under way than another one, at most.
pub const UNDER_WAY: Duration = Duration::from_millis(200);

/// What a bound counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Calls, or the service's own quota units.
    Requests,
    /// Tokens of a model.
    Tokens,
    /// Millionths of a US dollar.
    MicroUsd,
}

/// At most a quantity in any window of a length, or in each day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quota {
    unit: Unit,
    quantity: u64,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// See [`Quota::rate`].
    Rate {
        window: Duration,
        burst: u64,
        /// Nanoseconds that one unit takes. A whole number, so that a burst adds up.
        interval_ns: u64,
    },
    Day(Zone),
}

/// What was used of a bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Used {
    /// Of a rate: when all that was taken will have been worked off (the theoretical arrival time
    /// of the next cell, ITU-T I.371, annex A), in nanoseconds since the epoch.
    #[serde(skip_serializing_if = "is_zero")]
    until_ns: u64,
    /// Of a rate: the same with all that wait for their turn.
    #[serde(skip_serializing_if = "is_zero")]
    turns_ns: u64,
    /// Of a day: days since the epoch in the bound's zone.
    #[serde(skip_serializing_if = "is_zero")]
    day: u64,
    /// Of a day: the sum.
    #[serde(skip_serializing_if = "is_zero")]
    sum: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks for it")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Quota {
    /// At most `quantity` (above 0) in every window of this length, wherever it begins, as who is
    /// called sees it: calls are under way for different times, so the window is taken to be longer
    /// by a fiftieth, 200 ms at most. A twenty-fifth, but at least two, may come at once; the others
    /// follow at the interval at which burst and followers together are the quantity. So nineteen
    /// twentieths of the quantity can be used for good where the window is a minute or longer.
    ///
    /// A single cost above the burst passes when nothing is left to be worked off: a window may be
    /// exceeded by one such call.
    #[must_use]
    pub fn rate(unit: Unit, quantity: u64, window: Duration) -> Self {
        let quantity = quantity.max(1);
        let burst = (quantity / 25).max(2).min(quantity);
        let longer = window + (window / 50).min(UNDER_WAY);
        let window_ns = u64::try_from(longer.as_nanos()).unwrap_or(u64::MAX);
        let interval_ns = window_ns.div_ceil(quantity - burst + 1);
        Self {
            unit,
            quantity,
            kind: Kind::Rate {
                window,
                burst,
                interval_ns,
            },
        }
    }

    /// At most `quantity` between two midnights of a zone.
    #[must_use]
    pub fn day(unit: Unit, quantity: u64, zone: Zone) -> Self {
        Self {
            unit,
            quantity,
            kind: Kind::Day(zone),
        }
    }

    #[must_use]
    pub fn unit(&self) -> Unit {
        self.unit
    }

    #[must_use]
    pub fn quantity(&self) -> u64 {
        self.quantity
    }

    /// In what time: the window, or a day.
    #[must_use]
    pub fn window(&self) -> Duration {
        match self.kind {
            Kind::Rate { window, .. } => window,
            Kind::Day(_) => Duration::from_secs(24 * 3600),
        }
    }

    /// What sets it apart from the other bounds of a policy, whichever of them there are.
    pub(super) fn name(&self) -> String {
        let unit = match self.unit {
            Unit::Requests => "requests",
            Unit::Tokens => "tokens",
            Unit::MicroUsd => "micro_usd",
        };
        match self.kind {
            Kind::Rate { window, .. } => format!("{unit}/{}s", window.as_secs()),
            Kind::Day(_) => format!("{unit}/day"),
        }
    }

    /// Whether it is of a day.
    #[must_use]
    pub fn is_of_a_day(&self) -> bool {
        matches!(self.kind, Kind::Day(_))
    }

    /// When the cost can be taken, if not now.
    pub(super) fn refuses(
        &self,
        used: &Used,
        cost: u64,
        has_reservation: bool,
        now: Timestamp,
    ) -> Option<Timestamp> {
        if cost == 0 {
            return None;
        }
        match self.kind {
            Kind::Rate {
                burst, interval_ns, ..
            } => {
                let now_ns = now.0.saturating_mul(NANOS);
                let until = used.taken_until(has_reservation);
                let free = until.saturating_sub(tolerance(cost, burst, interval_ns));
                (free > now_ns).then(|| Timestamp(free.div_ceil(NANOS)))
            }
            Kind::Day(zone) => {
                let sum = used.sum_on(zone.day(now));
                (sum.saturating_add(cost) > self.quantity).then(|| zone.next_midnight(now))
            }
        }
    }

    /// Counts the cost of a call that passes.
    pub(super) fn take(&self, used: &mut Used, cost: u64, has_reservation: bool, now: Timestamp) {
        match self.kind {
            Kind::Rate { interval_ns, .. } => {
                let now_ns = now.0.saturating_mul(NANOS);
                let length = length(cost, interval_ns);
                used.until_ns = used.until_ns.max(now_ns).saturating_add(length);
                // Whoever returns in turn was counted among those that wait.
                if !has_reservation && used.turns_ns > now_ns {
                    used.turns_ns = used.turns_ns.saturating_add(length);
                }
            }
            Kind::Day(zone) => {
                let day = zone.day(now);
                used.sum = used.sum_on(day).saturating_add(cost);
                used.day = day;
            }
        }
    }

    /// Has a call that is held until `until`, by this bound or by another one, stand before those
    /// that come after it.
    pub(super) fn reserve_slot(
        &self,
        used: &mut Used,
        cost: u64,
        has_reservation: bool,
        until: Timestamp,
    ) {
        if let Kind::Rate { interval_ns, .. } = self.kind
            && cost > 0
        {
            let free_ns = until.0.saturating_mul(NANOS);
            let starts = used.taken_until(has_reservation).max(free_ns);
            let ends = starts.saturating_add(length(cost, interval_ns));
            used.turns_ns = used.turns_ns.max(ends);
        }
    }

    /// Replaces an estimate by what it really was.
    pub(super) fn correct(&self, used: &mut Used, estimated: u64, real: u64, now: Timestamp) {
        let shift = |value: u64, of: u64, to: u64| value.saturating_add(to).saturating_sub(of);
        match self.kind {
            Kind::Rate { interval_ns, .. } => {
                let (of, to) = (length(estimated, interval_ns), length(real, interval_ns));
                used.until_ns = shift(used.until_ns, of, to);
            }
            // What was taken yesterday is not given back today.
            Kind::Day(zone) if zone.day(now) == used.day => {
                used.sum = shift(used.sum, estimated, real);
            }
            Kind::Day(_) => {}
        }
    }

    pub(super) fn reading(&self, used: &Used, now: Timestamp) -> Reading {
        let (left, full_at) = match self.kind {
            Kind::Rate {
                burst, interval_ns, ..
            } => {
                let now_ns = now.0.saturating_mul(NANOS);
                let until = used.until_ns.max(used.turns_ns).max(now_ns);
                let taken = (until - now_ns).div_ceil(interval_ns);
                (
                    burst.saturating_sub(taken),
                    Timestamp(until.div_ceil(NANOS)),
                )
            }
            Kind::Day(zone) => {
                let sum = used.sum_on(zone.day(now));
                (self.quantity.saturating_sub(sum), zone.next_midnight(now))
            }
        };
        Reading {
            bound: *self,
            left,
            full_at,
        }
    }
}

impl Used {
    /// Of a rate: when what stands before a call will have been worked off, in nanoseconds since
    /// the epoch.
    fn taken_until(&self, has_reservation: bool) -> u64 {
        if has_reservation {
            self.until_ns
        } else {
            self.until_ns.max(self.turns_ns)
        }
    }

    fn sum_on(&self, day: u64) -> u64 {
        if self.day == day { self.sum } else { 0 }
    }
}

/// Nanoseconds that the cost is worked off in.
fn length(cost: u64, interval_ns: u64) -> u64 {
    cost.saturating_mul(interval_ns)
}

/// How far ahead of the clock a call of this cost may find what was taken before it.
fn tolerance(cost: u64, burst: u64, interval_ns: u64) -> u64 {
    length(burst.saturating_sub(cost), interval_ns)
}
