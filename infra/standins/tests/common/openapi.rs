//! Checks requests and answers against a description of an API: OpenAPI 3.0, or Swagger 2.0. Stands
//! alone, so that other crates' tests can include it by its path.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

/// GitHub's REST API: npm @octokit/openapi 23.0.2, MIT.
const GITHUB: &str = include_str!("../../../../tests/data/specs/github.openapi.json");
/// Netlify's API: npm @netlify/open-api 2.60.0, MIT.
const NETLIFY: &str = include_str!("../../../../tests/data/specs/netlify.swagger.json");

/// A description of an API.
pub(crate) struct Specification {
    document: Value,
    compiled: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Specification {
    /// What a deployment needs of GitHub's API.
    pub(crate) fn github() -> Self {
        Self::read(GITHUB)
    }

    /// What a deployment needs of Netlify's API.
    pub(crate) fn netlify() -> Self {
        Self::read(NETLIFY)
    }

    fn read(text: &str) -> Self {
        let mut document: Value = serde_json::from_str(text).unwrap();
        close(&mut document, false);
        Self {
            document,
            compiled: Mutex::default(),
        }
    }

    /// The description of the operation that a method and a path call, with the path's template.
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

    /// Where the operation is documented.
    pub(crate) fn documentation(&self, method: &str, path: &str) -> &str {
        let (_, operation) = self.operation(method, path);
        operation["externalDocs"]["url"].as_str().unwrap()
    }

    /// Whether the API takes such a request: no query that it does not know, no other body.
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

    /// Whether the API gives such an answer. `body` is null where there is none.
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
            // Of some errors nothing is said but their status.
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

/// Whether a path is one of a template: a parameter is one segment, and the last one may be many.
fn fits(template: &str, path: &str) -> bool {
    let template: Vec<&str> = template.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    let is_parameter = |segment: &str| segment.starts_with('{');
    let open = template.last().is_some_and(|last| is_parameter(last));
    let lengths = match open && template.len() > 4 {
        true => path.len() >= template.len(),
        false => path.len() == template.len(),
    };
    lengths
        && template
            .iter()
            .zip(&path)
            .all(|(expected, segment)| is_parameter(expected) || expected == segment)
}

/// Makes JSON Schema of the dialects: `nullable` becomes a type, and an object whose properties are
/// named has no others. `joined` says that the node is one of several that make one object.
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
            // Some of the forms that are said to exclude each other do not.
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
