//! Limits of a deployment: its configuration, and the policies of its budgets and API keys. Those of
//! the services are in [`super::Target`].

use std::time::Duration;

use super::{BudgetScope, Cost, Quota, Unit, Zone};

/// Shared limits of all instances: rates, quotas and budgets. 0 is unlimited.
#[derive(Clone, Debug, Default)]
pub struct LimitsConfig {
    /// `GEMINI_REQUESTS_PER_MINUTE`, of each model.
    pub gemini_requests_per_minute: u64,
    /// `GEMINI_TOKENS_PER_MINUTE`, of each model, read and written together.
    pub gemini_tokens_per_minute: u64,
    /// `GEMINI_REQUESTS_PER_DAY`, of each model.
    pub gemini_requests_per_day: u64,
    /// `YOUTUBE_UNITS_PER_DAY`: quota units of the Data API.
    pub youtube_units_per_day: u64,
    pub github_writes_per_second: u64,
    pub github_writes_per_minute: u64,
    pub github_writes_per_hour: u64,
    pub vercel_deployments_per_minute: u64,
    pub netlify_deploys_per_minute: u64,
    /// `CIRCUIT_BREAKERS`, `on` or `off`: enables the circuit breakers.
    pub circuit_breakers: bool,
    /// `DAILY_BUDGET_USD`, converted to millionths of a US dollar.
    pub daily_budget_micro_usd: u64,
    /// `DAILY_BUDGET_PER_KEY_USD`, converted to millionths of a US dollar.
    pub daily_budget_per_key_micro_usd: u64,
}

/// Limits of one target.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Name of the target and of its row: `gemini:gemini-3.8-flash`, `key:0123456789abcdef`.
    pub name: String,
    /// Quotas, all of which must admit a call.
    pub quotas: Vec<Quota>,
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
        let takes_nothing = |quota: &Quota| cost.amount(quota.unit()) == 0;
        self.breaks && self.quotas.iter().all(takes_nothing)
    }

    /// Returns whether any quota counts another quantity for `actual` than for `estimated`.
    #[must_use]
    pub fn counts_differently(&self, estimated: Cost, actual: Cost) -> bool {
        let differs = |quota: &Quota| {
            let unit = quota.unit();
            estimated.amount(unit) != actual.amount(unit)
        };
        self.quotas.iter().any(differs)
    }

    /// Returns whether the time of a call within a day matters.
    #[must_use]
    pub fn has_rate(&self) -> bool {
        !self.quotas.iter().all(Quota::is_of_a_day)
    }
}

/// Name of the deployment's budget. Budgets of API keys append their id.
const BUDGET: &str = "budget";

impl LimitsConfig {
    /// Returns whether any budget is set.
    #[must_use]
    pub fn has_budget(&self) -> bool {
        self.daily_budget_micro_usd > 0 || self.daily_budget_per_key_micro_usd > 0
    }

    /// Returns the daily budgets (UTC) that pay for a call on behalf of an API key: the
    /// deployment's first, then the key's.
    #[must_use]
    pub fn budgets(&self, key_id: Option<&str>) -> Vec<(BudgetScope, Policy)> {
        let policy = |scope, name, quantity: u64| {
            let policy = Policy {
                name,
                quotas: vec![Quota::day(Unit::MicroUsd, quantity, Zone::Utc)],
                breaks: false,
                waits: false,
            };
            (quantity > 0).then_some((scope, policy))
        };
        let deployment = policy(
            BudgetScope::Deployment,
            BUDGET.to_owned(),
            self.daily_budget_micro_usd,
        );
        let key = key_id.and_then(|key_id| {
            let name = format!("{BUDGET}:{key_id}");
            policy(BudgetScope::Key, name, self.daily_budget_per_key_micro_usd)
        });
        deployment.into_iter().chain(key).collect()
    }
}

/// Returns the policy of the requests of an API key, or `None` if they are not limited.
#[must_use]
pub fn api_key_policy(key_id: &str, per_minute: u64) -> Option<Policy> {
    (per_minute > 0).then(|| Policy {
        name: format!("key:{key_id}"),
        quotas: vec![Quota::rate(
            Unit::Requests,
            per_minute,
            Duration::from_secs(60),
        )],
        breaks: false,
        waits: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, Service};

    const CONFIG: LimitsConfig = LimitsConfig {
        gemini_requests_per_minute: 0,
        gemini_tokens_per_minute: 1000,
        gemini_requests_per_day: 50,
        youtube_units_per_day: 0,
        github_writes_per_second: 0,
        github_writes_per_minute: 0,
        github_writes_per_hour: 0,
        vercel_deployments_per_minute: 0,
        netlify_deploys_per_minute: 0,
        circuit_breakers: true,
        daily_budget_micro_usd: 5_000_000,
        daily_budget_per_key_micro_usd: 1_000_000,
    };

    #[test]
    fn budgets_are_of_deployment_and_key() {
        let budgets = |config: &LimitsConfig, key_id| {
            let all = config.budgets(key_id).into_iter();
            all.map(|(scope, policy)| (scope, policy.name))
                .collect::<Vec<_>>()
        };
        let deployment = (BudgetScope::Deployment, "budget".to_owned());
        let key = (BudgetScope::Key, "budget:k".to_owned());
        assert_eq!(budgets(&CONFIG, None), std::slice::from_ref(&deployment));
        assert_eq!(budgets(&CONFIG, Some("k")), [deployment, key.clone()]);
        let of_keys = LimitsConfig {
            daily_budget_micro_usd: 0,
            ..CONFIG
        };
        assert_eq!(budgets(&of_keys, Some("k")), [key]);
        assert!(of_keys.has_budget());
        assert!(!LimitsConfig::default().has_budget());
        assert!(budgets(&LimitsConfig::default(), Some("k")).is_empty());
    }

    #[test]
    fn failed_call_is_charged_only_if_service_may_have_worked() {
        let estimate = Cost {
            tokens: 100,
            micro_usd: 7,
            ..Cost::CALL
        };
        let service = Service::Gemini;
        let source = || "x".into();
        let malformed = Error::UpstreamMalformed {
            service,
            source: source(),
        };
        let unreachable = Error::Unreachable {
            service,
            host: "host".into(),
            source: source(),
        };
        assert_eq!(estimate.after_error(&malformed), estimate);
        let free = estimate.after_error(&unreachable);
        assert_eq!(free, estimate.without_money());
        // The tokens of a failed call stay counted, the money is returned.
        let model = super::super::Target::Model("m").policy(&CONFIG);
        assert!(!model.counts_differently(estimate, free));
        let (_, budget) = CONFIG.budgets(None).remove(0);
        assert!(budget.counts_differently(estimate, free));
        let fewer_tokens = Cost {
            tokens: 60,
            ..estimate
        };
        assert!(model.counts_differently(estimate, fewer_tokens));
        assert!(!budget.counts_differently(estimate, fewer_tokens));
    }
}
