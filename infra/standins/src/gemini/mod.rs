//! The Gemini Developer API, as far as a video analysis needs it: the Files API with resumable
//! uploads, `generateContent`, `streamGenerateContent` and `countTokens`, on `/v1` and `/v1beta`. What is asked
//! about software instead of a video is answered by `project`.
//!
//! Sources: the protocol buffers of `google.ai.generativelanguage.v1beta` (field names, types and
//! enums), requests of the official SDKs as they were recorded on the wire, and Google's pages
//! <https://ai.google.dev/api/files> and <https://ai.google.dev/api/generate-content>. Error texts
//! are those that users of the API report.
//!
//! # Control surface
//! - `PUT /_control/settings` `{"processing_ms"?, "generate_ms"?, "upload_ms"?, "look_ms"?,
//!   "video_duration_s"?, "api_key"?, "model_version"?, "obeys"?, "project_files"?, "project_chain"?}`:
//!   how long a file is PROCESSING after its upload (1000 at first), how long an answer, a piece of
//!   an upload and a look at a file take (0 at first), the length of every video (null at first: nobody knows), the one key that is valid
//!   (null at first: every key but `invalid` is), the model that the answers name (null at first:
//!   `stand-in`; a test names another where a stand-in takes the place of the real service), whether orders in a transcript or a title are
//!   obeyed, and how many files a plan has (null at first: those of the sample), of which beyond
//!   the sample's so many depend each on the one before (null at first: half of them).
//! - `POST /_control/faults` `{"on", "match"?, "times"?, "fault"}`: see `control`.
//! - `GET /_control/calls`, `GET /_control/files`: what was called, which files exist.
//! - `GET /_control/questions`: what was asked about software: `document`, and the milliseconds from
//!   the start of the stand-in at which that was under way, `from_ms` and `until_ms` (null while it
//!   is).
//! - `DELETE /_control/faults`: what was to go wrong does not.
//! - `DELETE /_control`: back to the beginning.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router, middleware,
    routing::{delete, get, post, put},
};

use crate::{
    calls::{self, Calls},
    faults::Faults,
    server::{self, Running},
};

mod answer;
mod control;
mod errors;
mod extract;
mod files;
mod generate;
mod obey;
mod project;
mod questions;
mod request;
mod schema_fill;
mod transcript;
mod upload;
mod wire;

use control::{Fault, On, Settings};
use errors::ApiError;
use questions::Questions;

/// Starts a stand-in of the Gemini API on a port of 127.0.0.1; 0 takes a free one.
///
/// # Errors
/// When the port cannot be taken.
pub async fn start(port: u16) -> anyhow::Result<Running> {
    let bound = server::bind(port).await?;
    let state = Arc::new(Gemini {
        base_url: bound.base_url.clone(),
        calls: Calls::new(),
        faults: Faults::new(),
        settings: Mutex::new(Settings::default()),
        files: Mutex::new(files::Files::default()),
        uploads: Mutex::new(HashMap::new()),
        questions: Questions::new(),
    });
    Ok(bound.serve(router(state)))
}

/// Everything a stand-in remembers.
struct Gemini {
    base_url: String,
    calls: Calls,
    faults: Faults<On, Fault>,
    settings: Mutex<Settings>,
    files: Mutex<files::Files>,
    uploads: Mutex<HashMap<String, upload::Session>>,
    questions: Questions,
}

impl Gemini {
    fn settings(&self) -> Settings {
        lock(&self.settings).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn router(state: Arc<Gemini>) -> Router {
    let mut router = Router::new();
    for version in ["v1", "v1beta"] {
        router = router
            .route(&format!("/upload/{version}/files"), post(upload::upload))
            .route(&format!("/{version}/files"), get(files::list))
            .route(
                &format!("/{version}/files/{{id}}"),
                get(files::get).delete(files::delete),
            )
            .route(&format!("/{version}/models/{{call}}"), post(generate::call));
    }
    router
        .fallback(|| async { ApiError::no_such_method() })
        .method_not_allowed_fallback(|| async { ApiError::no_such_method() })
        .layer(middleware::from_fn_with_state(
            state.clone(),
            errors::require_key,
        ))
        .route("/_control", delete(control::reset))
        .route("/_control/settings", put(control::settings))
        .route(
            "/_control/faults",
            post(control::arm).delete(control::disarm),
        )
        .route("/_control/calls", get(control::calls))
        .route("/_control/files", get(control::files))
        .route("/_control/questions", get(control::questions))
        .layer(middleware::from_fn_with_state(
            state.calls.clone(),
            calls::record,
        ))
        .with_state(state)
}
