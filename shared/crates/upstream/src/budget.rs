//! Daily budgets of the deployment and of each API key.

use eventrelay_core::{
    clock::Timestamp,
    config::LimitsConfig,
    error::{BudgetScope, Error},
    limit::{Cost, Decision, Policy, Quota, Unit, Zone},
};
use eventrelay_store::limits::Limits;

/// Daily budget (UTC) of the deployment and of each API key.
#[derive(Clone, Debug)]
pub struct Budget {
    limits: Limits,
    per_day: u64,
    per_key_and_day: u64,
}

/// Amount that is reserved in the budgets for one call.
#[derive(Clone, Debug)]
pub struct Reserved {
    policies: Vec<Policy>,
    cost: Cost,
}

impl Budget {
    /// Creates the budgets of a deployment.
    #[must_use]
    pub fn new(limits: Limits, config: &LimitsConfig) -> Self {
        Self {
            limits,
            per_day: config.daily_budget_micro_usd,
            per_key_and_day: config.daily_budget_per_key_micro_usd,
        }
    }

    fn policies(&self, key_id: Option<&str>) -> Vec<(BudgetScope, Policy)> {
        let policy = |name: String, quantity| Policy {
            name,
            bounds: vec![Quota::day(Unit::MicroUsd, quantity, Zone::Utc)],
            breaks: false,
            waits: false,
        };
        let mut policies = Vec::new();
        if self.per_day > 0 {
            policies.push((
                BudgetScope::Deployment,
                policy(DEPLOYMENT.to_owned(), self.per_day),
            ));
        }
        if let Some(key_id) = key_id
            && self.per_key_and_day > 0
        {
            let name = format!("{DEPLOYMENT}:{key_id}");
            policies.push((BudgetScope::Key, policy(name, self.per_key_and_day)));
        }
        policies
    }

    /// Reserves an amount in all budgets or in none.
    ///
    /// # Errors
    /// [`Error::BudgetSpent`] if a budget is exhausted; [`Error::Storage`].
    pub async fn reserve(
        &self,
        key_id: Option<&str>,
        micro_usd: u64,
        now: Timestamp,
    ) -> Result<Reserved, Error> {
        let cost = Cost {
            requests: 0,
            tokens: 0,
            micro_usd,
        };
        let mut reserved = Reserved {
            policies: Vec::new(),
            cost,
        };
        for (scope, policy) in self.policies(key_id) {
            match self.limits.acquire(&policy, cost, false, || now).await {
                Ok(Decision::Pass { .. }) => reserved.policies.push(policy),
                Ok(Decision::Throttled { until, .. }) => {
                    self.settle(reserved, 0, now).await;
                    self.tell_once(&policy, now).await;
                    return Err(Error::BudgetSpent {
                        scope,
                        retry_after: now.until(until),
                    });
                }
                Err(error) => {
                    self.settle(reserved, 0, now).await;
                    return Err(error);
                }
            }
        }
        Ok(reserved)
    }

    /// Replaces the reserved amount by the actual cost. A failure is logged; too much then stays
    /// reserved until the end of the day.
    pub async fn settle(&self, reserved: Reserved, micro_usd: u64, now: Timestamp) {
        let paid = Cost {
            micro_usd,
            ..reserved.cost
        };
        for policy in &reserved.policies {
            let settled = self.limits.settle(policy, reserved.cost, paid, now).await;
            if let Err(error) = settled {
                tracing::warn!(
                    limit.name = policy.name,
                    error = error.report(),
                    "Could not settle a budget"
                );
            }
        }
    }

    /// Logs one event per budget and day, however many jobs reach its limit.
    async fn tell_once(&self, policy: &Policy, now: Timestamp) {
        match self.limits.is_first_today(&policy.name, now).await {
            Ok(true) => tracing::error!(
                alert = "budget",
                limit.name = policy.name,
                budget_micro_usd = policy.bounds.first().map(Quota::quantity),
                "A daily budget is spent"
            ),
            Ok(false) => {}
            Err(error) => tracing::warn!(
                limit.name = policy.name,
                error = error.report(),
                "Could not find out whether a spent budget was told of"
            ),
        }
    }

    /// Returns whether any budget is set.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        self.per_day > 0 || self.per_key_and_day > 0
    }

    /// Returns the policy of the deployment's budget, to be shown.
    #[must_use]
    pub fn policy(&self) -> Option<Policy> {
        self.policies(None).pop().map(|(_, policy)| policy)
    }
}

/// Name of the deployment's budget.
const DEPLOYMENT: &str = "budget";
