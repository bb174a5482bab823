//! Lets an actor's requests to AWS through one at a time, so that a test decides in which order
//! the requests of several actors arrive.
//!
//! An actor is a future that only [`step`] polls: between two steps it stands still, wherever it
//! is. It has [`Stores`] of its own, whose every HTTP request waits at the actor's [`Gate`].

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

/// What becomes of a request that is let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// It is sent, and its answer read.
    Answered,
    /// It is sent and done, and the actor never hears of it.
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

/// Where an actor waits for its turn.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<Mutex<Place>>);

impl Gate {
    /// Waits for a turn without a request: a time in which the actor does something else.
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

/// Something that takes its steps when it is told to.
pub type Actor = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where a step has led.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// The actor waits at its gate.
    Waits,
    /// It has finished.
    Finished,
    /// Its request was done and it is cut off: it goes no further.
    Cut,
}

/// Lets an actor go on to its next request, or to its end; the first time, without a outcome, to
/// its first.
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

/// The stores of a stack as the functions have them.
#[derive(Clone, Debug)]
pub struct Stores {
    /// The index.
    pub videos: Videos,
    /// The jobs.
    pub jobs: Jobs,
    /// The bucket.
    pub blobs: Blobs,
}

/// An HTTP client for the services of a stack, which do not use TLS. It keeps its connections.
#[must_use]
pub fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_http()
}

impl Stores {
    /// Stores whose requests wait at the gate, if there is one, but for those to the counters: a
    /// transaction is counted in the step in which it was done, and its outcome heard. A request
    /// that fails is not sent again.
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
