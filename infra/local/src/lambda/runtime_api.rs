//! The Runtime API of one instance.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::{
    future::pending,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use crate::{listen, sync::lock};
use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::{Path, State},
    http::{HeaderValue, Response, StatusCode},
    response::IntoResponse,
    routing::{get, post},
};
use bytes::Bytes;
use serde_json::json;
use tokio::{net::TcpListener, sync::mpsc, task::AbortHandle};

/// Maximum size of a response, in bytes: 6 MB, and 100 bytes that Lambda mentions in its own
/// message.
const MAX_RESPONSE_BYTES: usize = 6_291_556;

#[derive(Debug)]
pub(super) struct Work {
    pub(super) request_id: String,
    pub(super) payload: Bytes,
    /// Unix time in milliseconds.
    pub(super) deadline_ms: u64,
    pub(super) function_arn: String,
    pub(super) trace_id: String,
}

/// Message of the process.
#[derive(Debug)]
pub(super) enum Signal {
    Ready,
    /// Report that the process could not start.
    InitError(Bytes),
    Response(Bytes),
    Error(Bytes),
    ResponseTooLarge,
}

#[derive(Debug)]
pub(super) struct RuntimeApi {
    /// `host:port`, the value of `AWS_LAMBDA_RUNTIME_API`.
    pub(super) address: SocketAddr,
    pub(super) work: mpsc::Sender<Work>,
    pub(super) signals: mpsc::Receiver<Signal>,
    server: AbortHandle,
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

struct Door {
    work: tokio::sync::Mutex<mpsc::Receiver<Work>>,
    /// Id of the request without a response.
    current: Mutex<Option<String>>,
    signals: mpsc::Sender<Signal>,
}

impl RuntimeApi {
    pub(super) async fn listen() -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (work, inbox) = mpsc::channel(1);
        let (outbox, signals) = mpsc::channel(8);
        let door = Arc::new(Door {
            work: tokio::sync::Mutex::new(inbox),
            current: Mutex::default(),
            signals: outbox,
        });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route(
                "/2018-06-01/runtime/invocation/{id}/response",
                post(response),
            )
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(door);
        let server = tokio::spawn(listen::serve(listener, router, pending())).abort_handle();
        Ok(Self {
            address,
            work,
            signals,
            server,
        })
    }
}

async fn next(State(door): State<Arc<Door>>) -> Response<Body> {
    if door.signals.send(Signal::Ready).await.is_err() {
        return StatusCode::GONE.into_response();
    }
    let Some(work) = door.work.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let mut response = Response::new(Body::from(work.payload));
    let headers = response.headers_mut();
    for (name, value) in [
        ("lambda-runtime-aws-request-id", &work.request_id),
        ("lambda-runtime-deadline-ms", &work.deadline_ms.to_string()),
        ("lambda-runtime-invoked-function-arn", &work.function_arn),
        ("lambda-runtime-trace-id", &work.trace_id),
        ("content-type", &"application/json".to_owned()),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    *lock(&door.current) = Some(work.request_id);
    response
}

async fn response(
    State(door): State<Arc<Door>>,
    Path(id): Path<String>,
    body: Body,
) -> Response<Body> {
    finish(&door, &id, body, Signal::Response).await
}

async fn error(
    State(door): State<Arc<Door>>,
    Path(id): Path<String>,
    body: Body,
) -> Response<Body> {
    finish(&door, &id, body, Signal::Error).await
}

async fn finish(door: &Door, id: &str, body: Body, signal: fn(Bytes) -> Signal) -> Response<Body> {
    if lock(&door.current).as_deref() != Some(id) {
        return refusal(
            StatusCode::BAD_REQUEST,
            "InvalidRequestID",
            "Invalid request ID",
        );
    }
    let body = to_bytes(body, MAX_RESPONSE_BYTES).await;
    lock(&door.current).take();
    match body {
        Ok(payload) => {
            let _ = door.signals.send(signal(payload)).await;
            accepted()
        }
        Err(_) => {
            let _ = door.signals.send(Signal::ResponseTooLarge).await;
            refusal(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLarge",
                &format!("Exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."),
            )
        }
    }
}

async fn init_error(State(door): State<Arc<Door>>, body: Bytes) -> Response<Body> {
    let _ = door.signals.send(Signal::InitError(body)).await;
    accepted()
}

fn accepted() -> Response<Body> {
    (StatusCode::ACCEPTED, Json(json!({ "status": "OK" }))).into_response()
}

fn refusal(status: StatusCode, kind: &str, message: &str) -> Response<Body> {
    let document = json!({ "errorType": kind, "errorMessage": message });
    (status, Json(document)).into_response()
}

/// Error message for a response that is too large.
pub(super) fn too_large_message() -> String {
    format!(
        "Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
    )
}
