//! Parts of the AWS JSON protocols that SQS and Secrets Manager share.

use axum::{
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde_json::Value;
use uuid::Uuid;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// Returns a header that is text.
pub(super) fn header(headers: &HeaderMap, name: impl AsRef<str>) -> Option<&str> {
    headers.get(name.as_ref())?.to_str().ok()
}

/// Returns whether a request names the access key. Its signature is not verified.
pub(super) fn names_key(headers: &HeaderMap, access_key_id: &str) -> bool {
    let authorization = header(headers, header::AUTHORIZATION).unwrap_or_default();
    let scope = authorization.split_once("Credential=");
    scope.and_then(|(_, scope)| scope.split('/').next()) == Some(access_key_id)
}

/// Returns a response in this version of the protocol.
pub(super) fn answer(status: StatusCode, content_type: &'static str, body: &Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type.to_owned()),
        (REQUEST_ID, Uuid::now_v7().to_string()),
    ];
    (status, headers, body.to_string()).into_response()
}
