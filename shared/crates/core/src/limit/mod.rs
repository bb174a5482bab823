//! Quotas, prices and budgets: what a call costs, whether it is admitted, and how long it waits.
//!
//! | file | decides |
//! |---|---|
//! | `price` | the price of a model and the cost of its tokens |
//! | `estimate` | the expected tokens of a request, and the output that its cost cap allows |
//! | `quota`, `day` | whether a rate, a daily quota or a daily budget admits a cost |
//! | `breaker` | whether a failing service may be called |
//! | `policy`, `target` | which of these limits a deployment has for each service, budget and API key |
//! | `leases` | how many requests of an API key an instance admits from memory |
//!
//! Everything here is a pure function of the time and of a [`LimiterState`], which the row of a
//! limit stores (`eventrelay_store::limits`). A call is checked against all quotas of its
//! [`Policy`] at once. It is admitted and counted against all of them, or it is throttled until a
//! stated time. `eventrelay_upstream::UpstreamGuard` applies this to every call.

mod breaker;
mod day;
mod estimate;
mod leases;
mod policy;
mod price;
mod quota;
mod target;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

pub use crate::error::{BudgetScope, ThrottleReason};
pub use breaker::{Breaker, Condition};
pub use day::Zone;
pub use estimate::{Cap, Estimate};
pub use leases::{LEASE, Lease, Leases, Standing, quantity};
pub use policy::{LimitsConfig, Policy, api_key_policy};
pub use price::{Price, Prices, TokenUsage, micro_usd};
pub use quota::{Quota, UNDER_WAY, Unit};
pub use target::{Target, is_failure, pause_after, with_retry_time};

use crate::{clock::Timestamp, error::Error};
use quota::Used;

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

    /// Returns the cost of a failed call, of which `self` is the estimate. Requests and tokens stay
    /// counted, money only if the service may have charged it.
    #[must_use]
    pub fn after_error(self, error: &Error) -> Self {
        match error {
            Error::Unavailable { .. } | Error::UpstreamMalformed { .. } => self,
            _ => self.without_money(),
        }
    }

    /// Returns the cost without the money, for a call that nothing was charged for.
    #[must_use]
    pub fn without_money(self) -> Self {
        Self {
            micro_usd: 0,
            ..self
        }
    }

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

/// Decision on a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The call is admitted and counted. `probe` marks the one call that tests a failing service;
    /// its success must be reported.
    Pass {
        /// Whether it is the probe of a failing service.
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
    pub quota: Quota,
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
    let quotas = || policy.quotas.iter().zip(&used);
    // An exhausted daily quota is reported before a rate, since its wait is longer.
    let of_day = |quota: &Quota| quota.is_of_a_day();
    for (quota, used) in quotas().filter(|(quota, _)| of_day(quota)) {
        if let Some(until) = quota.refuses(used, cost.amount(quota.unit()), has_reservation, now) {
            return held(ThrottleReason::Day, until);
        }
    }
    let refused = quotas().filter_map(|(quota, used)| {
        quota.refuses(used, cost.amount(quota.unit()), has_reservation, now)
    });
    if let Some(until) = refused.max() {
        let reason = ThrottleReason::Rate;
        if !policy.waits {
            return held(reason, until);
        }
        for (quota, used) in policy.quotas.iter().zip(&mut used) {
            quota.reserve_slot(used, cost.amount(quota.unit()), has_reservation, until);
        }
        state.use_up(policy, used);
        return (Decision::Throttled { reason, until }, Some(state));
    }
    for (quota, used) in policy.quotas.iter().zip(&mut used) {
        quota.take(used, cost.amount(quota.unit()), has_reservation, now);
    }
    state.use_up(policy, used);
    if policy.breaks {
        state.breaker.called(probe, now);
    }
    let counts = policy.breaks || !policy.quotas.is_empty();
    (Decision::Pass { probe }, counts.then_some(state))
}

impl LimiterState {
    /// Returns the usage of each quota of the policy, in their order.
    fn used_of(&self, policy: &Policy) -> Vec<Used> {
        let used = |quota: &Quota| self.uses.get(&quota.name()).copied();
        let all = policy.quotas.iter();
        all.map(|quota| used(quota).unwrap_or_default()).collect()
    }

    /// Replaces the usage of each quota of the policy.
    fn use_up(&mut self, policy: &Policy, used: Vec<Used>) {
        let names = policy.quotas.iter().map(Quota::name);
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
        for (quota, used) in policy.quotas.iter().zip(&mut used) {
            let unit = quota.unit();
            quota.correct(used, estimated.amount(unit), real.amount(unit), now);
        }
        let mut state = self.clone();
        state.use_up(policy, used);
        (state != *self).then_some(state)
    }

    /// Returns the remaining quantity of each quota.
    #[must_use]
    pub fn readings(&self, policy: &Policy, now: Timestamp) -> Vec<Reading> {
        let quotas = policy.quotas.iter().zip(self.used_of(policy));
        quotas
            .map(|(quota, used)| quota.reading(&used, now))
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
