//! Lower bound set by the limiter: the time that the fastest caller needs for so many writes.

use std::{collections::BTreeMap, fs};

use anyhow::Context as _;
use eventrelay::{
    clock::Timestamp,
    config::LimitsConfig,
    limit::{Cost, Decision, LimiterState, Policy, Target, check},
};
use eventrelay_template::{Site, read};
use eventrelay_tests::repository;

/// The function that calls GitHub.
const FUNCTION: &str = "AdvanceBuild";

/// Returns the default policy of GitHub.
pub(crate) fn policy() -> anyhow::Result<Policy> {
    let text = fs::read_to_string(repository("template.yaml"))?;
    let site = Site {
        sqs: "http://127.0.0.1",
        overrides: &BTreeMap::new(),
    };
    let template = read(&text, &site)?;
    let function = template.functions.iter().find(|one| one.name == FUNCTION);
    let environment = &function.context("no such function")?.environment;
    let number = |name: &str| -> anyhow::Result<u64> {
        Ok(environment.get(name).context("no such variable")?.parse()?)
    };
    let config = LimitsConfig {
        github_writes_per_second: number("GITHUB_WRITES_PER_SECOND")?,
        github_writes_per_minute: number("GITHUB_WRITES_PER_MINUTE")?,
        github_writes_per_hour: number("GITHUB_WRITES_PER_HOUR")?,
        ..LimitsConfig::default()
    };
    Ok(Target::GitHub.policy(&config))
}

/// Seconds until the last write is answered, for a caller that retries exactly when the limiter allows.
pub(crate) fn seconds(policy: &Policy, writes: u64, latency_ms: u64) -> f64 {
    let start = Timestamp::now();
    let (mut now, mut state, mut in_turn) = (start, LimiterState::default(), false);
    let mut passed = 0;
    while passed < writes {
        let (verdict, next) = check(policy, &state, Cost::CALL, in_turn, now);
        state = next.unwrap_or(state);
        match verdict {
            Decision::Pass { .. } => {
                (passed, in_turn) = (passed + 1, false);
            }
            Decision::Throttled { until, .. } => (now, in_turn) = (until, true),
        }
    }
    start.until(now).as_secs_f64() + latency_ms as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn demand_is_one_write_a_second_then_the_hourly_quota() {
        let policy = policy().unwrap();
        let four = seconds(&policy, 4, 150);
        assert!((3.1..3.3).contains(&four), "{four}");
        let forty = seconds(&policy, 40, 150);
        assert!((60.0..300.0).contains(&forty), "{forty}");
        let none = Policy {
            quotas: Vec::new(),
            ..policy
        };
        assert!((seconds(&none, 40, 150) - 0.15).abs() < 1e-9);
    }
}
