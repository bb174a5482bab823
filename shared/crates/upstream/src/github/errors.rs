//! Error responses of the API
//! (<https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api>).

use std::time::Duration;

use serde_json::Value;

use super::SERVICE;
use crate::bearer::{Redact, logged, refusal};
use crate::client::Answer;
use eventrelay_core::error::{Error, Source};

/// Minimum pause after a rate limit without a header that states one
/// (<https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>, "exceeding
/// the rate limit").
pub(super) const PAUSE: Duration = Duration::from_secs(60);

/// Words of a rate limit, in lower case. The last is the former name of secondary limits.
const LIMIT_WORDS: [&str; 2] = ["rate limit", "abuse detection"];

/// Content of an error response.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Refusal {
    message: String,
    /// Messages in `errors`, or else their codes and fields.
    details: Vec<String>,
}

impl Refusal {
    /// Parses the known fields leniently. A body that is not JSON is taken as the message.
    pub(super) fn new(answer: &Answer) -> Self {
        let Ok(document) = serde_json::from_slice::<Value>(&answer.body) else {
            return Self {
                message: String::from_utf8_lossy(&answer.body).into_owned(),
                ..Self::default()
            };
        };
        let text = |value: &Value, field: &str| {
            let text = value.get(field).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        let detail = |error: &Value| match error {
            Value::String(message) => message.clone(),
            error => match text(error, "message") {
                message if message.is_empty() => {
                    format!("{} {}", text(error, "field"), text(error, "code"))
                }
                message => message,
            },
        };
        let errors = document.get("errors").and_then(Value::as_array);
        Self {
            message: text(&document, "message"),
            details: errors.into_iter().flatten().map(detail).collect(),
        }
    }

    /// Formats the response for the log.
    fn source(&self, answer: &Answer, redact: Redact<'_>) -> Source {
        logged(answer, &self.message, &self.details.join("; "), redact)
    }

    /// Returns whether the response contains these words, given in lower case.
    pub(super) fn says(&self, words: &str) -> bool {
        let mut texts = self.details.iter().chain([&self.message]);
        texts.any(|text| text.to_lowercase().contains(words))
    }
}

/// Returns whether a response is 422 with these words, given in lower case.
pub(super) fn is_refused_with(answer: &Answer, words: &str) -> bool {
    answer.status == http::StatusCode::UNPROCESSABLE_ENTITY && Refusal::new(answer).says(words)
}

/// Maps an error response to an error.
pub(super) fn classify(answer: &Answer, redact: Redact<'_>) -> Error {
    let refused = Refusal::new(answer);
    let is_limit = || LIMIT_WORDS.iter().any(|words| refused.says(words));
    match answer.status.as_u16() {
        403 if answer.retry_after().is_some() || is_limit() => Error::RateLimited {
            service: SERVICE,
            retry_after: Some(answer.retry_after().unwrap_or(PAUSE)),
        },
        _ => refusal(SERVICE, answer, PAUSE, refused.source(answer, redact)),
    }
}

/// Maps an error response of a call about Git objects and references to an error.
pub(super) fn classify_git(answer: &Answer, redact: Redact<'_>) -> Error {
    let refused = Refusal::new(answer);
    // 409 is "Git Repository is empty.". GitHub answers 404 and 422 for an object that the replica
    // which was asked has not seen yet.
    match answer.status.as_u16() {
        404 | 409 => {}
        422 if refused.says("does not exist") => {}
        _ => return classify(answer, redact),
    }
    Error::NotReady {
        service: SERVICE,
        source: refused.source(answer, redact),
    }
}

#[cfg(test)]
mod tests;
