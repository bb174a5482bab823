//! Trees: <https://docs.github.com/rest/git/trees>.

use axum::{Json, response::Response};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{
    call::Call,
    created,
    errors::ApiError,
    git::{Files, Kind, Mode, ObjectId, Store},
    repository::Repository,
    wire,
};
use crate::request::query_value;

#[derive(Debug, Deserialize)]
struct Create {
    tree: Vec<Item>,
    base_tree: Option<String>,
}

/// An entry of a new tree.
#[derive(Debug, Deserialize)]
struct Item {
    path: Option<String>,
    mode: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Null deletes the entry.
    #[serde(default, deserialize_with = "given")]
    sha: Option<Option<String>>,
    content: Option<String>,
}

/// Distinguishes a null from a missing member.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

pub(super) async fn create(call: Call) -> Result<Response, ApiError> {
    let repository = &mut *call.database()?;
    let create: Create = call.body()?;
    let mut files = match &create.base_tree {
        None if create.tree.is_empty() => {
            return Err(ApiError::unprocessable("Invalid tree info"));
        }
        None => Files::default(),
        Some(base) => base
            .parse()
            .ok()
            .and_then(|id| tree_below(repository, id))
            .and_then(|tree| repository.store.files(tree))
            .ok_or_else(|| ApiError::unprocessable("base_tree is not a valid tree oid"))?,
    };
    for item in create.tree {
        item.apply(&mut files, &mut repository.store)?;
    }
    let id = repository.store.write_files(&files);
    let entries = repository.store.tree(id).unwrap_or_default();
    let body = call.wire(repository).tree(id, &entries);
    Ok(created(body))
}

impl Item {
    fn apply(self, files: &mut Files, store: &mut Store) -> Result<(), ApiError> {
        let path = self.path.unwrap_or_default();
        check_path("tree.path", &path)?;
        let mode = self.mode.and_then(|mode| mode.parse::<Mode>().ok());
        // The API requires a mode even to delete an entry.
        let mode = mode.ok_or_else(|| ApiError::unprocessable("Must supply a valid tree.mode"))?;
        match (self.sha, self.content) {
            (Some(None), None) => {
                if files.remove(&path) {
                    Ok(())
                } else {
                    Err(bad_state())
                }
            }
            (Some(Some(_)), Some(_)) | (None, None) => Err(ApiError::unprocessable(
                "Must supply either tree.sha or tree.content. Request will be rejected if both are \
                 present.",
            )),
            (_, Some(_)) if mode == Mode::Directory => {
                let message = "A subdirectory may not have content";
                Err(ApiError::unprocessable(message))
            }
            (_, Some(_)) if mode == Mode::Submodule => Err(bad_state()),
            // An entry with content is a blob, whatever its type says.
            (_, Some(content)) => {
                let id = store.write_blob(content);
                files.put(&path, mode, id);
                Ok(())
            }
            (Some(Some(sha)), None) => {
                let kind = self.kind.as_deref().unwrap_or(mode.kind().into_str());
                put_object(files, store, (&path, mode), kind, &sha)
            }
        }
    }
}

/// Error for an object that git cannot store.
fn bad_state() -> ApiError {
    ApiError::unprocessable("GitRPC::BadObjectState")
}

/// Adds an existing object. `kind` is the type that the caller gives.
fn put_object(
    files: &mut Files,
    store: &Store,
    (path, mode): (&str, Mode),
    kind: &str,
    sha: &str,
) -> Result<(), ApiError> {
    let invalid = || ApiError::unprocessable(format!("tree.sha {sha} is not a valid {kind}"));
    let id: ObjectId = sha.parse().map_err(|_| invalid())?;
    // The commit of a submodule belongs to another repository.
    let known = store
        .get(id)
        .is_some_and(|object| object.kind.into_str() == kind);
    if !known && kind != Kind::Commit.into_str() {
        return Err(invalid());
    }
    if kind != mode.kind().into_str() {
        return Err(bad_state());
    }
    match mode {
        Mode::Directory => files.graft(path, store.files(id).ok_or_else(invalid)?),
        _ => files.put(path, mode, id),
    }
    Ok(())
}

/// Refuses paths that git never stores. `field` is the name of the path in the operation.
pub(super) fn check_path(field: &str, path: &str) -> Result<(), ApiError> {
    let bad = |part: &str| {
        matches!(part, "" | "." | "..") || part.eq_ignore_ascii_case(".git") || part.contains('\0')
    };
    let reason = if path.starts_with('/') {
        "cannot start with a slash"
    } else if path.split('/').any(bad) {
        "contains a malformed path component"
    } else {
        return Ok(());
    };
    Err(ApiError::unprocessable(format!("{field} {reason}")))
}

/// Returns the tree that a text names: by its SHA-1, by that of a commit, or by a branch.
fn tree_of(repository: &Repository, text: &str) -> Option<ObjectId> {
    let id: Option<ObjectId> = text.parse().ok();
    let reference = || repository.reference(text);
    let id = id.or_else(|| repository.head(text)).or_else(reference)?;
    tree_below(repository, id)
}

/// Returns a tree itself, or that of a commit.
fn tree_below(repository: &Repository, id: ObjectId) -> Option<ObjectId> {
    match repository.store.commit(id) {
        Some(commit) => Some(commit.tree),
        None => repository.store.is(id, Kind::Tree).then_some(id),
    }
}

pub(super) async fn get(call: Call) -> Result<Json<Value>, ApiError> {
    let repository = &*call.database()?;
    let id = tree_of(repository, &call.item).ok_or_else(ApiError::not_found)?;
    // Every value means yes, including `0` and `false`.
    let entries = if query_value(&call.uri, "recursive").is_some() {
        wire::recursive(&repository.store, id, "")
    } else {
        repository.store.tree(id)
    };
    let entries = entries.ok_or_else(ApiError::not_found)?;
    Ok(Json(call.wire(repository).tree(id, &entries)))
}
