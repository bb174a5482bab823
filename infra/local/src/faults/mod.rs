//! Fault injection: a proxy in front of every service but Secrets Manager, controlled by admin
//! endpoints.
//!
//! | endpoint | effect |
//! |---|---|
//! | `PUT /faults/chaos` | a share of all calls fails at random: [`ChaosConfig`] |
//! | `GET /faults/chaos` | number of each fault so far |
//! | `POST /faults/kills` | kills an instance at a certain side effect: [`Plan`] |
//! | `GET /faults/kills` | every plan, the side effects it has counted, and the one it killed at |
//! | `DELETE /faults/kills` | removes all plans |
//! | `PUT /faults/outages` | services refuse all calls, or those with a text in their body, until the next `PUT`: a list of [`Outage`] |
//! | `GET /faults/outages` | every outage and the number of calls it has refused |
//! | `POST /faults/calls` | starts counting calls to AWS |
//! | `GET /faults/calls` | number of calls of each operation, and the units that DynamoDB consumed |
//!
//! Faults apply only to calls from instances of functions. Other clients, such as one with a signed
//! URL, get through and are counted.

mod calls;
mod chaos;
mod kills;
mod outages;
mod peer;
mod proxy;
mod target;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, OnceLock, Weak},
};

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use tokio::sync::watch;

use self::{
    calls::Calls,
    chaos::{Chaos, ChaosConfig, Fault},
    kills::{Kills, Plan, When},
    outages::{Outage, Outages},
    target::Target,
};
use crate::{lambda::Lambda, sync::lock};

/// Maximum reads of the socket table for one connection.
const LOOKS: usize = 20;

#[derive(Debug)]
pub(crate) struct Faults {
    lambda: OnceLock<Weak<Lambda>>,
    chaos: Mutex<Chaos>,
    kills: Mutex<Kills>,
    outages: Mutex<Outages>,
    calls: Calls,
}

/// Faults of one call.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Verdict {
    kill: Option<When>,
    fault: Option<Fault>,
}

impl Faults {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            lambda: OnceLock::new(),
            chaos: Mutex::new(Chaos::new(ChaosConfig::default())),
            kills: Mutex::default(),
            outages: Mutex::default(),
            calls: Calls::default(),
        })
    }

    /// Sets the runtime whose instances call. Without it, every call gets through.
    pub(crate) fn set_lambda(&self, lambda: &Arc<Lambda>) {
        let _ = self.lambda.set(Arc::downgrade(lambda));
    }

    /// Replaces the base URLs of services in the environment of functions by those of proxies. The
    /// proxies run until `shutdown` is true.
    ///
    /// # Errors
    /// If a proxy cannot listen.
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
            // Only stand-ins on this machine are proxied.
            if let Some(url) = variables.get_mut(name)
                && url.starts_with("http://127.0.0.1:")
            {
                *url = proxy::start(self.clone(), target, url, shutdown.clone()).await?;
            }
        }
        Ok(())
    }

    /// Returns the instance that a connection comes from.
    fn instance_at(&self, peer: SocketAddr, own: SocketAddr) -> Option<String> {
        let lambda = self.lambda.get()?.upgrade()?;
        // The kernel prints its table in chunks, between which a socket can move.
        let inode = (0..LOOKS).find_map(|_| peer::socket(peer, own))?;
        lambda.instance_of(|pid| peer::has_socket(pid, inode))
    }

    /// Decides the faults of a call of an instance.
    fn judge(&self, instance: &str, target: Target, operation: &str, effect: bool) -> Verdict {
        let lambda = self.lambda.get().and_then(Weak::upgrade);
        let Some((function, payload)) = lambda.and_then(|lambda| lambda.work_of(instance)) else {
            return Verdict::default();
        };
        let kill = effect.then(|| {
            let payload = String::from_utf8_lossy(&payload);
            let effect = format!("{} {operation}", target.into_str());
            lock(&self.kills).count(&function, &payload, &effect)
        });
        Verdict {
            kill: kill.flatten(),
            fault: lock(&self.chaos).next_fault(target),
        }
    }

    fn kill(&self, instance: &str) {
        if let Some(lambda) = self.lambda.get().and_then(Weak::upgrade) {
            lambda.kill(instance);
        }
    }
}

/// Returns the admin endpoints.
pub(crate) fn router(faults: Arc<Faults>) -> Router {
    type Shared = State<Arc<Faults>>;
    let chaos = get(async |State(faults): Shared| Json(lock(&faults.chaos).dealt.clone())).put(
        async |State(faults): Shared, Json(config): Json<ChaosConfig>| {
            *lock(&faults.chaos) = Chaos::new(config);
            StatusCode::NO_CONTENT
        },
    );
    let kills = get(async |State(faults): Shared| Json(lock(&faults.kills).all().to_vec()))
        .post(async |State(faults): Shared, Json(plan): Json<Plan>| {
            lock(&faults.kills).plan(plan);
            StatusCode::NO_CONTENT
        })
        .delete(async |State(faults): Shared| lock(&faults.kills).clear());
    let outages = get(async |State(faults): Shared| Json(lock(&faults.outages).all().to_vec()))
        .put(
            async |State(faults): Shared, Json(outages): Json<Vec<Outage>>| {
                lock(&faults.outages).replace(outages);
                StatusCode::NO_CONTENT
            },
        );
    let calls = get(async |State(faults): Shared| Json(faults.calls.all()))
        .post(async |State(faults): Shared| faults.calls.begin());
    Router::new()
        .route("/faults/chaos", chaos)
        .route("/faults/kills", kills)
        .route("/faults/outages", outages)
        .route("/faults/calls", calls)
        .with_state(faults)
}
