//! Admin endpoints, which tests and people use to inspect a running system.

use std::{
    collections::BTreeMap,
    sync::{Arc, RwLock},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{delete, get, post, put},
};
use eventrelay::{clock::Timestamp, telemetry::TraceId};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use crate::{
    lambda::{Answer, Lambda, WhenBusy},
    queues, sync,
};

#[derive(Clone, Debug)]
pub(crate) struct Admin {
    pub(crate) lambda: Arc<Lambda>,
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) known: Arc<RwLock<Known>>,
}

/// Facts from the template. A reload replaces them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    pub(crate) queues: Vec<(String, String)>,
    /// Switch of the event source mappings of each function: `true` is enabled.
    pub(crate) mappings: BTreeMap<String, watch::Sender<bool>>,
    pub(crate) jobs_table: Option<String>,
}

impl Admin {
    fn known(&self) -> Known {
        let known = sync::read(&self.known);
        known.clone()
    }
}

/// Body of `PUT /mappings/{function}`.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Switch {
    enabled: bool,
}

/// | endpoint | effect |
/// |---|---|
/// | `GET /health`, `/invocations`, `/instances`, `/queues` | returns the current state and past invocations |
/// | `GET /functions` | returns how to run each function: binary, memory, timeout, environment |
/// | `DELETE /instances/{id}` | kills an instance |
/// | `PUT /mappings/{function}` | `{"enabled": false}` stops reading its queues until they are enabled again |
/// | `POST /2015-03-31/functions/{name}/invocations` | invokes a function, like Lambda's API |
pub(crate) fn router(admin: Admin) -> Router {
    Router::new()
        .route("/health", get(async || Json(json!({ "status": "ok" }))))
        .route(
            "/functions",
            get(async |State(admin): State<Admin>| Json(admin.lambda.functions())),
        )
        .route(
            "/invocations",
            get(async |State(admin): State<Admin>| Json(admin.lambda.invocations())),
        )
        .route(
            "/instances",
            get(async |State(admin): State<Admin>| Json(admin.lambda.instances())),
        )
        .route("/instances/{id}", delete(kill))
        .route("/queues", get(depths))
        .route("/mappings/{function}", put(switch))
        .route("/2015-03-31/functions/{name}/invocations", post(invoke))
        .with_state(admin)
}

async fn kill(State(admin): State<Admin>, Path(id): Path<String>) -> StatusCode {
    if admin.lambda.kill(&id) {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::NOT_FOUND
    }
}

async fn switch(
    State(admin): State<Admin>,
    Path(function): Path<String>,
    Json(switch): Json<Switch>,
) -> StatusCode {
    let known = admin.known();
    let Some(enabled) = known.mappings.get(&function) else {
        return StatusCode::NOT_FOUND;
    };
    enabled.send_replace(switch.enabled);
    StatusCode::NO_CONTENT
}

async fn depths(State(admin): State<Admin>) -> Response {
    let mut counts = Map::new();
    for (name, url) in &admin.known().queues {
        let Ok(states) = queues::counts(&admin.sqs, url).await else {
            return StatusCode::BAD_GATEWAY.into_response();
        };
        let states = states.map(|(state, count)| (state.to_owned(), Value::from(count)));
        counts.insert(name.clone(), Value::Object(states.into_iter().collect()));
    }
    Json(counts).into_response()
}

/// Invokes a function with the event in the body, as Lambda's `Invoke` does
/// (<https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>). If the function fails, the
/// response is 200 with the header `x-amz-function-error`. The event must be sent as
/// `application/json`: a web page of another origin cannot do that without a preflight request.
async fn invoke(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    headers: HeaderMap,
    event: Bytes,
) -> Response {
    let refuse = |status: StatusCode, why: &str| (status, why.to_owned()).into_response();
    let content_type = headers.get(header::CONTENT_TYPE);
    if content_type.is_none_or(|value| value != "application/json") {
        return refuse(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "send the event as application/json",
        );
    }
    if !admin.lambda.has(&name) {
        return refuse(StatusCode::NOT_FOUND, "the template has no such function");
    }
    if serde_json::from_slice::<serde::de::IgnoredAny>(&event).is_err() {
        return refuse(StatusCode::BAD_REQUEST, "the event is not JSON");
    }
    let json = [(header::CONTENT_TYPE, "application/json")];
    let trace = headers.get("x-amzn-trace-id");
    let trace = trace.and_then(|header| header.to_str().ok());
    let trace = TraceId::from_header(trace, None, Timestamp::now());
    let invoked = admin
        .lambda
        .invoke_for(trace, &name, event, WhenBusy::Throttle);
    match invoked.await {
        Answer::Payload(payload) => (json, payload).into_response(),
        Answer::FunctionError(error) => {
            (json, [("x-amz-function-error", "Unhandled")], error).into_response()
        }
        Answer::Throttled => refuse(StatusCode::TOO_MANY_REQUESTS, "all instances are busy"),
        Answer::TooLarge => refuse(StatusCode::PAYLOAD_TOO_LARGE, "the event is too large"),
    }
}
