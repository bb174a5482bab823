//! Open-loop load generator.
//!
//! Requests start at their scheduled times, whether or not earlier ones have
//! ended, and latency counts from the scheduled time. A generator that waits for each response would
//! leave out the requests of that time (coordinated omission).

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
    /// Returns the number of requests.
    pub(crate) fn requests(&self) -> u64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "far below 2^52, and not below 0"
        )]
        let requests = (self.rate * self.length.as_secs_f64()).round() as u64;
        requests
    }

    /// Returns the time at which a request is due. Requests are counted from 0.
    fn at(&self, request: u64) -> Duration {
        Duration::from_secs_f64(request as f64 / self.rate)
    }
}

/// Result of a request, with a short reason that is equal for equal failures.
pub(crate) type Outcome = Result<(), String>;

/// By which a schedule is kept.
trait Clock {
    /// Since it was started.
    fn now(&self) -> Duration;

    /// Waits until a time after its start.
    fn until(&self, time: Duration) -> impl Future<Output = ()>;
}

struct Wall(Instant);

impl Clock for Wall {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    async fn until(&self, time: Duration) {
        let _ = timeout_at(self.0 + time, pending::<()>()).await;
    }
}

/// Begins a request at each of the scheduled times, and waits for the last answer.
pub(crate) async fn run<F>(schedule: Schedule, ask: impl FnMut(u64) -> F) -> Recorded
where
    F: Future<Output = Outcome>,
{
    run_by(&Wall(Instant::now()), schedule, ask).await
}

async fn run_by<F>(
    clock: &impl Clock,
    schedule: Schedule,
    mut ask: impl FnMut(u64) -> F,
) -> Recorded
where
    F: Future<Output = Outcome>,
{
    let mut recorded = Recorded::default();
    let mut under_way = FuturesUnordered::new();
    for request in 0..schedule.requests() {
        let due = schedule.at(request);
        // What is due goes first: an answer has noted when it came, and can wait.
        while clock.now() < due {
            tokio::select! {
                biased;
                (due, latency, outcome) = next(&mut under_way) => recorded.add(due, latency, outcome),
                () = clock.until(due) => {}
            }
        }
        recorded.begun(clock.now().saturating_sub(due), under_way.len());
        let asked = ask(request);
        under_way.push(async move {
            let outcome = asked.await;
            (due, clock.now().saturating_sub(due), outcome)
        });
    }
    while let Some((due, latency, outcome)) = under_way.next().await {
        recorded.add(due, latency, outcome);
    }
    recorded.took = clock.now();
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
    use std::{
        cell::{Cell, RefCell},
        future::poll_fn,
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A virtual clock that stands still while a task can run and then jumps to the next deadline.
    #[derive(Default)]
    struct Virtual {
        now: Cell<Duration>,
        waiting: RefCell<Vec<(Duration, Waker)>>,
    }

    impl Clock for Virtual {
        fn now(&self) -> Duration {
            self.now.get()
        }

        fn until(&self, time: Duration) -> impl Future<Output = ()> {
            poll_fn(move |context| {
                if self.now.get() >= time {
                    return Poll::Ready(());
                }
                let waiting = (time, context.waker().clone());
                self.waiting.borrow_mut().push(waiting);
                Poll::Pending
            })
        }
    }

    impl Virtual {
        async fn pass(&self, time: Duration) {
            self.until(self.now() + time).await;
        }

        fn drive<T>(&self, work: impl Future<Output = T>) -> T {
            let mut work = pin!(work);
            let mut context = Context::from_waker(Waker::noop());
            loop {
                if let Poll::Ready(done) = work.as_mut().poll(&mut context) {
                    return done;
                }
                let waiting = self.waiting.take();
                let next = waiting.iter().map(|(time, _)| *time).min();
                self.now
                    .set(next.expect("a task waits for a time").max(self.now()));
                waiting.into_iter().for_each(|(_, waker)| waker.wake());
            }
        }
    }

    #[test]
    fn the_schedule_is_kept_when_answers_are_slow() {
        let clock = Virtual::default();
        let schedule = Schedule {
            rate: 10.0,
            length: 2 * SECOND,
        };
        let begun = RefCell::new(Vec::new());
        let recorded = clock.drive(run_by(&clock, schedule, |_| {
            begun.borrow_mut().push(clock.now());
            async {
                clock.pass(5 * SECOND).await;
                Ok(())
            }
        }));
        let expected: Vec<_> = (0..20).map(|n| n * Duration::from_millis(100)).collect();
        assert_eq!(*begun.borrow(), expected);
        assert_eq!((recorded.answered(), recorded.most_under_way), (20, 20));
        assert_eq!(recorded.took, Duration::from_millis(1900) + 5 * SECOND);
        assert_eq!(recorded.most_late, Duration::ZERO);
    }

    #[test]
    fn latency_counts_from_the_scheduled_time() {
        let clock = Virtual::default();
        let schedule = Schedule {
            rate: 1.0,
            length: 5 * SECOND,
        };
        // A generator that is stopped for three seconds by its second request, as a busy machine
        // does it, and a server that answers within half a second.
        let recorded = clock.drive(run_by(&clock, schedule, |request| {
            if request == 1 {
                clock.now.set(clock.now() + 3 * SECOND);
            }
            async {
                clock.pass(SECOND / 2).await;
                Ok(())
            }
        }));
        let tenths = |share| (recorded.quantile_ms(share) / 100.0).round();
        let seen = [0.2, 0.4, 0.6, 0.8, 1.0].map(tenths);
        assert_eq!(seen, [5.0, 5.0, 15.0, 25.0, 35.0]);
        assert_eq!(recorded.most_late, 2 * SECOND);
    }

    #[test]
    fn a_failure_is_counted_and_has_no_latency() {
        let clock = Virtual::default();
        let schedule = Schedule {
            rate: 100.0,
            length: SECOND,
        };
        let recorded = clock.drive(run_by(&clock, schedule, async |request| {
            match request % 4 {
                0 => Err("status 503".to_owned()),
                _ => Ok(()),
            }
        }));
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
