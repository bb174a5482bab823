//! Vercel's API, as far as a deployment needs it: files are sent, built, and can be asked after.
//!
//! Sources: the models of npm @vercel/sdk 1.28.35 (paths, names, types and states), how npm
//! @vercel/client 18.4.2 reads answers, and <https://vercel.com/docs/rest-api/errors>.
//!
//! Nothing is really built: a deployment goes its way in the time that is set, and ends as is set.
//! Its `url` is a name below `localhost`, where the real ones are below `vercel.app`. What a deployment
//! was sent is answered under that name on the port of the stand-in, without TLS
//! (`http://{url}:{port}/{path}`), and, for those that do not resolve such names and not as Vercel has
//! it, under `GET /_site/{url}/{path}`.
//!
//! # Control surface
//! - `PUT /_control/settings` `{"latency_ms"?, "token"?, "team"?, "build_ms"?, "failure"?}`: see
//!   `control::Settings`.
//! - `POST /_control/faults` `{"on", "match"?, "times"?, "fault": {"kind", …}}`: see `control::On`
//!   and `accidents::Fault`. `DELETE /_control/faults`: what was to go wrong does not.
//! - `GET /_control/deployments`, `GET /_control/calls`: what there is, what was called.
//! - `DELETE /_control`: back to the beginning.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{delete, get, post, put},
};
use bytes::Bytes;

use crate::{
    accidents::Fault,
    calls::{self, Calls},
    faults::Faults,
    server::{self, Running},
};

mod control;
mod create;
mod deployment;
mod errors;
mod events;
mod framework;
mod guard;
mod show;
mod uploads;

use control::{On, Own, Settings};
use errors::ApiError;

/// Starts a stand-in of Vercel on a port of 127.0.0.1; 0 takes a free one.
///
/// # Errors
/// When the port cannot be taken.
pub async fn start(port: u16) -> anyhow::Result<Running> {
    let bound = server::bind(port).await?;
    let state = Arc::new(Vercel {
        calls: Calls::new(),
        faults: Faults::new(),
        settings: Mutex::new(Settings::default()),
        deployments: Mutex::default(),
        uploads: Mutex::default(),
    });
    Ok(bound.serve(router(state)))
}

/// Everything a stand-in remembers.
struct Vercel {
    calls: Calls,
    faults: Faults<On, Fault<Own>>,
    settings: Mutex<Settings>,
    deployments: Mutex<deployment::Deployments>,
    /// Files that were sent by themselves, by their SHA-1.
    uploads: Mutex<HashMap<String, Bytes>>,
}

impl Vercel {
    fn settings(&self) -> Settings {
        lock(&self.settings).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn router(state: Arc<Vercel>) -> Router {
    Router::new()
        .route("/v13/deployments", post(create::create))
        .route("/v13/deployments/{id}", get(show::get))
        .route("/v3/deployments/{id}/events", get(events::list))
        .route("/v2/files", post(uploads::upload))
        .fallback(|| async { ApiError::not_found("Not Found") })
        .method_not_allowed_fallback(|| async { ApiError::not_found("Not Found") })
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(state.clone(), guard::guard))
        .layer(middleware::from_fn_with_state(
            state.calls.clone(),
            calls::record,
        ))
        .route("/_site/{host}/", get(show::site_index))
        .route("/_site/{host}/{*path}", get(show::site))
        .route("/_control", delete(control::reset))
        .route("/_control/settings", put(control::settings))
        .route(
            "/_control/faults",
            post(control::arm).delete(control::disarm),
        )
        .route("/_control/calls", get(control::calls))
        .route("/_control/deployments", get(control::deployments))
        .layer(middleware::from_fn_with_state(
            state.clone(),
            show::or_go_on,
        ))
        .with_state(state)
}
