//! Stand-in for the parts of the Gemini Developer API that an analysis needs.
//!
//! It serves the Files API with resumable uploads, `generateContent`, `streamGenerateContent` and
//! `countTokens`, on `/v1` and `/v1beta`. The module `project` answers questions about software.
//!
//! Sources: the protocol buffers of `google.ai.generativelanguage.v1beta` (field names, types and
//! enums), recorded requests of the official SDKs, and Google's pages
//! <https://ai.google.dev/api/files> and <https://ai.google.dev/api/generate-content>. Users of the
//! API reported the error messages.
//!
//! # Control surface
//! - `PUT /_control/settings` `{"processing_ms"?, "generate_ms"?, "upload_ms"?, "look_ms"?,
//!   "video_duration_s"?, "api_key"?, "model_version"?, "obeys"?, "project_files"?,
//!   "project_chain"?}`: see `control::Settings`.
//! - `POST /_control/faults` `{"on", "match"?, "times"?, "fault"}`: plans a fault; see `control`.
//! - `GET /_control/calls`, `GET /_control/files`: lists calls and files.
//! - `GET /_control/questions`: lists questions about software: the `document`, and when it was
//!   being answered, `from_ms` and `until_ms` (null while it is), in milliseconds since the start.
//! - `DELETE /_control/faults`: removes all faults.
//! - `DELETE /_control`: resets everything.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Router, middleware,
    routing::{get, post},
};

use http::Uri;

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

/// Returns the version of the API that a call uses.
fn version_of(uri: &Uri) -> &'static str {
    if uri.path().contains("/v1beta/") {
        "v1beta"
    } else {
        "v1"
    }
}

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
