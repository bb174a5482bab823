//! Gates in front of the AWS requests of actors. They let a test decide the order in which the
//! requests of several actors arrive.
//!
//! An actor is a future that only [`step`] polls, so it is suspended between two steps. Every HTTP
//! request of its [`Stores`] waits at the actor's [`Gate`].

use std::{
    fmt,
    future::{Future, pending, poll_fn},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    runtime_components::RuntimeComponents,
};
use eventrelay::store::{blobs::Blobs, counters::Counters, jobs::Jobs, videos::Videos};

use crate::Ready;

/// Outcome of a call that a gate admits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// The call succeeds and the actor receives its response.
    Answered,
    /// The call takes effect, but the actor never receives its response.
    ResponseLost,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Away,
    Waiting,
    Admitted(CallOutcome),
    Cut,
}

/// Suspends an actor until the test lets it continue.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<Mutex<Place>>);

impl Gate {
    /// Waits for the test without a request, as for other work of the actor.
    pub async fn turn(&self) {
        self.pass().await;
    }

    async fn pass(&self) -> CallOutcome {
        *self.place() = Place::Waiting;
        poll_fn(|_| {
            let mut place = self.place();
            match *place {
                Place::Admitted(outcome) => {
                    *place = Place::Away;
                    Poll::Ready(outcome)
                }
                _ => Poll::Pending,
            }
        })
        .await
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A future that advances only by [`step`].
pub type Actor = Pin<Box<dyn Future<Output = ()> + Send>>;

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
    *gate.place() = outcome.map_or(Place::Away, Place::Admitted);
    poll_fn(|context| {
        if actor.as_mut().poll(context).is_ready() {
            return Poll::Ready(Arrival::Finished);
        }
        match *gate.place() {
            Place::Waiting => Poll::Ready(Arrival::Waits),
            Place::Cut => Poll::Ready(Arrival::Cut),
            Place::Away | Place::Admitted(_) => Poll::Pending,
        }
    })
    .await
}

/// Stores of a stack, built as in the functions.
#[derive(Clone, Debug)]
pub struct Stores {
    pub videos: Videos,
    pub jobs: Jobs,
    pub blobs: Blobs,
}

/// HTTP client for the services of a stack, without TLS and with a connection pool.
#[must_use]
pub fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_http()
}

impl Stores {
    /// Builds stores whose requests wait at the gate, if there is one. Requests to the counters do
    /// not wait, so a transaction is counted in the step that ran it. Failed requests are not
    /// retried.
    #[must_use]
    pub fn new(ready: &Ready, http: &SharedHttpClient, gate: Option<&Gate>) -> Self {
        let gated = match gate {
            Some(gate) => SharedHttpClient::new(GatedClient {
                inner: http.clone(),
                gate: gate.clone(),
            }),
            None => http.clone(),
        };
        let credentials = Credentials::new("local", "local", None, None, "tests");
        let region = Region::from_static("us-east-1");
        let dynamodb = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(region.clone())
            .credentials_provider(credentials.clone())
            .retry_config(RetryConfig::disabled())
            .endpoint_url(&ready.aws.dynamodb);
        let waiting = dynamodb.clone().http_client(gated.clone()).build();
        let counting = dynamodb.http_client(http.clone()).build();
        let s3 = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(region)
            .credentials_provider(credentials)
            .retry_config(RetryConfig::disabled())
            .endpoint_url(&ready.aws.s3)
            .force_path_style(true)
            .http_client(gated)
            .build();
        let dynamodb = aws_sdk_dynamodb::Client::from_conf(waiting);
        let counting = aws_sdk_dynamodb::Client::from_conf(counting);
        let jobs = Jobs::new(dynamodb.clone(), ready.name("JobsTable").to_owned());
        let counters = Counters::new(counting, ready.name("ControlsTable").to_owned());
        Self {
            videos: Videos::new(
                dynamodb,
                ready.name("VideosTable").to_owned(),
                jobs.clone(),
                counters,
            ),
            jobs,
            blobs: Blobs::new(
                aws_sdk_s3::Client::from_conf(s3),
                ready.name("Bucket").to_owned(),
            ),
        }
    }
}

#[derive(Debug)]
struct GatedClient {
    inner: SharedHttpClient,
    gate: Gate,
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
        })
    }
}

struct GatedConnector {
    inner: SharedHttpConnector,
    gate: Gate,
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
        HttpConnectorFuture::new(async move {
            let outcome = gate.pass().await;
            let answer = inner.call(request).await;
            match outcome {
                CallOutcome::Answered => answer,
                CallOutcome::ResponseLost => {
                    *gate.place() = Place::Cut;
                    pending().await
                }
            }
        })
    }
}
