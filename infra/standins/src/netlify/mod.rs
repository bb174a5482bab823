//! Netlify's API, as far as a deployment of files needs it: sites, deploys by digests, and uploads
//! of missing files.
//!
//! Sources: Netlify's description of its API (@netlify/open-api 2.60.0: paths, names and types),
//! and <https://docs.netlify.com/api/get-started/>. Users of the API reported error messages and
//! the states of deploys, which the description omits.
//!
//! `GET /_site/{name}/{path}` is not part of the API. It serves a site, and `url` and `ssl_url` of
//! sites and deploys point there.
//!
//! # Control surface
//! - `PUT /_control/settings` `{"latency_ms"?, "token"?, "processing_ms"?, "failure"?, "taken"?,
//!   "deploys_per_minute"?}`: see `control::Settings`.
//! - `POST /_control/faults` `{"on", "match"?, "times"?, "fault": {"kind", …}}`: plans a fault; see
//!   `control::On` and `call_faults::CallFault`. `DELETE /_control/faults`: removes all faults.
//! - `GET /_control/sites`, `GET /_control/calls`: lists sites and calls.
//! - `DELETE /_control`: resets everything.

use std::sync::Arc;

use axum::{
    Router, middleware,
    routing::{get, put},
};

use crate::{
    call_faults::CallFault,
    faults::Armed,
    server::Running,
    standin::{Service, StandIn},
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
use world::World;

/// Starts a stand-in of Netlify on a port of 127.0.0.1; 0 chooses a free port.
///
/// # Errors
/// If the port is not available.
pub async fn start(port: u16) -> anyhow::Result<Running> {
    Netlify::start(port).await
}

type Netlify = StandIn<World>;

impl Service for World {
    type Settings = Settings;
    type On = On;
    type Fault = CallFault<Own>;
    type FaultRequest = Armed<On, CallFault<Own>>;

    fn api(standin: &Arc<Netlify>) -> Router<Arc<Netlify>> {
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
            .layer(middleware::from_fn_with_state(
                standin.clone(),
                guard::guard,
            ))
    }

    fn extras() -> Router<Arc<Netlify>> {
        Router::new()
            .route("/_site/{*path}", get(sites::site))
            .route("/_control/sites", get(control::sites))
    }

    fn is_possible(armed: &Armed<On, CallFault<Own>>) -> bool {
        armed.fault.is_possible(|_| true)
    }
}
