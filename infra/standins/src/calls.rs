//! The call log behind `GET /_control/calls`.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use axum::{
    body::Body,
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::Response,
};
use futures_util::TryStreamExt as _;
use serde_json::{Value, json};

use crate::{
    log::Log,
    server::{Cut, NeverSent},
    standin::{Service, StandIn, lock},
};

/// The newest calls, in order of arrival.
pub(crate) type Calls = Log<Call, 50_000>;

/// A call as it is logged.
#[derive(Debug)]
pub(crate) struct Call {
    /// Time of arrival, since the stand-in started.
    at_ms: u64,
    method: String,
    path: String,
    model: Option<String>,
    /// Number of the connection; calls on one connection share it.
    connection: u64,
    /// `None` until a response is sent.
    status: Option<u16>,
    /// Size of the request body as far as it was read.
    bytes: Arc<AtomicU64>,
}

impl Call {
    pub(crate) fn to_json(&self) -> Value {
        let mut entry = json!({
            "at_ms": self.at_ms,
            "method": self.method,
            "path": self.path,
            "connection": self.connection,
            "status": self.status,
            "bytes": self.bytes.load(Ordering::Relaxed),
        });
        if let Some(model) = &self.model {
            entry["model"] = json!(model);
        }
        entry
    }
}

/// Middleware: logs every call.
pub(crate) async fn record<S: Service>(
    State(standin): State<Arc<StandIn<S>>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
    next: Next,
) -> Response {
    let bytes = Arc::new(AtomicU64::new(0));
    let number = lock(&standin.calls).push(Call {
        at_ms: standin.elapsed_ms(),
        method: request.method().to_string(),
        path: without_key(request.uri()),
        model: model(request.uri().path()),
        connection: cut.connection(),
        status: None,
        bytes: Arc::clone(&bytes),
    });
    let request = request.map(|body| {
        Body::from_stream(body.into_data_stream().inspect_ok(move |piece| {
            bytes.fetch_add(piece.len() as u64, Ordering::Relaxed);
        }))
    });
    let response = next.run(request).await;
    let is_sent = response.extensions().get::<NeverSent>().is_none();
    if is_sent && let Some(call) = lock(&standin.calls).get_mut(number) {
        call.status = Some(response.status().as_u16());
    }
    response
}

/// Returns path and query without the API key.
fn without_key(uri: &http::Uri) -> String {
    let kept: Vec<&str> = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("key="))
        .collect();
    if kept.is_empty() {
        return uri.path().to_owned();
    }
    format!("{}?{}", uri.path(), kept.join("&"))
}

/// Returns the model that a path of the Gemini API names.
fn model(path: &str) -> Option<String> {
    let (_, call) = path.split_once("/models/")?;
    let (model, _method) = call.split_once(':')?;
    Some(model.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logged_path_contains_no_key() {
        let uri = "/v1/files?key=secret&pageSize=3".parse().unwrap();
        assert_eq!(without_key(&uri), "/v1/files?pageSize=3");
        let uri = "/v1/files?key=secret".parse().unwrap();
        assert_eq!(without_key(&uri), "/v1/files");
    }

    #[test]
    fn model_is_read_from_the_path() {
        let path = "/v1beta/models/gemini-3.8-flash:generateContent";
        assert_eq!(model(path).as_deref(), Some("gemini-3.8-flash"));
        assert_eq!(model("/v1beta/files/abc"), None);
    }
}
