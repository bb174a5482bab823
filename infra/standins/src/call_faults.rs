//! Faults of the connection, which can happen to a call of any service.

use std::time::Duration;

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    faults::Faults,
    server::{self, Cut},
};

/// Maximum size of a response that is truncated. No stand-in sends a larger one.
const MAX_RESPONSE_BYTES: usize = 64 * 1024 * 1024;

/// A fault of the connection, or one that only the service `Own` has.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum CallFault<Own> {
    Connection(ConnectionFault),
    Service(Own),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub(crate) enum ConnectionFault {
    /// Answers with this status, and this body if there is one, before the call has an effect.
    Status {
        status: u16,
        #[serde(default)]
        body: Option<Value>,
    },
    /// Closes the connection before the call has an effect.
    Reset {},
    /// Closes the connection after the call had its effect.
    LostResponse {},
    /// Truncates the response after the call had its effect.
    Malformed {},
    Slow {
        ms: u64,
    },
}

impl<Own> CallFault<Own> {
    /// Returns whether the fault can happen. `own` decides about a fault of the service.
    pub(crate) fn is_possible(&self, own: impl FnOnce(&Own) -> bool) -> bool {
        match self {
            Self::Connection(ConnectionFault::Status { status, .. }) => {
                StatusCode::from_u16(*status).is_ok()
            }
            Self::Connection(_) => true,
            Self::Service(fault) => own(fault),
        }
    }
}

impl<On: Copy + PartialEq, Own: Clone> Faults<On, CallFault<Own>> {
    /// Runs a call, with the faults that are planned for it. `own` turns a fault of the service
    /// into a response that ends the call, if it has one. Returns `None` if the body exceeds
    /// `max_bytes`.
    pub(crate) async fn run(
        &self,
        (on, any): (On, On),
        max_bytes: usize,
        (request, next): (Request, Next),
        cut: &Cut,
        own: impl Fn(Own) -> Option<Response>,
    ) -> Option<Response> {
        let (head, body) = request.into_parts();
        let body = to_bytes(body, max_bytes).await.ok()?;
        let (path, text) = (head.uri.to_string(), String::from_utf8_lossy(&body));
        let (mut is_lost, mut is_malformed) = (false, false);
        while let Some(fault) = self.take_for(on, any, &path, &text) {
            let response = match fault {
                CallFault::Connection(ConnectionFault::Status { status, body }) => {
                    Some(plain(status, body, IntoResponse::into_response))
                }
                CallFault::Connection(ConnectionFault::Reset {}) => Some(cut.now()),
                CallFault::Connection(ConnectionFault::LostResponse {}) => {
                    is_lost = true;
                    None
                }
                CallFault::Connection(ConnectionFault::Malformed {}) => {
                    is_malformed = true;
                    None
                }
                CallFault::Connection(ConnectionFault::Slow { ms }) => {
                    server::pause(Duration::from_millis(ms)).await;
                    None
                }
                CallFault::Service(fault) => own(fault),
            };
            if response.is_some() {
                return response;
            }
        }
        let request = Request::from_parts(head, Body::from(body.clone()));
        let response = next.run(request).await;
        Some(if is_lost {
            cut.now()
        } else if is_malformed {
            truncated(response).await
        } else {
            response
        })
    }
}

/// Returns a response with this status and body. Without a body, `default` makes the response.
pub(crate) fn plain(
    status: u16,
    body: Option<Value>,
    default: impl FnOnce(StatusCode) -> Response,
) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match body {
        None => default(status),
        Some(Value::String(text)) => (status, text).into_response(),
        Some(json) => (status, Json(json)).into_response(),
    }
}

/// Cuts the body of a response in half.
async fn truncated(response: Response) -> Response {
    let (mut head, body) = response.into_parts();
    let whole = to_bytes(body, MAX_RESPONSE_BYTES).await.unwrap_or_default();
    head.headers.remove(http::header::CONTENT_LENGTH);
    Response::from_parts(head, Body::from(whole.slice(..whole.len() / 2)))
}
