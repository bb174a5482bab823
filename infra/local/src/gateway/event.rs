//! Requests in payload format 2.0.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, SystemTime},
};

use axum::http::{HeaderMap, header, request::Parts};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use eventrelay::{clock::Timestamp, telemetry::TraceId};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use crate::template::{
    ACCOUNT, REGION,
    model::{Api, Authorizer, Route, physical_name},
};

/// A request without its body.
pub(super) struct Call {
    route_key: String,
    method: String,
    path: String,
    query: String,
    cookies: Vec<String>,
    pub(super) headers: BTreeMap<String, String>,
    query_parameters: BTreeMap<String, String>,
    path_parameters: BTreeMap<String, String>,
    api_id: String,
    domain: String,
    protocol: String,
    source_ip: String,
    request_id: String,
    /// Trace of the request and everything that it causes.
    pub(super) trace: TraceId,
    time: Duration,
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
        let cookies = headers
            .remove(header::COOKIE.as_str())
            .map(|cookies| {
                cookies
                    .split([';', ','])
                    .map(|cookie| cookie.trim().to_owned())
                    .collect()
            })
            .unwrap_or_default();
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
        Self {
            route_key: route_key(route),
            method: parts.method.to_string(),
            path: parts.uri.path().to_owned(),
            query: query.to_owned(),
            cookies,
            headers,
            query_parameters: query_parameters(query),
            path_parameters,
            api_id: physical_name(&api.name),
            domain,
            protocol: format!("{:?}", parts.version),
            source_ip,
            request_id: request_id.to_owned(),
            trace,
            time,
        }
    }

    /// Returns the event for the function of the route.
    pub(super) fn event(&self, authorizer: Option<Value>, body: &[u8]) -> Value {
        let mut event = self.common();
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
        let mut event = self.common();
        event["type"] = "REQUEST".into();
        event["routeArn"] = format!(
            "arn:aws:execute-api:{REGION}:{ACCOUNT}:{}/$default/{}{}",
            self.api_id, self.method, self.path
        )
        .into();
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

    fn common(&self) -> Value {
        let prefix = self.domain.split('.').next().unwrap_or_default();
        let mut event = Map::from_iter([
            ("version".to_owned(), "2.0".into()),
            ("routeKey".to_owned(), self.route_key.clone().into()),
            ("rawPath".to_owned(), self.path.clone().into()),
            ("rawQueryString".to_owned(), self.query.clone().into()),
            ("headers".to_owned(), json!(self.headers)),
            (
                "requestContext".to_owned(),
                json!({
                    "accountId": ACCOUNT,
                    "apiId": self.api_id,
                    "domainName": self.domain,
                    "domainPrefix": prefix,
                    "http": {
                        "method": self.method,
                        "path": self.path,
                        "protocol": self.protocol,
                        "sourceIp": self.source_ip,
                        "userAgent": self.headers.get("user-agent").cloned().unwrap_or_default(),
                    },
                    "requestId": self.request_id,
                    "routeKey": self.route_key,
                    "stage": "$default",
                    "time": common_log_time(self.time),
                    "timeEpoch": u64::try_from(self.time.as_millis()).unwrap_or(u64::MAX),
                }),
            ),
        ]);
        if !self.cookies.is_empty() {
            event.insert("cookies".into(), json!(self.cookies));
        }
        if !self.query_parameters.is_empty() {
            event.insert("queryStringParameters".into(), json!(self.query_parameters));
        }
        if !self.path_parameters.is_empty() {
            event.insert("pathParameters".into(), json!(self.path_parameters));
        }
        event.into()
    }
}

/// Formats a time like `24/Nov/2026:04:00:11 +0000`.
fn common_log_time(since_epoch: Duration) -> String {
    let when = OffsetDateTime::UNIX_EPOCH + since_epoch;
    format!(
        "{:02}/{:.3}/{}:{:02}:{:02}:{:02} +0000",
        when.day(),
        when.month().to_string(),
        when.year(),
        when.hour(),
        when.minute(),
        when.second()
    )
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
    let mut joined = BTreeMap::<String, String>::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        joined
            .entry(name.as_str().to_owned())
            .and_modify(|before| {
                before.push(if name == header::COOKIE { ';' } else { ',' });
                before.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    joined
}

/// Joins repeated parameters with commas.
fn query_parameters(query: &str) -> BTreeMap<String, String> {
    let mut parameters = BTreeMap::<String, String>::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        parameters
            .entry(name.into_owned())
            .and_modify(|before| {
                before.push(',');
                before.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    parameters
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
