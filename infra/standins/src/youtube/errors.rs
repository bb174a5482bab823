//! Errors of the Data API: <https://developers.google.com/youtube/v3/docs/errors>.

use std::sync::LazyLock;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use strum::IntoStaticStr;

use super::control::Fault;
use crate::{
    json::{data, filled},
    request::google_status,
};

static ERRORS: LazyLock<Value> = LazyLock::new(|| data(include_str!("errors.json")));

/// An error in `errors.json`.
#[derive(Clone, Copy, Debug, IntoStaticStr)]
#[cfg_attr(test, derive(strum::EnumIter))]
#[strum(const_into_str, serialize_all = "snake_case")]
pub(super) enum Problem {
    NoKey,
    InvalidKey,
    MissingPart,
    UnknownPart,
    MissingFilter,
    TooManyIds,
    PageSizeNotANumber,
    PageSizeNotInRange,
    InvalidPageToken,
    NoPlaylistId,
    NoPlaylist,
    PrivatePlaylist,
    NoVideo,
}

impl Problem {
    /// Returns the error for a value of a parameter.
    pub(super) fn with_value(self, value: &str) -> DataError {
        DataError(filled(
            ERRORS[self.into_str()].clone(),
            &[("@value@", value)],
        ))
    }
}

/// Value of the member `error`.
#[derive(Clone, Debug)]
pub(super) struct DataError(Value);

impl From<Problem> for DataError {
    fn from(problem: Problem) -> Self {
        Self(ERRORS[problem.into_str()].clone())
    }
}

impl DataError {
    /// Returns the error of a planned fault.
    pub(super) fn from_fault(fault: &Fault) -> Self {
        let status = fault.status();
        let reason = fault.reason.as_deref().unwrap_or("backendError");
        let (domain, message) = match reason {
            "quotaExceeded" => (
                "youtube.quota",
                "The request cannot be completed because you have exceeded your \
                 <a href=\"/youtube/v3/getting-started#quota\">quota</a>.",
            ),
            "rateLimitExceeded" => ("usageLimits", "Rate Limit Exceeded"),
            "accessNotConfigured" => (
                "usageLimits",
                "YouTube Data API v3 has not been used in this project before or it is disabled.",
            ),
            "keyInvalid" => return Problem::InvalidKey.into(),
            _ => ("global", status.canonical_reason().unwrap_or("Error")),
        };
        let one = json!({"message": message, "domain": domain, "reason": reason});
        Self(json!({"code": status.as_u16(), "message": message, "errors": [one]}))
    }
}

impl IntoResponse for DataError {
    fn into_response(self) -> Response {
        (google_status(&self.0), Json(json!({"error": self.0}))).into_response()
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator as _;

    use super::*;

    #[test]
    fn every_problem_is_in_the_file() {
        for problem in Problem::iter() {
            let DataError(error) = problem.into();
            assert!(error["errors"][0]["reason"].is_string(), "{problem:?}");
            assert_eq!(error["message"], error["errors"][0]["message"]);
        }
    }
}
