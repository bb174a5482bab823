//! Limits shared by all instances: rates, daily quotas and circuit breakers.
//!
//! Everything here is a pure function of the time and of a [`LimiterState`], which the row of a
//! limit stores (`eventrelay_store::limits`). A call is checked against all quotas of its
//! [`Policy`] at once. It is admitted and counted against all of them, or it is throttled until a
//! stated time.

mod bound;
mod breaker;
mod day;
mod leases;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

pub use bound::UNDER_WAY;
pub use bound::{Quota, Unit};
pub use breaker::{Breaker, Condition};
pub use day::Zone;
pub use leases::{LEASE, Lease, Leases, Standing, quantity};

use crate::clock::Timestamp;
use bound::Used;

/// Limits of one target.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Name of the target and of its row: `gemini:gemini-3.8-flash`, `key:0123456789abcdef`.
    pub name: String,
    /// Quotas, all of which must admit a call.
    pub bounds: Vec<Quota>,
    /// Enables the circuit breaker.
    pub breaks: bool,
    /// Indicates that throttled callers return by themselves at a reserved time. Otherwise they get
    /// the time of the next slot, without a reservation.
    pub waits: bool,
}

impl Policy {
    /// Returns whether a call uses no quota but is still counted, because the circuit breaker
    /// compares failures with calls.
    #[must_use]
    pub fn counts_only(&self, cost: Cost) -> bool {
        let takes_nothing = |bound: &Quota| cost.amount(bound.unit()) == 0;
        self.breaks && self.bounds.iter().all(takes_nothing)
    }

    /// Returns whether the time of a call within a day matters.
    #[must_use]
    pub fn has_rate(&self) -> bool {
        !self.bounds.iter().all(Quota::is_of_a_day)
    }
}

/// Cost of a call in each unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Calls, or the service's own quota units.
    pub requests: u64,
    /// Tokens of a model, input and output.
    pub tokens: u64,
    /// Money, in millionths of a US dollar.
    pub micro_usd: u64,
}

impl Cost {
    /// Cost of one call without tokens or money.
    pub const CALL: Self = Self {
        requests: 1,
        tokens: 0,
        micro_usd: 0,
    };

    fn amount(&self, unit: Unit) -> u64 {
        match unit {
            Unit::Requests => self.requests,
            Unit::Tokens => self.tokens,
            Unit::MicroUsd => self.micro_usd,
        }
    }
}

/// Usage of a policy's quotas, and the state of its circuit breaker. The default is the state of a
/// target that was never called.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LimiterState {
    /// Usage by name of the quota. If a policy gains or loses quotas, the usage of the others still
    /// counts.
    uses: BTreeMap<String, Used>,
    /// The service has asked for no calls before this time.
    paused_until: Timestamp,
    breaker: Breaker,
}

/// Reason for which a call is throttled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ThrottleReason {
    /// The rate is exceeded.
    Rate,
    /// The daily quota is exhausted.
    Day,
    /// The service has asked for a pause.
    Paused,
    /// The circuit breaker is open.
    Open,
}

/// Decision on a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The call is admitted and counted. `probe` marks the one call that tests a failing service;
    /// its success must be reported.
    Pass {
        /// Marks the probe.
        probe: bool,
    },
    /// The call is throttled.
    Throttled {
        reason: ThrottleReason,
        until: Timestamp,
    },
}

/// Remaining quantity of a quota, for display.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    pub bound: Quota,
    /// Quantity available to a burst now.
    pub left: u64,
    /// Time at which the quota is full again.
    pub full_at: Timestamp,
}

/// Checks a call. The second value is the new state to write, or `None` if nothing changes.
///
/// A call throttled by a rate gets a reservation. Waiting calls get different times, one interval
/// apart, and return one by one. A caller that returns at its time sets `has_reservation`. A new
/// caller queues behind all reservations.
#[must_use]
pub fn check(
    policy: &Policy,
    state: &LimiterState,
    cost: Cost,
    has_reservation: bool,
    now: Timestamp,
) -> (Decision, Option<LimiterState>) {
    let held = |reason, until| (Decision::Throttled { reason, until }, None);
    if state.paused_until > now {
        return held(ThrottleReason::Paused, state.paused_until);
    }
    let mut state = state.clone();
    let mut used = state.used_of(policy);
    let has_reservation = has_reservation || !policy.waits;
    let probe = match policy.breaks.then(|| state.breaker.condition(now)) {
        Some(Condition::Open { until }) => return held(ThrottleReason::Open, until),
        Some(Condition::HalfOpen) => true,
        Some(Condition::Closed) | None => false,
    };
    let bounds = || policy.bounds.iter().zip(&used);
    // An exhausted daily quota is reported before a rate, since its wait is longer.
    let of_day = |bound: &Quota| bound.is_of_a_day();
    for (bound, used) in bounds().filter(|(bound, _)| of_day(bound)) {
        if let Some(until) = bound.refuses(used, cost.amount(bound.unit()), has_reservation, now) {
            return held(ThrottleReason::Day, until);
        }
    }
    let refused = bounds().filter_map(|(bound, used)| {
        bound.refuses(used, cost.amount(bound.unit()), has_reservation, now)
    });
    if let Some(until) = refused.max() {
        let reason = ThrottleReason::Rate;
        if !policy.waits {
            return held(reason, until);
        }
        for (bound, used) in policy.bounds.iter().zip(&mut used) {
            bound.reserve_slot(used, cost.amount(bound.unit()), has_reservation, until);
        }
        state.use_up(policy, used);
        return (Decision::Throttled { reason, until }, Some(state));
    }
    for (bound, used) in policy.bounds.iter().zip(&mut used) {
        bound.take(used, cost.amount(bound.unit()), has_reservation, now);
    }
    state.use_up(policy, used);
    if policy.breaks {
        state.breaker.called(probe, now);
    }
    let counts = policy.breaks || !policy.bounds.is_empty();
    (Decision::Pass { probe }, counts.then_some(state))
}

impl LimiterState {
    /// Returns the usage of each quota of the policy, in their order.
    fn used_of(&self, policy: &Policy) -> Vec<Used> {
        let used = |bound: &Quota| self.uses.get(&bound.name()).copied();
        let all = policy.bounds.iter();
        all.map(|bound| used(bound).unwrap_or_default()).collect()
    }

    /// Replaces the usage of each quota of the policy.
    fn use_up(&mut self, policy: &Policy, used: Vec<Used>) {
        let names = policy.bounds.iter().map(Quota::name);
        self.uses.extend(names.zip(used));
    }

    /// Returns the state after the probe has succeeded.
    #[must_use]
    pub fn after_success(&self) -> Self {
        Self {
            breaker: Breaker::default(),
            ..self.clone()
        }
    }

    /// Returns the state with additional calls that were not counted one by one.
    #[must_use]
    pub fn after_calls(&self, calls: u32, now: Timestamp) -> Self {
        let mut state = self.clone();
        state.breaker.called_often(calls, now);
        state
    }

    /// Returns the state after a failure that counts against the service.
    #[must_use]
    pub fn after_failure(&self, probe: bool, now: Timestamp) -> Self {
        let mut state = self.clone();
        state.breaker.failed(probe, now);
        state
    }

    /// Returns the state after the service has asked for a pause, or `None` if a longer one is in
    /// effect.
    #[must_use]
    pub fn after_pause(&self, until: Timestamp) -> Option<Self> {
        (until > self.paused_until).then(|| Self {
            paused_until: until,
            ..self.clone()
        })
    }

    /// Returns the state after a call estimated as `estimated` has used `real`, or `None` if
    /// nothing changes. The number of calls is not corrected, since they were made.
    #[must_use]
    pub fn after_settlement(
        &self,
        policy: &Policy,
        estimated: Cost,
        real: Cost,
        now: Timestamp,
    ) -> Option<Self> {
        let mut used = self.used_of(policy);
        for (bound, used) in policy.bounds.iter().zip(&mut used) {
            let unit = bound.unit();
            bound.correct(used, estimated.amount(unit), real.amount(unit), now);
        }
        let mut state = self.clone();
        state.use_up(policy, used);
        (state != *self).then_some(state)
    }

    /// Returns the remaining quantity of each quota.
    #[must_use]
    pub fn readings(&self, policy: &Policy, now: Timestamp) -> Vec<Reading> {
        let bounds = policy.bounds.iter().zip(self.used_of(policy));
        bounds
            .map(|(bound, used)| bound.reading(&used, now))
            .collect()
    }

    /// Returns the condition of the circuit.
    #[must_use]
    pub fn condition(&self, now: Timestamp) -> Condition {
        self.breaker.condition(now)
    }

    /// Returns the remaining pause that the service has asked for, if any.
    #[must_use]
    pub fn pause(&self, now: Timestamp) -> Option<Duration> {
        Some(now.until(self.paused_until)).filter(|pause| !pause.is_zero())
    }
}
