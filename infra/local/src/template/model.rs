//! What `template.yaml` declares, as far as the local runtime acts on it.

use std::{collections::BTreeMap, time::Duration};

/// The parts of a template, each in the order of the logical ids.
#[derive(Clone, Debug, Default)]
pub(crate) struct Template {
    pub(crate) functions: Vec<Function>,
    pub(crate) api: Option<Api>,
    pub(crate) queues: Vec<Queue>,
    pub(crate) tables: Vec<Table>,
    pub(crate) buckets: Vec<Bucket>,
}

/// Name of a table, bucket, queue or API on the embedded services.
pub(crate) fn physical_name(logical_id: &str) -> String {
    logical_id.to_ascii_lowercase()
}

/// `AWS::Serverless::Function`.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    /// Logical id, which is its name as well.
    pub(crate) name: String,
    /// Binary, which is the name of the folder in `CodeUri`.
    pub(crate) binary: String,
    pub(crate) timeout: Duration,
    pub(crate) memory_mb: u32,
    /// Resolved values, before the local runtime adds endpoints and credentials.
    pub(crate) environment: BTreeMap<String, String>,
    /// `LoggingConfig.LogFormat`: `JSON` or `Text`.
    pub(crate) log_format: String,
    /// `LoggingConfig.ApplicationLogLevel`.
    pub(crate) log_level: Option<String>,
    /// `ReservedConcurrentExecutions`.
    pub(crate) reserved_concurrency: Option<u32>,
    pub(crate) queue_sources: Vec<QueueSource>,
}

/// An event of type `SQS` of a function.
#[derive(Clone, Debug)]
pub(crate) struct QueueSource {
    /// Logical id of the queue.
    pub(crate) queue: String,
    pub(crate) batch_size: u32,
    pub(crate) batching_window: Duration,
    /// `FunctionResponseTypes` has `ReportBatchItemFailures`.
    pub(crate) report_batch_item_failures: bool,
    /// `ScalingConfig.MaximumConcurrency`.
    pub(crate) maximum_concurrency: Option<u32>,
}

/// `AWS::Serverless::HttpApi` with the events of type `HttpApi` that name it.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) name: String,
    pub(crate) routes: Vec<Route>,
    pub(crate) authorizers: BTreeMap<String, Authorizer>,
    pub(crate) default_authorizer: Option<String>,
}

/// A route of the API.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// `GET` …, or `ANY`.
    pub(crate) method: String,
    /// `/v1/videos/{video_id}`, `/files/{path+}`, or `$default`.
    pub(crate) path: String,
    /// Logical id of the function.
    pub(crate) function: String,
    pub(crate) authorizer: RouteAuthorizer,
}

/// Which authorizer a route asks.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum RouteAuthorizer {
    /// `Auth: { Authorizer: NONE }`, or nothing is declared and the API has no default.
    None,
    Named(String),
    /// That of the API; a template that was read has none of these left.
    Default,
}

/// A Lambda authorizer, payload format 2.0 with simple responses.
#[derive(Clone, Debug)]
pub(crate) struct Authorizer {
    /// Logical id of its function.
    pub(crate) function: String,
    /// Lower-case header names: a request that lacks one is refused with 401 without a call.
    pub(crate) identity_headers: Vec<String>,
    /// The route is part of the identity.
    pub(crate) by_route: bool,
    /// How long an answer is reused for the same identity.
    pub(crate) reauthorize_every: Duration,
}

/// `AWS::SQS::Queue`.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    pub(crate) name: String,
    pub(crate) visibility_timeout: Duration,
    pub(crate) delay: Duration,
    pub(crate) retention: Duration,
    pub(crate) maximum_message_bytes: u32,
    pub(crate) receive_wait: Duration,
    /// Logical id of the dead-letter queue and `maxReceiveCount`.
    pub(crate) redrive: Option<(String, u32)>,
}

/// `AWS::DynamoDB::Table`.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) attributes: BTreeMap<String, AttributeType>,
    pub(crate) key: Key,
    pub(crate) indexes: Vec<Index>,
    /// Attribute of the time to live.
    pub(crate) ttl_attribute: Option<String>,
}

/// Type of a key attribute.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum AttributeType {
    Text,
    Number,
    Binary,
}

/// Attribute names of a key.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) partition: String,
    pub(crate) sort: Option<String>,
}

/// A global secondary index.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    pub(crate) name: String,
    pub(crate) key: Key,
    pub(crate) projection: Projection,
}

/// Attributes that an index holds beside its keys.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Projection {
    All,
    KeysOnly,
    Include(Vec<String>),
}

/// `AWS::S3::Bucket`.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    pub(crate) name: String,
}
