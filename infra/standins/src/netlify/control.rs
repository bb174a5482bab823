//! The control surface: settings, faults, and what happened.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Netlify;

/// What a run can set.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// How long every call takes.
    pub(super) latency_ms: u64,
    /// The one token that is valid; none where any but `invalid` is.
    pub(super) token: Option<String>,
    /// How long a deploy is processed once all its files are there.
    pub(super) processing_ms: u64,
    /// The `error_message` of deploys; none where they do not fail.
    pub(super) failure: Option<String>,
    /// Names of sites that somebody else has.
    pub(super) taken: Vec<String>,
    /// Deploys of a site in a minute; none where they are not counted.
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

/// The calls that a fault can strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum On {
    /// Every call.
    Any,
    CreateSite,
    GetSite,
    Deploy,
    GetDeploy,
    Upload,
}

impl On {
    pub(super) fn of(method: &str, path: &str) -> Self {
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

/// What can go wrong at Netlify only.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub(super) enum Own {
    /// 429; `Retry-After` only where its seconds are given.
    RateLimited {
        #[serde(default)]
        retry_after_s: Option<u64>,
    },
}

pub(super) async fn sites(State(state): State<Arc<Netlify>>) -> Json<Value> {
    Json(state.state().to_state())
}
