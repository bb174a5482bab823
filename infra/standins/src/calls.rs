//! What was called: the log behind `GET /_control/calls`.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use axum::{
    body::Body,
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::Response,
};
use futures_util::TryStreamExt as _;
use serde_json::{Value, json};

use crate::server::{Cut, NeverSent};

/// Calls kept. Older ones are forgotten, so that a long run does not grow without end.
const KEPT: usize = 50_000;

/// The log of one stand-in.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    started: Instant,
    log: Arc<Mutex<Log>>,
}

#[derive(Debug, Default)]
struct Log {
    forgotten: u64,
    calls: VecDeque<Call>,
}

#[derive(Debug)]
struct Call {
    at_ms: u64,
    method: String,
    path: String,
    model: Option<String>,
    connection: u64,
    status: Option<u16>,
    bytes: Arc<AtomicU64>,
}

impl Calls {
    pub(crate) fn new() -> Self {
        let log = Arc::new(Mutex::new(Log::default()));
        Self {
            started: Instant::now(),
            log,
        }
    }

    pub(crate) fn clear(&self) {
        *self.lock() = Log::default();
    }

    /// In order of arrival. `at_ms` counts from the start of the stand-in, `bytes` is the size of
    /// the request's body as far as it was read, `status` is null where no response was sent, and
    /// calls that came on one connection have the same `connection`.
    pub(crate) fn to_json(&self) -> Value {
        let log = self.lock();
        let calls = log.calls.iter().map(|call| {
            let mut entry = json!({
                "at_ms": call.at_ms,
                "method": call.method,
                "path": call.path,
                "connection": call.connection,
                "status": call.status,
                "bytes": call.bytes.load(Ordering::Relaxed),
            });
            if let Some(model) = &call.model {
                entry["model"] = json!(model);
            }
            entry
        });
        Value::Array(calls.collect())
    }

    fn begin(&self, call: Call) -> u64 {
        let mut log = self.lock();
        if log.calls.len() == KEPT {
            log.calls.pop_front();
            log.forgotten += 1;
        }
        log.calls.push_back(call);
        log.forgotten + log.calls.len() as u64 - 1
    }

    fn end(&self, number: u64, status: Option<u16>) {
        let mut log = self.lock();
        let position = number.checked_sub(log.forgotten);
        let position = position.and_then(|position| usize::try_from(position).ok());
        if let Some(call) = position.and_then(|position| log.calls.get_mut(position)) {
            call.status = status;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Middleware: writes every call but those of the control surface into the log.
pub(crate) async fn record(
    State(calls): State<Calls>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
    next: Next,
) -> Response {
    if request.uri().path().starts_with("/_control") {
        return next.run(request).await;
    }
    let bytes = Arc::new(AtomicU64::new(0));
    let number = calls.begin(Call {
        at_ms: u64::try_from(calls.started.elapsed().as_millis()).unwrap_or(u64::MAX),
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
    let sent = response.extensions().get::<NeverSent>().is_none();
    calls.end(number, sent.then(|| response.status().as_u16()));
    response
}

/// Path and query, but for the API key.
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

/// The model that a path of the Gemini API names.
fn model(path: &str) -> Option<String> {
    let (_, call) = path.split_once("/models/")?;
    let (model, _method) = call.split_once(':')?;
    Some(model.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_not_logged() {
        let uri = "/v1/files?key=secret&pageSize=3".parse().unwrap();
        assert_eq!(without_key(&uri), "/v1/files?pageSize=3");
        let uri = "/v1/files?key=secret".parse().unwrap();
        assert_eq!(without_key(&uri), "/v1/files");
    }

    #[test]
    fn the_model_is_read_from_the_path() {
        let path = "/v1beta/models/gemini-3.8-flash:generateContent";
        assert_eq!(model(path).as_deref(), Some("gemini-3.8-flash"));
        assert_eq!(model("/v1beta/files/abc"), None);
    }

    #[test]
    fn old_calls_are_forgotten_and_new_ones_still_end() {
        let calls = Calls::new();
        let call = |path: &str| Call {
            at_ms: 0,
            method: "GET".into(),
            path: path.into(),
            model: None,
            connection: 1,
            status: None,
            bytes: Arc::default(),
        };
        let first = calls.begin(call("/first"));
        for _ in 0..KEPT - 1 {
            calls.begin(call("/between"));
        }
        let last = calls.begin(call("/last"));
        calls.end(first, Some(500));
        calls.end(last, Some(200));
        let log = calls.to_json();
        assert_eq!(log.as_array().unwrap().len(), KEPT);
        assert_eq!(log[0]["status"], Value::Null);
        assert_eq!(log[KEPT - 1]["status"], 200);
    }
}
