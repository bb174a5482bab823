//! Checks of requests and responses against the description of an API: OpenAPI 3.0 or Swagger 2.0.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

/// GitHub's REST API: npm @octokit/openapi 23.0.2, MIT.
const GITHUB: &str = include_str!("../../../../../tests/data/specs/github.openapi.json");
/// Netlify's API: npm @netlify/open-api 2.60.0, MIT.
const NETLIFY: &str = include_str!("../../../../../tests/data/specs/netlify.swagger.json");

/// Description of an API, with the validators that its tests have needed so far.
pub(crate) struct Specification {
    document: Value,
    compiled: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Specification {
    /// Endpoints of GitHub that a deployment calls. Parsed once for all tests.
    pub(crate) fn github() -> &'static Self {
        static PARSED: LazyLock<Specification> = LazyLock::new(|| Specification::parse(GITHUB));
        &PARSED
    }

    /// Endpoints of Netlify that a deployment calls. Parsed once for all tests.
    pub(crate) fn netlify() -> &'static Self {
        static PARSED: LazyLock<Specification> = LazyLock::new(|| Specification::parse(NETLIFY));
        &PARSED
    }

    fn parse(text: &str) -> Self {
        let mut document: Value = serde_json::from_str(text).unwrap();
        close(&mut document, false);
        Self {
            document,
            compiled: Mutex::default(),
        }
    }

    /// Returns the operation of a method and a path, and the path's template.
    fn operation(&self, method: &str, path: &str) -> (String, &Value) {
        let path = path.split('?').next().unwrap();
        let base = self.document["basePath"].as_str().unwrap_or_default();
        let path = path.strip_prefix(base).unwrap();
        let method = method.to_lowercase();
        let paths = self.document["paths"].as_object().unwrap();
        let fitting = paths
            .iter()
            .filter(|(template, operations)| {
                operations.get(&method).is_some() && fits(template, path)
            })
            // A word fits better than a parameter.
            .min_by_key(|(template, _)| template.matches('{').count());
        let (template, operations) =
            fitting.unwrap_or_else(|| panic!("{method} {path} is not described"));
        (template.clone(), &operations[&method])
    }

    /// URL of the documentation of an operation.
    pub(crate) fn documentation(&self, method: &str, path: &str) -> &str {
        let (_, operation) = self.operation(method, path);
        operation["externalDocs"]["url"].as_str().unwrap()
    }

    /// Asserts that the API accepts a request: it knows every query parameter and the body's shape.
    pub(crate) fn check_request(&self, method: &str, path: &str, body: Option<&Value>) {
        let (template, operation) = self.operation(method, path);
        let whole = &self.document["paths"][&template]["parameters"];
        let own = operation["parameters"].as_array();
        let parameters: Vec<&Value> = own
            .into_iter()
            .chain(whole.as_array())
            .flatten()
            .map(|parameter| self.resolve(parameter))
            .collect();
        let (_, query) = path.split_once('?').unwrap_or_default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let name = pair.split('=').next().unwrap();
            let known = parameters
                .iter()
                .any(|parameter| parameter["in"] == "query" && parameter["name"] == name);
            assert!(known, "{method} {template} knows no {name}");
        }
        let of_swagger = parameters
            .iter()
            .find(|parameter| parameter["in"] == "body")
            .map(|parameter| &parameter["schema"]);
        let of_openapi = &operation["requestBody"]["content"]["application/json"]["schema"];
        let schema = of_swagger.unwrap_or(of_openapi);
        match body {
            Some(body) => {
                assert!(!schema.is_null(), "{method} {template} takes no body");
                self.check(&format!("{method} {template}"), schema, body);
            }
            None => {
                let required = operation["requestBody"]["required"] == true;
                assert!(!required, "{method} {template} takes a body");
            }
        }
    }

    /// Asserts that the API can send a response. `body` is null if the response has none.
    pub(crate) fn check_response(&self, method: &str, path: &str, status: u16, body: &Value) {
        let (template, operation) = self.operation(method, path);
        let name = format!("{method} {template} {status}");
        let responses = &operation["responses"];
        let response = match &responses[status.to_string()] {
            Value::Null => &responses["default"],
            response => response,
        };
        assert!(!response.is_null(), "{name} is not described: {body}");
        let response = self.resolve(response);
        let schema = match &response["content"]["application/json"]["schema"] {
            Value::Null => &response["schema"],
            schema => schema,
        };
        if schema.is_null() && status >= 400 {
            // Some errors are described by their status alone.
            return;
        }
        if schema.is_null() {
            assert!(body.is_null() || body == "", "{name} has no body: {body}");
            return;
        }
        let mut body = body.clone();
        if status >= 400 {
            // GitHub repeats the status in every error, whether the description has it or not.
            body.as_object_mut().unwrap().remove("status");
        }
        self.check(&name, schema, &body);
    }

    fn resolve<'a>(&'a self, node: &'a Value) -> &'a Value {
        match node["$ref"].as_str() {
            Some(reference) => self
                .document
                .pointer(reference.trim_start_matches('#'))
                .unwrap(),
            None => node,
        }
    }

    fn check(&self, name: &str, schema: &Value, body: &Value) {
        let mut compiled = self.compiled.lock().unwrap();
        let validator = compiled.entry(name.to_owned()).or_insert_with(|| {
            let mut schema = schema.clone();
            if schema.get("$ref").is_some() {
                schema = json!({ "allOf": [schema] });
            }
            schema["components"] = self.document["components"].clone();
            schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
            Arc::new(jsonschema::draft7::new(&schema).unwrap())
        });
        let validator = Arc::clone(validator);
        drop(compiled);
        let faults: Vec<String> = validator
            .iter_errors(body)
            .map(|error| format!("{} at {}", error, error.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{name}: {faults:#?}\n{body:#}");
    }
}

/// Returns whether a path matches a template. A parameter is one segment; a last parameter may be
/// several.
fn fits(template: &str, path: &str) -> bool {
    let template: Vec<&str> = template.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    let is_parameter = |segment: &str| segment.starts_with('{');
    let open = template.last().is_some_and(|last| is_parameter(last));
    let lengths = if open && template.len() > 4 {
        path.len() >= template.len()
    } else {
        path.len() == template.len()
    };
    lengths
        && template
            .iter()
            .zip(&path)
            .all(|(expected, segment)| is_parameter(expected) || expected == segment)
}

/// Converts the dialects to JSON Schema. `nullable` becomes a type, and an object with named
/// properties allows no others. `joined` is true for a node that `allOf` combines with other nodes.
fn close(node: &mut Value, joined: bool) {
    match node {
        Value::Array(items) => items.iter_mut().for_each(|item| close(item, joined)),
        Value::Object(fields) => {
            for (name, inner) in fields.iter_mut() {
                match (name.as_str(), inner) {
                    // Their keys are names, not words of the dialect.
                    ("properties", Value::Object(named)) => {
                        named.values_mut().for_each(|inner| close(inner, false));
                    }
                    ("allOf", inner) => close(inner, true),
                    (_, inner) => close(inner, false),
                }
            }
            // The descriptions use `oneOf` for forms that overlap.
            if let Some(forms) = fields.remove("oneOf") {
                fields.insert("anyOf".to_owned(), forms);
            }
            let is_open = joined || fields.contains_key("allOf");
            if fields.get("properties").is_some_and(Value::is_object) && !is_open {
                let none = Value::Bool(false);
                fields.entry("additionalProperties").or_insert(none);
            }
            if fields.remove("nullable") == Some(Value::Bool(true)) {
                allow_null(fields);
            }
        }
        _ => {}
    }
}

fn allow_null(fields: &mut Map<String, Value>) {
    let whole = Value::Object(std::mem::take(fields));
    fields.insert("anyOf".to_owned(), json!([whole, {"type": "null"}]));
}
