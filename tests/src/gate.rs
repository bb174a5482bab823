//! Gates in front of the AWS requests of actors. They let a test decide the order in which the
//! requests of several actors arrive.
//!
//! An actor is a future that only [`step`] polls, so it is suspended between two steps. Every AWS
//! request of its clients waits at the actor's [`Gate`].

use std::{
    fmt,
    future::{Future, pending, poll_fn},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
};

use aws_sdk_dynamodb::config::{
    BehaviorVersion, Credentials, Region, SharedCredentialsProvider, retry::RetryConfig,
};
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    runtime_components::RuntimeComponents,
};
use aws_types::{
    SdkConfig,
    service_config::{LoadServiceConfig, ServiceConfigKey},
};
use eventrelay::store::aws::Clients;

use crate::{Aws, Ready};

/// DynamoDB operations that change nothing.
const READS: [&str; 5] = [
    "GetItem",
    "BatchGetItem",
    "Query",
    "Scan",
    "TransactGetItems",
];

/// Outcome of a call that a gate admits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// The call succeeds and the actor receives its response.
    Answered,
    /// The call takes effect, but the actor never receives its response.
    ResponseLost,
}

#[derive(Debug, Default)]
struct Place {
    /// Calls at the gate, each with its waker. An actor may make several calls at once.
    waiting: Vec<Waker>,
    /// Outcome of the call that may pass.
    admitted: Option<CallOutcome>,
    /// Whether the admitted call is under way.
    is_in_flight: bool,
    /// Whether the admitted call changes the rows of videos or jobs.
    is_write: bool,
    is_cut: bool,
}

/// Suspends an actor until the test lets it continue.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<Mutex<Place>>);

impl Gate {
    /// Waits for the test without a request, as for other work of the actor.
    pub async fn turn(&self) {
        self.pass(false).await;
        self.place().is_in_flight = false;
    }

    /// Whether the call that the last step admitted changes the rows of videos or jobs.
    #[must_use]
    pub fn has_written(&self) -> bool {
        self.place().is_write
    }

    async fn pass(&self, is_write: bool) -> CallOutcome {
        poll_fn(|context| {
            let mut place = self.place();
            match place.admitted.take() {
                Some(outcome) => {
                    (place.is_in_flight, place.is_write) = (true, is_write);
                    Poll::Ready(outcome)
                }
                None => {
                    place.waiting.push(context.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A future that advances only by [`step`].
pub type Actor = Pin<Box<dyn Future<Output = ()>>>;

/// Result of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// The actor waits at its gate.
    Waits,
    Finished,
    /// Its call took effect, its response was lost, and it never continues.
    Cut,
}

/// Runs an actor to its next request or to its end. The first step has no `outcome` and runs to the
/// first request.
pub async fn step(actor: &mut Actor, gate: &Gate, outcome: Option<CallOutcome>) -> Arrival {
    let wakers = {
        let mut place = gate.place();
        let waiting = std::mem::take(&mut place.waiting);
        *place = Place {
            admitted: outcome,
            ..Place::default()
        };
        waiting
    };
    wakers.into_iter().for_each(Waker::wake);
    poll_fn(|context| {
        if actor.as_mut().poll(context).is_ready() {
            return Poll::Ready(Arrival::Finished);
        }
        let place = gate.place();
        if place.is_cut {
            Poll::Ready(Arrival::Cut)
        } else if place.admitted.is_none() && !place.is_in_flight && !place.waiting.is_empty() {
            Poll::Ready(Arrival::Waits)
        } else {
            Poll::Pending
        }
    })
    .await
}

/// HTTP client for the services of a stack, without TLS and with a connection pool.
#[must_use]
pub fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_http()
}

/// Clients of the services of a stack, whose requests wait at the gate, if there is one. Failed
/// requests are not retried.
#[must_use]
pub fn clients(ready: &Ready, http: &SharedHttpClient, gate: Option<&Gate>) -> Clients {
    let http = match gate {
        Some(gate) => SharedHttpClient::new(GatedClient {
            inner: http.clone(),
            gate: gate.clone(),
            tables: ["VideosTable", "JobsTable"].map(|table| ready.name(table).to_owned()),
        }),
        None => http.clone(),
    };
    let credentials = Credentials::new("local", "local", None, None, "tests");
    let sdk = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::disabled())
        .service_config(Endpoints(ready.aws.clone()))
        .http_client(http)
        .build();
    Clients::new(sdk, true)
}

/// The services of a stack, each at its own URL.
#[derive(Debug)]
struct Endpoints(Aws);

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let url = match key.service_id() {
            _ if key.env() != "AWS_ENDPOINT_URL" => return None,
            "DynamoDB" => &self.0.dynamodb,
            "S3" => &self.0.s3,
            "SQS" => &self.0.sqs,
            _ => &self.0.secrets_manager,
        };
        Some(url.clone())
    }
}

#[derive(Debug)]
struct GatedClient {
    inner: SharedHttpClient,
    gate: Gate,
    /// Tables whose changes the gate reports.
    tables: [String; 2],
}

impl HttpClient for GatedClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(GatedConnector {
            inner: self.inner.http_connector(settings, components),
            gate: self.gate.clone(),
            tables: self.tables.clone(),
        })
    }
}

struct GatedConnector {
    inner: SharedHttpConnector,
    gate: Gate,
    tables: [String; 2],
}

impl fmt::Debug for GatedConnector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("GatedConnector")
            .finish_non_exhaustive()
    }
}

impl HttpConnector for GatedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (inner, gate) = (self.inner.clone(), self.gate.clone());
        let operation = request.headers().get("x-amz-target").unwrap_or_default();
        let operation = operation.strip_prefix("DynamoDB_20120810.");
        let body = request.body().bytes().unwrap_or_default();
        let names = |table: &String| memchr::memmem::find(body, table.as_bytes()).is_some();
        let is_write = operation.is_some_and(|operation| !READS.contains(&operation))
            && self.tables.iter().any(names);
        HttpConnectorFuture::new(async move {
            let outcome = gate.pass(is_write).await;
            let answer = inner.call(request).await;
            gate.place().is_in_flight = false;
            match outcome {
                CallOutcome::Answered => answer,
                CallOutcome::ResponseLost => {
                    gate.place().is_cut = true;
                    pending().await
                }
            }
        })
    }
}
