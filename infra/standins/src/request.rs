//! Parts of requests that several services read alike: query, credentials, limits.

use std::time::{Duration, SystemTime};

use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use serde_json::Value;
use sha1::{Digest as _, Sha1};

/// Returns the first value of a query parameter.
pub(crate) fn query_value(uri: &Uri, name: &str) -> Option<String> {
    let query = uri.query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(given, _)| given == name)
        .map(|(_, value)| value.into_owned())
}

/// Returns the API key of a call to Google, from the header or else from the query.
pub(crate) fn google_key(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let header = headers.get("x-goog-api-key");
    match header.and_then(|key| key.to_str().ok()) {
        Some(key) => Some(key.to_owned()),
        None => query_value(uri, "key"),
    }
    .filter(|key| !key.is_empty())
}

/// Returns the HTTP status of an error of Google, whose `code` it is.
pub(crate) fn google_status(error: &Value) -> StatusCode {
    let code = error["code"]
        .as_u64()
        .and_then(|code| u16::try_from(code).ok());
    let status = code.and_then(|code| StatusCode::from_u16(code).ok());
    status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Returns whether an `Authorization` header holds a valid bearer token.
pub(crate) fn is_authorized(header: &HeaderValue, valid: Option<&str>) -> bool {
    let token = header.to_str().unwrap_or_default().strip_prefix("Bearer ");
    token.is_some_and(|token| is_valid_token(token, valid))
}

/// Returns whether a token is the valid one. If none is set, every token but `invalid` is valid.
pub(crate) fn is_valid_token(token: &str, valid: Option<&str>) -> bool {
    let token = token.trim();
    !token.is_empty() && valid.map_or(token != "invalid", |valid| token == valid)
}

/// Adds the headers of a spent limit. Without `retry_after_s` the limit resets after a minute and
/// the response has no `Retry-After`.
pub(crate) fn with_spent_limit(
    mut response: Response,
    limit: &'static str,
    retry_after_s: Option<u64>,
) -> Response {
    let headers = response.headers_mut();
    headers.insert("x-ratelimit-limit", HeaderValue::from_static(limit));
    headers.insert("x-ratelimit-remaining", HeaderValue::from_static("0"));
    headers.insert("x-ratelimit-reset", reset_s(retry_after_s).into());
    if let Some(seconds) = retry_after_s {
        headers.insert("retry-after", seconds.into());
    }
    response
}

/// Returns when a spent limit resets, in seconds since 1970.
pub(crate) fn reset_s(retry_after_s: Option<u64>) -> u64 {
    seconds_since_1970() + retry_after_s.unwrap_or(60)
}

pub(crate) fn seconds_since_1970() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.as_ref().map_or(0, Duration::as_secs)
}

/// Returns the part of a list that a page number, counted from 1, and a page size of at most 100
/// select.
pub(crate) fn page<T>(
    items: impl Iterator<Item = T>,
    page: Option<usize>,
    size: usize,
) -> impl Iterator<Item = T> {
    let size = size.clamp(1, 100);
    let before = page.unwrap_or(1).max(1) - 1;
    items.skip(before.saturating_mul(size)).take(size)
}

/// Returns hexadecimal digits that depend on the parts alone.
pub(crate) fn digest(parts: &[&str]) -> String {
    let mut hash = Sha1::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hex::encode(hash.finalize())
}
