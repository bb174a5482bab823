//! Guard of every call of an upstream: the limits that all instances share.
//!
//! The guard checks before a call whether it is admitted, and afterwards records its outcome. It
//! never waits: a throttled call fails with an error that has the time of the next attempt.

use std::{future::Future, sync::Arc, time::Duration};

use eventrelay_core::{
    clock::Timestamp,
    config::LimitsConfig,
    error::{Error, Service},
    limit::{Cost, Decision, Policy, Quota, ThrottleReason, Unit, Zone},
    telemetry::{self, Metric},
};
use eventrelay_store::limits::Limits;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// Target with its own limits and circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// Model of Gemini, by its id. Quotas are per model.
    Model(&'a str),
    /// The Files API of Gemini.
    Files,
    /// YouTube Data API. The requests of a cost are its quota units.
    YouTube,
    /// oEmbed endpoint of YouTube.
    OEmbed,
    /// Content-creating calls of GitHub with one token. Reads use no quota
    /// (<https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>,
    /// "secondary rate limits", and "best practices": one second between two writes).
    GitHub,
    /// Deployments that are created at Vercel.
    Vercel,
    /// Deploys that are created at Netlify.
    Netlify,
}

impl Target<'_> {
    fn service(self) -> Service {
        match self {
            Self::Model(_) | Self::Files => Service::Gemini,
            Self::YouTube | Self::OEmbed => Service::YouTube,
            Self::GitHub => Service::GitHub,
            Self::Vercel => Service::Vercel,
            Self::Netlify => Service::Netlify,
        }
    }

    /// Returns the policy of this deployment for the target.
    #[must_use]
    pub fn policy(self, config: &LimitsConfig) -> Policy {
        let name = match self {
            Self::Model(model) => format!("gemini:{model}"),
            Self::Files => "gemini-files".to_owned(),
            Self::YouTube => "youtube".to_owned(),
            Self::OEmbed => "youtube-oembed".to_owned(),
            Self::GitHub => "github".to_owned(),
            Self::Vercel => "vercel".to_owned(),
            Self::Netlify => "netlify".to_owned(),
        };
        let rate = |unit, quantity: u64, window| {
            (quantity > 0).then(|| Quota::rate(unit, quantity, window))
        };
        let calls = |quantity, window| rate(Unit::Requests, quantity, window);
        let day = |quantity: u64| {
            (quantity > 0).then(|| Quota::day(Unit::Requests, quantity, Zone::Pacific))
        };
        let bounds = match self {
            Self::Model(_) => vec![
                calls(config.gemini_requests_per_minute, MINUTE),
                rate(Unit::Tokens, config.gemini_tokens_per_minute, MINUTE),
                day(config.gemini_requests_per_day),
            ],
            Self::YouTube => vec![day(config.youtube_units_per_day)],
            Self::GitHub => vec![
                calls(config.github_writes_per_second, SECOND),
                calls(config.github_writes_per_minute, MINUTE),
                calls(config.github_writes_per_hour, HOUR),
            ],
            Self::Vercel => vec![calls(config.vercel_deployments_per_minute, MINUTE)],
            Self::Netlify => vec![calls(config.netlify_deploys_per_minute, MINUTE)],
            Self::Files | Self::OEmbed => Vec::new(),
        };
        Policy {
            name,
            bounds: bounds.into_iter().flatten().collect(),
            breaks: config.circuit_breakers,
            waits: true,
        }
    }
}

/// Upstream guard. Clones are cheap and share the cached limiter state.
#[derive(Clone, Debug)]
pub struct UpstreamGuard(Option<Arc<Closing>>);

/// Permission for one call, which is counted already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    /// The call is the probe of a failing service. No other call is admitted before its outcome is
    /// known.
    pub probe: bool,
}

#[derive(Debug)]
struct Closing {
    limits: Limits,
    config: LimitsConfig,
}

impl UpstreamGuard {
    /// Creates a guard with these limits.
    #[must_use]
    pub fn new(limits: Limits, config: LimitsConfig) -> Self {
        Self(Some(Arc::new(Closing { limits, config })))
    }

    /// Creates a guard that admits every call.
    #[must_use]
    pub fn open() -> Self {
        Self(None)
    }

    /// Makes a call if it is admitted, and records its outcome. `has_reservation` as in
    /// [`eventrelay_core::limit::check`].
    ///
    /// # Errors
    /// Those of [`Self::admit`] if the call was not made, else those of the call.
    pub async fn pass<T>(
        &self,
        target: Target<'_>,
        cost: Cost,
        has_reservation: bool,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let call = Box::pin(call);
        let admission = Box::pin(self.admit(target, cost, has_reservation)).await?;
        self.go_through(target, admission, call).await
    }

    /// Checks whether a call is admitted, and counts it. The caller must make an admitted call at
    /// once, by [`Self::go_through`].
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
        let Some(closing) = &self.0 else {
            return Ok(Admission { probe: false });
        };
        let policy = target.policy(&closing.config);
        let asked = closing
            .limits
            .acquire(&policy, cost, has_reservation, Timestamp::now);
        match asked.await? {
            Decision::Pass { probe } => Ok(Admission { probe }),
            Decision::Throttled { reason, until } => {
                let now = Timestamp::now();
                let wait = now.until(until).as_secs_f64();
                telemetry::metrics(&[&policy.name], &[(Metric::LimiterWait, wait)], now);
                Err(held(target.service(), reason, until, now))
            }
        }
    }

    /// Makes an admitted call and records its outcome.
    ///
    /// # Errors
    /// Those of the call.
    pub async fn go_through<T>(
        &self,
        target: Target<'_>,
        Admission { probe }: Admission,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let Some(closing) = &self.0 else {
            return call.await;
        };
        let policy = target.policy(&closing.config);
        if probe {
            tracing::info!(limit.name = policy.name, "Trying whether a service is back");
        }
        let outcome = call.await;
        let noted = closing.note(&policy, probe, outcome.as_ref().err());
        if let Err(error) = Box::pin(noted).await {
            tracing::warn!(
                limit.name = policy.name,
                error = error.report(),
                "Could not note what came of a call"
            );
        }
        outcome.map_err(|error| told_when(error, Timestamp::now()))
    }

    /// Replaces the estimated cost of a call by the actual one. A failure is logged only, since the
    /// call has succeeded.
    pub async fn settle(&self, target: Target<'_>, estimated: Cost, real: Cost) {
        let Some(closing) = &self.0 else { return };
        let policy = target.policy(&closing.config);
        let is_of_calls = |bound: &Quota| bound.unit() == Unit::Requests;
        if policy.bounds.iter().all(is_of_calls) {
            return;
        }
        let now = Timestamp::now();
        let settled = closing.limits.settle(&policy, estimated, real, now).await;
        if let Err(error) = settled {
            tracing::warn!(
                limit.name = policy.name,
                error = error.report(),
                "Could not settle what a call has taken"
            );
        }
    }
}

impl Closing {
    async fn note(&self, policy: &Policy, probe: bool, error: Option<&Error>) -> Result<(), Error> {
        let now = Timestamp::now();
        let name = &policy.name;
        match error {
            // It says nothing about the service, because this machine may have no network.
            Some(Error::Unreachable { .. }) if !probe => return Ok(()),
            Some(
                Error::Unavailable { .. }
                | Error::Unreachable { .. }
                | Error::UpstreamMalformed { .. },
            ) if policy.breaks => {
                if self.limits.failed(name, probe, now).await? {
                    breaker_is_open(name, true, now);
                    tracing::warn!(
                        limit.name = name,
                        "A service fails too often and is left alone"
                    );
                }
                return Ok(());
            }
            Some(Error::RateLimited {
                retry_after: Some(pause),
                ..
            }) => self.limits.pause(name, now + *pause, now).await?,
            Some(Error::DailyQuotaSpent { .. }) => {
                let until = Zone::Pacific.next_midnight(now);
                self.limits.pause(name, until, now).await?;
            }
            _ => {}
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

/// Error of a throttled call.
fn held(service: Service, reason: ThrottleReason, until: Timestamp, now: Timestamp) -> Error {
    let retry_after = now.until(until);
    let is_of_the_day = reason == ThrottleReason::Day
        || (reason == ThrottleReason::Paused && until == Zone::Pacific.next_midnight(now));
    if is_of_the_day {
        Error::DailyQuotaSpent {
            service,
            retry_after: Some(retry_after),
        }
    } else {
        Error::Throttled {
            service,
            reason,
            retry_after,
        }
    }
}

/// Adds the time until the next day to a daily quota error. The service does not say it, but it is
/// known.
fn told_when(error: Error, now: Timestamp) -> Error {
    match error {
        Error::DailyQuotaSpent {
            service,
            retry_after: None,
        } => Error::DailyQuotaSpent {
            service,
            retry_after: Some(now.until(Zone::Pacific.next_midnight(now))),
        },
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bearer::FREE;
    use eventrelay_core::limit::{LimiterState, check};

    const CONFIG: LimitsConfig = LimitsConfig {
        gemini_requests_per_minute: 1000,
        gemini_tokens_per_minute: 0,
        gemini_requests_per_day: 50,
        youtube_units_per_day: 10_000,
        github_writes_per_second: 1,
        github_writes_per_minute: 80,
        github_writes_per_hour: 500,
        vercel_deployments_per_minute: 0,
        netlify_deploys_per_minute: 3,
        circuit_breakers: true,
        daily_budget_micro_usd: 0,
        daily_budget_per_key_micro_usd: 0,
    };

    #[test]
    fn a_bound_of_nothing_is_none() {
        let bounds = |target: Target<'_>| target.policy(&CONFIG).bounds.len();
        assert_eq!(bounds(Target::Model("m")), 2);
        assert_eq!(bounds(Target::YouTube), 1);
        assert_eq!(bounds(Target::Files), 0);
        assert_eq!(bounds(Target::Vercel), 0);
        assert_eq!(Target::Model("m").policy(&CONFIG).name, "gemini:m");
    }

    /// Returns the number of calls admitted in the first second, minute and hour to a caller that
    /// always has another call.
    fn passed(target: Target<'_>) -> [usize; 3] {
        const ENDS_MS: [u64; 3] = [1000, 60_000, 3_600_000];
        let policy = target.policy(&CONFIG);
        let start = Timestamp(1_790_000_000_000);
        let (mut level, mut now, mut has_reservation) = (LimiterState::default(), start, false);
        let mut passed = [0; 3];
        while now.0 < start.0 + ENDS_MS[2] {
            let (decision, next) = check(&policy, &level, Cost::CALL, has_reservation, now);
            level = next.unwrap_or(level);
            match decision {
                Decision::Pass { .. } => {
                    has_reservation = false;
                    for (count, end) in passed.iter_mut().zip(ENDS_MS) {
                        *count += usize::from(now.0 < start.0 + end);
                    }
                }
                Decision::Throttled { until, .. } => (now, has_reservation) = (until, true),
            }
        }
        passed
    }

    #[test]
    fn guard_admits_github_writes_up_to_its_limits() {
        let [second, minute, hour] = passed(Target::GitHub);
        assert_eq!(second, 1);
        assert!(minute <= 60, "{minute}");
        assert!((475..=500).contains(&hour), "{hour}");
    }

    #[test]
    fn guard_throttles_github_reads_only_during_pause() {
        let policy = Target::GitHub.policy(&CONFIG);
        let now = Timestamp(1_790_000_000_000);
        let pass = Decision::Pass { probe: false };
        let (write, level) = check(&policy, &LimiterState::default(), Cost::CALL, false, now);
        let level = level.unwrap();
        assert_eq!(write, pass);
        let (write, level) = check(&policy, &level, Cost::CALL, false, now);
        assert!(matches!(write, Decision::Throttled { .. }), "{write:?}");
        let level = level.unwrap();
        let read = |level: &LimiterState| check(&policy, level, FREE, false, now).0;
        assert_eq!(read(&level), pass);
        let until = now + SECOND;
        let held = Decision::Throttled {
            reason: ThrottleReason::Paused,
            until,
        };
        assert_eq!(read(&level.after_pause(until).unwrap()), held);
    }

    #[test]
    fn netlify_takes_three_deploys_in_a_minute() {
        assert_eq!(passed(Target::Netlify)[1], 3);
    }

    #[test]
    fn a_pause_until_midnight_is_a_spent_day() {
        let now = Timestamp(1_790_000_000_000);
        let midnight = Zone::Pacific.next_midnight(now);
        for reason in [ThrottleReason::Day, ThrottleReason::Paused] {
            let error = held(Service::Gemini, reason, midnight, now);
            assert!(matches!(error, Error::DailyQuotaSpent { .. }), "{error:?}");
        }
        let short = held(
            Service::Gemini,
            ThrottleReason::Paused,
            Timestamp(now.0 + 5000),
            now,
        );
        assert!(matches!(short, Error::Throttled { .. }), "{short:?}");
    }
}
