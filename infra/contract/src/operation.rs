//! Builder of an operation.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::responses::{self, Response, problem};

#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    object: Map<String, Value>,
    parameters: Vec<Value>,
    responses: BTreeMap<u16, Response>,
    scope: Option<&'static str>,
}

impl Operation {
    /// Starts an operation that needs a key with a scope.
    pub(crate) fn new(
        (method, path): (&'static str, &'static str),
        id: &str,
        tag: &str,
        summary: &str,
        scope: &'static str,
    ) -> Self {
        let mut operation = Self::open((method, path), id, tag, summary);
        operation.scope = Some(scope);
        operation
            .with(401, responses::gateway("The key is missing. API Gateway sends this response itself."))
            .with(403, responses::gateway("The key or token is invalid or lacks the scope. API Gateway sends this response \
         itself."))
            .problems(429, &["too-many-requests"])
            .problems(500, &["internal"])
            .problems(503, &["storage-unavailable"])
    }

    /// Starts an operation without authentication.
    pub(crate) fn open(
        (method, path): (&'static str, &'static str),
        id: &str,
        tag: &str,
        summary: &str,
    ) -> Self {
        let mut object = Map::new();
        object.insert("operationId".to_owned(), id.into());
        object.insert("tags".to_owned(), json!([tag]));
        object.insert("summary".to_owned(), summary.into());
        let operation = Self {
            method,
            path,
            object,
            parameters: Vec::new(),
            responses: BTreeMap::new(),
            scope: None,
        };
        operation
            .with(429, responses::gateway("Too many requests, or the service fails. A response of type `application/json` comes from API Gateway \
         itself."))
            .with(500, responses::gateway("An internal error occurred. A response of type `application/json` comes from API \
         Gateway itself."))
            .with(431, responses::gateway("The request line and the headers are too long. API Gateway sends this response \
         itself."))
            .with(503, responses::gateway("The service is unavailable. A response of type `application/json` comes from API \
         Gateway itself."))
    }

    /// Sets the description, in Markdown.
    pub(crate) fn about(mut self, text: &str) -> Self {
        self.object.insert("description".to_owned(), text.into());
        self
    }

    /// Adds a parameter: one of `responses`, or an object of its own.
    pub(crate) fn parameter(mut self, parameter: Value) -> Self {
        self.parameters.push(parameter);
        self
    }

    /// Adds an optional query parameter.
    pub(crate) fn query(self, name: &str, description: &str, schema: Value) -> Self {
        self.parameter(json!({
            "name": name, "in": "query", "description": description, "schema": schema,
        }))
    }

    /// Adds an optional query parameter with an example.
    pub(crate) fn query_like(self, name: &str, about: &str, schema: Value, example: Value) -> Self {
        self.parameter(json!({
            "name": name, "in": "query", "description": about, "schema": schema, "example": example,
        }))
    }

    /// Names the operation that returns the same as this one with a query.
    pub(crate) fn also(mut self, query: &str, operation: &str) -> Self {
        let also = self
            .object
            .entry("x-with-query")
            .or_insert_with(|| json!({}));
        also[query] = operation.into();
        self
    }

    pub(crate) fn if_none_match(self) -> Self {
        self.parameter(responses::parameter("IfNoneMatch"))
    }

    /// Adds `limit` and `cursor`.
    pub(crate) fn paged(self, schema: &str) -> Self {
        self.parameter(responses::parameter("Limit"))
            .parameter(responses::parameter("Cursor"))
            .ok(responses::json(
                "A page with a link to the next one",
                schema,
            ))
            .problems(422, &["invalid-input"])
    }

    /// Sets the JSON body by the name of its schema, with examples by name.
    pub(crate) fn body(mut self, schema: &str, examples: &[(&str, &str, Value)]) -> Self {
        let examples: Map<String, Value> = examples
            .iter()
            .map(|(name, summary, value)| {
                (
                    (*name).to_owned(),
                    json!({"summary": summary, "value": value}),
                )
            })
            .collect();
        self.object.insert(
            "requestBody".to_owned(),
            json!({
                "required": true,
                "content": {"application/json": {
                    "schema": {"$ref": format!("#/components/schemas/{schema}")},
                    "examples": examples,
                }},
            }),
        );
        self.problems(400, &["malformed-body"])
            .problems(413, &["too-large"])
            .problems(415, &["unsupported-media-type"])
            .problems(422, &["invalid-input"])
    }

    pub(crate) fn ok(self, response: Response) -> Self {
        self.with(200, response)
    }

    /// Adds a response, merged with an existing one of the same status.
    pub(crate) fn with(mut self, status: u16, response: Response) -> Self {
        match self.responses.get_mut(&status) {
            Some(there) => there.merge(response),
            None => {
                self.responses.insert(status, response);
            }
        }
        self
    }

    /// Links a member of the 200 to a parameter of other operations.
    pub(crate) fn leads_to(self, member: &str, parameter: &str, operations: &[&str]) -> Self {
        let value = json!({ parameter: format!("$response.body#/{member}") });
        let links = operations
            .iter()
            .fold(Response::default(), |links, operation| {
                links.link(operation, operation, value.clone())
            });
        self.with(200, links)
    }

    /// Adds problems of a status by their names.
    pub(crate) fn problems(self, status: u16, names: &[&str]) -> Self {
        self.with(status, problem(status, names))
    }

    /// Adds a 404 for an unknown resource.
    pub(crate) fn may_miss(self) -> Self {
        self.problems(404, &["not-found"])
    }

    pub(crate) fn into_value(mut self) -> Value {
        if let Some(scope) = self.scope {
            self.object
                .insert("security".to_owned(), json!([{"ApiKey": [scope]}]));
        } else {
            self.object.insert("security".to_owned(), json!([]));
        }
        if !self.parameters.is_empty() {
            self.object
                .insert("parameters".to_owned(), self.parameters.into());
        }
        let limited = self.scope.is_some();
        let id = self.object["operationId"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let responses: Map<String, Value> = self
            .responses
            .into_iter()
            .map(|(status, response)| {
                // Requests that API Gateway refuses do not count against the limit.
                let counted = limited && !matches!(status, 401 | 403 | 431);
                (status.to_string(), response.into_value(&id, counted))
            })
            .collect();
        self.object.insert("responses".to_owned(), responses.into());
        self.object.into()
    }
}
