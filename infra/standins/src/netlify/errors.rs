//! Errors of the API: a code and a message, or the reason for each field.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::{Value, json};

use crate::request::with_spent_limit;

#[derive(Clone, Debug)]
pub(super) struct ApiError {
    http: StatusCode,
    body: Value,
}

impl ApiError {
    fn new(http: StatusCode, message: &str) -> Self {
        let body = json!({"code": http.as_u16(), "message": message});
        Self { http, body }
    }

    pub(super) fn access_denied() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Access Denied")
    }

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not Found")
    }

    pub(super) fn bad_request(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn unprocessable(message: &str) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    pub(super) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "Payload Too Large")
    }

    /// Error for an invalid name, which has neither code nor message, as users report it.
    pub(super) fn bad_subdomain(reason: &str) -> Self {
        Self {
            http: StatusCode::UNPROCESSABLE_ENTITY,
            body: json!({"errors": {"subdomain": [reason]}}),
        }
    }

    /// A spent rate limit. Without `retry_after_s` the response has no `Retry-After`.
    pub(super) fn rate_limited(retry_after_s: Option<u64>) -> Response {
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
        with_spent_limit(error.into_response(), "500", retry_after_s)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.http, Json(self.body)).into_response()
    }
}
