//! Quotas: the generic cell rate algorithm for a sliding window, a sum for a day.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Reading, Zone};
use crate::clock::Timestamp;

const NANOS: u64 = 1_000_000;

/// Maximum difference between the latencies of two calls.
pub const UNDER_WAY: Duration = Duration::from_millis(200);

/// Unit of a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::IntoStaticStr)]
#[strum(const_into_str, serialize_all = "snake_case")]
pub enum Unit {
    /// Calls, or the service's own quota units.
    Requests,
    /// Tokens of a model.
    Tokens,
    /// Millionths of a US dollar.
    MicroUsd,
}

/// Maximum quantity in any window of a length, or in each day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quota {
    unit: Unit,
    quantity: u64,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// Rate, see [`Quota::rate`].
    Rate {
        window: Duration,
        burst: u64,
        /// Nanoseconds per unit. A whole number, so that a burst adds up.
        interval_ns: u64,
    },
    Day(Zone),
}

/// Usage of a quota.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Used {
    /// Rates only: time at which everything taken will have drained (the theoretical arrival time
    /// of the next cell, ITU-T I.371, annex A), in nanoseconds since the epoch.
    #[serde(skip_serializing_if = "is_zero")]
    until_ns: u64,
    /// Rates only: the same time including all reservations.
    #[serde(skip_serializing_if = "is_zero")]
    turns_ns: u64,
    /// Days only: days since the epoch in the quota's zone.
    #[serde(skip_serializing_if = "is_zero")]
    day: u64,
    /// Days only: the sum.
    #[serde(skip_serializing_if = "is_zero")]
    sum: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks for it")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Quota {
    /// Creates a quota of at most `quantity` (above 0) in every window of this length, as the
    /// called service sees it.
    ///
    /// Calls have different latencies, so the window is extended by a fiftieth, 200 ms at most. A
    /// burst may use a twenty-fifth of the quantity, but at least two units. Further calls follow
    /// at the interval at which burst and followers together use the quantity. So nineteen
    /// twentieths of the quantity are usable if the window is a minute or longer.
    ///
    /// A single cost above the burst passes if nothing is left to drain. One such call may exceed a
    /// window.
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

    /// Creates a quota of at most `quantity` between two midnights of a zone.
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

    /// Returns the window, or a day.
    #[must_use]
    pub fn window(&self) -> Duration {
        match self.kind {
            Kind::Rate { window, .. } => window,
            Kind::Day(_) => Duration::from_secs(24 * 3600),
        }
    }

    /// Returns the name that identifies it among the quotas of any policy.
    pub(super) fn name(&self) -> String {
        let unit = self.unit.into_str();
        match self.kind {
            Kind::Rate { window, .. } => format!("{unit}/{}s", window.as_secs()),
            Kind::Day(_) => format!("{unit}/day"),
        }
    }

    /// Returns whether it is a daily quota.
    #[must_use]
    pub fn is_of_a_day(&self) -> bool {
        matches!(self.kind, Kind::Day(_))
    }

    /// Returns the time at which the cost can be taken, or `None` if that is now.
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

    /// Counts the cost of an admitted call.
    pub(super) fn take(&self, used: &mut Used, cost: u64, has_reservation: bool, now: Timestamp) {
        match self.kind {
            Kind::Rate { interval_ns, .. } => {
                let now_ns = now.0.saturating_mul(NANOS);
                let length = length(cost, interval_ns);
                used.until_ns = used.until_ns.max(now_ns).saturating_add(length);
                // A caller with a reservation is already counted in `turns_ns`.
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

    /// Reserves a slot at `until` for a call throttled by this or another quota, ahead of later
    /// calls.
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

    /// Replaces an estimate by the actual quantity.
    pub(super) fn correct(&self, used: &mut Used, estimated: u64, real: u64, now: Timestamp) {
        let shift = |value: u64, of: u64, to: u64| value.saturating_add(to).saturating_sub(of);
        match self.kind {
            Kind::Rate { interval_ns, .. } => {
                let (of, to) = (length(estimated, interval_ns), length(real, interval_ns));
                used.until_ns = shift(used.until_ns, of, to);
            }
            // Yesterday's quantity is not returned today.
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
            quota: *self,
            left,
            full_at,
        }
    }
}

impl Used {
    /// Returns the time at which the usage ahead of a call will have drained, in nanoseconds since
    /// the epoch. Rates only.
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

/// Returns the nanoseconds in which the cost drains.
fn length(cost: u64, interval_ns: u64) -> u64 {
    cost.saturating_mul(interval_ns)
}

/// Returns how far earlier usage may be ahead of the clock for a call of this cost.
fn tolerance(cost: u64, burst: u64, interval_ns: u64) -> u64 {
    length(burst.saturating_sub(cost), interval_ns)
}
