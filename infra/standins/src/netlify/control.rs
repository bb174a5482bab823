//! Control surface: settings and faults.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Netlify;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// Delay of every call.
    pub(super) latency_ms: u64,
    /// The valid token; `None` accepts every token but `invalid`.
    pub(super) token: Option<String>,
    /// Processing time of a deploy after its last file.
    pub(super) processing_ms: u64,
    /// `error_message` of deploys; `None` if they succeed.
    pub(super) failure: Option<String>,
    /// Names of sites of other users.
    pub(super) taken: Vec<String>,
    /// Maximum deploys of a site in a minute; `None` means unlimited.
    pub(super) deploys_per_minute: Option<usize>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            latency_ms: 0,
            token: None,
            processing_ms: 500,
            failure: None,
            taken: Vec::new(),
            deploys_per_minute: None,
        }
    }
}

/// Calls that a fault can apply to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum On {
    Any,
    CreateSite,
    GetSite,
    Deploy,
    GetDeploy,
    Upload,
}

impl On {
    pub(super) fn from_call(method: &str, path: &str) -> Self {
        let segments: Vec<&str> = path.trim_matches('/').split('/').skip(2).collect();
        match (method, segments.as_slice()) {
            ("POST", ["sites"]) => Self::CreateSite,
            ("GET", ["sites"] | ["sites", _]) => Self::GetSite,
            ("POST", ["sites", _, "deploys"]) => Self::Deploy,
            ("GET", ["sites", _, "deploys"] | ["deploys", _]) => Self::GetDeploy,
            ("PUT", ["deploys", _, "files", ..]) => Self::Upload,
            _ => Self::Any,
        }
    }
}

/// Faults that only Netlify has.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub(super) enum Own {
    /// 429, with `Retry-After` if its seconds are given.
    RateLimited {
        #[serde(default)]
        retry_after_s: Option<u64>,
    },
}

pub(super) async fn sites(State(state): State<Arc<Netlify>>) -> Json<Value> {
    Json(state.state().to_state())
}
