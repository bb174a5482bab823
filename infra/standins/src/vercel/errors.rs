//! Errors of the API: <https://vercel.com/docs/rest-api/errors>.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::{Value, json};

use crate::request::{reset_s, with_spent_limit};

#[derive(Clone, Debug)]
pub(super) struct ApiError {
    http: StatusCode,
    /// Value of the member `error`.
    error: Value,
}

impl ApiError {
    fn new(http: StatusCode, code: &str, message: &str) -> Self {
        let error = json!({"code": code, "message": message});
        Self { http, error }
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        self.error[name] = value;
        self
    }

    pub(super) fn bad_request(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    pub(super) fn not_found(message: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// A missing token gets a 403, like an invalid one.
    pub(super) fn missing_token() -> Self {
        let message = "The request is missing an authentication token";
        Self::new(StatusCode::FORBIDDEN, "forbidden", message).with("missingToken", json!(true))
    }

    pub(super) fn invalid_token() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Not authorized")
            .with("invalidToken", json!(true))
    }

    /// Error for a token of another team.
    pub(super) fn not_authorised() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Not authorized")
    }

    pub(super) fn unauthorised() -> Self {
        let message = "Not authorized";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
    }

    pub(super) fn missing_files(missing: &[String]) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "missing_files", "Missing files")
            .with("missing", json!(missing))
    }

    pub(super) fn missing_project_settings(framework: Option<&str>) -> Self {
        let message = "The `projectSettings` object is required for new projects, but is missing in \
                       the deployment payload";
        Self::new(StatusCode::BAD_REQUEST, "missing_project_settings", message)
            .with("framework", json!({"slug": framework}))
    }

    /// Error for a detected framework that the caller has not confirmed.
    pub(super) fn other_framework(detected: &str, framework: Option<&str>) -> Self {
        let given = framework.unwrap_or("none");
        let message = format!(
            "The detected framework {detected} is not that of the `projectSettings`, {given}. Use \
             `skipAutoDetectionConfirmation=1` to deploy anyway."
        );
        Self::bad_request(&message)
    }

    pub(super) fn body_is_not_json() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_json", "Invalid JSON")
    }

    pub(super) fn too_large() -> Self {
        let message = "Request Entity Too Large";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", message)
    }

    /// A spent rate limit. Without `retry_after_s` the response has no `Retry-After`.
    pub(super) fn rate_limited(retry_after_s: Option<u64>) -> Response {
        let reset = reset_s(retry_after_s);
        let message = "Too many requests - try again later";
        let limit = json!({
            "remaining": 0,
            "reset": reset,
            "resetMs": reset * 1000,
            "total": 100,
        });
        let http = StatusCode::TOO_MANY_REQUESTS;
        let error = Self::new(http, "rate_limited", message).with("limit", limit);
        with_spent_limit(error.into_response(), "100", retry_after_s)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.http, Json(json!({"error": self.error}))).into_response()
    }
}
