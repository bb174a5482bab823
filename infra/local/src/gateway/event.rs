//! Requests in payload format 2.0.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, SystemTime},
};

use axum::http::{HeaderMap, header, request::Parts};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use eventrelay::{clock::Timestamp, telemetry::TraceId};
use serde_json::{Value, json};

use crate::template::{
    ACCOUNT, REGION,
    model::{Api, Authorizer, Route, physical_name},
};

/// A request without its body.
pub(super) struct Call {
    route_key: String,
    route_arn: String,
    headers: BTreeMap<String, String>,
    /// Trace of the request and everything that it causes.
    pub(super) trace: TraceId,
    /// Members that the events of functions and authorizers share.
    common: Value,
}

impl Call {
    pub(super) fn new(
        api: &Api,
        route: &Route,
        path_parameters: BTreeMap<String, String>,
        parts: &Parts,
        source: SocketAddr,
        port: u16,
        request_id: &str,
    ) -> Self {
        let query = parts.uri.query().unwrap_or_default();
        // HTTP/2 has the host in the request line.
        let domain = text(&parts.headers, header::HOST.as_str())
            .or_else(|| parts.uri.authority().map(ToString::to_string))
            .unwrap_or_else(|| format!("127.0.0.1:{port}"));
        let time = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        let source_ip = source.ip().to_string();
        let mut headers = joined_headers(&parts.headers);
        let cookies = headers.remove(header::COOKIE.as_str());
        let cookies: Vec<&str> = cookies
            .iter()
            .flat_map(|cookies| cookies.split([';', ',']).map(str::trim))
            .collect();
        headers
            .entry("host".into())
            .or_insert_with(|| domain.clone());
        headers
            .entry("x-forwarded-for".into())
            .and_modify(|before| *before = format!("{before}, {source_ip}"))
            .or_insert_with(|| source_ip.clone());
        // Like API Gateway, keep the root of the caller's trace.
        let known = headers.get("x-amzn-trace-id").map(String::as_str);
        let trace = TraceId::from_header(known, None, Timestamp::now());
        headers.insert("x-amzn-trace-id".into(), trace.header());
        headers.insert("x-forwarded-port".into(), port.to_string());
        headers.insert("x-forwarded-proto".into(), "http".into());
        let api_id = physical_name(&api.name);
        let (method, path) = (parts.method.as_str(), parts.uri.path());
        let route_key = route_key(route);
        let mut common = json!({
            "version": "2.0",
            "routeKey": route_key,
            "rawPath": path,
            "rawQueryString": query,
            "headers": headers,
            "requestContext": {
                "accountId": ACCOUNT,
                "apiId": api_id,
                "domainName": domain,
                "domainPrefix": domain.split('.').next().unwrap_or_default(),
                "http": {
                    "method": method,
                    "path": path,
                    "protocol": format!("{:?}", parts.version),
                    "sourceIp": source_ip,
                    "userAgent": headers.get("user-agent").cloned().unwrap_or_default(),
                },
                "requestId": request_id,
                "routeKey": route_key,
                "stage": "$default",
                "time": common_log_time(time),
                "timeEpoch": u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
            },
        });
        let query_parameters = query_parameters(query);
        if !cookies.is_empty() {
            common["cookies"] = cookies.into();
        }
        if !query_parameters.is_empty() {
            common["queryStringParameters"] = json!(query_parameters);
        }
        if !path_parameters.is_empty() {
            common["pathParameters"] = json!(path_parameters);
        }
        Self {
            route_arn: format!(
                "arn:aws:execute-api:{REGION}:{ACCOUNT}:{api_id}/$default/{method}{path}"
            ),
            route_key,
            headers,
            trace,
            common,
        }
    }

    /// Returns the event for the function of the route.
    pub(super) fn event(&self, authorizer: Option<Value>, body: &[u8]) -> Value {
        let mut event = self.common.clone();
        if let Some(context) = authorizer {
            event["requestContext"]["authorizer"] = json!({ "lambda": context });
        }
        let content_type = self.headers.get("content-type");
        let encoded = match std::str::from_utf8(body) {
            Ok("") => None,
            Ok(text) if content_type.is_none_or(|value| is_text(value)) => {
                Some((text.to_owned(), false))
            }
            _ => Some((STANDARD.encode(body), true)),
        };
        event["isBase64Encoded"] = encoded.as_ref().is_some_and(|(_, binary)| *binary).into();
        if let Some((body, _)) = encoded {
            event["body"] = body.into();
        }
        event
    }

    /// Returns the event for an authorizer of type REQUEST
    /// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html>).
    pub(super) fn authorizer_event(&self, identity: &[String]) -> Value {
        let mut event = self.common.clone();
        event["type"] = "REQUEST".into();
        event["routeArn"] = self.route_arn.clone().into();
        event["identitySource"] = identity.into();
        event
    }

    /// Returns the values that identify the caller, or `None` if one is missing.
    pub(super) fn identity(&self, authorizer: &Authorizer) -> Option<Vec<String>> {
        let headers = authorizer.identity_headers.iter().map(|name| {
            self.headers
                .get(name)
                .filter(|value| !value.is_empty())
                .cloned()
        });
        let route = authorizer.by_route.then(|| Some(self.route_key.clone()));
        headers.chain(route).collect()
    }
}

/// Formats a time like `24/Nov/2026:04:00:11 +0000`.
fn common_log_time(since_epoch: Duration) -> String {
    let time = jiff::Timestamp::UNIX_EPOCH + since_epoch;
    time.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string()
}

fn route_key(route: &Route) -> String {
    match route.path.as_str() {
        "$default" => "$default".to_owned(),
        path => format!("{} {path}", route.method),
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// Joins repeated headers with commas, and cookies, which HTTP/2 splits, with `;`.
fn joined_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let separator = |name: &str| if name == header::COOKIE { ';' } else { ',' };
    let headers = headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        (name.as_str().into(), value)
    });
    joined(headers, separator)
}

/// Joins repeated parameters with commas.
fn query_parameters(query: &str) -> BTreeMap<String, String> {
    joined(url::form_urlencoded::parse(query.as_bytes()), |_| ',')
}

fn joined<'a>(
    pairs: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
    separator: impl Fn(&str) -> char,
) -> BTreeMap<String, String> {
    let mut joined = BTreeMap::<String, String>::new();
    for (name, value) in pairs {
        match joined.get_mut(name.as_ref()) {
            Some(before) => {
                before.push(separator(&name));
                before.push_str(&value);
            }
            None => {
                joined.insert(name.into_owned(), value.into_owned());
            }
        }
    }
    joined
}

/// Returns whether bodies of this type are passed as text. All others are passed in Base64.
fn is_text(content_type: &str) -> bool {
    let essence = content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence.starts_with("text/")
        || essence.ends_with("+json")
        || essence.ends_with("+xml")
        || matches!(
            essence.as_str(),
            "application/json" | "application/xml" | "application/javascript"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_has_the_format_of_access_logs() {
        assert_eq!(
            common_log_time(Duration::from_secs(1_795_492_811)),
            "24/Nov/2026:04:00:11 +0000"
        );
    }
}
