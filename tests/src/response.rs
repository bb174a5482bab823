//! What a server has answered.

use reqwest::{StatusCode, header::HeaderMap};
use serde_json::Value;

use crate::contract;

/// A response, read to its end.
#[derive(Debug)]
pub struct Response {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
}

impl Response {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not.
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

    /// A header, empty where it is missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The response, if it has this status.
    ///
    /// # Panics
    /// When it has another.
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }

    /// The problem document, if it is one of this status and kind, with all that each has.
    ///
    /// # Panics
    /// When it is not.
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

/// Sends a request and reads its response to the end. One of the API has to be in its contract.
///
/// # Errors
/// When there is none.
///
/// # Panics
/// When it is one of the API that the contract does not have.
pub async fn read(request: reqwest::RequestBuilder) -> anyhow::Result<Response> {
    let (client, request) = request.build_split();
    let request = request?;
    let (method, url) = (request.method().clone(), request.url().clone());
    let response = client.execute(request).await?;
    // Whoever was led elsewhere has not got an answer of the API.
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
