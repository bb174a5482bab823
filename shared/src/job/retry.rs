//! How long to wait before a failed step is tried again, and when to stop trying.

use std::time::Duration;

use crate::{
    clock::Timestamp,
    error::{Disposition, Error},
};

/// Tries of one step before its error is final.
pub const MAX_ATTEMPTS: u32 = 8;

const BASE: Duration = Duration::from_secs(2);
const CAP: Duration = Duration::from_secs(60);

/// The delay before the next try, or none where another try is of no use: the error is permanent,
/// the tries are used up, or the delay would pass the deadline.
///
/// Without a word from the upstream the delay is drawn between nothing and a bound that doubles
/// ("full jitter", <https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>).
/// What the upstream asks for is kept to, with up to a tenth on top so that waiters do not return
/// all at once. `jitter` is a random number in 0..1.
#[must_use]
pub fn delay(
    disposition: Disposition,
    attempts: u32,
    now: Timestamp,
    deadline: Timestamp,
    jitter: f64,
) -> Option<Duration> {
    if attempts >= MAX_ATTEMPTS {
        return None;
    }
    let delay = match disposition {
        Disposition::Permanent => return None,
        Disposition::RetryAfter(asked) => asked + asked.mul_f64(0.1 * jitter),
        Disposition::Transient => {
            let bound = BASE.saturating_mul(1 << attempts.min(16)).min(CAP);
            bound.mul_f64(jitter)
        }
    };
    (now + delay < deadline).then_some(delay)
}

/// How long a failed job answers for the next one of the same video: long where the video itself
/// is the reason, briefly where it may have passed, not at all where the caller can mend it at
/// once.
#[must_use]
pub fn remembered_for(error: &Error) -> Duration {
    match error {
        Error::VideoNotFound
        | Error::VideoPrivate
        | Error::VideoNotPublic
        | Error::VideoInaccessible { .. }
        | Error::PromptBlocked { .. } => Duration::from_secs(3600),
        Error::UploadMissing | Error::UploadMismatch { .. } | Error::Cancelled => Duration::ZERO,
        _ => Duration::from_secs(60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_remembered_for_longer_than_a_mishap() {
        let mishap = Error::RateLimited {
            service: crate::error::Service::Gemini,
            retry_after: None,
        };
        assert!(remembered_for(&Error::VideoPrivate) > 10 * remembered_for(&mishap));
        assert_eq!(remembered_for(&Error::UploadMissing), Duration::ZERO);
    }

    const FAR: Timestamp = Timestamp(u64::MAX);
    const NOW: Timestamp = Timestamp(0);

    #[test]
    fn a_permanent_error_is_not_tried_again() {
        assert_eq!(delay(Disposition::Permanent, 0, NOW, FAR, 0.5), None);
    }

    #[test]
    fn what_the_upstream_asks_for_is_kept_to() {
        let asked = Duration::from_secs(34);
        let kept = delay(Disposition::RetryAfter(asked), 3, NOW, FAR, 0.99).unwrap();
        assert!(kept >= asked && kept < asked.mul_f64(1.1), "{kept:?}");
    }

    #[test]
    fn a_delay_beyond_the_deadline_is_not_waited_for() {
        let asked = Duration::from_secs(34);
        let deadline = NOW + Duration::from_secs(30);
        assert_eq!(
            delay(Disposition::RetryAfter(asked), 0, NOW, deadline, 0.0),
            None
        );
    }

    #[test]
    fn backs_off_to_a_cap_and_gives_up() {
        let bound = |attempts| delay(Disposition::Transient, attempts, NOW, FAR, 1.0);
        assert_eq!(bound(0), Some(BASE));
        assert_eq!(bound(2), Some(BASE * 4));
        assert_eq!(bound(MAX_ATTEMPTS - 1), Some(CAP));
        assert_eq!(bound(MAX_ATTEMPTS), None);
    }
}
