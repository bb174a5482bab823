//! Notices: the reason why a job waits, in a sentence for users.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    clock::Timestamp,
    error::{BudgetScope, Error},
    limit::ThrottleReason,
};

/// Maximum wait that is shown in seconds. A longer one is shown as a time of day.
const MAX_COUNTED_WAIT: Duration = Duration::from_secs(120);

/// Reason of a wait, in our own words without text of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Sentence without the full stop.
    text: String,
    /// Indicates that a service has asked for this wait.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_asked: bool,
}

impl Notice {
    /// Returns the notice for an error that is retried, or `None` for a normal wait.
    #[must_use]
    pub fn from_error(error: &Error) -> Option<Self> {
        let asked = |text: String| Self {
            text,
            is_asked: true,
        };
        let seen = |text: String| Self {
            text,
            is_asked: false,
        };
        Some(match error {
            Error::Unreachable { host, .. } => seen(format!("Cannot reach {host}")),
            Error::RateLimited { service, .. } => asked(format!("{service} asks to wait")),
            Error::DailyQuotaSpent { service, .. } => {
                seen(format!("The daily quota of {service} is used up"))
            }
            Error::Throttled {
                service,
                reason: ThrottleReason::Open,
                ..
            } => seen(format!(
                "{service} failed several times, so calls of it pause"
            )),
            Error::Throttled {
                service,
                reason: ThrottleReason::Paused,
                ..
            } => asked(format!("{service} asks to wait")),
            Error::Throttled { service, .. } => {
                seen(format!("The limit of calls to {service} is reached"))
            }
            Error::BudgetSpent { scope, .. } => seen(match scope {
                BudgetScope::Deployment => {
                    "The budget of this deployment for the day is spent".to_owned()
                }
                BudgetScope::Key => "The budget of this API key for the day is spent".to_owned(),
            }),
            Error::Unavailable { service, .. } => seen(format!("{service} is unavailable")),
            Error::UpstreamMalformed { service, .. } => {
                seen(format!("{service} answered in a form that cannot be used"))
            }
            Error::AnswerEmpty | Error::AnswerMalformed { .. } => {
                seen("The model's answer could not be used".to_owned())
            }
            Error::Storage { .. } => seen("The storage is unavailable".to_owned()),
            _ => return None,
        })
    }

    /// Formats the notice at `now`, with the next attempt due at `due_at`.
    #[must_use]
    pub fn sentence(&self, due_at: Timestamp, now: Timestamp) -> String {
        let text = &self.text;
        let wait = now.until(due_at);
        if wait.is_zero() {
            return format!("{text}. Trying again.");
        }
        // Rounded up, so that the last second is not shown as zero.
        let seconds = wait.as_millis().div_ceil(1000);
        let time = || due_at.rfc3339().get(11..16).unwrap_or_default().to_owned();
        match (wait <= MAX_COUNTED_WAIT, self.is_asked) {
            (true, _) => format!("{text}. Next try in {seconds} s."),
            (false, true) => format!("{text} until {} UTC.", time()),
            (false, false) => format!("{text}. Next try at {} UTC.", time()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Service;

    const NOW: Timestamp =
        Timestamp(1_790_000_000_000 - 1_790_000_000_000 % 86_400_000 + 46_400_000);

    fn told(error: &Error, wait_s: u64) -> String {
        let due_at = NOW + Duration::from_secs(wait_s);
        Notice::from_error(error).unwrap().sentence(due_at, NOW)
    }

    #[test]
    fn unreachable_host_is_named_with_the_next_try() {
        let error = Error::Unreachable {
            service: Service::Gemini,
            host: "generativelanguage.googleapis.com".to_owned(),
            source: "secret words".into(),
        };
        assert_eq!(
            told(&error, 20),
            "Cannot reach generativelanguage.googleapis.com. Next try in 20 s."
        );
        assert_eq!(
            told(&error, 0),
            "Cannot reach generativelanguage.googleapis.com. Trying again."
        );
    }

    #[test]
    fn throttling_says_until_when() {
        let limited = Error::RateLimited {
            service: Service::Gemini,
            retry_after: None,
        };
        assert_eq!(told(&limited, 30), "Gemini asks to wait. Next try in 30 s.");
        assert_eq!(told(&limited, 600), "Gemini asks to wait until 13:03 UTC.");
        let open = Error::Throttled {
            service: Service::YouTube,
            reason: ThrottleReason::Open,
            retry_after: Duration::ZERO,
        };
        assert_eq!(
            told(&open, 3),
            "YouTube failed several times, so calls of it pause. Next try in 3 s."
        );
    }

    #[test]
    fn notice_omits_text_of_the_service() {
        let words = "https://internal.example/key=AIza";
        for error in [
            Error::Unavailable {
                service: Service::Gemini,
                retry_after: None,
                source: words.into(),
            },
            Error::Storage {
                transient: true,
                source: words.into(),
            },
            Error::AnswerMalformed {
                source: words.into(),
            },
        ] {
            assert!(!told(&error, 5).contains("internal"), "{error:?}");
        }
        assert_eq!(Notice::from_error(&Error::VideoPrivate), None);
    }
}
