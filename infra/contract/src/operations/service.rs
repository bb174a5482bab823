use serde_json::json;

use super::READ;
use crate::{
    operation::Operation,
    responses::{Response, json as body, not_modified},
};

pub(super) fn all() -> Vec<Operation> {
    vec![status(), health(), contract(), page()]
}

fn status() -> Operation {
    Operation::new(
        ("get", "/v1/status"),
        "getStatus",
        "Service",
        "Get the status of upstream services",
        READ,
    )
    .about(
        "Returns circuit breakers, pauses, and remaining limits and budget of each upstream \
         service.",
    )
    .ok(body(
        "`ok`, or `degraded` if a circuit breaker is open or a service is paused",
        "Status",
    ))
}

fn health() -> Operation {
    Operation::open(
        ("get", "/health"),
        "getHealth",
        "Service",
        "Check the health of the API",
    )
    .about("Returns version and commit. Needs no key.")
    .ok(body("The API is healthy", "Health"))
}

fn contract() -> Operation {
    Operation::open(
        ("get", "/openapi.json"),
        "getContract",
        "Service",
        "Get this contract",
    )
    .about("Returns OpenAPI 3.1. Needs no key.")
    .if_none_match()
    .ok(kept(Response::new("The document").content(
        "application/json",
        json!({"type": "object", "title": "OpenAPI document", "additionalProperties": true}),
    )))
    .with(304, kept(not_modified()))
}

fn page() -> Operation {
    let page = Response::new("The page").content("text/html", json!({"type": "string"}));
    Operation::open(
        ("get", "/docs"),
        "getDocs",
        "Service",
        "Get this contract as a page",
    )
    .about("Returns a page without scripts. Needs no key.")
    .if_none_match()
    .ok(kept(page))
    .with(304, kept(not_modified()))
}

fn kept(response: Response) -> Response {
    response
        .header("ETag")
        .header("Cache-Control")
        .header("Vary")
        .header("X-Content-Type-Options")
        .header("Content-Security-Policy")
}
