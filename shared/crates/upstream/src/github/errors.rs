//! What the error answers of the API mean
//! (<https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api>).

use std::time::Duration;

use serde_json::Value;

use super::SERVICE;
use crate::bearer::{Redact, logged, refusal};
use crate::client::Answer;
use eventrelay_core::error::Error;

/// The least that is waited where a limit was reached and no header says for how long
/// (<https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>, "exceeding
/// the rate limit").
pub(super) const PAUSE: Duration = Duration::from_secs(60);

/// What was asked for: the same status means something else for another question.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked {
    /// An object or a reference of git. What has just been made may not be there yet.
    Git,
    Else,
}

/// How a limit is told, in lower case. The last is what secondary limits were called before.
const LIMIT_WORDS: [&str; 2] = ["rate limit", "abuse detection"];

/// What an error answer says.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Refusal {
    message: String,
    /// Of `errors`, where a message of its own stands there, else its code and field.
    details: Vec<String>,
}

impl Refusal {
    /// Takes what it finds; what is not JSON is a message.
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

    /// Whether it contains these words, which are in lower case.
    pub(super) fn says(&self, words: &str) -> bool {
        let mut texts = self.details.iter().chain([&self.message]);
        texts.any(|text| text.to_lowercase().contains(words))
    }
}

/// Whether an answer is 422 and says so, in lower case.
pub(super) fn is_refused_with(answer: &Answer, words: &str) -> bool {
    answer.status == http::StatusCode::UNPROCESSABLE_ENTITY && Refusal::new(answer).says(words)
}

/// The error that an answer without success means.
pub(super) fn classify(asked: Asked, answer: &Answer, redact: Redact<'_>) -> Error {
    let refusal_text = Refusal::new(answer);
    let details = refusal_text.details.join("; ");
    let source = logged(answer, &refusal_text.message, &details, redact);
    let is_limit = || {
        answer.retry_after().is_some() || LIMIT_WORDS.iter().any(|words| refusal_text.says(words))
    };
    match (answer.status.as_u16(), asked) {
        (403, _) if is_limit() => Error::RateLimited {
            service: SERVICE,
            retry_after: Some(answer.retry_after().unwrap_or(PAUSE)),
        },
        // 409 is "Git Repository is empty."; 404 and 422 are what is told of an object that the
        // machine which was asked has not seen yet.
        (404 | 409, Asked::Git) => Error::NotReady {
            service: SERVICE,
            source,
        },
        (422, Asked::Git) if refusal_text.says("does not exist") => Error::NotReady {
            service: SERVICE,
            source,
        },
        _ => refusal(SERVICE, answer, PAUSE, source),
    }
}

#[cfg(test)]
mod tests;
