//! A caller of the API that does as little as it can: it may share its core with the system.

use eventrelay_tests::Stack;
use reqwest::{Client, Method};
use serde_json::Value;

#[derive(Clone, Debug)]
pub(crate) struct Caller {
    client: Client,
    api: String,
    key: String,
}

impl Caller {
    pub(crate) fn new(stack: &Stack) -> Self {
        Self {
            client: stack.client().clone(),
            api: stack.ready.api.clone(),
            key: stack.ready.api_key.clone(),
        }
    }

    /// The body of an answer of this status, in gzip where it is worth it; in few words why there is none.
    pub(crate) async fn get(&self, path: &str, status: u16) -> Result<Vec<u8>, String> {
        self.ask(Method::GET, path, None, status).await
    }

    /// The same of a `POST` of JSON.
    pub(crate) async fn post(
        &self,
        path: &str,
        body: &Value,
        status: u16,
    ) -> Result<Vec<u8>, String> {
        self.ask(Method::POST, path, Some(body), status).await
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        status: u16,
    ) -> Result<Vec<u8>, String> {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.api))
            .header("x-api-key", &self.key);
        request = match body {
            None => request.header("accept-encoding", "gzip"),
            Some(body) => request
                .header("content-type", "application/json")
                .body(body.to_string()),
        };
        let answer = request.send().await.map_err(|error| reason(&error))?;
        let seen = answer.status().as_u16();
        let body = answer.bytes().await.map_err(|error| reason(&error))?;
        if seen == status {
            Ok(body.to_vec())
        } else {
            Err(format!("status {seen}"))
        }
    }
}

/// Without what differs from request to request.
fn reason(error: &reqwest::Error) -> String {
    let kind = match error {
        _ if error.is_timeout() => "no answer in time",
        _ if error.is_connect() => "no connection",
        _ => "no whole answer",
    };
    kind.to_owned()
}
