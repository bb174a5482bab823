//! The document, put together.

use std::collections::BTreeMap;

use eventrelay::api::contract::LOCAL_BASE;
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
    let shared = share(&mut paths);
    let headers = used_headers(&paths, &shared);
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
        "servers": servers(),
        "tags": operations::TAGS
            .map(|(name, description)| json!({"name": name, "description": description})),
        "security": [{"ApiKey": []}],
        "paths": paths,
        "components": {
            "schemas": bodies,
            "responses": shared,
            "parameters": responses::parameters(),
            "headers": headers,
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

/// Where the API is. An API that serves this document writes its own address in place of the first,
/// here as in the examples.
fn servers() -> Value {
    let variable =
        |description: &str, default: &str| json!({"description": description, "default": default});
    json!([
        {"url": LOCAL_BASE, "description": "`cargo local`"},
        {
            "url": "https://{api_id}.execute-api.{region}.amazonaws.com",
            "description": "A deployed stack: its output `ApiUrl`",
            "variables": {
                "api_id": variable("Id of the HTTP API", "a1b2c3d4e5"),
                "region": variable("Region of AWS", "us-east-1"),
            },
        },
    ])
}

/// Headers that an answer refers to.
fn used_headers(paths: &Map<String, Value>, shared: &Map<String, Value>) -> Map<String, Value> {
    let text = format!("{}{}", json!(paths), json!(shared));
    let mut all = responses::headers();
    all.retain(|name, _| text.contains(&format!("\"#/components/headers/{name}\"")));
    all
}

/// Moves answers that many operations give into the components: of each status the one that is given
/// most often.
fn share(paths: &mut Map<String, Value>) -> Map<String, Value> {
    const NAMES: [(&str, &str); 12] = [
        ("204", "NoContent"),
        ("304", "NotModified"),
        ("400", "BadRequest"),
        ("401", "Unauthorized"),
        ("403", "Forbidden"),
        ("404", "NotFound"),
        ("409", "Conflict"),
        ("413", "ContentTooLarge"),
        ("415", "UnsupportedMediaType"),
        ("422", "UnprocessableContent"),
        ("429", "TooManyRequests"),
        ("500", "InternalServerError"),
    ];
    let mut shared = Map::new();
    for (status, name) in NAMES.into_iter().chain([
        ("431", "RequestHeaderFieldsTooLarge"),
        ("503", "ServiceUnavailable"),
    ]) {
        let mut given: Vec<&mut Value> = paths
            .values_mut()
            .filter_map(Value::as_object_mut)
            .flat_map(|methods| methods.values_mut())
            .filter_map(|operation| operation["responses"].get_mut(status))
            .collect();
        let times = |one: &Value| given.iter().filter(|other| **other == one).count();
        let most = given.iter().map(|one| (times(one), (**one).clone()));
        let Some((_, usual)) = most
            .max_by_key(|(times, _)| *times)
            .filter(|(times, _)| *times > 2)
        else {
            continue;
        };
        for one in given.iter_mut().filter(|one| ***one == usual) {
            **one = json!({"$ref": format!("#/components/responses/{name}")});
        }
        shared.insert(name.to_owned(), usual);
    }
    shared
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
503). `Problem` is the schema of both, so a client reads every error by one type.

Every job has a `kind`, which discriminates the schemas of jobs.

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
