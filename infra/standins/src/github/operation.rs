//! Operations of the API.

use std::sync::LazyLock;

use axum::extract::{MatchedPath, Request};
use serde::Deserialize;

use crate::json::data;

/// Calls that a fault can apply to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum On {
    Any,
    User,
    RateLimit,
    CreateRepo,
    GetRepo,
    UpdateRepo,
    DeleteRepo,
    GetRef,
    Ref,
    Blob,
    GetTree,
    Tree,
    GetCommit,
    Commit,
    Branch,
    Contents,
    Pull,
    Topics,
    Pages,
}

impl On {
    pub(super) fn is_of_a_repository(self) -> bool {
        !matches!(
            self,
            Self::Any | Self::User | Self::RateLimit | Self::CreateRepo
        )
    }
}

/// An operation: its kind for faults, and the page that documents it.
#[derive(Debug, Deserialize)]
pub(super) struct Operation {
    method: String,
    /// Path of the route.
    path: String,
    pub(super) on: On,
    pub(super) page: String,
}

static OPERATIONS: LazyLock<Vec<Operation>> =
    LazyLock::new(|| data(include_str!("operations.json")));

impl Operation {
    /// Returns the operation of a request, or `None` if the API has none.
    pub(super) fn from_request(request: &Request) -> Option<&'static Self> {
        let path = request.extensions().get::<MatchedPath>()?.as_str();
        let mut operations = OPERATIONS.iter();
        operations.find(|one| one.path == path && *one.method == *request.method())
    }
}
