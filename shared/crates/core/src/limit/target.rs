//! Called services: the limits of each, the error of a throttled call, and what an error of the
//! service says about further calls.

use std::time::Duration;

use super::{LimitsConfig, Policy, Quota, ThrottleReason, Unit, Zone};
use crate::{
    clock::Timestamp,
    error::{Error, Service},
};

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
    /// Returns the service that answers its calls.
    #[must_use]
    pub fn service(self) -> Service {
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
        let quotas = match self {
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
            quotas: quotas.into_iter().flatten().collect(),
            breaks: config.circuit_breakers,
            waits: true,
        }
    }

    /// Returns the error of a call that is throttled until then.
    #[must_use]
    pub fn throttled(self, reason: ThrottleReason, until: Timestamp, now: Timestamp) -> Error {
        let (service, retry_after) = (self.service(), now.until(until));
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
}

/// Returns whether an error of a call counts against the service.
#[must_use]
pub fn is_failure(error: &Error) -> bool {
    matches!(
        error,
        Error::Unavailable { .. } | Error::Unreachable { .. } | Error::UpstreamMalformed { .. }
    )
}

/// Returns the time until which a service has asked for no calls by this error, if it has.
#[must_use]
pub fn pause_after(error: &Error, now: Timestamp) -> Option<Timestamp> {
    match error {
        Error::RateLimited { retry_after, .. } => retry_after.map(|pause| now + pause),
        Error::DailyQuotaSpent { .. } => Some(Zone::Pacific.next_midnight(now)),
        _ => None,
    }
}

/// Adds the time until the next day to a daily quota error. The service does not say it, but it is
/// known.
#[must_use]
pub fn with_retry_time(error: Error, now: Timestamp) -> Error {
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
    use crate::limit::{Cost, Decision, LimiterState, check};

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
    fn quota_of_zero_does_not_exist() {
        let quotas = |target: Target<'_>| target.policy(&CONFIG).quotas.len();
        assert_eq!(quotas(Target::Model("m")), 2);
        assert_eq!(quotas(Target::YouTube), 1);
        assert_eq!(quotas(Target::Files), 0);
        assert_eq!(quotas(Target::Vercel), 0);
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
        let free = Cost {
            requests: 0,
            ..Cost::CALL
        };
        let read = |level: &LimiterState| check(&policy, level, free, false, now).0;
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
            let error = Target::Files.throttled(reason, midnight, now);
            assert!(matches!(error, Error::DailyQuotaSpent { .. }), "{error:?}");
        }
        let short = Target::Files.throttled(ThrottleReason::Paused, Timestamp(now.0 + 5000), now);
        assert!(matches!(short, Error::Throttled { .. }), "{short:?}");
    }
}
