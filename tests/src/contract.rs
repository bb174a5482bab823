//! Validation of API responses against the contract. [`crate::read`] validates every response that
//! it reads from the API of a stack.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    io::Read as _,
    sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError},
};

use jsonschema::Validator;
use reqwest::{Method, Url};
use serde_json::{Map, Value, json};

use crate::{Ready, Response, events::members};

/// Base URLs of the running APIs.
static APIS: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
    let document = include_str!("../../shared/openapi.json");
    Contract::new(serde_json::from_str(document).expect("shared/openapi.json is JSON"))
});

/// Starts validating the responses of this stack's API. Stops for addresses of its other services: an
/// ended API may have had the same port.
pub(crate) fn watch(ready: &Ready) {
    let mut apis = APIS.lock().unwrap_or_else(PoisonError::into_inner);
    let standins = &ready.standins;
    for other in [
        &ready.admin,
        &ready.aws.s3,
        &ready.aws.dynamodb,
        &ready.aws.sqs,
    ]
    .into_iter()
    .chain([
        &ready.aws.secrets_manager,
        &standins.gemini,
        &standins.youtube,
    ])
    .chain([&standins.github, &standins.vercel, &standins.netlify])
    {
        apis.remove(&origin(other));
    }
    apis.insert(origin(&ready.api));
}

fn origin(url: &str) -> String {
    Url::parse(url).map_or_else(|_| String::new(), |url| url.origin().ascii_serialization())
}

/// Validates a response, if it comes from an API.
pub(crate) fn check(method: &Method, url: &Url, response: &Response) {
    let origin = url.origin().ascii_serialization();
    let is_watched = APIS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .contains(&origin);
    // Browsers read the response to a preflight, which the Fetch standard defines.
    let is_preflight = *method == Method::OPTIONS && response.status == 204;
    if is_watched
        && !is_preflight
        && let Err(wrong) = CONTRACT.judge(method, url, response)
    {
        panic!(
            "{method} {} was answered with {} in a way that shared/openapi.json does not have: {wrong}\n{:?}\n{}",
            url.path(),
            response.status,
            response.headers,
            response.text()
        );
    }
}

#[derive(Debug)]
pub struct Contract {
    /// Operations by the segments of their paths, those without parameters first.
    paths: Vec<(Vec<String>, HashMap<String, Operation>)>,
    /// Responses to unknown routes.
    elsewhere: Operation,
}

#[derive(Debug)]
struct Operation {
    answers: BTreeMap<u16, Answer>,
    /// Paths of the operations that answer requests with a query such as `format=md` or `fields`.
    with_query: Vec<(String, Vec<String>)>,
}

#[derive(Debug)]
struct Answer {
    /// Schemas by media type; `None` if the body is not JSON.
    bodies: HashMap<String, Option<Schema>>,
    headers: Vec<(String, bool, Schema)>,
}

/// Compiled on first use: a test sees few of all responses.
#[derive(Debug)]
struct Schema {
    schema: Value,
    /// Schemas of the document, without additional properties.
    components: Arc<Value>,
    compiled: OnceLock<Validator>,
}

impl Schema {
    /// Schema of a body. What a problem document has is not in its schema, which is that of API
    /// Gateway's answers as well.
    fn of_body(media_type: &str, content: &Value, components: &Arc<Value>) -> Self {
        let mut schema = content["schema"].clone();
        if media_type == "application/problem+json" {
            schema["required"] = json!(["type", "title", "status", "detail", "request_id"]);
            schema["properties"] = json!({
                "type": {"enum": content["x-problem-types"]},
                "message": false,
            });
        } else if schema["$ref"] == "#/components/schemas/Problem" {
            schema["required"] = json!(["message"]);
            schema["maxProperties"] = 1.into();
        }
        Self::new(&schema, components)
    }

    fn new(schema: &Value, components: &Arc<Value>) -> Self {
        Self {
            schema: schema.clone(),
            components: components.clone(),
            compiled: OnceLock::new(),
        }
    }

    fn validator(&self) -> &Validator {
        self.compiled.get_or_init(|| {
            let mut schema = self.schema.clone();
            schema["components"] = json!({"schemas": self.named()});
            jsonschema::options()
                .should_validate_formats(true)
                .build(&schema)
                .expect("a schema of the contract")
        })
    }

    /// Schemas that this one refers to, transitively.
    fn named(&self) -> Map<String, Value> {
        let mut named = Map::new();
        let mut left = vec![&self.schema];
        while let Some(value) = left.pop() {
            let name = value["$ref"]
                .as_str()
                .and_then(|reference| reference.strip_prefix("#/components/schemas/"));
            if let Some(name) = name
                && !named.contains_key(name)
            {
                let schema = &self.components["schemas"][name];
                named.insert(name.to_owned(), schema.clone());
                left.push(schema);
            }
            left.extend(members(value).map(|(_, member)| member));
            left.extend(value.as_array().into_iter().flatten());
        }
        named
    }
}

impl Contract {
    /// Reads the contract from an OpenAPI document.
    #[must_use]
    pub fn new(document: Value) -> Self {
        let components = Arc::new(closed(document["components"].clone()));
        let path_of = |id: &Value| {
            let is_it =
                |methods: &Value| members(methods).any(|(_, one)| one["operationId"] == *id);
            let (path, _) = members(&document["paths"])
                .find(|(_, methods)| is_it(methods))
                .expect("an operation");
            segments(path)
        };
        let mut paths: Vec<_> = members(&document["paths"])
            .map(|(path, methods)| {
                let operations = members(methods).map(|(method, operation)| {
                    let answers = members(&operation["responses"]).map(|(status, response)| {
                        let status = status.parse().expect("a status");
                        (status, Answer::new(response, &document, &components))
                    });
                    let with_query = members(&operation["x-with-query"])
                        .map(|(query, id)| (query.clone(), path_of(id)));
                    let operation = Operation {
                        answers: answers.collect(),
                        with_query: with_query.collect(),
                    };
                    (method.to_uppercase(), operation)
                });
                (segments(path), operations.collect())
            })
            .collect();
        paths.sort_by_key(|(segments, _): &(Vec<String>, _)| {
            segments
                .iter()
                .map(|one| one.starts_with('{'))
                .collect::<Vec<_>>()
        });
        let problem = |slug: &str| {
            json!({"content": {"application/problem+json": {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "x-problem-types": [format!("urn:eventrelay:problem:{slug}")],
            }}})
        };
        let shared = |name: &str| json!({"$ref": format!("#/components/responses/{name}")});
        let elsewhere = [
            (401, shared("Unauthorized")),
            (403, shared("Forbidden")),
            (404, problem("not-found")),
            (405, problem("method-not-allowed")),
            (429, shared("TooManyRequests")),
            (431, shared("RequestHeaderFieldsTooLarge")),
            (500, shared("InternalServerError")),
            (503, shared("ServiceUnavailable")),
        ]
        .map(|(status, response)| (status, Answer::new(&response, &document, &components)));
        Self {
            paths,
            elsewhere: Operation {
                answers: elsewhere.into(),
                with_query: Vec::new(),
            },
        }
    }

    /// Validates a response to a request.
    pub fn judge(&self, method: &Method, url: &Url, response: &Response) -> Result<(), String> {
        let path: Vec<&str> = url.path().split('/').collect();
        let find = |fitting: &dyn Fn(&[String]) -> bool| {
            let found = self.paths.iter().find(|(template, _)| fitting(template));
            found.and_then(|(_, operations)| operations.get(method.as_str()))
        };
        let operation = find(&|template| fits(template, &path)).unwrap_or(&self.elsewhere);
        let has = |query: &str| {
            let (name, value) = query.split_once('=').unwrap_or((query, ""));
            url.query_pairs()
                .any(|(own, of)| own == name && (value.is_empty() || of == value))
        };
        let also = operation.with_query.iter().find(|(query, _)| has(query));
        // Errors are described by the operation of the path.
        let operation = match also {
            Some((_, path)) if response.status.is_success() => {
                find(&|template| template == path.as_slice()).unwrap_or(operation)
            }
            _ => operation,
        };
        let status = response.status.as_u16();
        let answer = operation.answers.get(&status).ok_or("the status")?;
        let content_type = response.header("content-type");
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        // A response to HEAD has no body, although its headers describe one.
        if answer.bodies.is_empty() || *method == Method::HEAD {
            if !response.body.is_empty() {
                return Err("the body".to_owned());
            }
        } else {
            let schema = answer.bodies.get(media_type);
            let schema = schema.ok_or_else(|| format!("the media type {media_type:?}"))?;
            if let Some(schema) = schema {
                let body = serde_json::from_slice(&plain(response));
                let body: Value = body.map_err(|error| format!("the body, by {error}"))?;
                valid(schema.validator(), &body)?;
            }
        }
        for (name, is_required, schema) in &answer.headers {
            match response.headers.get(name) {
                None if *is_required => return Err(format!("that {name} is missing")),
                None => {}
                Some(value) => {
                    let text = value.to_str().map_err(|_| name.clone())?;
                    let number = text.parse::<u64>().map(Value::from);
                    let value = number.unwrap_or_else(|_| text.into());
                    let as_text = Value::from(text);
                    let schema = schema.validator();
                    let is_valid = schema.is_valid(&value) || schema.is_valid(&as_text);
                    is_valid
                        .then_some(())
                        .ok_or_else(|| format!("{name}: {text}"))?;
                }
            }
        }
        Ok(())
    }
}

/// Returns the uncompressed body.
fn plain(response: &Response) -> Vec<u8> {
    let mut plain = Vec::new();
    if response.header("content-encoding") == "gzip" {
        let mut gzip = flate2::read::MultiGzDecoder::new(&response.body[..]);
        if gzip.read_to_end(&mut plain).is_ok() {
            return plain;
        }
    }
    response.body.clone()
}

fn valid(schema: &Validator, body: &Value) -> Result<(), String> {
    let mut wrong = schema.iter_errors(body).map(|error| {
        let at = error.instance_path().to_string();
        format!("{at}: {error}")
    });
    match wrong.next() {
        None => Ok(()),
        Some(first) => Err(wrong
            .take(9)
            .fold(first, |all, one| format!("{all}\n{one}"))),
    }
}

impl Answer {
    fn new(response: &Value, document: &Value, components: &Arc<Value>) -> Self {
        let response = resolved(response, document);
        let is_json = |media_type: &str| media_type.ends_with("json");
        Self {
            bodies: members(&response["content"])
                .chain(members(&response["x-other-content"]))
                .map(|(media_type, content)| {
                    let schema = is_json(media_type)
                        .then(|| Schema::of_body(media_type, content, components));
                    (media_type.clone(), schema)
                })
                .collect(),
            headers: members(&response["headers"])
                .map(|(name, header)| {
                    let header = resolved(header, document);
                    let required = header["required"] == true;
                    (
                        name.to_lowercase(),
                        required,
                        Schema::new(&header["schema"], components),
                    )
                })
                .collect(),
        }
    }
}

/// Closes the schemas: readers tolerate unknown members, but responses must not have any.
fn closed(mut schema: Value) -> Value {
    match &mut schema {
        Value::Object(members) => {
            for member in members.values_mut() {
                *member = closed(member.take());
            }
            let is_object = members.get("type").is_some_and(|kind| *kind == "object");
            if is_object && members.contains_key("properties") {
                members
                    .entry("additionalProperties")
                    .or_insert(false.into());
            }
        }
        Value::Array(items) => {
            for item in items {
                *item = closed(item.take());
            }
        }
        _ => {}
    }
    schema
}

fn resolved<'a>(value: &'a Value, document: &'a Value) -> &'a Value {
    let reference = value["$ref"]
        .as_str()
        .and_then(|reference| reference.strip_prefix('#'));
    reference
        .and_then(|pointer| document.pointer(pointer))
        .unwrap_or(value)
}

fn segments(path: &str) -> Vec<String> {
    path.split('/').map(str::to_owned).collect()
}

/// Returns whether a path matches a template. `{path}` matches all remaining segments.
fn fits(template: &[String], segments: &[&str]) -> bool {
    let takes_all = template.last().is_some_and(|last| last == "{path}");
    let is_long = if takes_all {
        segments.len() >= template.len()
    } else {
        segments.len() == template.len()
    };
    is_long
        && template.iter().zip(segments).all(|(expected, segment)| {
            if expected.starts_with('{') {
                !segment.is_empty()
            } else {
                expected == segment
            }
        })
}
