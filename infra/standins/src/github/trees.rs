//! Trees: <https://docs.github.com/rest/git/trees>.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json,
    extract::{Path, Query, State},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http::{StatusCode, header};
use serde::{Deserialize, Deserializer};

use super::{
    GitHub, body,
    errors::ApiError,
    git::{Files, Kind, Mode, ObjectId, Store},
    lock,
    repository::Repository,
    wire,
};

#[derive(Debug, Deserialize)]
struct Create {
    tree: Vec<Item>,
    base_tree: Option<String>,
}

/// One entry of a tree that is to be made.
#[derive(Debug, Deserialize)]
struct Item {
    path: Option<String>,
    mode: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    /// A null deletes.
    #[serde(default, deserialize_with = "given")]
    sha: Option<Option<String>>,
    content: Option<String>,
}

/// Tells a null from a member that is not there.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

pub(super) async fn create(
    State(state): State<Arc<GitHub>>,
    Path((owner, repo)): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let mut repositories = lock(&state.repositories);
    let repository = repositories.find_mut(&owner, &repo)?;
    repository.require_objects()?;
    let create: Create = body::read(&body)?;
    let mut files = match &create.base_tree {
        None if create.tree.is_empty() => {
            return Err(ApiError::unprocessable("Invalid tree info"));
        }
        None => Files::default(),
        Some(base) => tree_of(repository, base)
            .and_then(|tree| repository.store.files(tree))
            .ok_or_else(|| ApiError::unprocessable("base_tree is not a valid tree oid"))?,
    };
    for item in create.tree {
        item.apply(&mut files, &mut repository.store)?;
    }
    let id = repository.store.write_files(&files);
    let entries = repository.store.tree(id).unwrap_or_default();
    let body = state.wire().tree(repository, id, &entries);
    let location = body["url"].as_str().unwrap_or_default().to_owned();
    Ok((
        StatusCode::CREATED,
        [(header::LOCATION, location)],
        Json(body),
    )
        .into_response())
}

impl Item {
    fn apply(self, files: &mut Files, store: &mut Store) -> Result<(), ApiError> {
        let path = self.path.unwrap_or_default();
        check_path(&path)?;
        if self.sha == Some(None) {
            return match files.remove(&path) {
                true => Ok(()),
                false => Err(ApiError::unprocessable("GitRPC::BadObjectState")),
            };
        }
        let mode = self.mode.as_deref().and_then(Mode::parse).ok_or_else(|| {
            ApiError::unprocessable(
                "tree.mode must be one of 100644, 100755, 040000, 160000 or 120000",
            )
        })?;
        if self.kind.is_some_and(|kind| kind != mode.kind().name()) {
            let message = format!("tree.type does not fit tree.mode {}", mode.text());
            return Err(ApiError::unprocessable(message));
        }
        match (self.sha.flatten(), self.content) {
            (Some(_), Some(_)) | (None, None) => {
                let message = "Must supply either tree.sha or tree.content";
                Err(ApiError::unprocessable(message))
            }
            (None, Some(content)) => {
                if mode.kind() != Kind::Blob {
                    let message = "tree.content is only valid for blobs";
                    return Err(ApiError::unprocessable(message));
                }
                let id = store.write_blob(content);
                files.put(&path, mode, id);
                Ok(())
            }
            (Some(sha), None) => put_object(files, store, &path, mode, &sha),
        }
    }
}

fn put_object(
    files: &mut Files,
    store: &Store,
    path: &str,
    mode: Mode,
    sha: &str,
) -> Result<(), ApiError> {
    let kind = mode.kind().name();
    let invalid = || ApiError::unprocessable(format!("tree.sha {sha} is not a valid {kind}"));
    let id: ObjectId = sha.parse().map_err(|_| invalid())?;
    match mode {
        Mode::Directory => files.graft(path, store.files(id).ok_or_else(invalid)?),
        // The commit of a submodule is one of another repository.
        Mode::Submodule => files.put(path, mode, id),
        _ if store.is(id, Kind::Blob) => files.put(path, mode, id),
        _ => return Err(invalid()),
    }
    Ok(())
}

/// What git never writes into a tree.
pub(super) fn check_path(path: &str) -> Result<(), ApiError> {
    let bad = |part: &str| {
        matches!(part, "" | "." | "..") || part.eq_ignore_ascii_case(".git") || part.contains('\0')
    };
    match path.split('/').any(bad) {
        true => Err(ApiError::unprocessable(
            "tree.path contains a malformed path component",
        )),
        false => Ok(()),
    }
}

/// The tree that a text names: itself, that of a commit, or that of a branch.
fn tree_of(repository: &Repository, text: &str) -> Option<ObjectId> {
    let id: Option<ObjectId> = text.parse().ok();
    let head = || repository.head(text);
    let named = || {
        text.starts_with("refs/")
            .then(|| repository.reference(text))
    };
    let id = id.or_else(head).or_else(|| named().flatten())?;
    match repository.store.commit(id) {
        Some(commit) => Some(commit.tree),
        None => repository.store.is(id, Kind::Tree).then_some(id),
    }
}

pub(super) async fn get(
    State(state): State<Arc<GitHub>>,
    Path((owner, repo, sha)): Path<(String, String, String)>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, ApiError> {
    let repositories = lock(&state.repositories);
    let repository = repositories.find(&owner, &repo)?;
    repository.require_objects()?;
    let id = tree_of(repository, &sha).ok_or_else(ApiError::not_found)?;
    // Any value at all means yes, `0` and `false` as well.
    let entries = match query.contains_key("recursive") {
        true => wire::recursive(&repository.store, id, ""),
        false => repository.store.tree(id),
    };
    let entries = entries.ok_or_else(ApiError::not_found)?;
    Ok(Json(state.wire().tree(repository, id, &entries)).into_response())
}
