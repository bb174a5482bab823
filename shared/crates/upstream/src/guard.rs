//! Guard of every call of an upstream: the quotas, circuit breakers and budgets that all instances
//! share.
//!
//! The guard checks before a call whether it is admitted, and afterwards records its outcome and
//! its actual cost. It never waits: a throttled call fails with an error that has the time of the
//! next attempt. What is decided is in [`eventrelay_core::limit`].

use std::{future::Future, sync::Arc};

use eventrelay_core::{
    clock::Timestamp,
    error::Error,
    limit::{self, Cost, Decision, LimitsConfig, Policy, Price, Prices, Quota, Target},
    telemetry::{self, Metric},
};
use eventrelay_store::limits::Limits;

/// Upstream guard. Clones are cheap and share the cached limiter state.
#[derive(Clone, Debug)]
pub struct UpstreamGuard(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    limits: Limits,
    config: LimitsConfig,
    prices: Prices,
}

/// Permission for one call, which is counted already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    /// The call is the probe of a failing service. No other call is admitted before its outcome is
    /// known.
    pub probe: bool,
}

/// Call whose cost is known only afterwards.
#[derive(Clone, Copy, Debug)]
pub struct MeteredCall<'a> {
    pub target: Target<'a>,
    pub estimate: Cost,
    /// API key whose daily budget pays, beside the deployment's.
    pub key_id: Option<&'a str>,
    /// As in [`limit::check`].
    pub has_reservation: bool,
}

impl UpstreamGuard {
    /// Creates a guard with these limits. `prices` are those of the models that are called.
    #[must_use]
    pub fn new(limits: Limits, config: LimitsConfig, prices: Prices) -> Self {
        Self(Some(Arc::new(Inner {
            limits,
            config,
            prices,
        })))
    }

    /// Creates a guard that admits every call.
    #[must_use]
    pub fn open() -> Self {
        Self(None)
    }

    /// Returns the price of a model, if it is known.
    #[must_use]
    pub fn price_of(&self, model: &str) -> Option<Price> {
        self.0.as_ref()?.prices.price_of(model)
    }

    /// Makes a call if it is admitted, and records its outcome. `has_reservation` as in
    /// [`limit::check`].
    ///
    /// # Errors
    /// Those of [`Self::admit`] if the call was not made, else those of the call.
    pub async fn call<T>(
        &self,
        target: Target<'_>,
        cost: Cost,
        has_reservation: bool,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let call = Box::pin(call);
        let admission = Box::pin(self.admit(target, cost, has_reservation)).await?;
        self.call_admitted(target, admission, call).await
    }

    /// Makes a call if the daily budgets and then the quotas of its target admit its estimated
    /// cost, and replaces the estimate by the actual cost that `call` returns.
    ///
    /// # Errors
    /// [`Error::BudgetSpent`], and as [`Self::call`].
    pub async fn call_metered<T>(
        &self,
        metered: MeteredCall<'_>,
        call: impl Future<Output = Result<(T, Cost), Error>>,
    ) -> Result<T, Error> {
        let MeteredCall {
            target,
            estimate,
            has_reservation,
            ..
        } = metered;
        let call = Box::pin(call);
        let Some(inner) = &self.0 else {
            return call.await.map(|(answer, _)| answer);
        };
        let mut policies = Box::pin(inner.reserve(metered.key_id, estimate)).await?;
        let outcome = self.call(target, estimate, has_reservation, call).await;
        let actual = match &outcome {
            Ok((_, actual)) => *actual,
            Err(error) => estimate.after_error(error),
        };
        policies.push(target.policy(&inner.config));
        Box::pin(inner.settle(&policies, estimate, actual)).await;
        outcome.map(|(answer, _)| answer)
    }

    /// Checks whether a call is admitted, and counts it. The caller must make an admitted call at
    /// once, by [`Self::call_admitted`].
    ///
    /// # Errors
    /// [`Error::Throttled`] and, if the daily quota is exhausted, [`Error::DailyQuotaSpent`];
    /// [`Error::Storage`] if the limits cannot be read.
    pub async fn admit(
        &self,
        target: Target<'_>,
        cost: Cost,
        has_reservation: bool,
    ) -> Result<Admission, Error> {
        let Some(inner) = &self.0 else {
            return Ok(Admission { probe: false });
        };
        let policy = target.policy(&inner.config);
        let decision = inner
            .limits
            .acquire(&policy, cost, has_reservation, Timestamp::now);
        match decision.await? {
            Decision::Pass { probe } => Ok(Admission { probe }),
            Decision::Throttled { reason, until } => {
                let now = Timestamp::now();
                let wait = now.until(until).as_secs_f64();
                telemetry::metrics(&[&policy.name], &[(Metric::LimiterWait, wait)], now);
                Err(target.throttled(reason, until, now))
            }
        }
    }

    /// Makes an admitted call and records its outcome.
    ///
    /// # Errors
    /// Those of the call.
    pub async fn call_admitted<T>(
        &self,
        target: Target<'_>,
        Admission { probe }: Admission,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let Some(inner) = &self.0 else {
            return call.await;
        };
        let policy = target.policy(&inner.config);
        if probe {
            tracing::info!(limit.name = policy.name, "Trying whether a service is back");
        }
        let outcome = call.await;
        let recorded = inner.record(&policy, probe, outcome.as_ref().err());
        if let Err(error) = Box::pin(recorded).await {
            tracing::warn!(
                limit.name = policy.name,
                error = error.report(),
                "Could not record the outcome of a call"
            );
        }
        outcome.map_err(|error| limit::with_retry_time(error, Timestamp::now()))
    }
}

impl Inner {
    /// Reserves the cost in all daily budgets or in none, and returns their policies.
    async fn reserve(&self, key_id: Option<&str>, cost: Cost) -> Result<Vec<Policy>, Error> {
        let now = Timestamp::now();
        let mut reserved = Vec::new();
        for (scope, policy) in self.config.budgets(key_id) {
            match self.limits.acquire(&policy, cost, false, || now).await {
                Ok(Decision::Pass { .. }) => reserved.push(policy),
                Ok(Decision::Throttled { until, .. }) => {
                    self.settle(&reserved, cost, cost.without_money()).await;
                    self.alert_once(&policy, now).await;
                    return Err(Error::BudgetSpent {
                        scope,
                        retry_after: now.until(until),
                    });
                }
                Err(error) => {
                    self.settle(&reserved, cost, cost.without_money()).await;
                    return Err(error);
                }
            }
        }
        Ok(reserved)
    }

    /// Replaces the estimated cost of a call by the actual one. A failure is only logged, since the
    /// call has ended. The estimate then stays counted, in a budget until the end of the day.
    async fn settle(&self, policies: &[Policy], estimated: Cost, actual: Cost) {
        let now = Timestamp::now();
        for policy in policies {
            if !policy.counts_differently(estimated, actual) {
                continue;
            }
            let settled = self.limits.settle(policy, estimated, actual, now).await;
            if let Err(error) = settled {
                tracing::warn!(
                    limit.name = policy.name,
                    error = error.report(),
                    "Could not settle the cost of a call"
                );
            }
        }
    }

    /// Logs one event per budget and day, however many jobs reach its limit.
    async fn alert_once(&self, budget: &Policy, now: Timestamp) {
        match self.limits.is_first_today(&budget.name, now).await {
            Ok(true) => tracing::error!(
                alert = "budget",
                limit.name = budget.name,
                budget_micro_usd = budget.quotas.first().map(Quota::quantity),
                "A daily budget is spent"
            ),
            Ok(false) => {}
            Err(error) => tracing::warn!(
                limit.name = budget.name,
                error = error.report(),
                "Could not find out whether a spent budget was logged today"
            ),
        }
    }

    /// Records what the outcome of a call says about its service.
    async fn record(
        &self,
        policy: &Policy,
        probe: bool,
        error: Option<&Error>,
    ) -> Result<(), Error> {
        let now = Timestamp::now();
        let name = &policy.name;
        match error {
            // It says nothing about the service, because this machine may have no network.
            Some(Error::Unreachable { .. }) if !probe => return Ok(()),
            Some(error) if policy.breaks && limit::is_failure(error) => {
                if self.limits.failed(name, probe, now).await? {
                    breaker_is_open(name, true, now);
                    tracing::warn!(limit.name = name, "circuit breaker opened");
                }
                return Ok(());
            }
            _ => {}
        }
        if let Some(until) = error.and_then(|error| limit::pause_after(error, now)) {
            self.limits.pause(name, until, now).await?;
        }
        if probe {
            self.limits.succeeded(name, now).await?;
            breaker_is_open(name, false, now);
            tracing::info!(limit.name = name, "A service is back");
        }
        Ok(())
    }
}

fn breaker_is_open(name: &str, is_open: bool, now: Timestamp) {
    let value = f64::from(u8::from(is_open));
    telemetry::metrics(&[name], &[(Metric::CircuitBreakerOpen, value)], now);
}
