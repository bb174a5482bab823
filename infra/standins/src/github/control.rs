//! Control surface: settings, faults, and pushes of another user.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    GitHub, errors::ApiError, git::Person, limits::Bounds, operation::On, repository::Repository,
};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// Delay of every call.
    pub(super) latency_ms: u64,
    /// User that the token belongs to.
    pub(super) login: String,
    /// The valid token; `None` accepts every token but `invalid`.
    pub(super) token: Option<String>,
    /// Plan of the account. On the free plan, a private repository has no Pages.
    pub(super) plan: Plan,
    /// Time until a new repository shows its first commit. It is empty for the first half, and has
    /// objects but no references for the second half.
    pub(super) empty_for_ms: u64,
    pub(super) limits: Bounds,
    pub(super) pages_build_ms: u64,
    pub(super) pages_outcome: Outcome,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            latency_ms: 0,
            login: "eventrelay-stand-in".to_owned(),
            token: None,
            plan: Plan::Pro,
            empty_for_ms: 0,
            limits: Bounds::default(),
            pages_build_ms: 1000,
            pages_outcome: Outcome::Built,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Plan {
    Free,
    Pro,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    Built,
    Errored,
}

/// Faults that only GitHub has.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub(super) enum Own {
    /// Secondary rate limit, with `Retry-After` if its seconds are given.
    SecondaryLimit {
        #[serde(default)]
        retry_after_s: Option<u64>,
        #[serde(default = "forbidden")]
        status: u16,
    },
    PrimaryLimit {
        reset_s: u64,
        #[serde(default = "forbidden")]
        status: u16,
    },
    /// Another user pushes a commit before the call is done. It goes to the branch in the path, or
    /// else to the default branch.
    RefMoved {},
}

fn forbidden() -> u16 {
    403
}

impl Own {
    pub(super) fn is_possible(&self, on: On) -> bool {
        match self {
            Self::RefMoved {} => on.is_of_a_repository(),
            Self::SecondaryLimit { status, .. } | Self::PrimaryLimit { status, .. } => {
                matches!(status, 403 | 429)
            }
        }
    }
}

/// A commit of another user.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Foreign {
    branch: Option<String>,
    path: String,
    content: String,
    message: String,
}

impl Default for Foreign {
    fn default() -> Self {
        Self {
            branch: None,
            path: "foreign.txt".to_owned(),
            content: "Another user was here.\n".to_owned(),
            message: "Add foreign.txt".to_owned(),
        }
    }
}

impl Foreign {
    /// Commits to a branch, or else to the default branch, without checks.
    pub(super) fn push(&self, repository: &mut Repository) -> Result<String, ApiError> {
        let branch = self.branch.as_ref().unwrap_or(&repository.default_branch);
        let branch = branch.clone();
        let blob = repository.store.write_blob(self.content.clone());
        let other = Person::now("Another User", "other@example.com");
        let (people, message) = ((other.clone(), other), self.message.clone());
        let commit = repository.commit_to(&branch, people, message, |files| {
            files.put(&self.path, super::git::Mode::File, blob);
        })?;
        Ok(commit.to_string())
    }

    pub(super) fn to(branch: Option<&str>) -> Self {
        let branch = branch.map(str::to_owned);
        Self {
            branch,
            ..Self::default()
        }
    }
}

pub(super) async fn push(
    State(state): State<Arc<GitHub>>,
    Path((owner, name)): Path<(String, String)>,
    Json(foreign): Json<Foreign>,
) -> Response {
    let pushed = state
        .repository(&owner, &name)
        .and_then(|mut repository| foreign.push(&mut repository));
    match pushed {
        Ok(sha) => Json(json!({"sha": sha})).into_response(),
        Err(error) => (StatusCode::BAD_REQUEST, error.message).into_response(),
    }
}

pub(super) async fn repositories(State(state): State<Arc<GitHub>>) -> Json<Value> {
    let repositories = &state.state().repositories;
    Json(repositories.all().map(Repository::to_state).collect())
}
