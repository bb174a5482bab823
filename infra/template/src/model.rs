//! Declarations of `template.yaml` that the local runtime uses.

use std::{collections::BTreeMap, time::Duration};

/// A template, whose lists are sorted by logical id.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Template {
    pub functions: Vec<Function>,
    pub api: Option<Api>,
    pub queues: Vec<Queue>,
    pub tables: Vec<Table>,
    pub buckets: Vec<Bucket>,
}

/// Returns the name of a table, bucket, queue or API in the embedded services.
pub fn physical_name(logical_id: &str) -> String {
    logical_id.to_ascii_lowercase()
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Function {
    /// Logical id, which is also its name.
    pub name: String,
    /// Binary, named like the folder in `CodeUri`.
    pub binary: String,
    pub timeout: Duration,
    pub memory_mb: u32,
    /// Resolved values, without endpoints and credentials of the local runtime.
    pub environment: BTreeMap<String, String>,
    /// `LoggingConfig.LogFormat`: `JSON` or `Text`.
    pub log_format: String,
    /// `LoggingConfig.ApplicationLogLevel` of the template.
    pub log_level: Option<String>,
    pub reserved_concurrency: Option<u32>,
    /// Queues whose messages invoke it.
    pub queue_sources: Vec<QueueSource>,
    /// Periods of the schedules that invoke it.
    pub schedules: Vec<Duration>,
}

/// An event of type `SQS` of a function.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct QueueSource {
    pub queue: String,
    /// Maximum messages per invocation.
    pub batch_size: u32,
    /// Maximum wait for messages of a batch.
    pub batching_window: Duration,
    /// True if `FunctionResponseTypes` has `ReportBatchItemFailures`.
    pub report_batch_item_failures: bool,
    pub maximum_concurrency: Option<u32>,
}

/// `AWS::Serverless::HttpApi` with the events of type `HttpApi` that refer to it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Api {
    pub name: String,
    pub routes: Vec<Route>,
    pub authorizers: BTreeMap<String, Authorizer>,
    /// Authorizer of routes that name none.
    pub default_authorizer: Option<String>,
    /// Rules for pages of other origins, if any may call it.
    pub cors: Option<Cors>,
}

/// `CorsConfiguration`, with names of headers in lower case.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Cors {
    pub allow_origins: Vec<String>,
    pub allow_methods: Vec<String>,
    /// Allowed request headers, beyond those that every page may send.
    pub allow_headers: Vec<String>,
    /// Response headers that a page may read.
    pub expose_headers: Vec<String>,
    /// Time that a browser may cache the answer.
    pub max_age: Duration,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Route {
    /// `GET`, …, or `ANY`.
    pub method: String,
    /// `/v1/videos/{video_id}`, `/files/{path+}`, or `$default`.
    pub path: String,
    pub function: String,
    pub authorizer: RouteAuthorizer,
}

/// Authorizer of a route.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RouteAuthorizer {
    /// `Auth: { Authorizer: NONE }`, or nothing is declared and the API has no default.
    None,
    Named(String),
    /// The default of the API. A template that has been read contains none.
    Default,
}

/// A Lambda authorizer with payload format 2.0 and simple responses.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Authorizer {
    pub function: String,
    /// Lowercase header names. A request without one of them is refused with 401.
    pub identity_headers: Vec<String>,
    /// True if the route is part of the identity.
    pub by_route: bool,
    /// Time that a decision is cached for an identity.
    pub reauthorize_every: Duration,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Queue {
    pub name: String,
    /// Time that a received message is invisible.
    pub visibility_timeout: Duration,
    /// Time that a sent message is invisible.
    pub delay: Duration,
    /// Maximum age of a message.
    pub retention: Duration,
    /// Maximum size of a message.
    pub maximum_message_bytes: u32,
    /// Maximum wait of a receive.
    pub receive_wait: Duration,
    /// Logical id of the dead-letter queue and `maxReceiveCount`.
    pub redrive: Option<(String, u32)>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Table {
    pub name: String,
    /// Attributes that are part of a key.
    pub attributes: BTreeMap<String, AttributeType>,
    pub key: Key,
    pub indexes: Vec<Index>,
    pub ttl_attribute: Option<String>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AttributeType {
    Text,
    Number,
    Binary,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Key {
    pub partition: String,
    pub sort: Option<String>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Index {
    pub name: String,
    pub key: Key,
    pub projection: Projection,
}

/// Attributes of an index beyond its keys.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Projection {
    All,
    KeysOnly,
    Include(Vec<String>),
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bucket {
    pub name: String,
}
