//! Skeleton of every stand-in: its state, settings, faults, call log and control surface.

use std::{
    fmt::Debug,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State},
    middleware,
    response::{IntoResponse as _, Response},
    routing::{delete, get, post, put},
};
use http::StatusCode;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use crate::{
    calls::{self, Calls},
    faults::{Armed, Faults},
    server::{self, Running},
    settings,
};

/// The part of a stand-in that differs between services. The value itself is what the service
/// stores; a reset replaces it by its default.
pub(crate) trait Service: Default + Send + 'static {
    type Settings: Clone + Default + Serialize + DeserializeOwned + Send;
    /// Kinds of calls that a fault can be planned for.
    type On: Copy + Debug + PartialEq + DeserializeOwned + Send;
    type Fault: Clone + Debug + Send;
    /// Body of `POST /_control/faults`.
    type FaultRequest: DeserializeOwned + Into<Armed<Self::On, Self::Fault>> + Send;

    /// Routes of the real API, with authentication in front of them.
    fn api(standin: &Arc<StandIn<Self>>) -> Router<Arc<StandIn<Self>>>;

    /// Routes beside the API, which neither need a token nor appear in the call log.
    fn extras() -> Router<Arc<StandIn<Self>>>;

    /// Adds layers in front of all routes.
    fn outermost(
        router: Router<Arc<StandIn<Self>>>,
        _standin: &Arc<StandIn<Self>>,
    ) -> Router<Arc<StandIn<Self>>> {
        router
    }

    /// Returns whether the fault can happen on the kind of call that it is planned for.
    fn is_possible(armed: &Armed<Self::On, Self::Fault>) -> bool;

    /// # Errors
    /// Says which setting is out of its range.
    fn check(_settings: &Self::Settings) -> Result<(), &'static str> {
        Ok(())
    }
}

/// A stand-in of the service `S`.
pub(crate) struct StandIn<S: Service> {
    pub(crate) base_url: String,
    pub(crate) calls: Mutex<Calls>,
    pub(crate) faults: Faults<S::On, S::Fault>,
    settings: Mutex<S::Settings>,
    state: Mutex<S>,
    started: Instant,
}

impl<S: Service> StandIn<S> {
    /// Starts a stand-in on a port of 127.0.0.1; 0 chooses a free port.
    ///
    /// # Errors
    /// If the port is not available.
    pub(crate) async fn start(port: u16) -> anyhow::Result<Running> {
        let bound = server::bind(port).await?;
        let standin = Arc::new(Self {
            base_url: bound.base_url.clone(),
            calls: Mutex::default(),
            faults: Faults::new(),
            settings: Mutex::default(),
            state: Mutex::default(),
            started: Instant::now(),
        });
        Ok(bound.serve(standin.router()))
    }

    pub(crate) fn settings(&self) -> S::Settings {
        lock(&self.settings).clone()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, S> {
        lock(&self.state)
    }

    /// Milliseconds since the stand-in started.
    pub(crate) fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn router(self: Arc<Self>) -> Router {
        let router = S::api(&self)
            .layer(DefaultBodyLimit::disable())
            .layer(middleware::from_fn_with_state(
                self.clone(),
                calls::record::<S>,
            ))
            .route("/_control", delete(reset::<S>))
            .route("/_control/settings", put(change_settings::<S>))
            .route("/_control/faults", post(arm::<S>).delete(disarm::<S>))
            .route("/_control/calls", get(list_calls::<S>))
            .merge(S::extras());
        S::outermost(router, &self).with_state(self)
    }
}

/// Locks a mutex, also after a panic of another holder.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn change_settings<S: Service>(
    State(standin): State<Arc<StandIn<S>>>,
    Json(change): Json<Map<String, Value>>,
) -> Response {
    let mut settings = lock(&standin.settings);
    let changed = settings::changed(&*settings, change)
        .map_err(|error| error.to_string())
        .and_then(|changed| S::check(&changed).map(|()| changed).map_err(str::to_owned));
    match changed {
        Ok(changed) => {
            *settings = changed;
            Json(&*settings).into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, error).into_response(),
    }
}

async fn arm<S: Service>(
    State(standin): State<Arc<StandIn<S>>>,
    Json(request): Json<S::FaultRequest>,
) -> Response {
    let armed = request.into();
    if !S::is_possible(&armed) {
        let message = format!("{:?} cannot happen on {:?}", armed.fault, armed.on);
        return (StatusCode::BAD_REQUEST, message).into_response();
    }
    standin.faults.arm(armed);
    Json(json!({})).into_response()
}

async fn disarm<S: Service>(State(standin): State<Arc<StandIn<S>>>) -> Json<Value> {
    standin.faults.clear();
    Json(json!({}))
}

async fn list_calls<S: Service>(State(standin): State<Arc<StandIn<S>>>) -> Json<Value> {
    Json(
        lock(&standin.calls)
            .iter()
            .map(calls::Call::to_json)
            .collect(),
    )
}

async fn reset<S: Service>(State(standin): State<Arc<StandIn<S>>>) -> Json<Value> {
    *lock(&standin.calls) = Calls::default();
    standin.faults.clear();
    *lock(&standin.settings) = S::Settings::default();
    *standin.state() = S::default();
    Json(json!({}))
}
