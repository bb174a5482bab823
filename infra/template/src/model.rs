//! What `template.yaml` declares, as far as the local runtime acts on it.

use std::{collections::BTreeMap, time::Duration};

/// The parts of a template, each in the order of the logical ids.
#[derive(Clone, Debug, Default)]
pub struct Template {
    /// Lambda functions.
    pub functions: Vec<Function>,
    /// The one API.
    pub api: Option<Api>,
    /// Queues.
    pub queues: Vec<Queue>,
    /// Tables.
    pub tables: Vec<Table>,
    /// Buckets.
    pub buckets: Vec<Bucket>,
}

/// Name of a table, bucket, queue or API on the embedded services.
pub fn physical_name(logical_id: &str) -> String {
    logical_id.to_ascii_lowercase()
}

/// `AWS::Serverless::Function`.
#[derive(Clone, Debug)]
pub struct Function {
    /// Logical id, which is its name as well.
    pub name: String,
    /// Binary, which is the name of the folder in `CodeUri`.
    pub binary: String,
    /// `Timeout`.
    pub timeout: Duration,
    /// `MemorySize`, in MiB.
    pub memory_mb: u32,
    /// Resolved values, before the local runtime adds endpoints and credentials.
    pub environment: BTreeMap<String, String>,
    /// `LoggingConfig.LogFormat`: `JSON` or `Text`.
    pub log_format: String,
    /// `LoggingConfig.ApplicationLogLevel`.
    pub log_level: Option<String>,
    /// `ReservedConcurrentExecutions`.
    pub reserved_concurrency: Option<u32>,
    /// Queues that it is run for.
    pub queue_sources: Vec<QueueSource>,
    /// How often each schedule invokes it.
    pub schedules: Vec<Duration>,
}

/// An event of type `SQS` of a function.
#[derive(Clone, Debug)]
pub struct QueueSource {
    /// Logical id of the queue.
    pub queue: String,
    /// Most messages in one invocation.
    pub batch_size: u32,
    /// How long messages are waited for.
    pub batching_window: Duration,
    /// `FunctionResponseTypes` has `ReportBatchItemFailures`.
    pub report_batch_item_failures: bool,
    /// `ScalingConfig.MaximumConcurrency`.
    pub maximum_concurrency: Option<u32>,
}

/// `AWS::Serverless::HttpApi` with the events of type `HttpApi` that name it.
#[derive(Clone, Debug)]
pub struct Api {
    /// Logical id.
    pub name: String,
    /// The events that name it.
    pub routes: Vec<Route>,
    /// By their names.
    pub authorizers: BTreeMap<String, Authorizer>,
    /// Name of the one that is asked where a route names none.
    pub default_authorizer: Option<String>,
    /// Whose pages may call it, where some may.
    pub cors: Option<Cors>,
}

/// `CorsConfiguration`: what a browser lets the pages of other origins do. Names of headers are in
/// lower case.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Cors {
    /// Origins, or `*`.
    pub allow_origins: Vec<String>,
    /// Methods, or `*`.
    pub allow_methods: Vec<String>,
    /// Headers of a request beside those that any page may send.
    pub allow_headers: Vec<String>,
    /// Headers of an answer that a page may read.
    pub expose_headers: Vec<String>,
    /// How long a browser may remember it.
    pub max_age: Duration,
}

/// A route of the API.
#[derive(Clone, Debug)]
pub struct Route {
    /// `GET` …, or `ANY`.
    pub method: String,
    /// `/v1/videos/{video_id}`, `/files/{path+}`, or `$default`.
    pub path: String,
    /// Logical id of the function.
    pub function: String,
    /// Who is asked.
    pub authorizer: RouteAuthorizer,
}

/// Which authorizer a route asks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RouteAuthorizer {
    /// `Auth: { Authorizer: NONE }`, or nothing is declared and the API has no default.
    None,
    /// The one of this name.
    Named(String),
    /// That of the API; a template that was read has none of these left.
    Default,
}

/// A Lambda authorizer, payload format 2.0 with simple responses.
#[derive(Clone, Debug)]
pub struct Authorizer {
    /// Logical id of its function.
    pub function: String,
    /// Lower-case header names: a request that lacks one is refused with 401 without a call.
    pub identity_headers: Vec<String>,
    /// The route is part of the identity.
    pub by_route: bool,
    /// How long an answer is reused for the same identity.
    pub reauthorize_every: Duration,
}

/// `AWS::SQS::Queue`.
#[derive(Clone, Debug)]
pub struct Queue {
    /// Logical id.
    pub name: String,
    /// How long a message that was received is hidden.
    pub visibility_timeout: Duration,
    /// How long a message that was sent is hidden.
    pub delay: Duration,
    /// How long a message is kept.
    pub retention: Duration,
    /// Largest body.
    pub maximum_message_bytes: u32,
    /// How long receiving waits for a message.
    pub receive_wait: Duration,
    /// Logical id of the dead-letter queue and `maxReceiveCount`.
    pub redrive: Option<(String, u32)>,
}

/// `AWS::DynamoDB::Table`.
#[derive(Clone, Debug)]
pub struct Table {
    /// Logical id.
    pub name: String,
    /// Attributes that are part of a key.
    pub attributes: BTreeMap<String, AttributeType>,
    /// Its key.
    pub key: Key,
    /// Global secondary indexes.
    pub indexes: Vec<Index>,
    /// Attribute of the time to live.
    pub ttl_attribute: Option<String>,
}

/// Type of a key attribute.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AttributeType {
    /// `S`.
    Text,
    /// `N`.
    Number,
    /// `B`.
    Binary,
}

/// Attribute names of a key.
#[derive(Clone, Debug)]
pub struct Key {
    /// Partition key.
    pub partition: String,
    /// Sort key.
    pub sort: Option<String>,
}

/// A global secondary index.
#[derive(Clone, Debug)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Its key.
    pub key: Key,
    /// What it holds.
    pub projection: Projection,
}

/// Attributes that an index holds beside its keys.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Projection {
    /// Everything.
    All,
    /// Nothing.
    KeysOnly,
    /// These.
    Include(Vec<String>),
}

/// `AWS::S3::Bucket`.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Logical id.
    pub name: String,
}
