//! Responses of an operation.

use std::collections::{BTreeMap, BTreeSet};

use eventrelay::{api::problem_type, error::Problem};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    components::{header, reference},
    examples,
};

/// The response of one status.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Response {
    pub(crate) description: String,
    /// Name of the schema of a JSON body. Such a response has a cache policy.
    pub(crate) json: Option<String>,
    /// Schemas of other bodies by media type.
    content: Map<String, Value>,
    /// Schemas of bodies that a request must ask for. Generated clients expect one media type per
    /// status, so the document has them under a keyword of its own.
    other_content: Map<String, Value>,
    /// Names of headers. A question mark ends the name of an optional header.
    pub(crate) headers: Vec<String>,
    pub(crate) links: Map<String, Value>,
    /// Names of problems, which share one schema.
    #[serde(skip)]
    problems: BTreeSet<&'static str>,
}

impl Response {
    pub(crate) fn new(description: &str, headers: &[&str]) -> Self {
        Self {
            description: description.to_owned(),
            headers: headers.iter().map(|name| (*name).to_owned()).collect(),
            ..Self::default()
        }
    }

    /// Returns a response that API Gateway sends itself.
    pub(crate) fn from_gateway(description: &str) -> Self {
        let mut response = Self::new(description, &[]);
        let json = "application/json".to_owned();
        response.content.insert(json, reference("Problem"));
        response
    }

    /// Returns the 202 for a job, by the name of its schema.
    pub(crate) fn accepted(schema: &str) -> Self {
        let mut response = Self::new(
            "The job was accepted. Poll `Location` after `Retry-After` seconds",
            &["Location", "Retry-After"],
        );
        response.json = Some(schema.to_owned());
        for (name, operation) in [("job", "getJob"), ("cancel", "cancelJob")] {
            response.link(name, operation, "job_id", "job_id");
        }
        response
    }

    /// Returns the 304 for a 200.
    pub(crate) fn not_modified(found: &Self) -> Self {
        let mut response = Self::new("The caller's copy is current", &["Cache-Control"]);
        let headers = found.headers.iter();
        let headers = headers.filter(|name| *name != "Content-Disposition");
        response.headers.extend(headers.cloned());
        response
    }

    /// Returns the 307 to the bucket for a 200 whose content is too large.
    pub(crate) fn redirect(content: &str, found: &Self) -> Self {
        let description = format!(
            "{content} is large: fetch it from the bucket, without the key, within five minutes"
        );
        let mut response = Self::new(&description, &["Location", "Cache-Control"]);
        let vary = found.headers.iter().filter(|name| *name == "Vary");
        response.headers.extend(vary.cloned());
        response
    }

    pub(crate) fn with_json(mut self, schema: &str) -> Self {
        self.json = Some(schema.to_owned());
        self
    }

    /// Adds a link to another operation. `member` of the body is the value of its parameter.
    pub(crate) fn link(&mut self, name: &str, operation: &str, parameter: &str, member: &str) {
        let parameters = json!({parameter: format!("$response.body#/{member}")});
        let link = json!({"operationId": operation, "parameters": parameters});
        self.links.insert(name.to_owned(), link);
    }

    /// Merges the responses of one status.
    pub(crate) fn merge(&mut self, other: Self) {
        if self.description.is_empty() || (self.problems.is_empty() && !other.problems.is_empty()) {
            self.description = other.description;
        }
        self.json = self.json.take().or(other.json);
        self.problems.extend(other.problems);
        self.content.extend(other.content);
        self.other_content.extend(other.other_content);
        self.headers.extend(other.headers);
        self.links.extend(other.links);
    }

    /// Returns the OpenAPI object, with the example of its schema or operation.
    pub(crate) fn into_value(mut self, operation: &str) -> Value {
        if let Some(schema) = &self.json {
            let json = "application/json".to_owned();
            self.content.insert(json, reference(schema));
            self.headers.push("Cache-Control".to_owned());
        }
        let with_schema = |(media_type, schema)| (media_type, json!({"schema": schema}));
        let mut content: Map<String, Value> = self.content.into_iter().map(with_schema).collect();
        for body in content.values_mut() {
            let schema = body["schema"]["$ref"].as_str();
            let name = schema.and_then(|schema| schema.rsplit('/').next());
            if let Some(example) = examples::example(name.unwrap_or(operation)) {
                body["example"] = example;
            }
        }
        if !self.problems.is_empty() {
            let types: Vec<_> = self.problems.into_iter().map(problem_type).collect();
            let problems = json!({"schema": reference("Problem"), "x-problem-types": types});
            content.insert("application/problem+json".to_owned(), problems);
        }
        self.headers.push("Apigw-Requestid?".to_owned());
        let headers: BTreeMap<_, _> = self.headers.iter().map(|name| header(name)).collect();
        let mut object = json!({"description": self.description, "headers": headers});
        let other = self.other_content.into_iter().map(with_schema).collect();
        for (key, members) in [
            ("content", content),
            ("x-other-content", other),
            ("links", self.links),
        ] {
            if !members.is_empty() {
                object[key] = members.into();
            }
        }
        object
    }
}

impl From<&Problem> for Response {
    fn from(problem: &Problem) -> Self {
        // API Gateway sends these as well, without `Cache-Control`.
        let cache_control = match problem.status {
            400 | 413 | 429 | 500 | 503 => "Cache-Control?",
            _ => "Cache-Control",
        };
        let description = format!("`{}`: {}.", problem.slug, problem.title);
        let mut response = match problem.status {
            400 | 413 => Self::from_gateway(&description),
            _ => Self::new(&description, &[]),
        };
        response.headers.push(cache_control.to_owned());
        if matches!(problem.status, 429 | 503) {
            response.headers.push("Retry-After?".to_owned());
        }
        response.problems.insert(problem.slug);
        response
    }
}
