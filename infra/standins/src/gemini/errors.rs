//! Errors as `google.rpc.Status`, with Google's messages.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Gemini;
use crate::request::{google_key, query_value};

#[derive(Clone, Debug)]
pub(super) struct ApiError {
    http: StatusCode,
    status: &'static str,
    message: String,
    details: Vec<Value>,
}

/// Limit of a 429. Only the `quotaId` differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quota {
    /// Resets within a few seconds.
    PerMinute,
    /// Resets at midnight, Pacific time.
    PerDay,
}

/// Reason that access is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    /// Returns the error for a refused key or project.
    pub(super) fn refusal(refusal: Refusal) -> Self {
        let info = |reason: &str| {
            json!({
                "reason": reason,
                "domain": "googleapis.com",
                "metadata": {
                    "service": "generativelanguage.googleapis.com",
                    "consumer": "projects/123456789012",
                },
            })
        };
        match refusal {
            Refusal::KeyInvalid => Self::invalid_key(),
            Refusal::KeyMissing => Self::no_key(),
            Refusal::KeyLeaked => Self::permission_denied(
                "Your API key was reported as leaked. Please use another API key.",
            ),
            Refusal::ConsumerSuspended => Self::permission_denied(
                "Permission denied: Consumer 'projects/123456789012' has been suspended.",
            )
            .detail("ErrorInfo", info("CONSUMER_SUSPENDED")),
            Refusal::ProjectDenied => Self::permission_denied(
                "Your project has been denied access. Please contact support.",
            ),
            Refusal::ServiceDisabled => Self::permission_denied(
                "Generative Language API has not been used in project 123456789012 before or it \
                 is disabled. Enable it by visiting \
                 https://console.developers.google.com/apis/api/generativelanguage.googleapis.com/\
                 overview?project=123456789012 then retry.",
            )
            .detail("ErrorInfo", info("SERVICE_DISABLED")),
            Refusal::BillingRequired => Self::failed_precondition(
                "Gemini API free tier is not available for this project. Please enable billing on \
                 your project in Google AI Studio.",
            ),
            Refusal::PrepayDepleted => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "RESOURCE_EXHAUSTED",
                "Your prepayment credits are depleted. Please go to AI Studio at \
                 https://ai.studio/projects to manage your project and billing.",
            ),
            Refusal::Location => {
                Self::failed_precondition("User location is not supported for the API use.")
            }
        }
    }

    fn new(http: StatusCode, status: &'static str, message: impl Into<String>) -> Self {
        Self {
            http,
            status,
            message: message.into(),
            details: Vec::new(),
        }
    }

    fn detail(mut self, kind: &str, mut detail: Value) -> Self {
        detail["@type"] = json!(format!("type.googleapis.com/google.rpc.{kind}"));
        self.details.push(detail);
        self
    }

    pub(super) fn invalid_argument(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", message)
    }

    pub(super) fn failed_precondition(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "FAILED_PRECONDITION", message)
    }

    pub(super) fn permission_denied(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", message)
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    }

    pub(super) fn no_such_method() -> Self {
        Self::not_found("Method not found.")
    }

    /// Missing, expired and foreign files get the same error.
    pub(super) fn no_such_file(id: &str) -> Self {
        Self::permission_denied(format!(
            "You do not have permission to access the File {id} or it may not exist."
        ))
    }

    pub(super) fn file_exists(id: &str) -> Self {
        let message = format!("File {id} already exists.");
        Self::new(StatusCode::CONFLICT, "ALREADY_EXISTS", message)
    }

    pub(super) fn no_such_model(model: &str, version: &str, method: &str) -> Self {
        Self::not_found(format!(
            "models/{model} is not found for API version {version}, or is not supported for \
             {method}. Call ListModels to see the list of available models and their supported \
             methods."
        ))
    }

    pub(super) fn no_key() -> Self {
        Self::permission_denied(
            "Method doesn't allow unregistered callers (callers without established identity). \
             Please use API Key or other form of API consumer identity to call this API.",
        )
    }

    pub(super) fn invalid_key() -> Self {
        let message = "API key not valid. Please pass a valid API key.";
        let info = json!({
            "reason": "API_KEY_INVALID",
            "domain": "googleapis.com",
            "metadata": {"service": "generativelanguage.googleapis.com"},
        });
        Self::invalid_argument(message)
            .detail("ErrorInfo", info)
            .detail(
                "LocalizedMessage",
                json!({"locale": "en-US", "message": message}),
            )
    }

    /// Error of Google's JSON parser, with one line and one violation for each problem of the body.
    pub(super) fn bad_json(violations: &[super::wire::Violation]) -> Self {
        let lines: Vec<&str> = violations
            .iter()
            .map(|one| one.description.as_str())
            .collect();
        let fields: Vec<Value> = violations
            .iter()
            .map(|one| {
                let mut field = json!({"description": one.description});
                if !one.field.is_empty() {
                    field["field"] = json!(one.field);
                }
                field
            })
            .collect();
        Self::invalid_argument(lines.join("\n"))
            .detail("BadRequest", json!({"fieldViolations": fields}))
    }

    pub(super) fn quota(quota: Quota, model: &str, retry_delay_s: f64) -> Self {
        let (span, value) = match quota {
            Quota::PerMinute => ("PerMinute", "10"),
            Quota::PerDay => ("PerDay", "20"),
        };
        let metric = "generativelanguage.googleapis.com/generate_content_free_tier_requests";
        let links = "https://ai.google.dev/gemini-api/docs/rate-limits";
        let message = format!(
            "You exceeded your current quota, please check your plan and billing details. For \
             more information on this error, head over to: {links}.\n* Quota exceeded for metric: \
             {metric}, limit: {value}, model: {model}\nPlease retry in {retry_delay_s}s."
        );
        let violation = json!({
            "quotaMetric": metric,
            "quotaId": format!("GenerateRequests{span}PerProjectPerModel-FreeTier"),
            "quotaDimensions": {"location": "global", "model": model},
            "quotaValue": value,
        });
        let help = json!([{"description": "Learn more about Gemini API quotas", "url": links}]);
        Self::new(StatusCode::TOO_MANY_REQUESTS, "RESOURCE_EXHAUSTED", message)
            .detail("QuotaFailure", json!({"violations": [violation]}))
            .detail("Help", json!({"links": help}))
            .detail(
                "RetryInfo",
                json!({"retryDelay": format!("{retry_delay_s}s")}),
            )
    }

    pub(super) fn overloaded() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "UNAVAILABLE",
            "The model is overloaded. Please try again later.",
        )
    }

    /// Returns the plain error of an HTTP status, without details.
    pub(super) fn of_status(http: StatusCode) -> Self {
        let (status, message) = match http.as_u16() {
            400 => ("INVALID_ARGUMENT", "Request contains an invalid argument."),
            401 => (
                "UNAUTHENTICATED",
                "Request had invalid authentication credentials.",
            ),
            403 => ("PERMISSION_DENIED", "The caller does not have permission"),
            404 => ("NOT_FOUND", "Requested entity was not found."),
            429 => (
                "RESOURCE_EXHAUSTED",
                "Resource has been exhausted (e.g. check quota).",
            ),
            499 => ("CANCELLED", "The operation was cancelled."),
            500 => ("INTERNAL", "An internal error has occurred."),
            503 => ("UNAVAILABLE", "The service is currently unavailable."),
            504 => (
                "DEADLINE_EXCEEDED",
                "Deadline expired before operation could complete.",
            ),
            _ => ("UNKNOWN", "Unknown error."),
        };
        Self::new(http, status, message)
    }

    pub(super) fn to_json(&self) -> Value {
        let mut error = json!({
            "code": self.http.as_u16(),
            "message": self.message,
            "status": self.status,
        });
        if !self.details.is_empty() {
            error["details"] = Value::Array(self.details.clone());
        }
        json!({ "error": error })
    }

    /// Returns the error as the single item of an array, the form of a stream that is a JSON array.
    pub(super) fn into_array_response(self) -> Response {
        (self.http, Json(Value::Array(vec![self.to_json()]))).into_response()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.http, Json(self.to_json())).into_response()
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
        match google_key(request.headers(), uri).as_deref() {
            None => return ApiError::no_key().into_response(),
            Some("invalid") => return ApiError::invalid_key().into_response(),
            Some(key) => {
                let valid = state.settings().api_key;
                if valid.is_some_and(|valid| valid != key) {
                    return ApiError::invalid_key().into_response();
                }
            }
        }
    }
    next.run(request).await
}
