//! Rounds in which servers take turns, so that what disturbs one disturbs all.

use std::time::Duration;

use serde::Serialize;

use crate::{
    load::{self, Pick, Target},
    process::Watched,
};

/// Length of the turns before the first round, which are not counted.
const WARM_UP: Duration = Duration::from_millis(300);

/// A server that is measured.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) target: Target,
    pub(crate) watched: Watched,
}

/// Measurements of one round of a server.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Turn {
    pub(crate) requests_per_s: f64,
    /// Processor time of the server per request.
    pub(crate) cpu_us: f64,
    /// Processor time of the server per second.
    pub(crate) busy: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p95_ms: f64,
}

/// The turns of one server.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Measured {
    pub(crate) name: String,
    pub(crate) turns: Vec<Turn>,
}

/// The middle of some values, and between which they are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

/// Number and length of rounds, and connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    pub(crate) turn: Duration,
    pub(crate) connections: usize,
}

/// Measures servers in turns. In a round all of them get the same lookups in the same order.
pub(crate) async fn rounds(subjects: &[Subject], effort: Effort) -> anyhow::Result<Vec<Measured>> {
    let mut measured: Vec<Measured> = subjects
        .iter()
        .map(|subject| Measured {
            name: subject.name.clone(),
            turns: Vec::with_capacity(effort.rounds),
        })
        .collect();
    for subject in subjects {
        let _ = turn(subject, effort.connections, 0, WARM_UP).await?;
    }
    for round in 1..=effort.rounds {
        for (subject, measured) in subjects.iter().zip(&mut measured) {
            let seed = round as u64;
            let turn = turn(subject, effort.connections, seed, effort.turn).await?;
            eprintln!(
                "  round {round}, {}: {:.0} requests/s, {:.0} µs CPU each",
                subject.name, turn.requests_per_s, turn.cpu_us
            );
            measured.turns.push(turn);
        }
    }
    Ok(measured)
}

async fn turn(
    subject: &Subject,
    connections: usize,
    seed: u64,
    time: Duration,
) -> anyhow::Result<Turn> {
    let before = subject.watched.processor_time()?;
    let load = load::run(&subject.target, connections, Pick::Random { seed, time }).await?;
    let cpu = subject.watched.processor_time()?.saturating_sub(before);
    let (requests, seconds) = (load.requests as f64, load.elapsed.as_secs_f64());
    let milliseconds = |quantile| load.latency.value_at_quantile(quantile) as f64 / 1000.0;
    Ok(Turn {
        requests_per_s: requests / seconds,
        cpu_us: cpu.as_secs_f64() * 1e6 / requests,
        busy: cpu.as_secs_f64() / seconds,
        p50_ms: milliseconds(0.5),
        p95_ms: milliseconds(0.95),
    })
}

impl Measured {
    /// One figure over all turns.
    pub(crate) fn spread(&self, figure: impl Fn(&Turn) -> f64) -> Spread {
        Spread::new(self.turns.iter().map(figure))
    }

    /// Ratio of the other server's figure to this one's, round by round.
    pub(crate) fn times_fewer(&self, other: &Self, figure: impl Fn(&Turn) -> f64) -> Spread {
        let pairs = self.turns.iter().zip(&other.turns);
        Spread::new(pairs.map(|(own, other)| figure(other) / figure(own)))
    }
}

impl Spread {
    /// Returns the spread of the values, or zeros if there are none.
    pub(crate) fn new(values: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = values.collect();
        sorted.sort_by(f64::total_cmp);
        let at = |position: usize| sorted.get(position).copied().unwrap_or_default();
        let last = sorted.len().saturating_sub(1);
        Self {
            median: (at(last / 2) + at(last.div_ceil(2))) / 2.0,
            least: at(0),
            most: at(last),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(cpu: &[f64]) -> Measured {
        let turn = |cpu_us: &f64| Turn {
            requests_per_s: 1.0,
            cpu_us: *cpu_us,
            busy: 1.0,
            p50_ms: 1.0,
            p95_ms: 1.0,
        };
        Measured {
            name: String::new(),
            turns: cpu.iter().map(turn).collect(),
        }
    }

    #[test]
    fn spread_has_the_median_in_the_middle() {
        let of = |values: &[f64]| Spread::new(values.iter().copied());
        let expected = Spread {
            median: 2.0,
            least: 1.0,
            most: 9.0,
        };
        assert_eq!(of(&[9.0, 1.0, 2.0]), expected);
        assert_eq!(of(&[3.0, 1.0]).median, 2.0);
        assert_eq!(of(&[]).median, 0.0);
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        let (own, other) = (measured(&[10.0, 20.0]), measured(&[50.0, 60.0]));
        let ratio = own.times_fewer(&other, |turn| turn.cpu_us);
        assert_eq!((ratio.least, ratio.median, ratio.most), (3.0, 4.0, 5.0));
    }
}
