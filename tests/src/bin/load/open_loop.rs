//! The load generator. Requests begin at their scheduled times whatever has become of those before
//! them, and a request's latency counts from its scheduled time: whoever waits for an answer before
//! it asks again does not see the requests that would have come meanwhile (coordinated omission).

use std::{
    future::{Future, pending},
    time::Duration,
};

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::time::{Instant, timeout_at};

use crate::latency::Recorded;

/// So many requests a second, evenly spaced, for some time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Schedule {
    pub(crate) rate: f64,
    pub(crate) length: Duration,
}

impl Schedule {
    /// How many requests it has.
    pub(crate) fn requests(&self) -> u64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "far below 2^52, and not below 0"
        )]
        let requests = (self.rate * self.length.as_secs_f64()).round() as u64;
        requests
    }

    /// When a request, counted from 0, is to begin.
    fn at(&self, request: u64) -> Duration {
        Duration::from_secs_f64(request as f64 / self.rate)
    }
}

/// What came of a request: why it failed, in few words that are the same for the same reason.
pub(crate) type Outcome = Result<(), String>;

/// Begins a request at each of the scheduled times, and waits for the last answer.
pub(crate) async fn run<F>(schedule: Schedule, mut ask: impl FnMut(u64) -> F) -> Recorded
where
    F: Future<Output = Outcome>,
{
    let mut recorded = Recorded::default();
    let mut under_way = FuturesUnordered::new();
    let started = Instant::now();
    for request in 0..schedule.requests() {
        let due = started + schedule.at(request);
        // First what is due: answers wait, and have noted when they came.
        while Instant::now() < due {
            match timeout_at(due, next(&mut under_way)).await {
                Ok((due, latency, outcome)) => recorded.add(due - started, latency, outcome),
                Err(_) => break,
            }
        }
        recorded.begun(Instant::now() - due, under_way.len());
        let asked = ask(request);
        under_way.push(async move {
            let outcome = asked.await;
            (due, Instant::now() - due, outcome)
        });
    }
    while let Some((due, latency, outcome)) = under_way.next().await {
        recorded.add(due - started, latency, outcome);
    }
    recorded.took = started.elapsed();
    recorded
}

/// The next that ends; never, while there is none.
async fn next<F: Future>(under_way: &mut FuturesUnordered<F>) -> F::Output {
    match under_way.next().await {
        Some(ended) => ended,
        None => pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, rc::Rc};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Passes a time that is not the wall's.
    async fn pass(time: Duration) {
        let _ = timeout_at(Instant::now() + time, pending::<()>()).await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_schedule_is_kept_when_answers_are_slow() {
        let schedule = Schedule {
            rate: 10.0,
            length: 2 * SECOND,
        };
        let (started, begun) = (Instant::now(), Rc::new(RefCell::new(Vec::new())));
        let recorded = run(schedule, |_| {
            begun.borrow_mut().push(started.elapsed());
            async {
                pass(5 * SECOND).await;
                Ok(())
            }
        })
        .await;
        let expected: Vec<_> = (0..20).map(|n| n * Duration::from_millis(100)).collect();
        assert_eq!(*begun.borrow(), expected);
        assert_eq!(recorded.answered(), 20);
        assert_eq!(recorded.most_under_way, 20);
        assert_eq!(recorded.took, Duration::from_millis(1900) + 5 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn latency_counts_from_the_scheduled_time() {
        let schedule = Schedule {
            rate: 1.0,
            length: 5 * SECOND,
        };
        // A server that does one thing at a time, and takes two seconds for it.
        let server = Rc::new(tokio::sync::Mutex::new(()));
        let recorded = run(schedule, |_| {
            let server = server.clone();
            async move {
                let _turn = server.lock().await;
                pass(2 * SECOND).await;
                Ok(())
            }
        })
        .await;
        // A caller that waits for its answer would have seen five times two seconds.
        let seen = [0.0, 0.2, 0.5, 0.8, 1.0].map(|share| recorded.quantile_ms(share).round());
        assert_eq!(
            seen,
            [2000.0, 2000.0, 4000.0, 5000.0, 6000.0].map(|ms: f64| ms)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_counted_and_has_no_latency() {
        let schedule = Schedule {
            rate: 100.0,
            length: SECOND,
        };
        let recorded = run(schedule, async |request| match request % 4 {
            0 => Err("status 503".to_owned()),
            _ => Ok(()),
        })
        .await;
        assert_eq!((recorded.answered(), recorded.failed()), (75, 25));
        assert_eq!(recorded.failures["status 503"], 25);
    }

    #[test]
    fn a_schedule_is_evenly_spaced() {
        let schedule = Schedule {
            rate: 4.0,
            length: 2 * SECOND,
        };
        assert_eq!(schedule.requests(), 8);
        assert_eq!(schedule.at(3), Duration::from_millis(750));
    }
}
