//! Responses of functions in format 2.0.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Response, StatusCode, header},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Explicit {
    status_code: u16,
    #[serde(default)]
    headers: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    cookies: Option<Vec<String>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: Option<bool>,
}

/// Returns the HTTP response, or `None` if the function's is malformed.
pub(super) fn from_payload(payload: &[u8]) -> Option<Response<Body>> {
    let value: Value = serde_json::from_slice(payload).ok()?;
    if value.get("statusCode").is_none() {
        return Some(inferred(value));
    }
    let explicit: Explicit = serde_json::from_value(value).ok()?;
    let body = match (explicit.body, explicit.is_base64_encoded) {
        (None, _) => Vec::new(),
        (Some(body), Some(true)) => STANDARD.decode(body).ok()?,
        (Some(body), _) => body.into_bytes(),
    };
    let has_body = !body.is_empty();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(explicit.status_code).ok()?;
    let headers = response.headers_mut();
    for (name, value) in explicit.headers.unwrap_or_default() {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        let value = match value {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            _ => return None,
        };
        // The length depends on the body that is sent.
        if name != header::CONTENT_LENGTH && name != header::TRANSFER_ENCODING {
            headers.insert(name, HeaderValue::from_str(&value).ok()?);
        }
    }
    for cookie in explicit.cookies.unwrap_or_default() {
        headers.append(header::SET_COOKIE, HeaderValue::from_str(&cookie).ok()?);
    }
    if has_body && !headers.contains_key(header::CONTENT_TYPE) {
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
    }
    Some(response)
}

/// Returns a 200 whose body is the whole value, for a response without a status code.
fn inferred(value: Value) -> Response<Body> {
    let body = match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    async fn read(payload: Value) -> Option<(u16, Vec<(String, String)>, String)> {
        let response = from_payload(payload.to_string().as_bytes())?;
        let (parts, body) = response.into_parts();
        let headers = parts
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        Some((
            parts.status.as_u16(),
            headers,
            String::from_utf8(body.to_vec()).unwrap(),
        ))
    }

    #[tokio::test]
    async fn response_with_a_status_code_is_explicit() {
        let (status, headers, body) = read(json!({
            "statusCode": 201,
            "headers": { "Content-Type": "application/json", "X-Count": 3, "Content-Length": "99" },
            "cookies": ["a=1", "b=2"],
            "body": "eyJhIjoxfQ==",
            "isBase64Encoded": true,
        }))
        .await
        .unwrap();
        assert_eq!((status, body.as_str()), (201, r#"{"a":1}"#));
        for (name, value) in [
            ("content-type", "application/json"),
            ("x-count", "3"),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
        ] {
            assert!(
                headers.contains(&(name.into(), value.into())),
                "{headers:?}"
            );
        }
        assert!(!headers.iter().any(|(name, _)| name == "content-length"));
        let (status, headers, body) = read(json!({ "statusCode": 304 })).await.unwrap();
        assert_eq!((status, headers.len(), body.len()), (304, 0, 0));
    }

    #[tokio::test]
    async fn response_without_a_status_code_is_the_body_of_a_200() {
        for (payload, expected) in [
            (json!({ "a": 1 }), r#"{"a":1}"#),
            (json!("plain"), "plain"),
            (json!(null), "null"),
            (json!([1]), "[1]"),
        ] {
            let (status, headers, body) = read(payload).await.unwrap();
            assert_eq!((status, body.as_str()), (200, expected));
            assert_eq!(headers[0].1, "application/json");
        }
    }

    #[tokio::test]
    async fn malformed_response_is_refused() {
        for payload in [
            json!({ "statusCode": "no" }),
            json!({ "statusCode": 99999 }),
            json!({ "statusCode": 20 }),
            json!({ "statusCode": 200, "body": {} }),
            json!({ "statusCode": 200, "body": "*", "isBase64Encoded": true }),
            json!({ "statusCode": 200, "headers": { "a b": "c" } }),
            json!({ "statusCode": 200, "headers": { "a": "c\nd" } }),
        ] {
            assert!(read(payload.clone()).await.is_none(), "{payload}");
        }
    }

    proptest! {
        #[test]
        fn any_payload_is_read_without_a_panic(payload in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = from_payload(&payload);
        }
    }
}
