//! Faults at random, from a seed.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::target::Target;

/// What can happen to a call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fault {
    /// Refused: too many calls.
    Throttled,
    /// Refused with status 500.
    Internal,
    /// Refused with status 503.
    Unavailable,
    /// Done, and the answer held back for ever.
    Held,
    /// Done, and the connection closed without an answer.
    Lost,
    /// Not done: the connection is reset.
    Reset,
    /// Done; the answer comes in small pieces.
    Trickled,
    /// Done; the answer is cut in the middle.
    Malformed,
}

/// What services of AWS do. They do not speak nonsense.
const OF_AWS: [Fault; 6] = [
    Fault::Throttled,
    Fault::Internal,
    Fault::Unavailable,
    Fault::Held,
    Fault::Lost,
    Fault::Reset,
];

/// What upstreams do. They are not silent for ever: a call of theirs may take minutes, and so would
/// a test.
const OF_UPSTREAMS: [Fault; 7] = [
    Fault::Throttled,
    Fault::Internal,
    Fault::Unavailable,
    Fault::Lost,
    Fault::Reset,
    Fault::Trickled,
    Fault::Malformed,
];

impl Fault {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Internal => "internal",
            Self::Unavailable => "unavailable",
            Self::Held => "held",
            Self::Lost => "lost",
            Self::Reset => "reset",
            Self::Trickled => "trickled",
            Self::Malformed => "malformed",
        }
    }
}

/// How often calls fail, as `PUT /faults/weather` takes it.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Forecast {
    /// The same seed gives the same faults to the same calls in the same order.
    seed: u64,
    /// Share of the calls to AWS, 0 to 1.
    aws: f64,
    /// Share of the calls to upstreams, 0 to 1.
    upstreams: f64,
}

/// Deals faults out.
#[derive(Debug)]
pub(super) struct Weather {
    forecast: Forecast,
    random: fastrand::Rng,
    /// How often each has struck, by service and fault.
    pub(super) dealt: BTreeMap<String, u64>,
}

impl Weather {
    pub(super) fn new(forecast: Forecast) -> Self {
        Self {
            forecast,
            random: fastrand::Rng::with_seed(forecast.seed),
            dealt: BTreeMap::new(),
        }
    }

    /// What happens to the next call of this service.
    pub(super) fn strike(&mut self, target: Target) -> Option<Fault> {
        let (share, faults): (_, &[Fault]) = match target.is_aws() {
            true => (self.forecast.aws, &OF_AWS),
            false => (self.forecast.upstreams, &OF_UPSTREAMS),
        };
        let fault = (self.random.f64() < share).then(|| self.random.choice(faults).copied())??;
        let name = format!("{} {}", target.name(), fault.name());
        *self.dealt.entry(name).or_default() += 1;
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn struck(forecast: Forecast, target: Target) -> Vec<Option<Fault>> {
        let mut weather = Weather::new(forecast);
        (0..2000).map(|_| weather.strike(target)).collect()
    }

    #[test]
    fn a_seed_gives_the_same_faults_in_the_asked_share() {
        let forecast = Forecast {
            seed: 7,
            aws: 0.05,
            upstreams: 0.0,
        };
        let faults = struck(forecast, Target::S3);
        assert_eq!(faults, struck(forecast, Target::S3));
        let share = faults.iter().flatten().count();
        assert!((60..140).contains(&share), "{share} of 2000");
        assert!(OF_AWS.iter().all(|fault| faults.contains(&Some(*fault))));
        assert!(struck(forecast, Target::Gemini).iter().all(Option::is_none));
    }
}
