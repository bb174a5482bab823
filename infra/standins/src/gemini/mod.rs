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

use std::{collections::HashMap, sync::Arc};

use axum::{
    Router, middleware,
    routing::{get, post},
};

use crate::{
    faults::Armed,
    log::Log,
    server::Running,
    standin::{Service, StandIn},
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

use control::{Fault, MAX_PROJECT_FILES, On, Settings};
use errors::ApiError;

/// Starts a stand-in of the Gemini API on a port of 127.0.0.1; 0 chooses a free port.
///
/// # Errors
/// If the port is not available.
pub async fn start(port: u16) -> anyhow::Result<Running> {
    Gemini::start(port).await
}

type Gemini = StandIn<World>;

#[derive(Debug, Default)]
struct World {
    files: files::Files,
    uploads: HashMap<String, upload::Session>,
    /// The newest questions about software, in order of arrival.
    questions: Log<questions::Question, 500>,
}

impl Service for World {
    type Settings = Settings;
    type On = On;
    type Fault = Fault;
    type FaultRequest = Armed<On, Fault>;

    fn api(standin: &Arc<Gemini>) -> Router<Arc<Gemini>> {
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
                standin.clone(),
                errors::require_key,
            ))
    }

    fn extras() -> Router<Arc<Gemini>> {
        Router::new()
            .route("/_control/files", get(control::files))
            .route("/_control/questions", get(control::questions))
    }

    fn is_possible(armed: &Armed<On, Fault>) -> bool {
        armed.fault.applies_to(armed.on)
    }

    fn check(settings: &Settings) -> Result<(), &'static str> {
        if settings
            .video_duration_s
            .is_some_and(|seconds| seconds <= 0.0)
        {
            return Err("video_duration_s must be above 0");
        }
        let files = settings.project_files;
        if files.is_some_and(|files| files > MAX_PROJECT_FILES) {
            return Err("project_files is at most 1000");
        }
        Ok(())
    }
}
