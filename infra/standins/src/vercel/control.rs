//! Control surface: settings and faults.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Vercel;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// Delay of every call.
    pub(super) latency_ms: u64,
    /// The valid token; `None` accepts every token but `invalid`.
    pub(super) token: Option<String>,
    /// The only team that the token is valid for; `None` accepts every team.
    pub(super) team: Option<String>,
    /// Time from the creation of a deployment to its end.
    pub(super) build_ms: u64,
    /// Failure of deployments; `None` if they succeed.
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

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Failure {
    pub(super) code: String,
    pub(super) message: String,
    pub(super) step: String,
    /// Lines that the build logs before it fails.
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

/// Calls that a fault can apply to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum On {
    Any,
    Deploy,
    Get,
    Events,
    Upload,
}

impl On {
    pub(super) fn from_call(method: &str, path: &str) -> Self {
        match (method, path) {
            ("POST", "/v13/deployments") => Self::Deploy,
            ("POST", "/v2/files") => Self::Upload,
            ("GET", path) if path.starts_with("/v13/deployments/") => Self::Get,
            ("GET", path) if path.starts_with("/v3/deployments/") => Self::Events,
            _ => Self::Any,
        }
    }
}

/// Faults that only Vercel has.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub(super) enum Own {
    /// 429, with `Retry-After` if its seconds are given.
    RateLimited {
        #[serde(default)]
        retry_after_s: Option<u64>,
    },
    /// 401, as for a revoked token.
    Unauthorized {},
}

pub(super) async fn deployments(State(state): State<Arc<Vercel>>) -> Json<Value> {
    Json(state.state().deployments.to_state())
}
