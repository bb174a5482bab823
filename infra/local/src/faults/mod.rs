//! Breaks what the functions call, as told by the admin endpoints: a proxy before every service but
//! Secrets Manager.
//!
//! | endpoint | what |
//! |---|---|
//! | `PUT /faults/weather` | a share of all calls fails at random: [`Forecast`] |
//! | `GET /faults/weather` | how often each fault has struck |
//! | `POST /faults/kills` | an instance dies at a certain side effect: [`Plan`] |
//! | `GET /faults/kills` | every plan, the side effects it has counted and where it has struck |
//! | `DELETE /faults/kills` | forgets all plans |
//! | `PUT /faults/outages` | services refuse all calls, or those with a text in their body, until the next `PUT`: a list of [`Outage`] |
//! | `GET /faults/outages` | every outage and how many calls it has refused |
//! | `POST /faults/calls` | calls of AWS are counted, from none on |
//! | `GET /faults/calls` | how often each operation was called, and the units that DynamoDB took |
//!
//! Only what instances of functions call is broken. Whoever else has the URL of a proxy, such as a
//! client that was given a signed URL, gets through, and is counted.

mod calls;
mod kills;
mod outages;
mod peer;
mod proxy;
mod target;
#[cfg(test)]
mod tests;
mod weather;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, put},
};
use tokio::sync::watch;

use self::{
    calls::Calls,
    kills::{Kills, Plan, When},
    outages::{Outage, Outages},
    target::Target,
    weather::{Fault, Forecast, Weather},
};
use crate::lambda::Lambda;

/// Looks into the table of sockets at most.
const LOOKS: usize = 20;

/// What is broken, and for whom.
#[derive(Debug)]
pub(crate) struct Faults {
    lambda: OnceLock<Weak<Lambda>>,
    weather: Mutex<Weather>,
    kills: Mutex<Kills>,
    outages: Mutex<Outages>,
    calls: Calls,
}

/// What is to happen to a call.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Verdict {
    kill: Option<When>,
    fault: Option<Fault>,
}

impl Faults {
    /// Breaks nothing yet.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            lambda: OnceLock::new(),
            weather: Mutex::new(Weather::new(Forecast::default())),
            kills: Mutex::default(),
            outages: Mutex::default(),
            calls: Calls::default(),
        })
    }

    /// Says whose instances these are. Before that all calls get through.
    pub(crate) fn of(&self, lambda: &Arc<Lambda>) {
        let _ = self.lambda.set(Arc::downgrade(lambda));
    }

    /// Replaces the base URLs of services in the environment of functions by those of proxies
    /// before them, which run until `shutdown` holds true.
    ///
    /// # Errors
    /// When a proxy cannot listen.
    pub(crate) async fn interpose(
        self: &Arc<Self>,
        variables: &mut BTreeMap<String, String>,
        shutdown: &watch::Receiver<bool>,
    ) -> anyhow::Result<()> {
        for (name, target) in [
            ("AWS_ENDPOINT_URL_DYNAMODB", Target::DynamoDb),
            ("AWS_ENDPOINT_URL_S3", Target::S3),
            ("AWS_ENDPOINT_URL_SQS", Target::Sqs),
            ("GEMINI_BASE_URL", Target::Gemini),
            ("YOUTUBE_BASE_URL", Target::YouTube),
            ("YOUTUBE_OEMBED_BASE_URL", Target::YouTube),
            ("GITHUB_BASE_URL", Target::GitHub),
            ("VERCEL_BASE_URL", Target::Vercel),
            ("NETLIFY_BASE_URL", Target::Netlify),
        ] {
            // What is no stand-in on this machine is nobody's to break.
            if let Some(url) = variables.get_mut(name)
                && url.starts_with("http://127.0.0.1:")
            {
                *url = proxy::start(self.clone(), target, url, shutdown.clone()).await?;
            }
        }
        Ok(())
    }

    /// The instance that a connection comes from.
    fn instance_at(&self, peer: SocketAddr, own: SocketAddr) -> Option<String> {
        let lambda = self.lambda.get()?.upgrade()?;
        // The kernel prints its table in pieces, between which a socket can change its place.
        let inode = (0..LOOKS).find_map(|_| peer::socket(peer, own))?;
        lambda.instance_of(|pid| peer::has_socket(pid, inode))
    }

    /// What is to happen to a call of an instance.
    fn judge(&self, instance: &str, target: Target, operation: &str, effect: bool) -> Verdict {
        let lambda = self.lambda.get().and_then(Weak::upgrade);
        let Some((function, payload)) = lambda.and_then(|lambda| lambda.work_of(instance)) else {
            return Verdict::default();
        };
        let kill = effect.then(|| {
            let payload = String::from_utf8_lossy(&payload);
            let effect = format!("{} {operation}", target.name());
            lock(&self.kills).count(&function, &payload, &effect)
        });
        Verdict {
            kill: kill.flatten(),
            fault: lock(&self.weather).strike(target),
        }
    }

    fn kill(&self, instance: &str) {
        if let Some(lambda) = self.lambda.get().and_then(Weak::upgrade) {
            lambda.kill(instance);
        }
    }
}

/// The endpoints.
pub(crate) fn router(faults: Arc<Faults>) -> Router {
    Router::new()
        .route(
            "/faults/weather",
            put(set_weather).get(async |State(faults): State<Arc<Faults>>| {
                Json(lock(&faults.weather).dealt.clone())
            }),
        )
        .route(
            "/faults/kills",
            get(async |State(faults): State<Arc<Faults>>| Json(lock(&faults.kills).all().to_vec()))
                .post(plan_kill)
                .delete(async |State(faults): State<Arc<Faults>>| lock(&faults.kills).clear()),
        )
        .route(
            "/faults/outages",
            put(set_outages).get(async |State(faults): State<Arc<Faults>>| {
                Json(lock(&faults.outages).all().to_vec())
            }),
        )
        .route(
            "/faults/calls",
            get(async |State(faults): State<Arc<Faults>>| Json(faults.calls.all()))
                .post(async |State(faults): State<Arc<Faults>>| faults.calls.begin()),
        )
        .with_state(faults)
}

async fn set_weather(
    State(faults): State<Arc<Faults>>,
    Json(forecast): Json<Forecast>,
) -> Response {
    *lock(&faults.weather) = Weather::new(forecast);
    StatusCode::NO_CONTENT.into_response()
}

async fn set_outages(
    State(faults): State<Arc<Faults>>,
    Json(outages): Json<Vec<Outage>>,
) -> StatusCode {
    lock(&faults.outages).replace(outages);
    StatusCode::NO_CONTENT
}

async fn plan_kill(State(faults): State<Arc<Faults>>, Json(plan): Json<Plan>) -> Response {
    lock(&faults.kills).plan(plan);
    StatusCode::NO_CONTENT.into_response()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
