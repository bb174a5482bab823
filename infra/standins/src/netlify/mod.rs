//! Netlify's API, as far as a deployment of files needs it: sites, deploys by digests, and uploads of
//! the files that are asked for.
//!
//! Sources: Netlify's own description of its API (@netlify/open-api 2.60.0: paths, names and types),
//! <https://docs.netlify.com/api/get-started/>, and for the texts of errors and the states of deploys,
//! which the description leaves open, what users of the API report.
//!
//! Beside the API, and not as Netlify has it, `GET /_site/{name}/{path}` is what a site serves; `url`
//! and `ssl_url` of sites and deploys point there.
//!
//! # Control surface
//! - `PUT /_control/settings` `{"latency_ms"?, "token"?, "processing_ms"?, "failure"?, "taken"?,
//!   "deploys_per_minute"?}`: see `control::Settings`.
//! - `POST /_control/faults` `{"on", "match"?, "times"?, "fault": {"kind", …}}`: see `control::On`
//!   and `accidents::Fault`. `DELETE /_control/faults`: what was to go wrong does not.
//! - `GET /_control/sites`, `GET /_control/calls`: what there is, what was called.
//! - `DELETE /_control`: back to the beginning.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{delete, get, post, put},
};

use crate::{
    accidents::Fault,
    calls::{self, Calls},
    faults::Faults,
    server::{self, Running},
};

mod control;
mod deploy;
mod deploys;
mod errors;
mod guard;
mod sites;
mod world;

use control::{On, Own, Settings};
use errors::ApiError;

/// Starts a stand-in of Netlify on a port of 127.0.0.1; 0 takes a free one.
///
/// # Errors
/// When the port cannot be taken.
pub async fn start(port: u16) -> anyhow::Result<Running> {
    let bound = server::bind(port).await?;
    let state = Arc::new(Netlify {
        base_url: bound.base_url.clone(),
        calls: Calls::new(),
        faults: Faults::new(),
        settings: Mutex::new(Settings::default()),
        world: Mutex::default(),
    });
    Ok(bound.serve(router(state)))
}

/// Everything a stand-in remembers.
struct Netlify {
    base_url: String,
    calls: Calls,
    faults: Faults<On, Fault<Own>>,
    settings: Mutex<Settings>,
    world: Mutex<world::World>,
}

impl Netlify {
    fn settings(&self) -> Settings {
        lock(&self.settings).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn router(state: Arc<Netlify>) -> Router {
    Router::new()
        .route("/api/v1/sites", get(sites::list).post(sites::create))
        .route("/api/v1/sites/{site_id}", get(sites::get))
        .route(
            "/api/v1/sites/{site_id}/deploys",
            get(deploys::list).post(deploys::create),
        )
        .route("/api/v1/deploys/{deploy_id}", get(deploys::get))
        .route(
            "/api/v1/deploys/{deploy_id}/files/{*path}",
            put(deploys::upload),
        )
        .fallback(|| async { ApiError::not_found() })
        .method_not_allowed_fallback(|| async { ApiError::not_found() })
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(state.clone(), guard::guard))
        .layer(middleware::from_fn_with_state(
            state.calls.clone(),
            calls::record,
        ))
        .route("/_site/{name}", get(sites::index))
        .route("/_site/{name}/", get(sites::index))
        .route("/_site/{name}/{*path}", get(sites::file))
        .route("/_control", delete(control::reset))
        .route("/_control/settings", put(control::settings))
        .route(
            "/_control/faults",
            post(control::arm).delete(control::disarm),
        )
        .route("/_control/calls", get(control::calls))
        .route("/_control/sites", get(control::sites))
        .with_state(state)
}
