//! Errors as `google.rpc.Status`, with Google's messages.

use std::sync::{Arc, LazyLock};

use axum::{
    Json,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use strum::IntoStaticStr;

use super::{Gemini, wire::Violation};
use crate::{
    json::{data, filled},
    request::{google_key, google_status, is_valid_token, query_value},
};

static ERRORS: LazyLock<Value> = LazyLock::new(|| data(include_str!("errors.json")));

/// Value of the member `error`.
#[derive(Clone, Debug)]
pub(super) struct ApiError(Value);

/// Limit of a 429. Only the `quotaId` differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quota {
    /// Resets within a few seconds.
    PerMinute,
    /// Resets at midnight, Pacific time.
    PerDay,
}

/// Reason that access is refused.
#[derive(Clone, Copy, Debug, Deserialize, IntoStaticStr)]
#[cfg_attr(test, derive(strum::EnumIter))]
#[serde(rename_all = "snake_case")]
#[strum(const_into_str, serialize_all = "snake_case")]
pub(super) enum Refusal {
    KeyInvalid,
    KeyMissing,
    KeyLeaked,
    ConsumerSuspended,
    ProjectDenied,
    ServiceDisabled,
    BillingRequired,
    PrepayDepleted,
    Location,
}

impl ApiError {
    fn new(http: StatusCode, status: &str, message: impl Into<String>) -> Self {
        Self(json!({"code": http.as_u16(), "message": message.into(), "status": status}))
    }

    /// Returns an error of `errors.json` with its placeholders filled.
    fn known(name: &str, placeholders: &[(&str, &str)]) -> Self {
        Self(filled(ERRORS[name].clone(), placeholders))
    }

    /// Returns the error for a refused key or project.
    pub(super) fn refusal(refusal: Refusal) -> Self {
        Self::known(refusal.into_str(), &[])
    }

    pub(super) fn invalid_argument(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", message)
    }

    /// # Errors
    /// `INVALID_ARGUMENT` with this message if an argument is not valid.
    pub(super) fn check(is_valid: bool, message: impl Into<String>) -> Result<(), Self> {
        if is_valid {
            Ok(())
        } else {
            Err(Self::invalid_argument(message))
        }
    }

    pub(super) fn failed_precondition(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "FAILED_PRECONDITION", message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    }

    pub(super) fn no_such_method() -> Self {
        Self::known("no_such_method", &[])
    }

    /// Missing, expired and foreign files get the same error.
    pub(super) fn no_such_file(id: &str) -> Self {
        Self::known("no_such_file", &[("@id@", id)])
    }

    pub(super) fn file_exists(id: &str) -> Self {
        Self::known("file_exists", &[("@id@", id)])
    }

    pub(super) fn no_such_model(model: &str, version: &str, method: &str) -> Self {
        let placeholders = [
            ("@model@", model),
            ("@version@", version),
            ("@method@", method),
        ];
        Self::known("no_such_model", &placeholders)
    }

    /// Error of Google's JSON parser, with one line and one violation for each problem of the body.
    pub(super) fn bad_json(violations: &[Violation]) -> Self {
        let lines: Vec<&str> = violations.iter().map(|one| &*one.description).collect();
        let mut error = Self::invalid_argument(lines.join("\n"));
        error.0["details"] = json!([{
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": violations,
        }]);
        error
    }

    pub(super) fn quota(quota: Quota, model: &str, retry_delay_s: f64) -> Self {
        let (span, limit) = match quota {
            Quota::PerMinute => ("PerMinute", "10"),
            Quota::PerDay => ("PerDay", "20"),
        };
        let delay = retry_delay_s.to_string();
        let placeholders = [
            ("@span@", span),
            ("@limit@", limit),
            ("@delay@", &delay),
            ("@model@", model),
        ];
        Self::known("quota", &placeholders)
    }

    pub(super) fn overloaded() -> Self {
        Self::known("overloaded", &[])
    }

    /// Returns the plain error of an HTTP status, without details.
    pub(super) fn of_status(http: StatusCode) -> Self {
        match ERRORS.get(http.as_str()) {
            Some(error) => Self(error.clone()),
            None => Self::new(http, "UNKNOWN", "Unknown error."),
        }
    }

    /// Returns the error as the single item of an array, the form of a stream that is a JSON array.
    pub(super) fn into_array_response(self) -> Response {
        (google_status(&self.0), Json(json!([{"error": self.0}]))).into_response()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (google_status(&self.0), Json(json!({"error": self.0}))).into_response()
    }
}

/// Middleware: requires an API key, except for an upload URL, which is its own credential.
pub(super) async fn require_key(
    State(state): State<Arc<Gemini>>,
    request: Request,
    next: Next,
) -> Response {
    let uri = request.uri();
    let is_upload_url =
        uri.path().starts_with("/upload/") && query_value(uri, "upload_id").is_some();
    if !is_upload_url {
        let valid = state.settings().api_key;
        match google_key(request.headers(), uri) {
            None => return ApiError::refusal(Refusal::KeyMissing).into_response(),
            Some(key) if !is_valid_token(&key, valid.as_deref()) => {
                return ApiError::refusal(Refusal::KeyInvalid).into_response();
            }
            Some(_) => {}
        }
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator as _;

    use super::*;

    #[test]
    fn every_error_in_the_file_has_the_members_of_a_status() {
        for refusal in Refusal::iter() {
            assert!(ERRORS.get(refusal.into_str()).is_some(), "{refusal:?}");
        }
        for (name, error) in ERRORS.as_object().unwrap() {
            assert!(
                error["code"].is_u64() && error["message"].is_string(),
                "{name}"
            );
            assert!(error["status"].is_string(), "{name}");
            if let Ok(status) = name.parse::<u16>() {
                assert_eq!(error["code"], status);
            }
        }
    }
}
