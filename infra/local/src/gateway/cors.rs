//! What an HTTP API says to the pages of other origins.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html>

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header},
};

use crate::template::model::Cors;

/// What only the configuration of the API says: what a function says of it is not handed on.
const OWN: [HeaderName; 6] = [
    header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
    header::ACCESS_CONTROL_ALLOW_HEADERS,
    header::ACCESS_CONTROL_ALLOW_METHODS,
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    header::ACCESS_CONTROL_EXPOSE_HEADERS,
    header::ACCESS_CONTROL_MAX_AGE,
];

/// Whether a browser asks if a page may ask.
pub(super) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to that, which no function is asked for.
pub(super) fn preflight(cors: &Cors, origin: Option<&HeaderValue>) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    if let Some(origin) = allowed(cors, origin) {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        set(
            headers,
            header::ACCESS_CONTROL_ALLOW_METHODS,
            &cors.allow_methods,
        );
        set(
            headers,
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            &cors.allow_headers,
        );
        headers.insert(
            header::ACCESS_CONTROL_MAX_AGE,
            cors.max_age.as_secs().into(),
        );
    }
    response
}

/// Tells the page of an allowed origin what it may read of an answer, and any other nothing.
pub(super) fn tell(cors: &Cors, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
    for name in &OWN {
        headers.remove(name);
    }
    if let Some(origin) = allowed(cors, origin) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        set(
            headers,
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            &cors.expose_headers,
        );
    }
}

fn allowed(cors: &Cors, origin: Option<&HeaderValue>) -> Option<HeaderValue> {
    let origin = origin?;
    let any = cors.allow_origins.iter().any(|one| one == "*");
    match any {
        true => Some(HeaderValue::from_static("*")),
        false => cors
            .allow_origins
            .iter()
            .any(|one| origin.as_bytes().eq_ignore_ascii_case(one.as_bytes()))
            .then(|| origin.clone()),
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, values: &[String]) {
    if let Ok(value) = HeaderValue::from_str(&values.join(","))
        && !value.is_empty()
    {
        headers.insert(name, value);
    }
}
