//! Limits that all instances keep together: how often a service may be called, how much of it a
//! day, and whether it is worth calling at all.
//!
//! Everything here is a pure function of a [`LimiterState`], which is what stands in the row of a limit
//! (`eventrelay_store::limits`), and of the time. A call is judged against all bounds of its
//! [`Policy`] at once: it passes and is counted against all of them, or it is held and told for how
//! long.

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

/// What one limited thing is held to.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Its name, which is also that of its row: `gemini:gemini-3.8-flash`, `key:0123456789abcdef`.
    pub name: String,
    /// All of them must let a call pass.
    pub bounds: Vec<Quota>,
    /// Whether failures of the thing stop the calls of it.
    pub breaks: bool,
    /// Whether those that are held by a rate come back by themselves, each at a time of its own;
    /// else they are told when the next one may come, and are forgotten.
    pub waits: bool,
}

impl Policy {
    /// Whether a call takes nothing of any bound and is counted all the same, since failures are
    /// held against the calls.
    #[must_use]
    pub fn counts_only(&self, cost: Cost) -> bool {
        let takes_nothing = |bound: &Quota| cost.amount(bound.unit()) == 0;
        self.breaks && self.bounds.iter().all(takes_nothing)
    }

    /// Whether it matters within a day when a call is made.
    #[must_use]
    pub fn has_rate(&self) -> bool {
        !self.bounds.iter().all(Quota::is_of_a_day)
    }
}

/// What a call takes, in each unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Calls, or the service's own quota units.
    pub requests: u64,
    /// Tokens of a model, in and out.
    pub tokens: u64,
    /// Money, in millionths of a US dollar.
    pub micro_usd: u64,
}

impl Cost {
    /// One call and nothing else.
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

/// What was used of the bounds of a policy, and how the thing behind it fares. The default is that
/// of a thing that was never called.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LimiterState {
    /// By the names of the bounds: a policy may get and lose bounds, and what was used of the
    /// others still counts.
    uses: BTreeMap<String, Used>,
    /// The thing itself asked not to be called before.
    paused_until: Timestamp,
    breaker: Breaker,
}

/// Why a call may not be made now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ThrottleReason {
    /// Too many in too short a time.
    Rate,
    /// The day's allowance is used up.
    Day,
    /// The service has asked for a pause.
    Paused,
    /// The service fails too often.
    Open,
}

/// Whether a call may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Yes; it is counted already. `probe` if it is the one call that finds out whether a failing
    /// service has recovered: its success must be reported.
    Pass {
        /// See above.
        probe: bool,
    },
    /// Not before this time.
    Throttled {
        reason: ThrottleReason,
        until: Timestamp,
    },
}

/// What is left of a bound, as a reader is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    pub bound: Quota,
    /// What a burst could take now.
    pub left: u64,
    /// When all of it is there again.
    pub full_at: Timestamp,
}

/// Judges a call. The second part is the state as it is to be written, none where nothing changes.
///
/// Who is held by a rate is given a turn: the calls that wait are told different times, one
/// interval apart, and return one by one. `has_reservation` is set by who returns at the time it was told;
/// who comes new stands behind all that wait.
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
    // A day that is used up is told before a rate, since it is waited for the longest.
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
    /// What was used of each bound of the policy, in their order.
    fn used_of(&self, policy: &Policy) -> Vec<Used> {
        let used = |bound: &Quota| self.uses.get(&bound.name()).copied();
        let all = policy.bounds.iter();
        all.map(|bound| used(bound).unwrap_or_default()).collect()
    }

    /// Replaces what was used of each bound of the policy.
    fn use_up(&mut self, policy: &Policy, used: Vec<Used>) {
        let names = policy.bounds.iter().map(Quota::name);
        self.uses.extend(names.zip(used));
    }

    /// After the probe has succeeded: the service is back.
    #[must_use]
    pub fn after_success(&self) -> Self {
        Self {
            breaker: Breaker::default(),
            ..self.clone()
        }
    }

    /// With so many more calls that were made and not counted one by one.
    #[must_use]
    pub fn after_calls(&self, calls: u32, now: Timestamp) -> Self {
        let mut state = self.clone();
        state.breaker.called_often(calls, now);
        state
    }

    /// After a call has failed in a way that says that the service does not work.
    #[must_use]
    pub fn after_failure(&self, probe: bool, now: Timestamp) -> Self {
        let mut state = self.clone();
        state.breaker.failed(probe, now);
        state
    }

    /// After the service has asked for a pause; none where a longer one was asked for already.
    #[must_use]
    pub fn after_pause(&self, until: Timestamp) -> Option<Self> {
        (until > self.paused_until).then(|| Self {
            paused_until: until,
            ..self.clone()
        })
    }

    /// After a call that was counted as `estimated` has really taken `real`; none where that
    /// changes nothing. Calls themselves are not corrected: they were made.
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

    /// What is left of each bound.
    #[must_use]
    pub fn readings(&self, policy: &Policy, now: Timestamp) -> Vec<Reading> {
        let bounds = policy.bounds.iter().zip(self.used_of(policy));
        bounds
            .map(|(bound, used)| bound.reading(&used, now))
            .collect()
    }

    /// How the service fares.
    #[must_use]
    pub fn condition(&self, now: Timestamp) -> Condition {
        self.breaker.condition(now)
    }

    /// For how long the service has asked not to be called; none where it has not.
    #[must_use]
    pub fn pause(&self, now: Timestamp) -> Option<Duration> {
        Some(now.until(self.paused_until)).filter(|pause| !pause.is_zero())
    }
}
