//! Error responses of the API (<https://vercel.com/docs/rest-api/errors>).

use std::time::Duration;

use serde::Deserialize;

use super::SERVICE;
use crate::bearer::{Redact, logged, refusal};
use crate::client::Answer;
use crate::key::key_refused;
use eventrelay_core::error::Error;

/// Pause after a rate limit without a header that states one.
const PAUSE: Duration = Duration::from_secs(60);

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireAnswer {
    error: WireError,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireError {
    code: String,
    message: String,
    /// An invalid token gives 403, like a token without permission.
    invalid_token: bool,
}

/// Maps an error response to an error.
pub(super) fn classify(answer: &Answer, redact: Redact<'_>) -> Error {
    let WireAnswer { error } = serde_json::from_slice(&answer.body).unwrap_or_default();
    let source = logged(answer, &error.code, &error.message, redact);
    if error.invalid_token {
        key_refused(SERVICE, source)
    } else {
        refusal(SERVICE, answer, PAUSE, source)
    }
}
