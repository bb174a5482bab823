//! Operations of the API, read from `operations.toml`. They define the contract of each route, and
//! a test checks that each route has one.

use std::{collections::BTreeMap, sync::LazyLock};

use eventrelay::error::Problem;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    components::{parameter, reference},
    response::Response,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Operations {
    /// Groups of operations, in the order of the page.
    tag: Vec<Value>,
    operation: Vec<Operation>,
}

static OPERATIONS: LazyLock<Operations> = LazyLock::new(|| {
    toml::from_str(include_str!("../operations.toml")).expect("operations.toml is tested")
});

pub(crate) fn tags() -> &'static [Value] {
    &OPERATIONS.tag
}

pub(crate) fn all() -> &'static [Operation] {
    &OPERATIONS.operation
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Operation {
    /// Method and path, as in `GET /v1/jobs/{job_id}`.
    pub(crate) route: String,
    pub(crate) id: String,
    pub(crate) tag: String,
    /// Scope that the key needs. Operations without a scope are open.
    scope: Option<String>,
    summary: String,
    description: String,
    /// Names of parameters in `components.toml`.
    #[serde(default)]
    parameters: Vec<String>,
    /// Schema of the JSON body.
    body: Option<String>,
    /// Examples of the body.
    #[serde(default)]
    examples: Map<String, Value>,
    /// Schema of a page of a listing: adds `Limit` and `Cursor`.
    page: Option<String>,
    /// Schema of the job that a 202 returns.
    job: Option<String>,
    /// Content that may be too large for a response: adds a redirect to the bucket.
    large: Option<String>,
    #[serde(default)]
    problems: Vec<String>,
    /// Adds all problems that a recent job of the video may have failed with.
    #[serde(default)]
    fails_as_its_job: bool,
    leads_to: Option<Links>,
    /// Operations that return the same as this one with a query.
    #[serde(default)]
    with_query: Map<String, Value>,
    /// Responses by status. They add to those of the other fields.
    #[serde(default)]
    responses: BTreeMap<String, Response>,
}

/// Links from a member of the 200 to a parameter of other operations.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Links {
    member: String,
    parameter: String,
    operations: Vec<String>,
}

/// Responses that API Gateway sends itself. A second body comes from the API.
const GATEWAY: [(&str, &str); 4] = [
    (
        "429",
        "Too many requests, or the service fails. A response of type `application/json` comes \
         from API Gateway itself.",
    ),
    (
        "431",
        "The request line and the headers are too long. API Gateway sends this response itself.",
    ),
    (
        "500",
        "An internal error occurred. A response of type `application/json` comes from API \
         Gateway itself.",
    ),
    (
        "503",
        "The service is unavailable. A response of type `application/json` comes from API \
         Gateway itself.",
    ),
];

/// Responses that API Gateway sends itself to requests without a valid key.
const REFUSED: [(&str, &str); 2] = [
    (
        "401",
        "The key is missing. API Gateway sends this response itself.",
    ),
    (
        "403",
        "The key or token is invalid or lacks the scope. API Gateway sends this response itself.",
    ),
];

/// Problems of every operation that needs a key.
const WITH_KEY: [&str; 3] = ["too-many-requests", "internal", "storage-unavailable"];

/// Problems of every operation with a body.
const WITH_BODY: [&str; 4] = [
    "malformed-body",
    "too-large",
    "unsupported-media-type",
    "invalid-input",
];

/// Problems that no job fails with.
const NOT_OF_JOBS: [&str; 11] = [
    "malformed-body",
    "unsupported-media-type",
    "not-acceptable",
    "unauthorized",
    "forbidden",
    "precondition-failed",
    "too-many-requests",
    "method-not-allowed",
    "not-a-playlist",
    "playlist-not-found",
    "failed-before",
];

impl Operation {
    /// Returns the lower-case method and the path.
    pub(crate) fn method_and_path(&self) -> (String, &str) {
        let (method, path) = self.route.split_once(' ').unwrap_or_default();
        (method.to_lowercase(), path)
    }

    /// Returns this operation in a document.
    pub(crate) fn find<'a>(&self, document: &'a Value) -> &'a Value {
        let (method, path) = self.method_and_path();
        &document["paths"][path][method]
    }

    /// Returns the OpenAPI object.
    pub(crate) fn to_value(&self) -> Value {
        let security: Vec<Value> = self
            .scope
            .iter()
            .map(|scope| json!({"ApiKey": [scope]}))
            .collect();
        let mut object = json!({
            "operationId": self.id,
            "tags": [self.tag],
            "summary": self.summary,
            "description": self.description,
            "security": security,
            "responses": self.responses(),
        });
        let parameters = self.parameters.iter().map(String::as_str);
        let paging = ["Limit", "Cursor"]
            .into_iter()
            .filter(|_| self.page.is_some());
        let parameters: Vec<Value> = parameters.chain(paging).map(parameter).collect();
        if !parameters.is_empty() {
            object["parameters"] = parameters.into();
        }
        if let Some(schema) = &self.body {
            let body = json!({"schema": reference(schema), "examples": self.examples});
            object["requestBody"] =
                json!({"required": true, "content": {"application/json": body}});
        }
        if !self.with_query.is_empty() {
            object["x-with-query"] = self.with_query.clone().into();
        }
        object
    }

    /// Returns the responses by status.
    fn responses(&self) -> Map<String, Value> {
        let mut all: BTreeMap<String, Response> = BTreeMap::new();
        let mut add = |status: &str, response: Response| {
            all.entry(status.to_owned()).or_default().merge(response);
        };
        for (status, description) in GATEWAY {
            add(status, Response::from_gateway(description));
        }
        if self.scope.is_some() {
            for (status, description) in REFUSED {
                add(status, Response::from_gateway(description));
            }
        }
        for problem in self.problems() {
            add(&problem.status.to_string(), problem.into());
        }
        if let Some(schema) = &self.job {
            add("202", Response::accepted(schema));
        }
        if let Some(schema) = &self.page {
            let description = "A page with a link to the next one";
            add("200", Response::new(description, &[]).with_json(schema));
        }
        if let Some(links) = &self.leads_to {
            let mut response = Response::default();
            for operation in &links.operations {
                response.link(operation, operation, &links.parameter, &links.member);
            }
            add("200", response);
        }
        for (status, response) in &self.responses {
            add(status, response.clone());
        }
        if let Some(found) = self.responses.get("200") {
            if self.parameters.iter().any(|name| name == "IfNoneMatch") {
                add("304", Response::not_modified(found));
            }
            if let Some(content) = &self.large {
                add("307", Response::redirect(content, found));
            }
        }
        all.into_iter()
            .map(|(status, mut response)| {
                // Requests that API Gateway refuses do not count against the limit.
                if self.scope.is_some() && !matches!(status.as_str(), "401" | "403" | "431") {
                    let limits = ["RateLimit?", "RateLimit-Policy?"].map(str::to_owned);
                    response.headers.extend(limits);
                }
                (status, response.into_value(&self.id))
            })
            .collect()
    }

    fn problems(&self) -> impl Iterator<Item = &'static Problem> {
        let mut names: Vec<&str> = Vec::new();
        if self.scope.is_some() {
            names.extend(WITH_KEY);
        }
        if self.body.is_some() {
            names.extend(WITH_BODY);
        }
        if self.page.is_some() {
            names.push("invalid-input");
        }
        names.extend(self.problems.iter().map(String::as_str));
        if self.fails_as_its_job {
            let all = Problem::ALL.iter().map(|problem| problem.slug);
            names.extend(all.filter(|name| !NOT_OF_JOBS.contains(name)));
        }
        names.into_iter().map(|name| {
            let known = Problem::ALL.iter().find(|problem| problem.slug == name);
            known.unwrap_or_else(|| panic!("{name} is no problem"))
        })
    }
}
