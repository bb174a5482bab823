//! What the error answers of the API mean (<https://vercel.com/docs/rest-api/errors>).

use std::time::Duration;

use serde::Deserialize;

use super::SERVICE;
use crate::bearer::{Redact, logged, refusal};
use crate::client::Answer;
use crate::key::key_refused;
use eventrelay_core::error::Error;

/// What is waited where a limit was reached and no header says for how long.
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
    /// A token that is none is 403, as one that may not.
    invalid_token: bool,
}

/// The error that an answer without success means.
pub(super) fn classify(answer: &Answer, redact: Redact<'_>) -> Error {
    let WireAnswer { error } = serde_json::from_slice(&answer.body).unwrap_or_default();
    let source = logged(answer, &error.code, &error.message, redact);
    if error.invalid_token {
        key_refused(SERVICE, source)
    } else {
        refusal(SERVICE, answer, PAUSE, source)
    }
}
