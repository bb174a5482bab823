//! Random faults from a seed.

use std::collections::BTreeMap;

use serde::Deserialize;
use strum::IntoStaticStr;

use super::target::Target;

/// Fault of a call.
#[derive(Clone, Copy, Debug, Eq, IntoStaticStr, PartialEq)]
#[strum(const_into_str, serialize_all = "lowercase")]
pub(super) enum Fault {
    /// Throttling error, before an effect.
    Throttled,
    /// Status 500, before an effect.
    Internal,
    /// Status 503, before an effect.
    Unavailable,
    /// No response, after the effect.
    Held,
    /// Closed connection, after the effect.
    Lost,
    /// Connection reset, before an effect.
    Reset,
    /// Response in small slow pieces, after the effect.
    Trickled,
    /// Truncated response, after the effect.
    Malformed,
}

/// Faults of AWS services. They send no malformed responses.
const OF_AWS: [Fault; 6] = [
    Fault::Throttled,
    Fault::Internal,
    Fault::Unavailable,
    Fault::Held,
    Fault::Lost,
    Fault::Reset,
];

/// Faults of upstreams. They do not include a missing response: a call may take minutes, and so
/// would a test.
const OF_UPSTREAMS: [Fault; 7] = [
    Fault::Throttled,
    Fault::Internal,
    Fault::Unavailable,
    Fault::Lost,
    Fault::Reset,
    Fault::Trickled,
    Fault::Malformed,
];

/// Body of `PUT /faults/chaos`.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChaosConfig {
    /// The same seed gives the same faults for the same order of calls.
    seed: u64,
    /// Share of failing calls to AWS, 0 to 1.
    aws: f64,
    /// Share of failing calls to upstreams, 0 to 1.
    upstreams: f64,
}

#[derive(Debug)]
pub(super) struct Chaos {
    config: ChaosConfig,
    random: fastrand::Rng,
    /// Number of faults by service and fault.
    pub(super) dealt: BTreeMap<String, u64>,
}

impl Chaos {
    pub(super) fn new(config: ChaosConfig) -> Self {
        Self {
            config,
            random: fastrand::Rng::with_seed(config.seed),
            dealt: BTreeMap::new(),
        }
    }

    /// Draws the fault of the next call to a service.
    pub(super) fn next_fault(&mut self, target: Target) -> Option<Fault> {
        let (share, faults): (_, &[Fault]) = if target.is_aws() {
            (self.config.aws, &OF_AWS)
        } else {
            (self.config.upstreams, &OF_UPSTREAMS)
        };
        let fault = (self.random.f64() < share).then(|| self.random.choice(faults).copied())??;
        let name = format!("{} {}", target.into_str(), fault.into_str());
        *self.dealt.entry(name).or_default() += 1;
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn struck(config: ChaosConfig, target: Target) -> Vec<Option<Fault>> {
        let mut chaos = Chaos::new(config);
        (0..2000).map(|_| chaos.next_fault(target)).collect()
    }

    #[test]
    fn chaos_with_one_seed_repeats_its_faults_at_the_configured_rate() {
        let config = ChaosConfig {
            seed: 7,
            aws: 0.05,
            upstreams: 0.0,
        };
        let faults = struck(config, Target::S3);
        assert_eq!(faults, struck(config, Target::S3));
        let share = faults.iter().flatten().count();
        assert!((60..140).contains(&share), "{share} of 2000");
        assert!(OF_AWS.iter().all(|fault| faults.contains(&Some(*fault))));
        assert!(struck(config, Target::Gemini).iter().all(Option::is_none));
    }
}
