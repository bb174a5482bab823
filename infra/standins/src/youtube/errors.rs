//! Errors of the Data API: <https://developers.google.com/youtube/v3/docs/errors>.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::{Value, json};

use super::control::Fault;

/// An error body with its HTTP status.
#[derive(Clone, Debug)]
pub(super) struct DataError {
    http: StatusCode,
    message: String,
    domain: &'static str,
    reason: String,
    /// `location` and `locationType`.
    location: Option<(&'static str, &'static str)>,
    status: Option<&'static str>,
    details: Option<Value>,
}

impl DataError {
    fn new(http: StatusCode, domain: &'static str, reason: &str, message: &str) -> Self {
        Self {
            http,
            message: message.to_owned(),
            domain,
            reason: reason.to_owned(),
            location: None,
            status: None,
            details: None,
        }
    }

    pub(super) fn no_key() -> Self {
        let message = "The request is missing a valid API key.";
        let error = Self::new(StatusCode::FORBIDDEN, "global", "forbidden", message);
        Self {
            status: Some("PERMISSION_DENIED"),
            ..error
        }
    }

    pub(super) fn invalid_key() -> Self {
        let message = "API key not valid. Please pass a valid API key.";
        let error = Self::new(
            StatusCode::BAD_REQUEST,
            "usageLimits",
            "keyInvalid",
            message,
        );
        Self {
            status: Some("INVALID_ARGUMENT"),
            details: Some(json!([{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "API_KEY_INVALID",
                "domain": "googleapis.com",
                "metadata": {"service": "youtube.googleapis.com"},
            }])),
            ..error
        }
    }

    pub(super) fn missing_part() -> Self {
        let error = Self::new(
            StatusCode::BAD_REQUEST,
            "youtube.parameter",
            "missingRequiredParameter",
            "Required parameter: part",
        );
        Self {
            location: Some(("part", "parameter")),
            ..error
        }
    }

    pub(super) fn unknown_part(part: &str) -> Self {
        let message = format!("'{part}'");
        let error = Self::new(
            StatusCode::BAD_REQUEST,
            "youtube.part",
            "unknownPart",
            &message,
        );
        Self {
            location: Some(("part", "parameter")),
            ..error
        }
    }

    pub(super) fn missing_filter() -> Self {
        let error = Self::new(
            StatusCode::BAD_REQUEST,
            "youtube.parameter",
            "missingRequiredParameter",
            "No filter selected. Expected one of: chart, id, myRating",
        );
        Self {
            location: Some(("parameters.", "other")),
            ..error
        }
    }

    pub(super) fn too_many_ids() -> Self {
        let error = Self::new(
            StatusCode::BAD_REQUEST,
            "youtube.parameter",
            "invalidFilters",
            "The request specifies an invalid filter parameter.",
        );
        Self {
            location: Some(("parameters.", "other")),
            ..error
        }
    }

    /// The error that the control surface asked for.
    pub(super) fn of(fault: &Fault) -> Self {
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
            "keyInvalid" => return Self::invalid_key(),
            _ => ("global", fault.status.canonical_reason().unwrap_or("Error")),
        };
        Self::new(fault.status, domain, reason, message)
    }
}

impl IntoResponse for DataError {
    fn into_response(self) -> Response {
        let mut one = json!({
            "message": self.message,
            "domain": self.domain,
            "reason": self.reason,
        });
        if let Some((location, kind)) = self.location {
            one["location"] = json!(location);
            one["locationType"] = json!(kind);
        }
        let mut error = json!({
            "code": self.http.as_u16(),
            "message": self.message,
            "errors": [one],
        });
        if let Some(status) = self.status {
            error["status"] = json!(status);
        }
        if let Some(details) = self.details {
            error["details"] = details;
        }
        (self.http, Json(json!({ "error": error }))).into_response()
    }
}
