//! Turns: in a round each of those that are compared has one, so that what disturbs one disturbs all.

use std::time::{Duration, Instant};

use eventrelay_tests::figures::percentile;

/// Number and length of rounds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    pub(crate) turn: Duration,
}

/// Something that is measured.
pub(crate) type Work<'a> = Box<dyn Fn() + 'a>;

/// Microseconds that each takes, the median of its turns.
pub(crate) fn microseconds(works: &[Work<'_>], effort: Effort) -> Vec<f64> {
    let mut turns: Vec<Vec<f64>> = works.iter().map(|_| Vec::new()).collect();
    for work in works {
        turn(work, effort.turn / 4);
    }
    for _ in 0..effort.rounds {
        for (work, turns) in works.iter().zip(&mut turns) {
            turns.push(turn(work, effort.turn));
        }
    }
    turns.iter().map(|turns| percentile(turns, 0.5)).collect()
}

fn turn(work: &Work<'_>, length: Duration) -> f64 {
    let started = Instant::now();
    // Looking at the clock is not to be what is measured.
    let (mut done, mut at_a_time) = (0_u32, 1_u32);
    while started.elapsed() < length {
        (0..at_a_time).for_each(|_| work());
        done += at_a_time;
        at_a_time = (at_a_time * 2).min(64);
    }
    started.elapsed().as_secs_f64() * 1e6 / f64::from(done)
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;

    #[test]
    fn clock_reports_longer_times_for_more_work() {
        let sum = |most: u64| {
            let work: Work<'_> = Box::new(move || {
                black_box((0..most).fold(0, |sum: u64, number| sum ^ black_box(number)));
            });
            work
        };
        let effort = Effort {
            rounds: 3,
            turn: Duration::from_millis(2),
        };
        let taken = microseconds(&[sum(100), sum(10_000)], effort);
        assert!(taken[0] > 0.0 && taken[1] > 5.0 * taken[0], "{taken:?}");
    }
}
