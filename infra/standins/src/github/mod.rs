//! GitHub's REST API, as far as a deployment needs it: repositories, git's database, contents, pull
//! requests, topics and Pages, in version 2026-03-10.
//!
//! Sources: GitHub's OpenAPI description (names, types and statuses), recorded responses in
//! @octokit/fixtures, and <https://docs.github.com/rest>. Users of the API reported the error
//! messages. Objects are git's own: they have the SHA-1 that git gives them.
//!
//! The user of the token owns every repository and belongs to every organisation. Without a token,
//! callers may read public repositories.
//!
//! Two parts differ from GitHub:
//! - `git clone <base URL>/{owner}/{repo}.git` works by the dumb protocol. It needs no token even
//!   for private repositories, so that everyone can inspect what was pushed.
//! - `GET /_site/{owner}/{repo}/{path}` serves what Pages built. The `html_url` of a site points
//!   there.
//!
//! # Control surface
//! - `PUT /_control/settings` `{"latency_ms"?, "login"?, "token"?, "plan"?, "empty_for_ms"?,
//!   "limits"?, "pages_build_ms"?, "pages_outcome"?}`: see `control::Settings` and
//!   `limits::Bounds`.
//! - `POST /_control/faults` `{"on", "match"?, "times"?, "fault": {"kind", …}}`: plans a fault; see
//!   `operation::On` and `call_faults::CallFault`. `DELETE /_control/faults`: removes all faults.
//! - `POST /_control/repos/{owner}/{repo}/commits` `{"branch"?, "path"?, "content"?, "message"?}`:
//!   another user pushes a commit.
//! - `GET /_control/repos`, `GET /_control/calls`: lists repositories and calls.
//! - `DELETE /_control`: resets everything.

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, MutexGuard},
};

use axum::{
    Json, Router, middleware,
    response::{IntoResponse as _, Response},
    routing::{get, patch, post},
};
use http::{StatusCode, header};
use serde_json::Value;

use crate::{
    call_faults::CallFault,
    faults::Armed,
    server::Running,
    standin::{Service, StandIn},
};

mod blobs;
mod body;
mod call;
mod clone;
mod commits;
mod contents;
mod control;
mod errors;
mod git;
mod guard;
mod limits;
mod operation;
mod pages;
mod pulls;
mod refs;
mod repositories;
mod repository;
mod topics;
mod trees;
mod user;
mod wire;

use control::{Own, Settings};
use errors::ApiError;
use operation::On;
use repository::Repository;

/// Starts a stand-in of GitHub on a port of 127.0.0.1; 0 chooses a free port.
///
/// # Errors
/// If the port is not available.
pub async fn start(port: u16) -> anyhow::Result<Running> {
    GitHub::start(port).await
}

type GitHub = StandIn<World>;

#[derive(Debug, Default)]
struct World {
    limits: limits::Limits,
    repositories: repository::Repositories,
}

impl GitHub {
    /// Returns the user that the token belongs to.
    fn user(&self) -> repository::Owner {
        repository::Owner {
            login: self.settings().login,
            is_organization: false,
        }
    }

    /// Finds a repository and locks the state while it is in use.
    fn repository(&self, owner: &str, name: &str) -> Result<RepositoryGuard<'_>, ApiError> {
        let world = self.state();
        let position = world.repositories.position(owner, name)?;
        Ok(RepositoryGuard { world, position })
    }
}

/// A repository that is in use.
struct RepositoryGuard<'a> {
    world: MutexGuard<'a, World>,
    position: usize,
}

impl Deref for RepositoryGuard<'_> {
    type Target = Repository;

    fn deref(&self) -> &Repository {
        self.world.repositories.at(self.position)
    }
}

impl DerefMut for RepositoryGuard<'_> {
    fn deref_mut(&mut self) -> &mut Repository {
        self.world.repositories.at_mut(self.position)
    }
}

/// Response of an operation that created what `body` describes.
fn created(body: Value) -> Response {
    let location = body["url"].as_str().unwrap_or_default().to_owned();
    let location = [(header::LOCATION, location)];
    (StatusCode::CREATED, location, Json(body)).into_response()
}

impl Service for World {
    type Settings = Settings;
    type On = On;
    type Fault = CallFault<Own>;
    type FaultRequest = Armed<On, CallFault<Own>>;

    fn api(standin: &Arc<GitHub>) -> Router<Arc<GitHub>> {
        let below = |path: &str| format!("/repos/{{owner}}/{{repo}}{path}");
        Router::new()
            .route("/user", get(user::get))
            .route("/rate_limit", get(user::rate_limit))
            .route("/user/repos", post(repositories::create))
            .route("/orgs/{org}/repos", post(repositories::create_in))
            .route(
                &below(""),
                get(repositories::get)
                    .patch(repositories::update)
                    .delete(repositories::delete),
            )
            .route(&below("/git/ref/{*name}"), get(refs::get))
            .route(&below("/git/refs"), post(refs::create))
            .route(
                &below("/git/refs/{*name}"),
                patch(refs::update).delete(refs::delete),
            )
            .route(&below("/git/blobs"), post(blobs::create))
            .route(&below("/git/blobs/{sha}"), get(blobs::get))
            .route(&below("/git/trees"), post(trees::create))
            .route(&below("/git/trees/{*sha}"), get(trees::get))
            .route(&below("/git/commits"), post(commits::create))
            .route(&below("/git/commits/{sha}"), get(commits::get))
            .route(&below("/commits"), get(commits::list))
            .route(&below("/branches/{*branch}"), get(commits::branch))
            .route(&below("/contents"), get(contents::get))
            .route(&below("/contents/"), get(contents::get))
            .route(
                &below("/contents/{*path}"),
                get(contents::get)
                    .put(contents::put)
                    .delete(contents::delete),
            )
            .route(&below("/pulls"), get(pulls::list).post(pulls::create))
            .route(&below("/pulls/{number}"), get(pulls::get))
            .route(&below("/topics"), get(topics::get).put(topics::replace))
            .route(&below("/pages"), get(pages::get).post(pages::create))
            .route(&below("/pages/builds/latest"), get(pages::latest_build))
            .fallback(|| async { ApiError::not_found() })
            .method_not_allowed_fallback(|| async { ApiError::not_found() })
            .layer(middleware::from_fn_with_state(
                standin.clone(),
                guard::guard,
            ))
    }

    fn extras() -> Router<Arc<GitHub>> {
        Router::new()
            .route("/_site/{owner}/{*path}", get(pages::site))
            .route("/_control/repos", get(control::repositories))
            .route(
                "/_control/repos/{owner}/{repo}/commits",
                post(control::push),
            )
    }

    fn outermost(router: Router<Arc<GitHub>>, standin: &Arc<GitHub>) -> Router<Arc<GitHub>> {
        router.layer(middleware::from_fn_with_state(
            standin.clone(),
            clone::serve_git,
        ))
    }

    fn is_possible(armed: &Armed<On, CallFault<Own>>) -> bool {
        armed.fault.is_possible(|own| own.is_possible(armed.on))
    }
}
