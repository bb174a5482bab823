//! What can happen to any call on its way, whichever service it is meant for.

use std::time::Duration;

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::Request,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    faults::Faults,
    server::{self, Cut},
};

/// Bytes of a response that is to be broken off. None of a stand-in is longer.
const LONGEST: usize = 64 * 1024 * 1024;

/// What can go wrong with a call.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Fault<Own> {
    OfTheWay(Accident),
    OfTheService(Own),
}

/// A fault of the way, not of the service.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub(crate) enum Accident {
    /// This status with this body; without one, the status alone. Nothing was done.
    Status {
        status: u16,
        #[serde(default)]
        body: Option<Value>,
    },
    /// The connection breaks before anything was done.
    Reset {},
    /// All was done, then the connection breaks.
    LostResponse {},
    /// All was done, and the response ends in its middle.
    Malformed {},
    /// The call takes longer, then goes on.
    Slow { ms: u64 },
}

impl<On: Copy + PartialEq, Own: Clone> Faults<On, Fault<Own>> {
    /// Lets a call through to its operation, unless something is to go wrong with it. `own` is what
    /// comes of a fault of the service: a response ends the call. None for a body of more than
    /// `most` bytes.
    pub(crate) async fn let_through(
        &self,
        (on, any): (On, On),
        most: usize,
        (request, next): (Request, Next),
        cut: &Cut,
        own: impl Fn(Own) -> Option<Response>,
    ) -> Option<Response> {
        let (head, body) = request.into_parts();
        let body = to_bytes(body, most).await.ok()?;
        let (path, text) = (head.uri.to_string(), String::from_utf8_lossy(&body));
        let mut after = After::default();
        while let Some(fault) = self.take_for(on, any, &path, &text) {
            let ended = match fault {
                Fault::OfTheWay(accident) => accident.strike(cut, &mut after).await,
                Fault::OfTheService(fault) => own(fault),
            };
            if ended.is_some() {
                return ended;
            }
        }
        let request = Request::from_parts(head, Body::from(body.clone()));
        let response = next.run(request).await;
        Some(after.befall(response, cut).await)
    }
}

impl Accident {
    /// Whether it can happen at all.
    pub(crate) fn is_possible(&self) -> bool {
        match self {
            Self::Status { status, .. } => StatusCode::from_u16(*status).is_ok(),
            _ => true,
        }
    }

    /// Lets it happen to a call that has not reached the service: a response ends the call, and
    /// `after` notes what is still to come.
    async fn strike(self, cut: &Cut, after: &mut After) -> Option<Response> {
        match self {
            Self::Status { status, body } => return Some(plain(status, body)),
            Self::Reset {} => return Some(cut.now()),
            Self::LostResponse {} => after.lost = true,
            Self::Malformed {} => after.malformed = true,
            Self::Slow { ms } => server::pause(Duration::from_millis(ms)).await,
        }
        None
    }
}

fn plain(status: u16, body: Option<Value>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match body {
        None => status.into_response(),
        Some(Value::String(text)) => (status, text).into_response(),
        Some(json) => (status, Json(json)).into_response(),
    }
}

/// What is to happen to the response of a call.
#[derive(Debug, Default)]
struct After {
    lost: bool,
    malformed: bool,
}

impl After {
    /// Lets it happen.
    async fn befall(self, response: Response, cut: &Cut) -> Response {
        if self.lost {
            return cut.now();
        }
        if !self.malformed {
            return response;
        }
        let (mut head, body) = response.into_parts();
        let whole = to_bytes(body, LONGEST).await.unwrap_or_default();
        head.headers.remove(http::header::CONTENT_LENGTH);
        let half = whole.slice(..whole.len() / 2);
        Response::from_parts(head, Body::from(half))
    }
}
