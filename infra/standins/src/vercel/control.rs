//! The control surface: settings, faults, and what happened.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Vercel;

/// What a run can set.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// How long every call takes.
    pub(super) latency_ms: u64,
    /// The one token that is valid; none where any but `invalid` is.
    pub(super) token: Option<String>,
    /// The one team that the token is good for; none where any is.
    pub(super) team: Option<String>,
    /// How long a deployment takes from its making to its end.
    pub(super) build_ms: u64,
    /// How deployments fail; none where they do not.
    pub(super) failure: Option<Failure>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            latency_ms: 0,
            token: None,
            team: None,
            build_ms: 1000,
            failure: None,
        }
    }
}

/// How a deployment fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Failure {
    /// `errorCode`.
    pub(super) code: String,
    /// `errorMessage`.
    pub(super) message: String,
    /// `errorStep`.
    pub(super) step: String,
    /// What the build says before it ends, line by line.
    pub(super) log: Vec<String>,
}

impl Default for Failure {
    fn default() -> Self {
        let message = "Command \"npm run build\" exited with 1";
        Self {
            code: "BUILD_FAILED".to_owned(),
            message: message.to_owned(),
            step: "buildStep".to_owned(),
            log: vec!["Failed to compile.".to_owned()],
        }
    }
}

/// The calls that a fault can strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum On {
    /// Every call.
    Any,
    Deploy,
    Get,
    Events,
    Upload,
}

impl On {
    pub(super) fn of(method: &str, path: &str) -> Self {
        match (method, path) {
            ("POST", "/v13/deployments") => Self::Deploy,
            ("POST", "/v2/files") => Self::Upload,
            ("GET", path) if path.starts_with("/v13/deployments/") => Self::Get,
            ("GET", path) if path.starts_with("/v3/deployments/") => Self::Events,
            _ => Self::Any,
        }
    }
}

/// What can go wrong at Vercel only.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub(super) enum Own {
    /// 429; `Retry-After` only where its seconds are given.
    RateLimited {
        #[serde(default)]
        retry_after_s: Option<u64>,
    },
    /// 401, as for a token that was taken back.
    Unauthorized {},
}

pub(super) async fn deployments(State(state): State<Arc<Vercel>>) -> Json<Value> {
    Json(state.state().deployments.to_state())
}
