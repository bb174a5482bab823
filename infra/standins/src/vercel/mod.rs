//! Vercel's API, as far as a deployment needs it: uploads, builds, and their states.
//!
//! Sources: the models of npm @vercel/sdk 1.28.35 (paths, names, types and states), how npm
//! @vercel/client 18.4.2 reads responses, and <https://vercel.com/docs/rest-api/errors>.
//!
//! Nothing is built: the settings determine the time and the result of a deployment. Its `url` is a
//! name below `localhost`, where real ones are below `vercel.app`. The stand-in serves the deployed
//! files under that name, without TLS (`http://{url}:{port}/{path}`). For clients that cannot
//! resolve the name, it also serves them under `GET /_site/{url}/{path}`.
//!
//! # Control surface
//! - `PUT /_control/settings` `{"latency_ms"?, "token"?, "team"?, "build_ms"?, "failure"?}`: see
//!   `control::Settings`.
//! - `POST /_control/faults` `{"on", "match"?, "times"?, "fault": {"kind", …}}`: plans a fault; see
//!   `control::On` and `call_faults::CallFault`. `DELETE /_control/faults`: removes all faults.
//! - `GET /_control/deployments`, `GET /_control/calls`: lists deployments and calls.
//! - `DELETE /_control`: resets everything.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Router, middleware,
    routing::{get, post},
};
use bytes::Bytes;

use crate::{
    call_faults::CallFault,
    faults::Armed,
    server::Running,
    standin::{Service, StandIn},
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

/// Starts a stand-in of Vercel on a port of 127.0.0.1; 0 chooses a free port.
///
/// # Errors
/// If the port is not available.
pub async fn start(port: u16) -> anyhow::Result<Running> {
    Vercel::start(port).await
}

type Vercel = StandIn<World>;

#[derive(Debug, Default)]
struct World {
    deployments: deployment::Deployments,
    /// Files that were uploaded separately, by their SHA-1.
    uploads: HashMap<String, Bytes>,
}

impl Service for World {
    type Settings = Settings;
    type On = On;
    type Fault = CallFault<Own>;
    type FaultRequest = Armed<On, CallFault<Own>>;

    fn api(standin: &Arc<Vercel>) -> Router<Arc<Vercel>> {
        Router::new()
            .route("/v13/deployments", post(create::create))
            .route("/v13/deployments/{id}", get(show::get))
            .route("/v3/deployments/{id}/events", get(events::list))
            .route("/v2/files", post(uploads::upload))
            .fallback(|| async { ApiError::not_found("Not Found") })
            .method_not_allowed_fallback(|| async { ApiError::not_found("Not Found") })
            .layer(middleware::from_fn_with_state(
                standin.clone(),
                guard::guard,
            ))
    }

    fn extras() -> Router<Arc<Vercel>> {
        Router::new()
            .route("/_site/{*path}", get(show::site))
            .route("/_control/deployments", get(control::deployments))
    }

    fn outermost(router: Router<Arc<Vercel>>, standin: &Arc<Vercel>) -> Router<Arc<Vercel>> {
        router.layer(middleware::from_fn_with_state(
            standin.clone(),
            show::serve_host,
        ))
    }

    fn is_possible(armed: &Armed<On, CallFault<Own>>) -> bool {
        armed.fault.is_possible(|_| true)
    }
}
