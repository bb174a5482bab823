//! The API itself.

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
    Operation::new(("get", "/v1/status"), "getStatus", "Service", "See what can be called, and how much", READ)
        .about("Breakers, pauses and what is left of limits and budget, for each service that is depended on.")
        .ok(body("`ok`, or `degraded` where something is left alone or paused", "Status"))
}

fn health() -> Operation {
    Operation::open(
        ("get", "/health"),
        "getHealth",
        "Service",
        "See that the API answers",
    )
    .about("Version and commit. Open to all.")
    .ok(body("It answers", "Health"))
}

fn contract() -> Operation {
    Operation::open(
        ("get", "/openapi.json"),
        "getContract",
        "Service",
        "Get this contract",
    )
    .about("OpenAPI 3.1. Open to all.")
    .if_none_match()
    .ok(kept(Response::new("The document").content(
        "application/json",
        json!({"type": "object", "title": "OpenAPI document", "additionalProperties": true}),
    )))
    .with(304, kept(not_modified()))
}

fn page() -> Operation {
    let page = Response::new("The page").content("text/html", json!({"type": "string"}));
    Operation::open(("get", "/docs"), "getDocs", "Service", "Read this contract")
        .about("A page for people, without scripts. Open to all.")
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
