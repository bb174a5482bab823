//! Commits and branches: <https://docs.github.com/rest/git/commits>, <https://docs.github.com/rest/branches>.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    GitHub, body, created,
    errors::ApiError,
    git::{Commit, Kind, Moment, ObjectId, Person},
    repository,
    repository::Repository,
};
use crate::request;

#[derive(Debug, Deserialize)]
struct Create {
    message: String,
    tree: String,
    #[serde(default)]
    parents: Vec<String>,
    author: Option<Who>,
    committer: Option<Who>,
}

/// An author or committer in a request.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Who {
    name: String,
    email: String,
    date: Option<String>,
}

impl Who {
    pub(super) fn person(self) -> Result<Person, ApiError> {
        let at = match &self.date {
            None => Moment::now(),
            Some(date) => Moment::parse(date).ok_or_else(|| {
                ApiError::invalid_request(format!("{date:?} is not a valid timestamp."))
            })?,
        };
        let (name, email) = (self.name, self.email);
        Ok(Person { name, email, at })
    }
}

pub(super) async fn create(
    State(state): State<Arc<GitHub>>,
    Path((owner, repo)): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let own = repository::author(&state.user());
    let repository = &mut *state.database(&owner, &repo)?;
    let create: Create = body::read(&body)?;
    let commit = commit(create, repository, own)?;
    let id = repository.store.write_commit(commit.clone());
    let body = state.wire().git_commit(repository, id, &commit);
    Ok(created(body))
}

fn commit(create: Create, repository: &Repository, own: Person) -> Result<Commit, ApiError> {
    let tree = create.tree.parse().ok();
    let tree = tree.filter(|tree: &ObjectId| repository.store.is(*tree, Kind::Tree));
    let tree = tree.ok_or_else(|| ApiError::unprocessable("Tree SHA does not exist"))?;
    let mut parents = Vec::with_capacity(create.parents.len());
    for parent in &create.parents {
        let parent = parent.parse().ok();
        let parent = parent.filter(|id: &ObjectId| repository.store.is(*id, Kind::Commit));
        let message = "Parent SHA does not exist or is not a commit object";
        parents.push(parent.ok_or_else(|| ApiError::unprocessable(message))?);
    }
    let author = create.author.map_or(Ok(own), Who::person)?;
    let committer = create.committer.map_or(Ok(author.clone()), Who::person)?;
    Ok(Commit {
        tree,
        parents,
        author,
        committer,
        message: create.message,
    })
}

pub(super) async fn get(
    State(state): State<Arc<GitHub>>,
    Path((owner, repo, sha)): Path<(String, String, String)>,
) -> Result<Response, ApiError> {
    let repository = &*state.database(&owner, &repo)?;
    let id: ObjectId = sha.parse().map_err(|_| ApiError::not_found())?;
    let commit = repository.store.commit(id);
    let commit = commit.ok_or_else(ApiError::not_found)?;
    Ok(Json(state.wire().git_commit(repository, id, commit)).into_response())
}

/// Query of a page.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    sha: Option<String>,
    per_page: Option<usize>,
    page: Option<usize>,
}

pub(super) async fn list(
    State(state): State<Arc<GitHub>>,
    Path((owner, repo)): Path<(String, String)>,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(page) = page.map_err(|_| ApiError::unprocessable("Invalid parameters"))?;
    let repository = &*state.database(&owner, &repo)?;
    let from = page.sha.as_deref().unwrap_or(&repository.default_branch);
    let from = repository.head(from).or_else(|| from.parse().ok());
    let from = from.filter(|id| repository.store.is(*id, Kind::Commit));
    let from = from.ok_or_else(ApiError::not_found)?;
    let history = repository.store.history(from).into_iter();
    let commits: Vec<Value> = request::page(history, page.page, page.per_page.unwrap_or(30))
        .filter_map(|id| Some((id, repository.store.commit(id)?)))
        .map(|(id, commit)| state.wire().commit(repository, id, commit))
        .collect();
    Ok(Json(commits).into_response())
}

pub(super) async fn branch(
    State(state): State<Arc<GitHub>>,
    Path((owner, repo, branch)): Path<(String, String, String)>,
) -> Result<Response, ApiError> {
    let repository = &*state.repository(&owner, &repo)?;
    let no_branch = || ApiError::new(StatusCode::NOT_FOUND, "Branch not found");
    let id = repository.head(&branch).ok_or_else(no_branch)?;
    let commit = repository.store.commit(id).ok_or_else(no_branch)?;
    let (api, web) = (state.wire().api(repository), state.wire().web(repository));
    let url = format!("{api}/branches/{branch}");
    let body = json!({
        "name": branch,
        "commit": state.wire().commit(repository, id, commit),
        "_links": {"self": url, "html": format!("{web}/tree/{branch}")},
        "protected": false,
        "protection": {
            "enabled": false,
            "required_status_checks": {"enforcement_level": "off", "contexts": [], "checks": []},
        },
        "protection_url": format!("{url}/protection"),
    });
    Ok(Json(body).into_response())
}
