//! Assembly of the document.

use std::collections::BTreeMap;

use eventrelay::api::contract::LOCAL_BASE;
use serde_json::{Map, Value, json};

use crate::{components, operation, requests, schemas};

#[must_use]
pub fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in operation::all() {
        let (method, path) = operation.method_and_path();
        let methods = paths.entry(path).or_insert_with(|| json!({}));
        methods[method] = operation.to_value();
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
        "tags": operation::tags(),
        "security": [{"ApiKey": []}],
        "paths": paths,
        "components": {
            "schemas": bodies,
            "responses": shared,
            "parameters": components::parameters(),
            "headers": headers,
            "securitySchemes": {
                "ApiKey": {
                    "type": "apiKey", "in": "header", "name": "x-api-key",
                    "description": "An API key, or a JSON Web Token of the issuer that the deployment trusts. It has one \
         or more of the scopes `read`, `write` and `admin`. No scope includes another. A \
         deployment may accept it in `Authorization: Bearer` instead.",
                },
            },
        },
    })
}

/// Returns the servers. An API that serves this document replaces the first address by its own,
/// here and in the examples.
fn servers() -> Value {
    let variable =
        |description: &str, default: &str| json!({"description": description, "default": default});
    json!([
        {"url": LOCAL_BASE, "description": "`cargo local`"},
        {
            "url": "https://{api_id}.execute-api.{region}.amazonaws.com",
            "description": "A deployed stack, from its output `ApiUrl`",
            "variables": {
                "api_id": variable("Id of the HTTP API", "a1b2c3d4e5"),
                "region": variable("AWS region", "us-east-1"),
            },
        },
    ])
}

/// Returns the headers that a response refers to.
fn used_headers(paths: &Map<String, Value>, shared: &Map<String, Value>) -> Map<String, Value> {
    let text = format!("{}{}", json!(paths), json!(shared));
    let mut all = components::headers();
    all.retain(|name, _| text.contains(&format!("\"#/components/headers/{name}\"")));
    all
}

/// Moves common responses into the components, for each status the most frequent one.
fn share(paths: &mut Map<String, Value>) -> Map<String, Value> {
    const NAMES: [(&str, &str); 14] = [
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
        ("431", "RequestHeaderFieldsTooLarge"),
        ("500", "InternalServerError"),
        ("503", "ServiceUnavailable"),
    ];
    let mut shared = Map::new();
    for (status, name) in NAMES {
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
Every route except `/health` and those of this contract needs a key in the header `x-api-key`.

Request bodies are JSON in UTF-8. Unknown and repeated members or parameters are refused by name. An \
optional member may be `null`. Responses may get more members in later versions. Times of day are \
RFC 3339, times in a video are seconds from its beginning, and URLs in responses are absolute.

Errors are problem documents (RFC 9457) with a stable `type` and the id of the request. For an invalid \
field they name the field. An unknown route returns 404 `not-found`. A method that a route lacks \
returns 405 `method-not-allowed` with `Allow`. Errors of API Gateway itself are `{\"message\": …}`: a \
missing key (401), an invalid key (403), too many requests (429) and failures (500, 503). The schema \
`Problem` covers both forms, so a client reads every error with one type.

Every job has a `kind`, which discriminates the schemas of jobs.

A `GET` whose response has an `ETag` accepts `If-None-Match`.
";

/// Returns the methods of each path, a line per path. The function that refuses other methods reads
/// them.
#[must_use]
pub fn routes() -> String {
    let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for operation in operation::all() {
        let (method, path) = operation.route.split_once(' ').unwrap_or_default();
        all.entry(path).or_default().push(method);
    }
    all.into_iter()
        .map(|(path, mut methods)| {
            methods.sort_unstable();
            format!("{path} {}\n", methods.join(", "))
        })
        .collect()
}
