//! Error responses of the API.
//!
//! They are `google.rpc.Status` in JSON
//! (<https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto>), or any text if
//! a proxy responds.

use std::time::Duration;

use serde_json::Value;

use super::SERVICE;
use crate::client::Answer;
use eventrelay_core::error::{AccessFault, Error, KeySource, Source, known_reason};

/// Operation of a request, since one status means different things for different operations.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked<'a> {
    /// A model's answer about a YouTube video.
    WatchYouTube { model: &'a str },
    /// A model's answer, about an uploaded file or without a video.
    Generate { model: &'a str },
    /// The start of an upload.
    StartUpload,
    /// A file, or an upload that has been started.
    File,
    /// The list of all files.
    Files,
}

/// Maximum length of foreign text in the log.
const LOGGED: usize = 500;
const MAX_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// Prefixes of `ErrorInfo.reason` for faults of the key or the project
/// (<https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto>).
const ACCESS_REASONS: [(&str, AccessFault); 4] = [
    ("API_KEY_", AccessFault::Key),
    ("SERVICE_DISABLED", AccessFault::ServiceDisabled),
    ("BILLING_DISABLED", AccessFault::Billing),
    ("CONSUMER_", AccessFault::Project),
];
/// Words of the message, in lower case, for the same faults without a reason. The first match
/// counts, since several messages name the API key as well.
const ACCESS_WORDS: [(&str, AccessFault); 14] = [
    ("reported as leaked", AccessFault::LeakedKey),
    ("location is not supported", AccessFault::Location),
    ("not available in your country", AccessFault::Location),
    ("has not been used in project", AccessFault::ServiceDisabled),
    ("has been denied access", AccessFault::Project),
    ("has been suspended", AccessFault::Project),
    ("prepayment credits", AccessFault::Billing),
    ("credits are depleted", AccessFault::Billing),
    ("billing", AccessFault::Billing),
    ("unregistered callers", AccessFault::Key),
    ("api key", AccessFault::Key),
    ("api_key", AccessFault::Key),
    ("referer", AccessFault::Key),
    ("ip address", AccessFault::Key),
];
/// Words of a 429 that waiting does not resolve. Messages about a quota also say "check your plan
/// and billing details".
const DEPLETED_WORDS: [&str; 2] = ["prepayment credits", "credits are depleted"];
/// Words, in lower case, of the refusal of a request that violates the protocol.
const SHAPE_WORDS: [&str; 4] = [
    "invalid json payload",
    "unknown name",
    "invalid value at",
    "response_json_schema",
];

/// Fields of `google.rpc.Status` that decide. Absent fields are empty.
#[derive(Debug, Default, PartialEq)]
struct Status {
    status: String,
    message: String,
    reason: String,
    retry_delay: Option<Duration>,
    /// Indicates that a `QuotaFailure` names a quota per day.
    per_day: bool,
    /// Indicates that a `BadRequest` names fields.
    bad_fields: bool,
}

impl Status {
    /// Parses the known fields leniently. A body that is not JSON is taken as the message.
    fn parse(body: &[u8]) -> Self {
        let Ok(document) = serde_json::from_slice::<Value>(body) else {
            return Self {
                message: String::from_utf8_lossy(body).into_owned(),
                ..Self::default()
            };
        };
        // Without `alt=sse` a streaming method wraps its error into an array.
        let error = document
            .get(0)
            .unwrap_or(&document)
            .get("error")
            .unwrap_or(&Value::Null);
        let text = |value: &Value, field: &str| {
            value
                .get(field)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let mut status = Self {
            status: text(error, "status"),
            message: text(error, "message"),
            ..Self::default()
        };
        for detail in items(error, "details") {
            match text(detail, "@type").rsplit('.').next().unwrap_or_default() {
                "ErrorInfo" => status.reason = text(detail, "reason"),
                "RetryInfo" => status.retry_delay = seconds(&text(detail, "retryDelay")),
                "BadRequest" => status.bad_fields = true,
                "QuotaFailure" => {
                    status.per_day |= items(detail, "violations")
                        .iter()
                        .any(|violation| text(violation, "quotaId").contains("PerDay"));
                }
                _ => {}
            }
        }
        status
    }

    /// Returns the fault of the key or the project, if the status names one.
    fn access_fault(&self) -> Option<AccessFault> {
        let message = self.message.to_lowercase();
        let by_words = ACCESS_WORDS
            .iter()
            .find(|(words, _)| message.contains(words));
        // A leaked key is only named by the message, beside a general reason.
        let by_reason = ACCESS_REASONS
            .iter()
            .find(|(reason, _)| self.reason.starts_with(reason));
        let leaked = by_words.filter(|(_, fault)| *fault == AccessFault::LeakedKey);
        let fault = leaked.or(by_reason).or(by_words).map(|(_, fault)| *fault);
        fault.or_else(|| (self.status == "UNAUTHENTICATED").then_some(AccessFault::Key))
    }

    /// Returns the constant that names the reason: that of `ErrorInfo`, else the status.
    fn shown_reason(&self) -> Option<&'static str> {
        known_reason(&self.reason).or_else(|| known_reason(&self.status))
    }

    fn is_about_the_shape(&self) -> bool {
        self.bad_fields || self.says(&SHAPE_WORDS)
    }

    fn says(&self, words: &[&str]) -> bool {
        let message = self.message.to_lowercase();
        words.iter().any(|word| message.contains(word))
    }

    /// Formats the status for the log: bounded, on one line, without the key, which Google quotes
    /// in some messages ("Consumer 'api_key:...' has been suspended").
    fn source(&self, http: u16, redact: impl Fn(&str) -> String) -> Source {
        let message = redact(&self.message);
        let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
        let message: String = line
            .chars()
            .filter(|c| !c.is_control())
            .take(LOGGED)
            .collect();
        let status: String = self.status.chars().take(40).collect();
        let reason: String = self.reason.chars().take(60).collect();
        format!("{http} {status} {reason}: {message}").into()
    }
}

fn items<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value
        .get(field)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Parses a `google.protobuf.Duration` in JSON: seconds with up to nine decimal places and an `s`
/// (<https://protobuf.dev/programming-guides/json/>). Negative durations are `None`.
pub(super) fn seconds(text: &str) -> Option<Duration> {
    let text = text.strip_suffix('s')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    Some(Duration::new(
        whole.parse().ok()?,
        format!("{fraction:0<9}").parse().ok()?,
    ))
}

/// Maps an error response to an error. `key` says where the key is configured, and `redact` removes
/// it from a text.
pub(super) fn classify(
    asked: Asked<'_>,
    answer: &Answer,
    key: &KeySource,
    redact: impl Fn(&str) -> String,
) -> Error {
    let status = Status::parse(&answer.body);
    let http = answer.status.as_u16();
    let source = status.source(http, redact);
    let rejected = |source| Error::UpstreamRejected {
        service: SERVICE,
        source,
    };
    let refused = |fault, source| Error::AccessRefused {
        service: SERVICE,
        fault,
        reason: status.shown_reason(),
        key: key.clone(),
        source,
    };
    match http {
        429 if status.says(&DEPLETED_WORDS) => refused(AccessFault::Billing, source),
        429 if status.per_day => Error::DailyQuotaSpent {
            service: SERVICE,
            retry_after: None,
        },
        429 => {
            let pause = status.retry_delay.map(|delay| delay.min(MAX_PAUSE));
            Error::RateLimited {
                service: SERVICE,
                retry_after: pause.or(answer.retry_after()),
            }
        }
        408 | 409 | 499 | 500.. => Error::Unavailable {
            service: SERVICE,
            retry_after: answer.retry_after(),
            source,
        },
        ..400 => Error::UpstreamMalformed {
            service: SERVICE,
            source,
        },
        401 => refused(status.access_fault().unwrap_or(AccessFault::Key), source),
        400.. if status.access_fault().is_some() => {
            refused(status.access_fault().unwrap_or(AccessFault::Key), source)
        }
        413 => Error::TooLarge { what: "video" },
        400 if status.says(&["token count", "exceeds the maximum number of tokens"]) => {
            Error::TooLarge { what: "video" }
        }
        // The file was used before it was processed. From the sample in the documentation, not
        // observed.
        400 if status.says(&["not in an active state"]) => Error::Unavailable {
            service: SERVICE,
            retry_after: None,
            source,
        },
        400 | 403 | 404 | 410 => match asked {
            Asked::WatchYouTube { model } | Asked::Generate { model } if http == 404 => {
                Error::ModelGone {
                    model: model.to_owned(),
                }
            }
            Asked::WatchYouTube { .. } if !status.is_about_the_shape() => {
                Error::VideoInaccessible { source }
            }
            // Missing, expired and other projects' files all give 403: "You do not have permission
            // to access the File X or it may not exist."
            Asked::Generate { .. } if http == 403 && status.says(&["access the file"]) => {
                Error::FileGone
            }
            Asked::File if http != 400 => Error::FileGone,
            _ => rejected(source),
        },
        _ => rejected(source),
    }
}

#[cfg(test)]
mod tests;
