#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::*;
use crate::{
    lambda::tests::{probe, start},
    template::model::{Authorizer, Cors, Route},
};

struct Running {
    address: SocketAddr,
    lambda: Arc<Lambda>,
    _data: TempDir,
    _stop: watch::Sender<bool>,
}

/// Serves an API whose every route is the probe, which does what the body says.
async fn api(integration_timeout: Duration) -> Running {
    let data = TempDir::new().unwrap();
    let lambda = start(&[probe("Probe"), probe("Gate")], &data);
    let route = |method: &str, path: &str, authorizer| Route {
        method: method.into(),
        path: path.into(),
        function: "Probe".into(),
        authorizer,
    };
    let gate = Authorizer {
        function: "Gate".into(),
        identity_headers: vec!["x-api-key".into()],
        by_route: false,
        reauthorize_every: Duration::from_secs(60),
    };
    let texts = |texts: &[&str]| texts.iter().map(|one| (*one).to_owned()).collect();
    let cors = Cors {
        allow_origins: texts(&["https://app.example"]),
        allow_methods: texts(&["GET", "POST"]),
        allow_headers: texts(&["x-api-key"]),
        expose_headers: texts(&["etag", "location"]),
        max_age: Duration::from_secs(600),
    };
    let api = Api {
        name: "Api".into(),
        routes: vec![
            route("POST", "/act", RouteAuthorizer::None),
            route("ANY", "/echo/{name}", RouteAuthorizer::None),
            route("GET", "/guarded", RouteAuthorizer::Named("Gate".into())),
        ],
        authorizers: BTreeMap::from([("Gate".into(), gate)]),
        default_authorizer: None,
        cors: Some(cors),
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, shutdown) = watch::channel(false);
    let gateway = Gateway::with(api, lambda.clone(), address.port(), integration_timeout);
    tokio::spawn(serve(listener, Arc::new(gateway), shutdown));
    Running {
        address,
        lambda,
        _data: data,
        _stop: stop,
    }
}

impl Running {
    async fn raw(&self, request: &[u8]) -> (u16, String, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        // A refused body may end in a reset after the response.
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_ascii_lowercase(), body.to_owned())
    }

    async fn send(
        &self,
        method: &str,
        target: &str,
        headers: &str,
        body: &str,
    ) -> (u16, String, String) {
        let length = body.len();
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: api.example:80\r\nConnection: close\r\n\
             {headers}Content-Length: {length}\r\n\r\n{body}"
        );
        self.raw(request.as_bytes()).await
    }

    async fn act(&self, what: Value) -> (u16, String, String) {
        let (status, head, body) = self
            .send(
                "POST",
                "/act",
                "Content-Type: application/json\r\n",
                &what.to_string(),
            )
            .await;
        (status, head, body)
    }
}

/// Returns the event from the probe's echo.
fn event(body: &str) -> Value {
    serde_json::from_str::<Value>(body).unwrap()["event"].clone()
}

const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn event_has_payload_format_2() {
    let api = api(LONG).await;
    let (status, head, body) = api
        .send(
            "PATCH",
            "/echo/a%20b?x=1&y=%2F&x=2",
            "X-A: 1\r\nx-a: 2\r\nCookie: c=1; d=2\r\nUser-Agent: probe\r\nX-Forwarded-For: 9.9.9.9\r\n\
             Content-Type: application/problem+json; charset=utf-8\r\n",
            "{}",
        )
        .await;
    assert_eq!(status, 200);
    assert!(head.contains("apigw-requestid: "), "{head}");
    let event = event(&body);
    let context = &event["requestContext"];
    assert_eq!(event["version"], "2.0");
    assert_eq!(event["routeKey"], "ANY /echo/{name}");
    assert_eq!(event["rawPath"], "/echo/a%20b");
    assert_eq!(event["rawQueryString"], "x=1&y=%2F&x=2");
    assert_eq!(
        event["queryStringParameters"],
        json!({ "x": "1,2", "y": "/" })
    );
    assert_eq!(event["pathParameters"], json!({ "name": "a b" }));
    assert_eq!(event["cookies"], json!(["c=1", "d=2"]));
    assert_eq!(event["headers"]["x-a"], "1,2");
    assert_eq!(event["headers"]["x-forwarded-for"], "9.9.9.9, 127.0.0.1");
    assert_eq!(event["headers"]["x-forwarded-proto"], "http");
    assert_eq!(
        event["headers"]["x-forwarded-port"],
        api.address.port().to_string()
    );
    assert!(event["headers"].get("cookie").is_none());
    assert_eq!(event["body"], "{}");
    assert_eq!(event["isBase64Encoded"], false);
    assert!(event.get("stageVariables").is_none());
    assert_eq!(context["domainName"], "api.example:80");
    assert_eq!(context["stage"], "$default");
    assert_eq!(context["http"]["method"], "PATCH");
    assert_eq!(context["http"]["protocol"], "HTTP/1.1");
    assert_eq!(context["http"]["sourceIp"], "127.0.0.1");
    assert_eq!(context["http"]["userAgent"], "probe");
    assert!(context.get("authorizer").is_none());
}

#[tokio::test]
async fn binary_body_is_passed_in_base64() {
    let api = api(LONG).await;
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let (_, _, body) = api.send("POST", "/echo/a", form, "a=1").await;
    assert_eq!(event(&body)["body"], "YT0x");
    assert_eq!(event(&body)["isBase64Encoded"], true);
    let (_, _, body) = api.send("GET", "/echo/a", "", "").await;
    assert!(event(&body).get("body").is_none());
}

#[tokio::test]
async fn chunked_body_arrives_complete() {
    let api = api(LONG).await;
    let (_, _, body) = api
        .raw(
            b"POST /echo/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n\
              3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        )
        .await;
    assert_eq!(event(&body)["body"], "abcde");
}

#[tokio::test]
async fn head_request_gets_no_body() {
    let api = api(LONG).await;
    let (status, _, body) = api.send("HEAD", "/echo/a", "", "").await;
    assert_eq!((status, body.as_str()), (200, ""));
    let (status, _, _) = api.send("HEAD", "/guarded", "", "").await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn response_hides_failures_of_the_function() {
    let api = api(LONG).await;
    for what in [
        json!({ "do": "fail" }),
        json!({ "do": "panic" }),
        json!({ "do": "exit" }),
        json!({ "do": "large" }),
        json!({ "do": "answer", "with": { "statusCode": "x" } }),
    ] {
        let (status, _, body) = api.act(what.clone()).await;
        assert_eq!(
            (status, body.as_str()),
            (500, r#"{"message":"Internal Server Error"}"#),
            "{what}"
        );
    }
    let (status, _, body) = api
        .act(json!({ "do": "answer", "with": { "statusCode": 418, "body": "tea" } }))
        .await;
    assert_eq!((status, body.as_str()), (418, "tea"));
}

#[tokio::test]
async fn function_above_the_integration_timeout_gets_503() {
    let api = api(Duration::from_millis(50)).await;
    let (status, _, body) = api.act(json!({ "do": "hang" })).await;
    assert_eq!(
        (status, body.as_str()),
        (503, r#"{"message":"Service Unavailable"}"#)
    );
}

#[tokio::test]
async fn requests_above_the_limits_are_refused() {
    let api = api(LONG).await;
    let (status, _, body) = api.send("GET", "/nothing", "", "").await;
    assert_eq!((status, body.as_str()), (404, r#"{"message":"Not Found"}"#));
    let header = format!("X-Long: {}\r\n", "a".repeat(10_240));
    assert_eq!(api.send("GET", "/echo/a", &header, "").await.0, 431);
    let huge = "a".repeat(10 * 1024 * 1024 + 1);
    let (status, _, body) = api
        .send("POST", "/echo/a", "Content-Type: text/plain\r\n", &huge)
        .await;
    assert_eq!(
        (status, body.as_str()),
        (413, r#"{"message":"Request Entity Too Large"}"#)
    );
}

#[tokio::test]
async fn authorizer_is_invoked_once_per_identity() {
    let api = api(LONG).await;
    let key = |order: Value| format!("X-Api-Key: {order}\r\n");
    let verdict = |context: Value| key(json!({ "do": "answer", "with": context }));

    assert_eq!(api.send("GET", "/guarded", "", "").await.0, 401);
    assert_eq!(
        api.send("GET", "/guarded", "X-Api-Key: \r\n", "").await.0,
        401
    );
    assert!(api.lambda.invocations().is_empty());

    let allow = verdict(json!({ "isAuthorized": true, "context": { "name": "n" } }));
    for _ in 0..2 {
        let (status, _, body) = api.send("GET", "/guarded", &allow, "").await;
        assert_eq!(status, 200);
        assert_eq!(
            event(&body)["requestContext"]["authorizer"],
            json!({ "lambda": { "name": "n" } })
        );
    }
    let deny = verdict(json!({ "isAuthorized": false }));
    for _ in 0..2 {
        let (status, _, body) = api.send("GET", "/guarded", &deny, "").await;
        assert_eq!((status, body.as_str()), (403, r#"{"message":"Forbidden"}"#));
    }
    let asked = api
        .lambda
        .invocations()
        .iter()
        .filter(|record| record.function == "Gate")
        .count();
    assert_eq!(asked, 2);

    for failure in [key(json!({ "do": "fail" })), verdict(json!("no decision"))] {
        assert_eq!(api.send("GET", "/guarded", &failure, "").await.0, 500);
    }
}

#[tokio::test]
async fn cors_allows_configured_origins_only() {
    let api = api(INTEGRATION_TIMEOUT).await;
    let preflight = async |target: &str, origin: &str| {
        let headers = format!("Origin: {origin}\r\nAccess-Control-Request-Method: GET\r\n");
        api.send("OPTIONS", target, &headers, "").await
    };
    let (status, head, body) = preflight("/echo/a", "https://app.example").await;
    assert_eq!((status, body.as_str()), (204, ""));
    for line in [
        "access-control-allow-origin: https://app.example\r\n",
        "access-control-allow-methods: get,post\r\n",
        "access-control-allow-headers: x-api-key\r\n",
        "access-control-max-age: 600\r\n",
    ] {
        assert!(head.contains(line), "{line} {head}");
    }
    let (status, head, _) = preflight("/echo/a", "https://other.example").await;
    assert_eq!(status, 204);
    assert!(!head.contains("access-control"), "{head}");

    let told = json!({
        "do": "answer",
        "with": {"statusCode": 200, "headers": {"access-control-allow-origin": "*"}, "body": "a"},
    });
    let act = async |origin: &str| {
        let headers = format!("Content-Type: application/json\r\nOrigin: {origin}\r\n");
        api.send("POST", "/act", &headers, &told.to_string()).await
    };
    let (status, head, _) = act("https://app.example").await;
    assert_eq!(status, 200);
    assert!(head.contains("access-control-allow-origin: https://app.example\r\n"));
    assert!(head.contains("access-control-expose-headers: etag,location\r\n"));
    let (_, head, _) = act("https://other.example").await;
    assert!(!head.contains("access-control"), "{head}");
    let (status, head, _) = api
        .send("GET", "/guarded", "Origin: https://app.example\r\n", "")
        .await;
    assert_eq!(status, 401);
    assert!(head.contains("access-control-allow-origin: https://app.example\r\n"));
}
