//! Headers, parameters and problems that responses share.

use eventrelay::{api::problem_type, error::Problem};
use serde_json::{Map, Value, json};

use crate::examples;

/// Keyword for alternative media types of a response. Generated clients expect one media type per
/// status.
const OTHER_CONTENT: &str = "x-other-content";

/// The response of one status.
#[derive(Clone, Debug, Default)]
pub(crate) struct Response {
    description: String,
    /// Names of problems, which share one schema.
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

    pub(crate) fn content(mut self, media_type: &str, schema: Value) -> Self {
        self.content
            .insert(media_type.to_owned(), json!({"schema": schema}));
        self
    }

    /// Adds a body of a media type that a request must ask for.
    pub(crate) fn other_content(mut self, media_type: &str, schema: Value) -> Self {
        self.other_content
            .insert(media_type.to_owned(), json!({"schema": schema}));
        self
    }

    /// Adds a header that is always sent, by its name in the components.
    pub(crate) fn header(mut self, name: &str) -> Self {
        self.headers.insert(name.to_owned(), header(name, true));
        self
    }

    /// Adds an optional header.
    pub(crate) fn maybe(mut self, name: &str) -> Self {
        self.headers.insert(name.to_owned(), header(name, false));
        self
    }

    /// Adds a link to another operation, with the sources of its parameters.
    pub(crate) fn link(mut self, name: &str, operation: &str, parameters: Value) -> Self {
        self.links.insert(
            name.to_owned(),
            json!({"operationId": operation, "parameters": parameters}),
        );
        self
    }

    /// Merges the responses of one status.
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

    /// Returns the OpenAPI object, with the example of its schema or operation.
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

/// Returns a JSON response by the name of its schema.
pub(crate) fn json(description: &str, schema: &str) -> Response {
    Response::new(description)
        .content("application/json", reference(schema))
        .header("Cache-Control")
}

/// Returns a response that API Gateway sends itself.
pub(crate) fn gateway(description: &str) -> Response {
    Response::new(description).content("application/json", reference("Problem"))
}

/// Returns problem documents of a status by their names.
pub(crate) fn problem(status: u16, names: &[&str]) -> Response {
    let titles = names.iter().map(|name| {
        let known = Problem::ALL.iter().find(|problem| problem.slug == *name);
        let title = known.map(|problem| problem.title).unwrap_or_default();
        format!("`{name}`: {title}.")
    });
    let mut response = Response::new(&titles.collect::<Vec<_>>().join(" "));
    response.problems = names.iter().map(|name| (*name).to_owned()).collect();
    // API Gateway sends these as well, without `Cache-Control`.
    let is_theirs = matches!(status, 400 | 413 | 429 | 500 | 503);
    let response = if is_theirs {
        response.maybe("Cache-Control")
    } else {
        response.header("Cache-Control")
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

pub(crate) fn accepted(schema: &str) -> Response {
    json(
        "The job was accepted. Poll `Location` after `Retry-After` seconds",
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

pub(crate) fn not_modified() -> Response {
    Response::new("The caller's copy is current")
        .header("ETag")
        .header("Cache-Control")
}

pub(crate) fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

/// Returns a reference to a shared parameter. Its key differs from the names of schemas, because
/// some generators make types of both.
pub(crate) fn parameter(name: &str) -> Value {
    json!({"$ref": format!("#/components/parameters/{name}Parameter")})
}

/// Returns a reference to a header. Headers that are always sent have their own name.
fn header(name: &str, always: bool) -> Value {
    let name = if always {
        format!("{name}.Always")
    } else {
        name.to_owned()
    };
    json!({"$ref": format!("#/components/headers/{name}")})
}

pub(crate) fn headers() -> Map<String, Value> {
    let mut all = Map::new();
    for (name, description, schema, example) in [
        (
            "Apigw-Requestid",
            "Id of the request at API Gateway, which problem documents contain",
            json!({"type": "string"}),
            json!("JKJaXmPLvHcESHA="),
        ),
        (
            "Cache-Control",
            "Cache policy of the response (RFC 9111)",
            json!({"type": "string"}),
            json!("no-store"),
        ),
        (
            "Content-Disposition",
            "File name of the download (RFC 6266)",
            json!({"type": "string"}),
            json!("attachment; filename=\"weather.zip\""),
        ),
        (
            "Content-Location",
            "URL of the analysis",
            json!({"type": "string", "format": "uri"}),
            json!("http://127.0.0.1:8787/v1/videos/yt:jNQXAC9IVRw"),
        ),
        (
            "Content-Security-Policy",
            "Content security policy for browsers",
            json!({"type": "string"}),
            json!("default-src 'none'; sandbox"),
        ),
        (
            "Allow",
            "Methods of the route (RFC 9110, section 10.2.1)",
            json!({"type": "string"}),
            json!("GET, DELETE"),
        ),
        (
            "ETag",
            "Strong entity tag of this representation (RFC 9110, section 8.8.3)",
            json!({"type": "string", "pattern": "^\"[^\"]*\"$"}),
            json!("\"5f1c9e\""),
        ),
        (
            "Last-Modified",
            "Time at which the analysis was finished",
            json!({"type": "string"}),
            json!("Tue, 24 Nov 2026 03:40:00 GMT"),
        ),
        (
            "Location",
            "URL to continue at",
            json!({"type": "string", "format": "uri-reference"}),
            json!("http://127.0.0.1:8787/v1/jobs/job_019390a1b2c37d4e8f90a1b2c3d4e5f6"),
        ),
        (
            "RateLimit",
            "Remaining requests of the key: `r`, reset after `t` seconds \
         (draft-ietf-httpapi-ratelimit-headers-10). Not sent without a limit",
            json!({"type": "string", "pattern": "^\"key\";r=[0-9]+;t=[0-9]+$"}),
            json!("\"key\";r=599;t=1"),
        ),
        (
            "RateLimit-Policy",
            "Limit of the key: `q` requests in `w` seconds",
            json!({"type": "string", "pattern": "^\"key\";q=[0-9]+;w=[0-9]+$"}),
            json!("\"key\";q=600;w=60"),
        ),
        (
            "Retry-After",
            "Seconds to wait before the next request",
            json!({"type": "integer", "minimum": 1}),
            json!(2),
        ),
        (
            "Vary",
            "Request headers that the response depends on",
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

/// Returns the parameters that several operations share.
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
                "`yt:` and the id of a YouTube video, or `up:` and the SHA-256 of a recording; the \
         prefix is optional",
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
            json!({"name": "limit", "in": "query", "description": "Maximum items per page", "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}}),
        ),
        (
            "Cursor",
            json!({"name": "cursor", "in": "query", "description": "`cursor` of the previous page of the same query", "schema": {"type": "string", "x-eventrelay-format": "eventrelay-cursor", "minLength": 1, "maxLength": 1024}}),
        ),
        (
            "IfNoneMatch",
            json!({"name": "If-None-Match", "in": "header", "description": "Entity tags of the caller's copies; 304 if one is current (RFC 9110, section 13.1.2)", "schema": {"type": "string"}, "example": "\"5f1c9e\""}),
        ),
    ] {
        all.insert(format!("{key}Parameter"), value);
    }
    all
}
