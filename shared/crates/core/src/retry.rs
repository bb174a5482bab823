//! How long to wait before what failed is tried again, and when to stop trying.
//!
//! Three things are kept apart. *Whether* trying again can help, the error says itself
//! ([`Error::disposition`]). *How long* to wait is decided here (and, for a message whose job could
//! not even be written down, in `eventrelay_workflow::job::batch`). *By what* it is tried again is the caller's
//! affair: a delayed message, for all that happens in a job or a task; the header `Retry-After`,
//! for a caller of the API. Nothing tries again in place, but where nothing was tried: on a pooled
//! connection that was dead when it was used (`eventrelay_upstream::HttpClient::send`), and with a key
//! that was replaced since it was read.

use std::time::Duration;

use crate::{
    clock::Timestamp,
    error::{Disposition, Error},
    limit::ThrottleReason,
};

/// Tries of one step before its error is final.
pub const MAX_ATTEMPTS: u32 = 8;

const BASE: Duration = Duration::from_secs(2);
const CAP: Duration = Duration::from_secs(60);

/// Maximum wait before a host that could not be reached is tried again: a connection costs nothing,
/// and the job goes on soon after the network is back.
const MAX_UNREACHABLE_WAIT: Duration = Duration::from_secs(30);

/// Failures of the present step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    pub failed: u32,
    /// Connections in a row that could not be made.
    pub unreached: u32,
}

impl Attempts {
    /// The count after another failure.
    #[must_use]
    pub fn after(self, error: &Error) -> Self {
        Self {
            failed: self.failed + u32::from(error.was_tried()),
            unreached: if error.is_unreachable() {
                self.unreached.saturating_add(1)
            } else {
                0
            },
        }
    }
}

/// The delay before the next try, or none where another try is of no use: the error is permanent,
/// the tries are used up, or the delay would pass the deadline. What was held or could not be
/// reached was not tried ([`Error::was_tried`]) and uses up no tries. `attempts` are those of the
/// same kind, see [`Attempts`].
///
/// Without a word from the upstream the delay is drawn between nothing and a bound that doubles
/// ("full jitter", <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>).
/// What the upstream asks for is kept to, with up to a tenth on top so that waiters do not return
/// all at once. `jitter` is a random number in 0..1.
#[must_use]
pub fn delay(
    error: &Error,
    attempts: Attempts,
    now: Timestamp,
    deadline: Timestamp,
    jitter: f64,
) -> Option<Duration> {
    let attempts = if error.is_unreachable() {
        attempts.unreached
    } else {
        attempts.failed
    };
    if attempts >= MAX_ATTEMPTS && error.was_tried() && !outlasts_tries(error) {
        return None;
    }
    let delay = match error.disposition() {
        // The time was given to this one alone: no jitter is needed, and none wanted.
        Disposition::RetryAfter(asked) if is_reservation(error) => asked,
        Disposition::Permanent => return None,
        Disposition::RetryAfter(asked) => asked + asked.mul_f64(0.1 * jitter),
        Disposition::Transient if error.is_unreachable() => {
            let bound = BASE.saturating_mul(1 << attempts.min(16));
            bound
                .min(MAX_UNREACHABLE_WAIT)
                .mul_f64(0.75 + 0.25 * jitter)
        }
        Disposition::Transient => backoff(attempts, jitter),
    };
    (now + delay < deadline).then_some(delay)
}

/// The delay after so many failures of what nobody has said a time for.
#[must_use]
pub fn backoff(attempts: u32, jitter: f64) -> Duration {
    let bound = BASE.saturating_mul(1 << attempts.min(16)).min(CAP);
    bound.mul_f64(jitter)
}

/// Whether an error is retried beyond [`MAX_ATTEMPTS`]: our own storage fails for a while. A paid
/// answer must not be lost over it, nor a claim, an entry or the search stay as they are for good.
#[must_use]
pub fn outlasts_tries(error: &Error) -> bool {
    matches!(
        error,
        Error::Storage {
            transient: true,
            ..
        }
    )
}

/// Whether an error has given its caller a turn of its own.
#[must_use]
pub fn is_reservation(error: &Error) -> bool {
    matches!(
        error,
        Error::Throttled {
            reason: ThrottleReason::Rate,
            ..
        }
    )
}

/// How long a failed job answers for the next one of the same video: long where the video itself
/// is the reason, briefly where it may have passed, not at all where the caller or the operator can
/// correct it at once.
#[must_use]
pub fn remembered_for(error: &Error) -> Duration {
    match error {
        Error::VideoNotFound
        | Error::VideoPrivate
        | Error::VideoNotPublic
        | Error::VideoInaccessible { .. }
        | Error::PromptBlocked { .. } => Duration::from_secs(3600),
        Error::UploadMissing
        | Error::UploadMismatch { .. }
        | Error::CostAboveCap { .. }
        | Error::BudgetSpent { .. }
        | Error::Cancelled => Duration::ZERO,
        // It says nothing of the video.
        error if error.is_ours() => Duration::ZERO,
        _ => Duration::from_secs(60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Service;

    #[test]
    fn a_refusal_is_remembered_for_longer_than_a_mishap() {
        let mishap = Error::RateLimited {
            service: Service::Gemini,
            retry_after: None,
        };
        assert!(remembered_for(&Error::VideoPrivate) > 10 * remembered_for(&mishap));
        assert_eq!(remembered_for(&Error::UploadMissing), Duration::ZERO);
    }

    const FAR: Timestamp = Timestamp(u64::MAX);
    const NOW: Timestamp = Timestamp(0);

    fn delay_of(
        error: &Error,
        failed: u32,
        now: Timestamp,
        deadline: Timestamp,
        jitter: f64,
    ) -> Option<Duration> {
        let attempts = Attempts {
            failed,
            unreached: failed,
        };
        delay(error, attempts, now, deadline, jitter)
    }

    #[test]
    fn connection_that_could_not_be_made_is_retried_until_the_deadline() {
        let error = Error::Unreachable {
            service: Service::Gemini,
            host: "h".to_owned(),
            source: "x".into(),
        };
        let mut attempts = Attempts::default();
        let (mut now, deadline) = (NOW, NOW + Duration::from_secs(3600));
        let mut tries = 0;
        while let Some(wait) = delay(&error, attempts, now, deadline, 0.5) {
            assert!(wait <= MAX_UNREACHABLE_WAIT && wait >= Duration::from_secs(1));
            attempts = attempts.after(&error);
            now = now + wait;
            tries += 1;
        }
        assert!(tries > 100, "{tries}");
        assert!(deadline.0 - now.0 <= 30_000, "until the deadline");
        assert_eq!(attempts.failed, 0);
        let answered = attempts.after(&limited(None));
        assert_eq!((answered.failed, answered.unreached), (1, 0));
    }

    #[test]
    fn fault_of_the_configuration_is_not_remembered() {
        let refused = Error::AccessRefused {
            service: Service::Gemini,
            fault: crate::error::AccessFault::Key,
            reason: None,
            key: crate::error::KeySource::Variable("GEMINI_API_KEY"),
            source: "x".into(),
        };
        assert_eq!(remembered_for(&refused), Duration::ZERO);
        assert_eq!(delay_of(&refused, 0, NOW, FAR, 0.5), None);
        assert_eq!(remembered_for(&Error::internal("x")), Duration::ZERO);
    }

    fn limited(seconds: Option<u64>) -> Error {
        Error::RateLimited {
            service: Service::Gemini,
            retry_after: seconds.map(Duration::from_secs),
        }
    }

    fn held(reason: ThrottleReason, seconds: u64) -> Error {
        Error::Throttled {
            service: Service::Gemini,
            reason,
            retry_after: Duration::from_secs(seconds),
        }
    }

    #[test]
    fn a_permanent_error_is_not_tried_again() {
        assert_eq!(delay_of(&Error::VideoPrivate, 0, NOW, FAR, 0.5), None);
    }

    #[test]
    fn what_the_upstream_asks_for_is_kept_to() {
        let asked = Duration::from_secs(34);
        let kept = delay_of(&limited(Some(34)), 3, NOW, FAR, 0.99).unwrap();
        assert!(kept >= asked && kept < asked.mul_f64(1.1), "{kept:?}");
    }

    #[test]
    fn a_delay_beyond_the_deadline_is_not_waited_for() {
        let deadline = NOW + Duration::from_secs(30);
        assert_eq!(delay_of(&limited(Some(34)), 0, NOW, deadline, 0.0), None);
        assert_eq!(
            delay_of(&held(ThrottleReason::Open, 34), 0, NOW, deadline, 0.0),
            None
        );
    }

    #[test]
    fn backs_off_to_a_cap_and_gives_up() {
        let bound = |attempts| delay_of(&limited(None), attempts, NOW, FAR, 1.0);
        assert_eq!(bound(0), Some(BASE));
        assert_eq!(bound(2), Some(BASE * 4));
        assert_eq!(bound(MAX_ATTEMPTS - 1), Some(CAP));
        assert_eq!(bound(MAX_ATTEMPTS), None);
    }

    #[test]
    fn being_held_is_no_try_and_a_turn_has_no_jitter() {
        let late = 10 * MAX_ATTEMPTS;
        let turn = delay_of(&held(ThrottleReason::Rate, 7), late, NOW, FAR, 0.9);
        assert_eq!(turn, Some(Duration::from_secs(7)));
        let open = delay_of(&held(ThrottleReason::Open, 10), late, NOW, FAR, 0.5);
        assert_eq!(open, Some(Duration::from_millis(10_500)));
    }

    #[test]
    fn a_spent_day_is_waited_for_where_the_deadline_allows() {
        let spent = |retry_after| Error::DailyQuotaSpent {
            service: Service::Gemini,
            retry_after,
        };
        let hour = Duration::from_secs(3600);
        assert!(delay_of(&spent(Some(hour)), 0, NOW, FAR, 0.0).is_some());
        assert_eq!(delay_of(&spent(Some(hour)), 0, NOW, NOW + hour, 0.0), None);
        assert_eq!(delay_of(&spent(None), 0, NOW, FAR, 0.0), None);
    }
}
