//! `GET /v1/status`: what of the services that we depend on can be called, and how much.

use http::StatusCode;
use lambda_http::Request;
use serde::Serialize;

use super::{Answer, json};
use eventrelay_core::{
    clock::Timestamp,
    config::StatusConfig,
    limit::{Condition, LimiterState, Policy, Reading, Target, Unit},
};
use eventrelay_workflow::context::Context;

#[derive(Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub(super) struct Status {
    /// `ok`, or `degraded` where something is left alone or paused.
    #[cfg_attr(feature = "contract", schemars(extend("enum" = ["ok", "degraded"])))]
    status: &'static str,
    services: Vec<Service>,
    /// Daily budget; `null` if there is no limit.
    budget: Option<Limit>,
}

#[derive(Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
struct Service {
    name: String,
    /// State of the circuit breaker: `closed`, `open`, `half_open`, or `off`.
    #[cfg_attr(feature = "contract", schemars(extend("enum" = ["closed", "open", "half_open", "off"])))]
    breaker: &'static str,
    /// Time at which an open circuit breaker admits a trial call.
    #[serde(skip_serializing_if = "Option::is_none")]
    opens_at: Option<String>,
    /// Time until which the service has asked not to be called.
    #[serde(skip_serializing_if = "Option::is_none")]
    paused_until: Option<String>,
    limits: Vec<Limit>,
}

#[derive(Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
struct Limit {
    /// `requests`, `tokens`, `usd`.
    #[cfg_attr(feature = "contract", schemars(extend("enum" = ["requests", "tokens", "usd"])))]
    unit: &'static str,
    quantity: f64,
    window_s: u64,
    /// Quota that a burst could use now.
    left: f64,
    /// Time at which the quota is full again.
    full_at: String,
}

/// `GET`: one read of the rows that all instances share.
///
/// # Errors
/// [`eventrelay_core::error::Error::Storage`].
pub async fn get(context: &Context, _: &Request, config: &StatusConfig) -> Answer {
    let now = (context.clock)();
    let models = config.models.iter().map(|model| Target::Model(model));
    let targets = models.chain([
        Target::Files,
        Target::YouTube,
        Target::OEmbed,
        Target::GitHub,
        Target::Vercel,
        Target::Netlify,
    ]);
    let limits = &config.limits;
    let mut policies: Vec<Policy> = targets.map(|target| target.policy(limits)).collect();
    let services = policies.len();
    policies.extend(limits.budgets(None).into_iter().map(|(_, budget)| budget));
    let names: Vec<String> = policies.iter().map(|policy| policy.name.clone()).collect();
    let levels = context.limits.states(&names).await?;
    json(StatusCode::OK, &status(&policies, &levels, services, now))
}

/// The first `services` of the policies are of services, one behind them of the budget.
fn status(policies: &[Policy], levels: &[LimiterState], services: usize, now: Timestamp) -> Status {
    let all = policies.iter().zip(levels);
    let budget = all.clone().nth(services);
    let services: Vec<Service> = all
        .take(services)
        .map(|(policy, level)| service(policy, level, now))
        .collect();
    let is_well =
        |one: &Service| matches!(one.breaker, "closed" | "off") && one.paused_until.is_none();
    Status {
        status: if services.iter().all(is_well) {
            "ok"
        } else {
            "degraded"
        },
        services,
        budget: budget.and_then(|(policy, level)| {
            let readings = level.readings(policy, now);
            readings.into_iter().map(limit).next()
        }),
    }
}

fn service(policy: &Policy, level: &LimiterState, now: Timestamp) -> Service {
    // A breaker that is off does not stand open, whatever it was before.
    let condition = policy.breaks.then(|| level.condition(now));
    let (breaker, opens_at) = match condition {
        None => ("off", None),
        Some(Condition::Closed) => ("closed", None),
        Some(Condition::HalfOpen) => ("half_open", None),
        Some(Condition::Open { until }) => ("open", Some(until.rfc3339())),
    };
    let readings = level.readings(policy, now);
    Service {
        name: policy.name.clone(),
        breaker,
        opens_at,
        paused_until: level.pause(now).map(|pause| (now + pause).rfc3339()),
        limits: readings.into_iter().map(limit).collect(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people to read")]
fn limit(reading: Reading) -> Limit {
    let (unit, share) = match reading.quota.unit() {
        Unit::Requests => ("requests", 1.0),
        Unit::Tokens => ("tokens", 1.0),
        Unit::MicroUsd => ("usd", 1e6),
    };
    Limit {
        unit,
        quantity: reading.quota.quantity() as f64 / share,
        window_s: reading.quota.window().as_secs(),
        left: reading.left as f64 / share,
        full_at: reading.full_at.rfc3339(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eventrelay_core::limit::{Quota, Zone};

    const NOW: Timestamp = Timestamp(1_790_000_000_000);

    fn policy(quotas: Vec<Quota>) -> Policy {
        Policy {
            name: "x".to_owned(),
            quotas,
            breaks: true,
            waits: true,
        }
    }

    #[test]
    fn open_breaker_degrades_the_status() {
        let policies = [policy(Vec::new()), policy(Vec::new())];
        let mut broken = LimiterState::default();
        let well = status(
            &policies,
            &[LimiterState::default(), broken.clone()],
            2,
            NOW,
        );
        assert_eq!((well.status, well.budget), ("ok", None));
        for _ in 0..5 {
            broken = broken.after_failure(false, NOW);
        }
        let ill = status(&policies, &[LimiterState::default(), broken], 2, NOW);
        assert_eq!((ill.status, ill.services[1].breaker), ("degraded", "open"));
        assert_eq!(
            ill.services[1].opens_at.as_deref(),
            Some("2026-09-21T14:13:35Z")
        );
        let paused = LimiterState::default()
            .after_pause(Timestamp(NOW.0 + 1))
            .unwrap();
        let ill = status(&policies, &[paused, LimiterState::default()], 2, NOW);
        assert_eq!(ill.status, "degraded");
    }

    #[test]
    fn disabled_breaker_is_never_shown_open() {
        let mut broken = LimiterState::default();
        for _ in 0..5 {
            broken = broken.after_failure(false, NOW);
        }
        let mut policy = policy(Vec::new());
        policy.breaks = false;
        let status = status(&[policy], &[broken], 1, NOW);
        assert_eq!((status.status, status.services[0].breaker), ("ok", "off"));
    }

    #[test]
    fn budget_is_shown_in_dollars() {
        let budget = policy(vec![Quota::day(Unit::MicroUsd, 2_500_000, Zone::Utc)]);
        let status = status(&[budget], &[LimiterState::default()], 0, NOW);
        let shown = status.budget.unwrap();
        assert_eq!((shown.unit, shown.quantity, shown.left), ("usd", 2.5, 2.5));
        assert_eq!(shown.full_at, "2026-09-22T00:00:00Z");
    }
}
