//! What answers have in common: headers, parameters, problems.

use eventrelay::{api::problem_type, error::Problem};
use serde_json::{Map, Value, json};

use crate::examples;

/// Keyword for media types that a response may have besides, if a request asks for them. Clients
/// that are generated expect one media type of a status.
const OTHER_CONTENT: &str = "x-other-content";

/// The answer of one status.
#[derive(Clone, Debug, Default)]
pub(crate) struct Response {
    description: String,
    /// Names of problems, which become one schema.
    problems: Vec<String>,
    content: Map<String, Value>,
    other_content: Map<String, Value>,
    headers: Map<String, Value>,
    links: Map<String, Value>,
}

impl Response {
    pub(crate) fn new(description: &str) -> Self {
        Self {
            description: description.to_owned(),
            ..Self::default()
        }
    }

    /// A body of a media type.
    pub(crate) fn content(mut self, media_type: &str, schema: Value) -> Self {
        self.content
            .insert(media_type.to_owned(), json!({"schema": schema}));
        self
    }

    /// A body of a media type that a request has to ask for.
    pub(crate) fn other_content(mut self, media_type: &str, schema: Value) -> Self {
        self.other_content
            .insert(media_type.to_owned(), json!({"schema": schema}));
        self
    }

    /// A header that is always there, by its name in the components.
    pub(crate) fn header(mut self, name: &str) -> Self {
        self.headers.insert(name.to_owned(), header(name, true));
        self
    }

    /// A header that may be there.
    pub(crate) fn maybe(mut self, name: &str) -> Self {
        self.headers.insert(name.to_owned(), header(name, false));
        self
    }

    /// Where to go on from here: another operation, and of what its parameters are made.
    pub(crate) fn link(mut self, name: &str, operation: &str, parameters: Value) -> Self {
        self.links.insert(
            name.to_owned(),
            json!({"operationId": operation, "parameters": parameters}),
        );
        self
    }

    /// Both answers under one status.
    pub(crate) fn merge(&mut self, other: Self) {
        if self.description.is_empty() || (self.problems.is_empty() && !other.problems.is_empty()) {
            self.description = other.description;
        }
        self.problems.extend(other.problems);
        self.content.extend(other.content);
        self.other_content.extend(other.other_content);
        self.headers.extend(other.headers);
        self.links.extend(other.links);
    }

    /// As OpenAPI has it, with the example of its schema or of its operation.
    pub(crate) fn into_value(mut self, operation: &str, counted: bool) -> Value {
        for content in self.content.values_mut() {
            let schema = content["schema"]["$ref"].as_str();
            let name = schema.and_then(|schema| schema.rsplit('/').next());
            if let Some(example) = examples::example(name.unwrap_or(operation)) {
                content["example"] = example;
            }
        }
        if !self.problems.is_empty() {
            self.problems.sort_unstable();
            self.problems.dedup();
            let types: Vec<_> = self
                .problems
                .iter()
                .map(|name| problem_type(name))
                .collect();
            self.content.insert(
                "application/problem+json".to_owned(),
                json!({"schema": reference("Problem"), "x-problem-types": types}),
            );
        }
        if counted {
            for name in ["RateLimit", "RateLimit-Policy"] {
                self.headers.insert(name.to_owned(), header(name, false));
            }
        }
        self.headers.insert(
            "Apigw-Requestid".to_owned(),
            header("Apigw-Requestid", false),
        );
        let mut object = Map::new();
        object.insert("description".to_owned(), self.description.into());
        object.insert("headers".to_owned(), self.headers.into());
        if !self.content.is_empty() {
            object.insert("content".to_owned(), self.content.into());
        }
        if !self.other_content.is_empty() {
            object.insert(OTHER_CONTENT.to_owned(), self.other_content.into());
        }
        if !self.links.is_empty() {
            object.insert("links".to_owned(), self.links.into());
        }
        object.into()
    }
}

/// A JSON answer by the name of its schema.
pub(crate) fn json(description: &str, schema: &str) -> Response {
    Response::new(description)
        .content("application/json", reference(schema))
        .header("Cache-Control")
}

/// An answer that API Gateway gives without us.
pub(crate) fn gateway(description: &str) -> Response {
    Response::new(description).content("application/json", reference("Problem"))
}

/// Problem documents of a status, by their names.
pub(crate) fn problem(status: u16, names: &[&str]) -> Response {
    let titles = names.iter().map(|name| {
        let known = Problem::ALL.iter().find(|problem| problem.slug == *name);
        let title = known.map(|problem| problem.title).unwrap_or_default();
        format!("`{name}`: {title}.")
    });
    let mut response = Response::new(&titles.collect::<Vec<_>>().join(" "));
    response.problems = names.iter().map(|name| (*name).to_owned()).collect();
    // These API Gateway gives as well, without a word on caches.
    let is_theirs = matches!(status, 400 | 413 | 429 | 500 | 503);
    let response = match is_theirs {
        true => response.maybe("Cache-Control"),
        false => response.header("Cache-Control"),
    };
    match status {
        429 | 503 => response.maybe("Retry-After"),
        400 | 413 => {
            let own = gateway("");
            Response {
                content: own.content,
                ..response
            }
        }
        _ => response,
    }
}

/// 202 of a job.
pub(crate) fn accepted(schema: &str) -> Response {
    json(
        "A job is at it. `Location` says where to ask, `Retry-After` in how many seconds",
        schema,
    )
    .header("Location")
    .header("Retry-After")
    .link("job", "getJob", json!({"job_id": "$response.body#/job_id"}))
    .link(
        "cancel",
        "cancelJob",
        json!({"job_id": "$response.body#/job_id"}),
    )
}

/// 304.
pub(crate) fn not_modified() -> Response {
    Response::new("What the caller has is what there is")
        .header("ETag")
        .header("Cache-Control")
}

pub(crate) fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

/// A parameter of the components. Its key differs from the names of schemas, since some generators
/// make types of both.
pub(crate) fn parameter(name: &str) -> Value {
    json!({"$ref": format!("#/components/parameters/{name}Parameter")})
}

/// The components: headers that are always there have a name of their own.
fn header(name: &str, always: bool) -> Value {
    let name = match always {
        true => format!("{name}.Always"),
        false => name.to_owned(),
    };
    json!({"$ref": format!("#/components/headers/{name}")})
}

/// All headers.
pub(crate) fn headers() -> Map<String, Value> {
    let mut all = Map::new();
    for (name, description, schema, example) in [
        (
            "Apigw-Requestid",
            "Id that API Gateway gave the request; problem documents quote it",
            json!({"type": "string"}),
            json!("JKJaXmPLvHcESHA="),
        ),
        (
            "Cache-Control",
            "How long the answer may be kept (RFC 9111)",
            json!({"type": "string"}),
            json!("no-store"),
        ),
        (
            "Content-Disposition",
            "A file name for the download (RFC 6266)",
            json!({"type": "string"}),
            json!("attachment; filename=\"weather.zip\""),
        ),
        (
            "Content-Location",
            "Where the analysis is",
            json!({"type": "string", "format": "uri"}),
            json!("http://127.0.0.1:8787/v1/videos/yt:jNQXAC9IVRw"),
        ),
        (
            "Content-Security-Policy",
            "What a browser may do with it",
            json!({"type": "string"}),
            json!("default-src 'none'; sandbox"),
        ),
        (
            "Allow",
            "The methods that there are (RFC 9110, section 10.2.1)",
            json!({"type": "string"}),
            json!("GET, DELETE"),
        ),
        (
            "ETag",
            "Strong tag of this representation (RFC 9110, section 8.8.3)",
            json!({"type": "string", "pattern": "^\"[^\"]*\"$"}),
            json!("\"5f1c9e\""),
        ),
        (
            "Last-Modified",
            "When the analysis was finished",
            json!({"type": "string"}),
            json!("Tue, 24 Nov 2026 03:40:00 GMT"),
        ),
        (
            "Location",
            "Where to go on",
            json!({"type": "string", "format": "uri-reference"}),
            json!("http://127.0.0.1:8787/v1/jobs/job_019390a1b2c37d4e8f90a1b2c3d4e5f6"),
        ),
        (
            "RateLimit",
            "What the key has left: `r` requests, all of them again in `t` seconds (draft-ietf-httpapi-ratelimit-headers-10). Not sent where nothing is limited",
            json!({"type": "string", "pattern": "^\"key\";r=[0-9]+;t=[0-9]+$"}),
            json!("\"key\";r=599;t=1"),
        ),
        (
            "RateLimit-Policy",
            "What the key may: `q` requests in `w` seconds",
            json!({"type": "string", "pattern": "^\"key\";q=[0-9]+;w=[0-9]+$"}),
            json!("\"key\";q=600;w=60"),
        ),
        (
            "Retry-After",
            "Seconds until it is worth to ask again",
            json!({"type": "integer", "minimum": 1}),
            json!(2),
        ),
        (
            "Vary",
            "Headers of the request that the answer depends on",
            json!({"type": "string"}),
            json!("accept, accept-encoding"),
        ),
        (
            "X-Content-Type-Options",
            "Always `nosniff`",
            json!({"type": "string", "const": "nosniff"}),
            json!("nosniff"),
        ),
    ] {
        let header = json!({"description": description, "schema": schema, "example": example});
        let mut always = header.clone();
        always["required"] = true.into();
        all.insert(name.to_owned(), header);
        all.insert(format!("{name}.Always"), always);
    }
    all
}

/// All parameters that more than one operation has.
pub(crate) fn parameters() -> Map<String, Value> {
    let path = |name: &str, description: &str, pattern: &str, example: &str| {
        json!({
            "name": name, "in": "path", "required": true, "description": description,
            "schema": {"type": "string", "pattern": pattern}, "example": example,
        })
    };
    let id = |prefix: &str| format!("^{prefix}_[0-9a-f]{{32}}$");
    let mut all = Map::new();
    for (key, value) in [
        (
            "VideoId",
            path(
                "video_id",
                "`yt:` and the id of a YouTube video, or `up:` and the SHA-256 of a recording; the bare id is read as well",
                "^((yt:)?[A-Za-z0-9_-]{11}|(up:)?[0-9a-f]{64})$",
                "yt:jNQXAC9IVRw",
            ),
        ),
        (
            "JobId",
            path(
                "job_id",
                "Id of a job",
                &id("job"),
                "job_019390a1b2c37d4e8f90a1b2c3d4e5f6",
            ),
        ),
        (
            "ProjectId",
            path(
                "project_id",
                "Id of a project",
                &id("prj"),
                "prj_019390a1b2c37d4e8f90a1b2c3d4e5f6",
            ),
        ),
        (
            "DeploymentId",
            path(
                "deployment_id",
                "Id of a deployment",
                &id("dpl"),
                "dpl_019390a1b2c37d4e8f90a1b2c3d4e5f6",
            ),
        ),
        (
            "Limit",
            json!({"name": "limit", "in": "query", "description": "Items in a page", "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}}),
        ),
        (
            "Cursor",
            json!({"name": "cursor", "in": "query", "description": "Where to go on: the `cursor` of the page before, of the same query", "schema": {"type": "string", "x-eventrelay-format": "eventrelay-cursor", "minLength": 1, "maxLength": 1024}}),
        ),
        (
            "IfNoneMatch",
            json!({"name": "If-None-Match", "in": "header", "description": "Tags of what the caller has; 304 if it is that (RFC 9110, section 13.1.2)", "schema": {"type": "string"}, "example": "\"5f1c9e\""}),
        ),
    ] {
        all.insert(format!("{key}Parameter"), value);
    }
    all
}
