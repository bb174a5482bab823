//! Problem documents (RFC 9457).

use std::time::Duration;

use http::{StatusCode, header};
use lambda_http::{Body, Response};
use serde::{Deserialize, Serialize};

use crate::{error::Error, job::JobError};

/// How long a caller is asked to wait where nobody said so.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// The body of every answer that is an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Stable URI of the kind of problem.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened this time.
    pub detail: String,
    /// The field of the request that is at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What was named instead of a single video, or of a playlist: `playlist`, `channel`, `clip`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_kind: Option<String>,
    /// To be quoted when something is asked about it.
    pub request_id: String,
}

/// URI of a kind of problem. A URN, because a kind is a name and not a page.
#[must_use]
pub fn problem_type(slug: &str) -> String {
    format!("urn:eventrelay:problem:{slug}")
}

impl From<&Error> for JobError {
    fn from(error: &Error) -> Self {
        let problem = error.problem();
        Self {
            kind: problem_type(problem.slug),
            title: problem.title.to_owned(),
            detail: error.detail().into_owned(),
        }
    }
}

pub(super) fn response(error: &Error, request_id: &str) -> Response<Body> {
    let problem = error.problem();
    let (field, reference_kind) = match error {
        Error::InvalidInput { field, .. } => (Some(field.to_string()), None),
        Error::NotAVideo(refusal) => (Some("url".to_owned()), Some(refusal.kind().to_owned())),
        Error::NotAPlaylist(refusal) => (Some("url".to_owned()), Some(refusal.kind().to_owned())),
        Error::TranscriptInvalid(_) => (Some("transcript".to_owned()), None),
        Error::UploadMissing => (Some("upload_id".to_owned()), None),
        _ => (None, None),
    };
    let body = Problem {
        kind: problem_type(problem.slug),
        title: problem.title.to_owned(),
        status: problem.status,
        detail: error.detail().into_owned(),
        field,
        reference_kind,
        request_id: request_id.to_owned(),
    };
    let mut response = Response::new(Body::from(serde_json::to_string(&body).unwrap_or_default()));
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
    if matches!(problem.status, 429 | 503) {
        let pause = match error {
            Error::TooManyRequests { retry_after } => *retry_after,
            _ => RETRY_AFTER,
        };
        headers.insert(header::RETRY_AFTER, pause.as_secs().max(1).into());
    }
    response
}
