//! The events of `tests/events`: a file for each trigger of `template.yaml`, as AWS sends it and as
//! `sam local invoke --event` takes it.
//!
//! A file defines the body, the query, the path parameters and its own headers. This module adds
//! everything that API Gateway adds.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use eventrelay_template::{ACCOUNT, REGION, model::physical_name, parse};
use md5::{Digest as _, Md5};
use serde_json::{Map, Value, json};
use sha2::Sha256;

use crate::{API_KEY, repository};

/// Folder of the events.
pub const FOLDER: &str = "tests/events";

/// The job that events are about.
pub const JOB: &str = "job_0193a1b2c3d47e5f8a9b0c1d2e3f4a5b";

/// Id of a project that does not exist.
pub const PROJECT: &str = "prj_0193a1b2c3d47e5f8a9b0c1d2e3f4a5c";

/// Id of a deployment that does not exist.
pub const DEPLOYMENT: &str = "dpl_0193a1b2c3d47e5f8a9b0c1d2e3f4a5d";

/// Path parameters of the events.
const EXAMPLES: [(&str, &str); 6] = [
    ("video_id", "yt:dQw4w9WgXcQ"),
    ("job_id", JOB),
    ("project_id", PROJECT),
    ("deployment_id", DEPLOYMENT),
    ("path", "README.md"),
    ("proxy", "v1/videos"),
];

const API_ID: &str = "a1b2c3d4e5";
const REQUEST_ID: &str = "bcD3fGh4IjKLmnO=";
const SOURCE_IP: &str = "203.0.113.7";
const USER_AGENT: &str = "curl/8.14.1";

/// Source of invocations of a function.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// Logical id of the function.
    pub function: String,
    /// Logical id of the event, or name of the authorizer.
    pub name: String,
    pub source: Source,
}

#[derive(Clone, Debug)]
pub enum Source {
    /// A route of the API.
    Route {
        /// `GET` …, or `ANY`.
        method: String,
        /// Path as the template has it.
        path: String,
        /// An authorizer is asked.
        authorized: bool,
    },
    /// Header that the authorizer reads.
    Authorizer(String),
    Queue {
        queue: String,
        /// Maximum messages of an event.
        batch_size: i32,
    },
    Schedule,
}

/// All triggers of the template.
pub fn triggers() -> anyhow::Result<Vec<Trigger>> {
    let template = parse(&std::fs::read_to_string(repository("template.yaml"))?)?;
    let resources = template["Resources"].as_object().context("no resources")?;
    let mut triggers = Vec::new();
    for (id, resource) in resources {
        let properties = &resource["Properties"];
        match resource["Type"].as_str() {
            Some("AWS::Serverless::HttpApi") => {
                for (name, authorizer) in members(&properties["Auth"]["Authorizers"]) {
                    let header = authorizer["Identity"]["Headers"][0].as_str();
                    triggers.push(Trigger {
                        function: attribute(&authorizer["FunctionArn"])?,
                        name: name.clone(),
                        source: Source::Authorizer(header.context("no header")?.to_owned()),
                    });
                }
            }
            Some("AWS::Serverless::Function") => {
                for (name, event) in members(&properties["Events"]) {
                    let source = source(event, &template["Parameters"])
                        .with_context(|| format!("{id}.{name}"))?;
                    triggers.push(Trigger {
                        function: id.clone(),
                        name: name.clone(),
                        source,
                    });
                }
            }
            _ => {}
        }
    }
    Ok(triggers)
}

fn source(event: &Value, parameters: &Value) -> anyhow::Result<Source> {
    let properties = &event["Properties"];
    let text = |name: &str| {
        let text = properties[name].as_str().map(str::to_owned);
        text.with_context(|| format!("no {name}"))
    };
    match event["Type"].as_str() {
        Some("HttpApi") => Ok(Source::Route {
            method: text("Method")?,
            path: text("Path")?,
            authorized: properties["Auth"]["Authorizer"] != "NONE",
        }),
        Some("SQS") => Ok(Source::Queue {
            queue: attribute(&properties["Queue"])?,
            batch_size: value(&properties["BatchSize"], parameters)
                .as_i64()
                .and_then(|size| size.try_into().ok())
                .context("no BatchSize")?,
        }),
        Some("ScheduleV2") => Ok(Source::Schedule),
        other => anyhow::bail!("{other:?}: no event is known"),
    }
}

/// A value, or the default of the parameter that it refers to.
fn value<'a>(value: &'a Value, parameters: &'a Value) -> &'a Value {
    match value["Ref"].as_str() {
        Some(name) => &parameters[name]["Default"],
        None => value,
    }
}

/// Logical id of an `Fn::GetAtt`.
fn attribute(value: &Value) -> anyhow::Result<String> {
    let text = value["Fn::GetAtt"].as_str().context("no Fn::GetAtt")?;
    Ok(text.split('.').next().unwrap_or_default().to_owned())
}

pub(crate) fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

impl Trigger {
    /// Path of its file, relative to the folder of the events.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        [&self.function, &format!("{}.json", self.name)]
            .iter()
            .collect()
    }

    pub fn event(&self) -> anyhow::Result<Value> {
        let path = repository(FOLDER).join(self.file());
        let text = std::fs::read(&path).with_context(|| path.display().to_string())?;
        serde_json::from_slice(&text).with_context(|| path.display().to_string())
    }

    /// Builds the event from the file's content, or an example if `own` is null.
    pub fn envelope(&self, own: &Value) -> anyhow::Result<Value> {
        match &self.source {
            Source::Route {
                method,
                path,
                authorized,
            } => self.request(own, method, path, *authorized),
            Source::Authorizer(header) => question(own, header),
            Source::Queue { queue, .. } => records(own, queue),
            Source::Schedule => Ok(json!({
                "version": "0",
                "id": "0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5e",
                "detail-type": "Scheduled Event",
                "source": "aws.scheduler",
                "account": ACCOUNT,
                "time": "2026-11-26T08:00:00Z",
                "region": REGION,
                "resources": [],
                "detail": "{}",
            })),
        }
    }

    fn request(
        &self,
        own: &Value,
        method: &str,
        path: &str,
        authorized: bool,
    ) -> anyhow::Result<Value> {
        let is_default = path == "$default";
        let key = if is_default {
            path.to_owned()
        } else {
            format!("{method} {path}")
        };
        let (method, path) = if is_default {
            (
                own["requestContext"]["http"]["method"]
                    .as_str()
                    .unwrap_or("GET"),
                own["rawPath"].as_str().unwrap_or("/v1/nothing"),
            )
        } else {
            (method, path)
        };
        let mut event = common(own, &key, method, path)?;
        if authorized {
            let hash = hex::encode(Sha256::digest(API_KEY));
            event["requestContext"]["authorizer"] = json!({"lambda": {"key_id": &hash[..16]}});
        } else {
            let headers = event["headers"].as_object_mut().context("no headers")?;
            headers.remove("x-api-key");
        }
        let takes_body = own.is_null() && matches!(method, "POST" | "PATCH");
        let body = takes_body.then(|| json!("{}"));
        if let Some(body) = own.get("body").or(body.as_ref()) {
            let length = body.as_str().unwrap_or_default().len();
            event["headers"]["content-length"] = length.to_string().into();
            event["headers"]["content-type"] = "application/json".into();
            event["body"] = body.clone();
        }
        event["isBase64Encoded"] = false.into();
        Ok(event)
    }
}

/// Members that both events of a request share.
fn common(own: &Value, key: &str, method: &str, path: &str) -> anyhow::Result<Value> {
    let mut parameters = Map::new();
    let mut raw_path = path.to_owned();
    for part in path.split('/').filter(|part| part.starts_with('{')) {
        let name = part.trim_matches(['{', '}']).trim_end_matches('+');
        let example = EXAMPLES.iter().find(|(known, _)| *known == name);
        let value = own["pathParameters"][name].as_str();
        let value = value.or(example.map(|(_, value)| *value));
        let value = value.with_context(|| format!("{name}: no example is known"))?;
        raw_path = raw_path.replace(part, value);
        parameters.insert(name.to_owned(), value.into());
    }
    let host = format!("{API_ID}.execute-api.{REGION}.amazonaws.com");
    let mut headers = Map::new();
    for name in ["accept", "accept-encoding", "if-match", "if-none-match"] {
        if let Some(value) = own["headers"].get(name) {
            headers.insert(name.to_owned(), value.clone());
        }
    }
    for (name, value) in [
        ("host", host.as_str()),
        ("user-agent", USER_AGENT),
        (
            "x-amzn-trace-id",
            "Root=1-6926b2c0-1a2b3c4d5e6f708192a3b4c5",
        ),
        ("x-api-key", API_KEY),
        ("x-forwarded-for", SOURCE_IP),
        ("x-forwarded-port", "443"),
        ("x-forwarded-proto", "https"),
    ] {
        headers.insert(name.to_owned(), value.into());
    }
    headers.entry("accept").or_insert_with(|| "*/*".into());
    let query = own["rawQueryString"].as_str().unwrap_or_default();
    let mut event = json!({
        "version": "2.0",
        "routeKey": key,
        "rawPath": raw_path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": API_ID,
            "domainName": host,
            "domainPrefix": API_ID,
            "http": {
                "method": method,
                "path": raw_path,
                "protocol": "HTTP/1.1",
                "sourceIp": SOURCE_IP,
                "userAgent": USER_AGENT,
            },
            "requestId": REQUEST_ID,
            "routeKey": key,
            "stage": "$default",
            "time": "26/Nov/2026:08:00:00 +0000",
            "timeEpoch": 1_795_680_000_000_u64,
        },
    });
    if !query.is_empty() {
        // The examples need no escapes.
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let pairs = pairs.map(|(name, value)| (name.to_owned(), Value::from(value)));
        event["queryStringParameters"] = Value::Object(pairs.collect());
    }
    if !parameters.is_empty() {
        event["pathParameters"] = parameters.into();
    }
    Ok(event)
}

/// Event of an authorizer.
fn question(own: &Value, header: &str) -> anyhow::Result<Value> {
    let key = own["routeKey"].as_str().unwrap_or("POST /v1/videos");
    let (method, path) = key.split_once(' ').context("no route")?;
    let mut event = common(own, key, method, path)?;
    let credential = match header {
        "authorization" => format!("Bearer {API_KEY}"),
        _ => API_KEY.to_owned(),
    };
    let headers = event["headers"].as_object_mut().context("no headers")?;
    headers.remove("x-api-key");
    headers.insert(header.to_owned(), credential.clone().into());
    event["type"] = "REQUEST".into();
    event["identitySource"] = json!([credential, key]);
    event["routeArn"] = format!(
        "arn:aws:execute-api:{REGION}:{ACCOUNT}:{API_ID}/$default/{method}{}",
        event["rawPath"].as_str().unwrap_or_default()
    )
    .into();
    Ok(event)
}

/// Messages of a queue.
fn records(own: &Value, queue: &str) -> anyhow::Result<Value> {
    let example = json!([{"body": json!({"v": 1, "job_id": JOB, "step": 0}).to_string()}]);
    let records = own["Records"].as_array().or(example.as_array());
    let mut enveloped = Vec::new();
    for (at, record) in records.context("no records")?.iter().enumerate() {
        let body = record["body"].as_str().context("no body")?;
        ensure!(
            body.len() <= 1024 * 1024,
            "the body is larger than SQS takes"
        );
        enveloped.push(json!({
            "messageId": format!("0193a1b2-c3d4-4e5f-8a9b-0c1d2e3f5{at:03}"),
            "receiptHandle": format!("example-receipt-handle-{at}"),
            "body": body,
            "attributes": {
                "ApproximateReceiveCount": "1",
                "ApproximateFirstReceiveTimestamp": "1795680000050",
                "SenderId": "AROAEXAMPLE:eventrelay",
                "SentTimestamp": "1795680000000",
            },
            "messageAttributes": {},
            "md5OfBody": hex::encode(Md5::digest(body)),
            "eventSource": "aws:sqs",
            "eventSourceARN": format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{}", physical_name(queue)),
            "awsRegion": REGION,
        }));
    }
    Ok(json!({ "Records": enveloped }))
}
