//! Responses of a server.

use reqwest::{StatusCode, header::HeaderMap};
use serde_json::Value;

use crate::contract;

/// A response with its whole body.
#[derive(Debug)]
pub struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Response {
    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {self:?}: {}", self.text()))
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Value of a header, or an empty string.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Asserts the status and returns the response.
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }

    /// Asserts a problem document of this status and type, with the members that all have.
    pub fn expect_problem(self, status: u16, slug: &str) -> Value {
        let response = self.expect(status);
        assert_eq!(response.header("content-type"), "application/problem+json");
        assert_eq!(response.header("cache-control"), "no-store");
        let problem = response.json();
        let kind = format!("urn:eventrelay:problem:{slug}");
        assert_eq!(problem["type"], kind, "{problem}");
        assert_eq!(problem["status"], status, "{problem}");
        for member in ["request_id", "title"] {
            let text = problem[member].as_str();
            assert!(text.is_some_and(|text| !text.is_empty()), "{problem}");
        }
        problem
    }
}

/// Sends a request and reads its response. Asserts that the contract allows a response of the API.
pub async fn read(request: reqwest::RequestBuilder) -> anyhow::Result<Response> {
    let (client, request) = request.build_split();
    let request = request?;
    let (method, url) = (request.method().clone(), request.url().clone());
    let response = client.execute(request).await?;
    // A redirect ends at another server than the API.
    let is_direct = *response.url() == url;
    let (status, headers) = (response.status(), response.headers().clone());
    let response = Response {
        status,
        headers,
        body: response.bytes().await?.to_vec(),
    };
    if is_direct {
        contract::check(&method, &url, &response);
    }
    Ok(response)
}
