//! GitHub's REST API, as far as a deployment needs it: repositories, git's database, contents, pull
//! requests, topics and Pages, in the version 2026-03-10.
//!
//! Sources: GitHub's OpenAPI description (names, types and statuses), its recorded answers in
//! @octokit/fixtures, <https://docs.github.com/rest>, and for the texts of errors what users of the
//! API report. Objects are git's own: what is written here has the SHA-1 that git gives it.
//!
//! Whom the token belongs to owns every repository, and belongs to every organisation. Whoever has
//! no token may read what is public.
//!
//! Beside the API, and not as GitHub has it:
//! - `git clone <base URL>/{owner}/{repo}.git` works by the dumb protocol, without a token for
//!   private repositories as well, so that anybody can look at what was pushed;
//! - `GET /_site/{owner}/{repo}/{path}` is what Pages built; `html_url` of a site points there.
//!
//! # Control surface
//! - `PUT /_control/settings` `{"latency_ms"?, "login"?, "token"?, "plan"?, "empty_for_ms"?,
//!   "limits"?, "pages_build_ms"?, "pages_outcome"?}`: see `control::Settings` and `limits::Bounds`.
//! - `POST /_control/faults` `{"on", "match"?, "times"?, "fault": {"kind", …}}`: see `operation::On`
//!   and `accidents::Fault`. `DELETE /_control/faults`: what was to go wrong does not.
//! - `POST /_control/repos/{owner}/{repo}/commits` `{"branch"?, "path"?, "content"?, "message"?}`:
//!   somebody else pushes a commit.
//! - `GET /_control/repos`, `GET /_control/calls`: what there is, what was called.
//! - `DELETE /_control`: back to the beginning.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{delete, get, patch, post, put},
};

use crate::{
    accidents::Fault,
    calls::{self, Calls},
    faults::Faults,
    server::{self, Running},
};

mod blobs;
mod body;
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

/// Starts a stand-in of GitHub on a port of 127.0.0.1; 0 takes a free one.
///
/// # Errors
/// When the port cannot be taken.
pub async fn start(port: u16) -> anyhow::Result<Running> {
    let bound = server::bind(port).await?;
    let state = Arc::new(GitHub {
        base_url: bound.base_url.clone(),
        calls: Calls::new(),
        faults: Faults::new(),
        settings: Mutex::new(Settings::default()),
        limits: Mutex::new(limits::Limits::default()),
        repositories: Mutex::new(repository::Repositories::default()),
    });
    Ok(bound.serve(router(state)))
}

/// Everything a stand-in remembers.
struct GitHub {
    base_url: String,
    calls: Calls,
    faults: Faults<On, Fault<Own>>,
    settings: Mutex<Settings>,
    limits: Mutex<limits::Limits>,
    repositories: Mutex<repository::Repositories>,
}

impl GitHub {
    fn settings(&self) -> Settings {
        lock(&self.settings).clone()
    }

    fn wire(&self) -> wire::Wire<'_> {
        wire::Wire {
            base: &self.base_url,
        }
    }

    /// Whose token it is.
    fn user(&self) -> repository::Owner {
        repository::Owner {
            login: self.settings().login,
            is_organization: false,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn router(state: Arc<GitHub>) -> Router {
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
        .route(&below("/contents"), get(contents::root))
        .route(&below("/contents/"), get(contents::root))
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
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(state.clone(), guard::guard))
        .layer(middleware::from_fn_with_state(
            state.calls.clone(),
            calls::record,
        ))
        .route("/_site/{owner}/{repo}/", get(pages::site_index))
        .route("/_site/{owner}/{repo}/{*path}", get(pages::site))
        .route("/_control", delete(control::reset))
        .route("/_control/settings", put(control::settings))
        .route(
            "/_control/faults",
            post(control::arm).delete(control::disarm),
        )
        .route("/_control/calls", get(control::calls))
        .route("/_control/repos", get(control::repositories))
        .route(
            "/_control/repos/{owner}/{repo}/commits",
            post(control::push),
        )
        .layer(middleware::from_fn_with_state(
            state.clone(),
            clone::or_go_on,
        ))
        .with_state(state)
}
