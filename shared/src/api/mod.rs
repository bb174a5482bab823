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

use std::time::Instant;

use http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Request, RequestExt, Response, request::RequestContext};
use serde::Serialize;

pub use problem::{Problem, problem_type};

use crate::{context::Context, error::Error};
use throttle::Caller;

/// What a handler gives.
pub type Answer = Result<Response<Body>, Error>;

/// Runs a handler and turns what comes of it into a response. A failure is logged here and nowhere
/// else, and the caller is told no more of it than [`Error::detail`].
pub async fn respond(
    context: &Context,
    request: Request,
    handler: impl AsyncFnOnce(&Context, &Request) -> Answer,
) -> Response<Body> {
    let started = Instant::now();
    let request_id = request_id(&request);
    let standing = throttle::admit(context, &Caller::of(&request)).await;
    let answer = match standing.and_then(|standing| standing.refused) {
        Some(retry_after) => Err(Error::TooManyRequests { retry_after }),
        None => handler(context, &request).await,
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
    tracing::info!(
        request.id = request_id,
        http.method = %request.method(),
        http.path = request.raw_http_path(),
        http.status = response.status().as_u16(),
        duration_ms = started.elapsed().as_secs_f64() * 1000.0,
        "Answered a request"
    );
    response
}

/// The id that API Gateway gave the request and returns as `apigw-requestid`.
fn request_id(request: &Request) -> String {
    match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
        _ => None,
    }
    .unwrap_or_default()
}

/// A parameter of the path. The template names it, so it is there.
fn path_parameter<'a>(
    parameters: &'a lambda_http::aws_lambda_events::query_map::QueryMap,
    name: &str,
) -> &'a str {
    parameters.first(name).unwrap_or_default()
}

/// A JSON response that nobody keeps.
fn json(status: StatusCode, body: &impl Serialize) -> Result<Response<Body>, Error> {
    let body = serde_json::to_string(body).map_err(Error::internal)?;
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CACHE_CONTROL, "no-store")
        .body(Body::from(body))
        .map_err(Error::internal)
}

/// That something is done, of which there is nothing to say.
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
