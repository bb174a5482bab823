//! Errors of the API: a code and a message, or what is wrong with each field.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

/// An error body with its HTTP status.
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

    /// A name that cannot be had, as users report it: without code and message.
    pub(super) fn bad_subdomain(reason: &str) -> Self {
        Self {
            http: StatusCode::UNPROCESSABLE_ENTITY,
            body: json!({"errors": {"subdomain": [reason]}}),
        }
    }

    /// A limit that is free again after so many seconds; `now_s` counts from 1970.
    pub(super) fn rate_limited(retry_after_s: Option<u64>, now_s: u64) -> Response {
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
        let mut response = error.into_response();
        let headers = response.headers_mut();
        headers.insert("x-ratelimit-limit", HeaderValue::from_static("500"));
        headers.insert("x-ratelimit-remaining", HeaderValue::from_static("0"));
        let reset = now_s + retry_after_s.unwrap_or(60);
        headers.insert("x-ratelimit-reset", reset.into());
        if let Some(seconds) = retry_after_s {
            headers.insert("retry-after", seconds.into());
        }
        response
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.http, Json(self.body)).into_response()
    }
}
