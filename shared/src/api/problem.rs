//! Problem documents (RFC 9457).

use std::time::Duration;

use http::{StatusCode, header};
use lambda_http::{Body, Response};
use serde::{Deserialize, Serialize};

use eventrelay_core::error::{Error, problem_type};

/// `Retry-After` of errors that have no delay of their own.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Body of every error response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Problem {
    /// Stable URI of the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// Title of the kind of problem.
    pub title: String,
    /// HTTP status code of the response.
    pub status: u16,
    /// Explanation of this occurrence.
    pub detail: String,
    /// Field of the request that causes the problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Kind of resource named instead of a single video or playlist: `playlist`, `channel`, `clip`,
    /// …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_kind: Option<String>,
    /// Estimated cost in US dollars if the request exceeds its maximum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_cost_usd: Option<f64>,
    /// Id of the request, for reports of the problem.
    pub request_id: String,
}

/// The document of an error.
pub(super) fn body(error: &Error, request_id: &str) -> Problem {
    let problem = error.problem();
    let (field, reference_kind) = match error {
        Error::InvalidInput { field, .. } => (Some(field.to_string()), None),
        Error::NotAVideo(refusal) => (Some("url".to_owned()), Some(refusal.kind().to_owned())),
        Error::NotAPlaylist(refusal) => (Some("url".to_owned()), Some(refusal.kind().to_owned())),
        Error::TranscriptInvalid(_) => (Some("transcript".to_owned()), None),
        Error::UploadMissing => (Some("upload_id".to_owned()), None),
        _ => (None, None),
    };
    // A recent failure is reported with its original type and title.
    let (kind, title) = match error {
        Error::FailedBefore { failure, .. } => {
            (failure.error.kind.clone(), failure.error.title.clone())
        }
        _ => (problem_type(problem.slug), problem.title.to_owned()),
    };
    Problem {
        kind,
        title,
        status: problem.status,
        detail: error.detail().into_owned(),
        field,
        reference_kind,
        estimated_cost_usd: error.estimated_cost_usd(),
        request_id: request_id.to_owned(),
    }
}

pub(super) fn response(error: &Error, request_id: &str) -> Response<Body> {
    let problem = body(error, request_id);
    let mut response = Response::new(Body::from(
        serde_json::to_string(&problem).unwrap_or_default(),
    ));
    *response.status_mut() =
        StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        "application/problem+json".parse().expect("a constant"),
    );
    headers.insert(
        header::CACHE_CONTROL,
        "no-store".parse().expect("a constant"),
    );
    let pause = match error {
        Error::TooManyRequests { retry_after }
        | Error::FailedBefore { retry_after, .. }
        | Error::Throttled { retry_after, .. }
        | Error::BudgetSpent { retry_after, .. } => Some(*retry_after),
        _ if matches!(problem.status, 429 | 503) => Some(RETRY_AFTER),
        _ => None,
    };
    if let Error::MethodNotAllowed { allow } = error {
        headers.insert(header::ALLOW, http::HeaderValue::from_static(allow));
    }
    if let Some(pause) = pause {
        headers.insert(header::RETRY_AFTER, pause.as_secs().max(1).into());
    }
    response
}
