//! Files by path, with one commit per change: <https://docs.github.com/rest/repos/contents>.

use axum::{
    Json,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    blobs::{from_base64, to_base64},
    body::not_supplied,
    call::Call,
    commits::Who,
    errors::ApiError,
    git::{Entry, Kind, Mode, ObjectId, Person},
    guard::StoodAt,
    repository::{self, Repository},
    trees::check_path,
    wire::Wire,
};
use crate::{json::extend, request::query_value};

/// Maximum size of a file whose content is returned.
const SHOWN: usize = 1024 * 1024;

pub(super) async fn get(call: Call) -> Result<Json<Value>, ApiError> {
    let path = call.item.trim_matches('/');
    let repository = &*call.repository()?;
    if repository.is_empty() {
        let message = "This repository is empty.";
        return Err(ApiError::new(StatusCode::NOT_FOUND, message));
    }
    let asked = query_value(&call.uri, "ref");
    let reference = asked.as_ref().unwrap_or(&repository.default_branch);
    let commit = repository.head(reference);
    let commit = commit.or_else(|| reference.parse().ok());
    let commit = commit.and_then(|id| repository.store.commit(id));
    let commit = commit.ok_or_else(|| {
        let message = format!("No commit found for the ref {reference}");
        ApiError::new(StatusCode::NOT_FOUND, message)
    })?;
    let wire = call.wire(repository);
    let directory = |tree: ObjectId| {
        let entries = repository.store.tree(tree).unwrap_or_default();
        let item = |entry: &Entry| {
            let before = if path.is_empty() { "" } else { "/" };
            item(
                wire,
                reference,
                &format!("{path}{before}{}", entry.path),
                entry,
            )
        };
        Value::Array(entries.iter().map(item).collect())
    };
    if path.is_empty() {
        return Ok(Json(directory(commit.tree)));
    }
    let entry = repository.store.find(commit.tree, path);
    let entry = entry.ok_or_else(ApiError::not_found)?;
    let body = match entry.mode.kind() {
        Kind::Tree => directory(entry.id),
        Kind::Blob | Kind::Commit => file(wire, reference, path, &entry),
    };
    Ok(Json(body))
}

/// Returns an entry at a path of a reference.
fn item(wire: Wire<'_>, reference: &str, path: &str, entry: &Entry) -> Value {
    let (api, web, id) = (wire.api(), wire.web(), entry.id);
    let kind = match entry.mode {
        Mode::Directory => "dir",
        Mode::Submodule => "submodule",
        Mode::Symlink => "symlink",
        Mode::File | Mode::Executable => "file",
    };
    let objects = match entry.mode.kind() {
        Kind::Tree => "trees",
        Kind::Blob | Kind::Commit => "blobs",
    };
    let page = if kind == "dir" { "tree" } else { "blob" };
    let url = format!("{api}/contents/{path}?ref={reference}");
    let git = format!("{api}/git/{objects}/{id}");
    let html = format!("{web}/{page}/{reference}/{path}");
    let download = (kind == "file").then(|| format!("{web}/raw/{reference}/{path}"));
    json!({
        "name": path.rsplit('/').next(),
        "path": path,
        "sha": id.to_string(),
        "size": wire.repository.store.blob(id).map_or(0, Bytes::len),
        "url": url,
        "html_url": html,
        "git_url": git,
        "download_url": download,
        "type": kind,
        "_links": {"self": url, "git": git, "html": html},
    })
}

/// Returns a file with its content.
fn file(wire: Wire<'_>, reference: &str, path: &str, entry: &Entry) -> Value {
    let mut body = item(wire, reference, path, entry);
    let data = wire.repository.store.blob(entry.id);
    let data = data.map(|data| &data[..]).unwrap_or_default();
    let more = match entry.mode {
        Mode::Symlink => json!({"target": String::from_utf8_lossy(data)}),
        Mode::Submodule => json!({"submodule_git_url": null}),
        _ if data.len() > SHOWN => json!({"content": "", "encoding": "none"}),
        _ => json!({"content": to_base64(data), "encoding": "base64"}),
    };
    extend(&mut body, more);
    body
}

/// A change of one file.
#[derive(Debug, Deserialize)]
struct Change {
    message: String,
    content: Option<String>,
    sha: Option<String>,
    branch: Option<String>,
    author: Option<Who>,
    committer: Option<Who>,
}

impl Change {
    fn people(&self, own: Person) -> Result<(Person, Person), ApiError> {
        let committer = self.committer.clone().map(Who::person).transpose()?;
        let author = self.author.clone().map(Who::person).transpose()?;
        let author = author.or_else(|| committer.clone()).unwrap_or(own);
        Ok((author, committer.unwrap_or_else(repository::web_flow)))
    }

    /// Returns the branch, and the object at a path of it.
    fn target(
        &self,
        repository: &Repository,
        path: &str,
    ) -> Result<(String, Option<ObjectId>), ApiError> {
        let branch = self.branch.as_ref().unwrap_or(&repository.default_branch);
        let files = repository.files(branch).unwrap_or_default().flat();
        let current = files.get(path).map(|(_, id)| *id);
        // A change names the version of the file that it is based on. If that is not the current
        // one, another caller has changed the file.
        match (&self.sha, current) {
            (Some(sha), Some(current)) if *sha == current.to_string() => {}
            (Some(sha), _) => {
                return Err(ApiError::conflict(format!("{path} does not match {sha}")));
            }
            (None, Some(_)) => return Err(not_supplied("sha")),
            (None, None) => {}
        }
        Ok((branch.clone(), current))
    }
}

pub(super) async fn put(call: Call) -> Result<Response, ApiError> {
    let own = repository::author(&call.state.user());
    let repository = &mut *call.repository()?;
    let path = call.item.as_str();
    let change: Change = call.body()?;
    let content = change.content.as_deref();
    let data = from_base64(content.ok_or_else(|| not_supplied("content"))?)?;
    check_path("path", path)?;
    let people = change.people(own)?;
    let (branch, current) = change.target(repository, path)?;
    check_head(repository, &branch, call.stood)?;
    let files = repository.files(&branch).unwrap_or_default().flat();
    let mode = files.get(path).map_or(Mode::File, |(mode, _)| *mode);
    let id = repository.store.write_blob(data);
    let commit = repository.commit_to(&branch, people, change.message, |files| {
        files.put(path, mode, id);
    })?;
    let status = match current {
        Some(_) => StatusCode::OK,
        None => StatusCode::CREATED,
    };
    let entry = Entry {
        path: path.to_owned(),
        mode,
        id,
    };
    let wire = call.wire(repository);
    let body = changed(wire, item(wire, &branch, path, &entry), commit);
    Ok((status, Json(body)).into_response())
}

pub(super) async fn delete(call: Call) -> Result<Json<Value>, ApiError> {
    let own = repository::author(&call.state.user());
    let repository = &mut *call.repository()?;
    let path = call.item.as_str();
    let change: Change = call.body()?;
    if change.sha.is_none() {
        return Err(not_supplied("sha"));
    }
    let people = change.people(own)?;
    let (branch, current) = change.target(repository, path)?;
    check_head(repository, &branch, call.stood)?;
    current.ok_or_else(ApiError::not_found)?;
    let commit = repository.commit_to(&branch, people, change.message, |files| {
        files.remove(path);
    })?;
    Ok(Json(changed(call.wire(repository), Value::Null, commit)))
}

/// Checks that the branch still is where it was when the call arrived. Of concurrent commits, one
/// succeeds.
fn check_head(repository: &Repository, branch: &str, stood: StoodAt) -> Result<(), ApiError> {
    let (StoodAt(Some(expected)), Some(head)) = (stood, repository.head(branch)) else {
        return Ok(());
    };
    if branch == repository.default_branch && head != expected {
        Err(ApiError::conflict(format!(
            "is at {head} but expected {expected}"
        )))
    } else {
        Ok(())
    }
}

fn changed(wire: Wire<'_>, content: Value, id: ObjectId) -> Value {
    let commit = wire.repository.store.commit(id);
    let commit = commit.map(|commit| wire.git_commit(id, commit));
    json!({"content": content, "commit": commit})
}
