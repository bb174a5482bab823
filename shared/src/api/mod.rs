//! The edge of the API: requests in, responses and problem documents out.
//!
//! Every handler is a function from a [`Context`] and a request to a response or an [`Error`];
//! [`respond`] is what all of them share. They are in the files of their resources.

pub mod admin;
pub mod analyses;
pub mod authorizer;
mod builds;
pub mod contract;
mod cursor;
pub mod dead_letters;
pub mod deletion;
pub mod endpoints;
pub mod feedback;
mod fields;
pub mod health;
pub mod jobs;
mod links;
pub mod listing;
mod negotiate;
mod paging;
pub mod playlists;
mod problem;
pub mod projects;
#[cfg(feature = "contract")]
pub mod schemas;
pub mod search;
pub mod stats;
pub mod status;
mod strict;
pub mod submissions;
pub mod throttle;
pub mod unknown;
pub mod uploads;
pub mod videos;

use std::time::{Duration, Instant};

use http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Request, RequestExt, Response, request::RequestContext};
use serde::Serialize;

pub use eventrelay_core::error::problem_type;
pub use problem::Problem;

use eventrelay_core::{
    clock::Timestamp,
    error::Error,
    telemetry::{self, Field, Group, Metric, TraceId},
};
use eventrelay_workflow::context::Context;
use throttle::Caller;

/// Result of a handler.
pub type Answer = Result<Response<Body>, Error>;

/// Runs a handler and converts its result to a response.
///
/// Failures are logged only here. The response contains no more of an error than [`Error::detail`].
pub async fn respond(
    context: &Context,
    request: Request,
    handler: impl AsyncFnOnce(&Context, &Request) -> Answer,
) -> Response<Body> {
    let trace = trace(&request, (context.clock)());
    telemetry::traced(trace, answer(context, request, handler)).await
}

async fn answer(
    context: &Context,
    request: Request,
    handler: impl AsyncFnOnce(&Context, &Request) -> Answer,
) -> Response<Body> {
    let started = Instant::now();
    let request_id = request_id(&request);
    let standing = throttle::admit(context, &Caller::new(&request)).await;
    let answer = match standing.and_then(|standing| standing.refused) {
        Some(retry_after) => Err(Error::TooManyRequests { retry_after }),
        // On the way to it nothing large is moved.
        None => Box::pin(handler(context, &request)).await,
    };
    let mut response = answer.unwrap_or_else(|error| {
        if error.problem().status >= 500 {
            tracing::error!(
                request.id = request_id,
                error = error.report(),
                "A request failed"
            );
        } else {
            tracing::debug!(
                request.id = request_id,
                error = error.report(),
                "Refused a request"
            );
        }
        problem::response(&error, &request_id)
    });
    if let Some(standing) = &standing {
        throttle::tell(response.headers_mut(), standing);
    }
    tell(&request, &response, &request_id, started.elapsed());
    response
}

/// The one line that every request leaves, with what is measured of it.
fn tell(request: &Request, response: &Response<Body>, request_id: &str, took: Duration) {
    // `GET /v1/videos/{video_id}`: few, where paths are many.
    let route = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.route_key.as_deref(),
        _ => None,
    };
    let endpoint = route.and_then(|route| route.split_once(' '));
    let by_route = Group {
        by: &[
            request.method().as_str(),
            endpoint.map_or("none", |(_, path)| path),
        ],
        values: &[(Metric::HttpRequestDuration, took.as_secs_f64())],
    };
    let fields = [
        ("level", Field::Text("INFO")),
        ("message", Field::Text("Answered a request")),
        ("request.id", Field::Text(request_id)),
        ("http.path", Field::Text(request.raw_http_path())),
        (
            "http.status",
            Field::Count(response.status().as_u16().into()),
        ),
    ];
    let now = Timestamp::now();
    let mut lookups = telemetry::noted();
    match lookups.next() {
        None => telemetry::write(&[by_route], &fields, now),
        Some((layer, metric, count)) => {
            let by_layer = Group {
                by: &[layer],
                values: &[(metric, count)],
            };
            telemetry::write(&[by_route, by_layer], &fields, now);
        }
    }
    // A line has one value of each dimension.
    for (layer, metric, count) in lookups {
        telemetry::metrics(&[layer], &[(metric, count)], now);
    }
}

/// The trace of a request: that of the invocation, which is that of the gateway.
fn trace(request: &Request, now: Timestamp) -> TraceId {
    let context = request.lambda_context_ref();
    let header = context.and_then(|context| context.xray_trace_id.as_deref());
    TraceId::from_header(header, None, now)
}

/// The id that API Gateway gave the request and returns as `apigw-requestid`.
fn request_id(request: &Request) -> String {
    match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
        _ => None,
    }
    .unwrap_or_default()
}

/// Returns a parameter of the path. The template of the route names it, so it is always present.
fn path_parameter<'a>(
    parameters: &'a lambda_http::aws_lambda_events::query_map::QueryMap,
    name: &str,
) -> &'a str {
    parameters.first(name).unwrap_or_default()
}

/// A JSON response with `Cache-Control: no-store`.
fn json(status: StatusCode, body: &impl Serialize) -> Result<Response<Body>, Error> {
    let body = serde_json::to_string(body).map_err(Error::internal)?;
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CACHE_CONTROL, "no-store")
        .body(Body::from(body))
        .map_err(Error::internal)
}

/// An empty response with status 204.
fn no_content() -> Answer {
    Response::builder()
        .status(StatusCode::NO_CONTENT)
        .header(header::CACHE_CONTROL, "no-store")
        .body(Body::Empty)
        .map_err(Error::internal)
}

/// A header's value; one that cannot be a header is left out by its caller.
fn header_value(text: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(text).map_err(Error::internal)
}
