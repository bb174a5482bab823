//! Services behind the proxies: how requests are classified, and how each service refuses.

use axum::{body::Body, http::Response};
use http::{
    HeaderValue, Method, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
    request::Parts,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use strum::IntoStaticStr;

use super::chaos::Fault;

/// A service behind a proxy.
#[derive(Clone, Copy, Debug, Deserialize, Eq, IntoStaticStr, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[strum(const_into_str, serialize_all = "lowercase")]
pub(super) enum Target {
    DynamoDb,
    S3,
    Sqs,
    Gemini,
    YouTube,
    GitHub,
    Vercel,
    Netlify,
}

impl Target {
    /// Returns whether this is a service of AWS rather than an upstream.
    pub(super) fn is_aws(self) -> bool {
        matches!(self, Self::DynamoDb | Self::S3 | Self::Sqs)
    }

    /// Returns whether projects are deployed to this service.
    fn is_host(self) -> bool {
        matches!(self, Self::GitHub | Self::Vercel | Self::Netlify)
    }

    /// Returns the operation of a request, by the service's own name if it has one.
    pub(super) fn operation(self, request: &Parts) -> String {
        let target = request.headers.get("x-amz-target");
        let named = target
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.rsplit('.').next());
        match (self, named) {
            (Self::DynamoDb | Self::Sqs, Some(operation)) => operation.to_owned(),
            _ => format!("{} {}", request.method, request.uri.path()),
        }
    }

    /// Returns whether a request has a side effect.
    pub(super) fn has_effect(self, request: &Parts, operation: &str) -> bool {
        match self {
            Self::DynamoDb => !matches!(
                operation,
                "GetItem"
                    | "BatchGetItem"
                    | "TransactGetItems"
                    | "Query"
                    | "Scan"
                    | "DescribeTable"
            ),
            Self::Sqs => {
                operation.starts_with("Send")
                    || operation.starts_with("Delete")
                    || operation.starts_with("Change")
            }
            Self::S3
            | Self::Gemini
            | Self::YouTube
            | Self::GitHub
            | Self::Vercel
            | Self::Netlify => !matches!(request.method, Method::GET | Method::HEAD),
        }
    }

    /// Returns the error response of the service, or `None` if the fault has no response.
    pub(super) fn refusal(self, fault: Fault) -> Option<Response<Body>> {
        let (status, code) = match (self, fault) {
            // https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
            (Self::DynamoDb, Fault::Throttled) => (400, "ProvisionedThroughputExceededException"),
            (Self::DynamoDb, Fault::Internal) => (500, "InternalServerError"),
            (Self::DynamoDb, Fault::Unavailable) => (503, "ServiceUnavailable"),
            // https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
            (Self::S3, Fault::Throttled) => (503, "SlowDown"),
            (Self::S3, Fault::Internal) => (500, "InternalError"),
            (Self::S3, Fault::Unavailable) => (503, "ServiceUnavailable"),
            // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
            (Self::Sqs, Fault::Throttled) => (400, "RequestThrottled"),
            (Self::Sqs, Fault::Internal) => (500, "InternalFailure"),
            (Self::Sqs, Fault::Unavailable) => (503, "ServiceUnavailable"),
            // https://vercel.com/docs/rest-api/errors
            (Self::Vercel, Fault::Throttled) => (429, "rate_limited"),
            (Self::Vercel, Fault::Internal) => (500, "internal_server_error"),
            (Self::Vercel, Fault::Unavailable) => (503, "service_unavailable"),
            // https://cloud.google.com/apis/design/errors; GitHub and Netlify document no code.
            (_, Fault::Throttled) => (429, "RESOURCE_EXHAUSTED"),
            (_, Fault::Internal) => (500, "INTERNAL"),
            (_, Fault::Unavailable) => (503, "UNAVAILABLE"),
            _ => return None,
        };
        let words = "Broken on purpose by cargo local --faults";
        let (kind, body) = match self {
            Self::S3 => (
                "application/xml",
                format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>\
                     <Message>{words}</Message><RequestId>faults</RequestId></Error>"
                ),
            ),
            Self::DynamoDb | Self::Sqs => {
                let space = match self {
                    Self::DynamoDb => "com.amazonaws.dynamodb.v20120810",
                    _ => "com.amazonaws.sqs",
                };
                let body = json!({ "__type": format!("{space}#{code}"), "message": words });
                ("application/x-amz-json-1.0", body.to_string())
            }
            // https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
            Self::GitHub => {
                let message = match fault {
                    Fault::Throttled => "You have exceeded a secondary rate limit.",
                    _ => words,
                };
                let body = json!({ "message": message, "status": status.to_string() });
                ("application/json; charset=utf-8", body.to_string())
            }
            Self::Vercel => {
                let body = json!({ "error": { "code": code, "message": words } });
                ("application/json; charset=utf-8", body.to_string())
            }
            Self::Netlify => {
                let body = json!({ "code": status, "message": words });
                ("application/json; charset=utf-8", body.to_string())
            }
            Self::Gemini | Self::YouTube => {
                let mut error = json!({ "code": status, "message": words, "status": code });
                if fault == Fault::Throttled {
                    error["details"] = json!([{
                        "@type": "type.googleapis.com/google.rpc.RetryInfo",
                        "retryDelay": "1s",
                    }]);
                }
                let body = json!({ "error": error });
                ("application/json; charset=UTF-8", body.to_string())
            }
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
        if let Ok(kind) = kind.parse() {
            response.headers_mut().insert(CONTENT_TYPE, kind);
        }
        // Without it, a client that honours GitHub's rules waits a minute.
        if self.is_host() && fault == Fault::Throttled {
            let second = HeaderValue::from_static("1");
            response.headers_mut().insert(RETRY_AFTER, second);
        }
        Some(response)
    }
}

/// Returns whether the URL was presigned: its sender does not work for a function.
pub(super) fn is_presigned(request: &Parts) -> bool {
    let query = request.uri.query().unwrap_or_default();
    query.contains("X-Amz-Signature=")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(method: &str, uri: &str, target: Option<&str>) -> Parts {
        let mut request = http::Request::builder().method(method).uri(uri);
        if let Some(target) = target {
            request = request.header("x-amz-target", target);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn only_writes_have_an_effect() {
        for (target, method, uri, header, operation, effect) in [
            (
                Target::DynamoDb,
                "POST",
                "/",
                Some("DynamoDB_20120810.PutItem"),
                "PutItem",
                true,
            ),
            (
                Target::DynamoDb,
                "POST",
                "/",
                Some("DynamoDB_20120810.Query"),
                "Query",
                false,
            ),
            (
                Target::Sqs,
                "POST",
                "/",
                Some("AmazonSQS.SendMessage"),
                "SendMessage",
                true,
            ),
            (
                Target::Sqs,
                "POST",
                "/",
                Some("AmazonSQS.GetQueueUrl"),
                "GetQueueUrl",
                false,
            ),
            (Target::S3, "PUT", "/bucket/a", None, "PUT /bucket/a", true),
            (Target::S3, "GET", "/bucket/a", None, "GET /bucket/a", false),
            (
                Target::Gemini,
                "DELETE",
                "/v1/files/a",
                None,
                "DELETE /v1/files/a",
                true,
            ),
            (
                Target::GitHub,
                "PATCH",
                "/repos/o/r/git/refs/heads/main",
                None,
                "PATCH /repos/o/r/git/refs/heads/main",
                true,
            ),
            (Target::GitHub, "GET", "/user", None, "GET /user", false),
            (
                Target::Netlify,
                "PUT",
                "/api/v1/deploys/d/files/a",
                None,
                "PUT /api/v1/deploys/d/files/a",
                true,
            ),
            (
                Target::Vercel,
                "GET",
                "/v13/deployments/d",
                None,
                "GET /v13/deployments/d",
                false,
            ),
        ] {
            let request = parts(method, uri, header);
            assert_eq!(target.operation(&request), operation);
            assert_eq!(
                target.has_effect(&request, operation),
                effect,
                "{operation}"
            );
        }
    }

    #[test]
    fn refusal_has_the_error_format_of_the_service() {
        let status = |target: Target, fault| target.refusal(fault).unwrap().status().as_u16();
        assert_eq!(status(Target::DynamoDb, Fault::Throttled), 400);
        assert_eq!(status(Target::S3, Fault::Throttled), 503);
        assert_eq!(status(Target::Sqs, Fault::Internal), 500);
        assert_eq!(status(Target::Gemini, Fault::Throttled), 429);
        for host in [Target::GitHub, Target::Vercel, Target::Netlify] {
            let limited = host.refusal(Fault::Throttled).unwrap();
            assert_eq!(limited.status(), 429);
            assert_eq!(limited.headers()["retry-after"], "1");
            let broken = host.refusal(Fault::Unavailable).unwrap();
            assert_eq!(broken.status(), 503);
            assert!(!broken.headers().contains_key("retry-after"));
        }
        assert!(Target::S3.refusal(Fault::Lost).is_none());
    }

    #[test]
    fn presigned_request_is_recognised() {
        assert!(is_presigned(&parts("PUT", "/b/k?X-Amz-Signature=1", None)));
        assert!(!is_presigned(&parts("PUT", "/b/k", None)));
    }
}
