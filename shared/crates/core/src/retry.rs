//! Retry policy: delays between attempts, and the end of retries.
//!
//! Three concerns are separate. The error knows *whether* a retry can help
//! ([`Error::disposition`]). This module decides *how long* to wait; for a message whose job could
//! not be saved, `eventrelay_workflow::job::batch` does. The caller decides *how* to retry: jobs
//! and tasks by a delayed message, callers of the API by the header `Retry-After`.
//!
//! There are two retries in place, both without a previous attempt. One is on a pooled connection
//! that was closed before use (`eventrelay_upstream::HttpClient::send`). The other is with a key
//! that was rotated since it was read.

use std::time::Duration;

use crate::{
    clock::Timestamp,
    error::{Disposition, Error},
    limit::ThrottleReason,
};

/// Maximum attempts of one step before its error is final.
pub const MAX_ATTEMPTS: u32 = 8;

const BASE: Duration = Duration::from_secs(2);
const CAP: Duration = Duration::from_secs(60);

/// Maximum wait before a connection to an unreachable host is retried. A connection attempt costs
/// nothing, and the job resumes soon after the network is back.
const MAX_UNREACHABLE_WAIT: Duration = Duration::from_secs(30);

/// Failed attempts of the current step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    pub failed: u32,
    pub unreached: u32,
}

impl Attempts {
    /// Returns the counts after another failure.
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

/// Returns the delay before the next attempt, or `None` if another attempt is useless.
///
/// It is useless if the error is permanent, the attempts are used up, or the delay would exceed the
/// deadline. A throttled call or a failed connection is no attempt ([`Error::was_tried`]) and does
/// not count. `attempts` are those of the same kind, see [`Attempts`].
///
/// If the upstream states no delay, it is random between zero and an exponential bound ("full
/// jitter", <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>). A stated
/// delay is kept, plus up to a tenth, so that callers do not return all at once. `jitter` is a
/// random number in 0..1.
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
        // The reservation is exclusive, so no jitter is needed.
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

/// Returns the backoff after this many failures without a stated delay.
#[must_use]
pub fn backoff(attempts: u32, jitter: f64) -> Duration {
    let bound = BASE.saturating_mul(1 << attempts.min(16)).min(CAP);
    bound.mul_f64(jitter)
}

/// Returns whether an error is retried beyond [`MAX_ATTEMPTS`], because our own storage fails for a
/// while.
///
/// Otherwise a paid answer would be lost, or a claim, an entry or the search index would stay stale
/// for good.
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

/// Returns whether an error has reserved a slot for its caller.
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

/// Returns the time for which a failure is returned for new jobs of the same video.
///
/// It is long if the video itself is the cause, short if the cause may have passed. It is zero if
/// the caller or the operator can correct the cause at once.
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
        // The error says nothing about the video.
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
    fn retry_keeps_delay_requested_by_upstream() {
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
    fn throttling_is_no_attempt_and_reservation_has_no_jitter() {
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
