//! Client and checks that all stand-in tests share.

use reqwest::{Client, Response};
use serde_json::{Value, json};

pub(crate) mod discovery;
pub(crate) mod openapi;
pub(crate) mod protos;

/// A client with an API key.
pub(crate) struct Caller {
    pub(crate) base_url: String,
    client: Client,
}

impl Caller {
    pub(crate) fn new(base_url: &str) -> Self {
        // reqwest needs a TLS provider even for plain HTTP. Another test of this process may have
        // installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        #[expect(
            clippy::disallowed_methods,
            reason = "a test is an outside client of the stand-in"
        )]
        let client = Client::builder().build().unwrap();
        let base_url = base_url.to_owned();
        Self { base_url, client }
    }

    /// A request with the API key.
    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.anonymous(method, path)
            .header("x-goog-api-key", "test-key")
    }

    /// A request without the API key.
    pub(crate) fn anonymous(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.base_url)
        };
        self.client.request(method.parse().unwrap(), url)
    }

    /// Sends `GET`. Returns status and body.
    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        read(self.request("GET", path).send().await.unwrap()).await
    }

    /// Sends `POST` with a JSON body. Returns status and body.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = self.request("POST", path).body(body.to_string());
        read(request.send().await.unwrap()).await
    }

    /// Calls the control endpoints and asserts success.
    pub(crate) async fn control(&self, method: &str, path: &str, body: &Value) -> Value {
        let request = self.anonymous(method, &format!("/_control{path}"));
        let request = request.header("content-type", "application/json");
        let response = request.body(body.to_string()).send().await.unwrap();
        let (status, body) = read(response).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    pub(crate) async fn fault(&self, on: &str, fault: Value) {
        self.control("POST", "/faults", &json!({"on": on, "fault": fault}))
            .await;
    }

    /// Calls that the stand-in has received.
    pub(crate) async fn calls(&self) -> Vec<Value> {
        let calls = self.control("GET", "/calls", &Value::Null).await;
        calls.as_array().unwrap().clone()
    }
}

/// Returns status and body. A body that is not JSON becomes a string.
pub(crate) async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (
        status,
        serde_json::from_str(&text).unwrap_or(Value::String(text)),
    )
}

/// Code, domain and reason of an error of the Data API.
pub(crate) fn reason(body: &Value) -> (u64, String, String) {
    let error = &body["error"];
    let one = &error["errors"][0];
    assert_eq!(error["message"], one["message"]);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let code = error["code"].as_u64().unwrap();
    (code, text(&one["domain"]), text(&one["reason"]))
}
