//! The document, put together.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{operations, requests, responses, schemas};

/// The OpenAPI document of the API.
#[must_use]
pub fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations::all() {
        let (path, method) = (operation.path.to_owned(), operation.method.to_owned());
        let methods = paths.entry(path).or_insert_with(|| json!({}));
        methods[method] = operation.into_value();
    }
    let mut bodies = schemas::schemas();
    bodies.extend(requests::schemas());
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "EventRelay",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "A video goes in, structured knowledge and software come out.",
            "description": ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "Where this document is from"}],
        "tags": operations::TAGS
            .map(|(name, description)| json!({"name": name, "description": description})),
        "security": [{"ApiKey": []}],
        "paths": paths,
        "components": {
            "schemas": bodies,
            "parameters": responses::parameters(),
            "headers": responses::headers(),
            "securitySchemes": {
                "ApiKey": {
                    "type": "apiKey", "in": "header", "name": "x-api-key",
                    "description": "A key, or a JSON Web Token of the issuer that the deployment \
                        trusts. It has one or more of the scopes `read`, `write` and `admin`, and \
                        none includes another. A deployment may have it sent as `Authorization: \
                        Bearer` instead.",
                },
            },
        },
    })
}

const ABOUT: &str = "\
Every route but those of this contract and `/health` needs a key in the header `x-api-key`.

Bodies are JSON in UTF-8, and closed: a member or a parameter that there is not is refused by name, \
and so is one that is there twice. `null` is as good as nothing where a member may be left out. \
Answers are open: members may be added. Times of day are RFC 3339, times in a video are seconds from \
its beginning, URLs in answers are absolute.

Errors are problem documents (RFC 9457) with a stable `type`, the id of the request and, for a bad \
field, its name. What is on no route is answered with 404 `not-found`, a method that a route does \
not have with 405 `method-not-allowed` and `Allow`. What API Gateway refuses by itself is \
`{\"message\": …}`: a missing key (401), a bad one (403), too many requests (429), a failure (500, \
503).

A `GET` of what has an `ETag` can be made conditional with `If-None-Match`.
";

/// Which methods each path has, a line for a path: for the function that refuses the others.
#[must_use]
pub fn routes() -> String {
    let mut all: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for operation in operations::all() {
        let method = operation.method.to_uppercase();
        all.entry(operation.path).or_default().push(method);
    }
    all.into_iter()
        .map(|(path, mut methods)| {
            methods.sort_unstable();
            format!("{path} {}\n", methods.join(", "))
        })
        .collect()
}
