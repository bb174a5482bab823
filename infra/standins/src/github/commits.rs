//! Commits and branches: <https://docs.github.com/rest/git/commits>, <https://docs.github.com/rest/branches>.

use axum::{Json, response::Response};
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::{
    call::Call,
    created,
    errors::ApiError,
    git::{Commit, Kind, Moment, ObjectId, Person},
    repository::{self, Repository},
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

pub(super) async fn create(call: Call) -> Result<Response, ApiError> {
    let own = repository::author(&call.state.user());
    let repository = &mut *call.database()?;
    let create: Create = call.body()?;
    let commit = commit(create, repository, own)?;
    let id = repository.store.write_commit(commit.clone());
    let body = call.wire(repository).git_commit(id, &commit);
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

pub(super) async fn get(call: Call) -> Result<Json<Value>, ApiError> {
    let repository = &*call.database()?;
    let id = call.object()?;
    let commit = repository.store.commit(id);
    let commit = commit.ok_or_else(ApiError::not_found)?;
    Ok(Json(call.wire(repository).git_commit(id, commit)))
}

/// Query of a page.
#[derive(Debug, Deserialize)]
struct Page {
    sha: Option<String>,
    per_page: Option<usize>,
    page: Option<usize>,
}

pub(super) async fn list(call: Call) -> Result<Json<Value>, ApiError> {
    let page: Page = call.query()?;
    let repository = &*call.database()?;
    let from = page.sha.as_deref().unwrap_or(&repository.default_branch);
    let from = repository.head(from).or_else(|| from.parse().ok());
    let from = from.filter(|id| repository.store.is(*id, Kind::Commit));
    let from = from.ok_or_else(ApiError::not_found)?;
    let history = repository.store.history(from).into_iter();
    let commits = request::page(history, page.page, page.per_page.unwrap_or(30))
        .filter_map(|id| Some((id, repository.store.commit(id)?)))
        .map(|(id, commit)| call.wire(repository).commit(id, commit))
        .collect();
    Ok(Json(commits))
}

pub(super) async fn branch(call: Call) -> Result<Json<Value>, ApiError> {
    let repository = &*call.repository()?;
    let no_branch = || ApiError::new(StatusCode::NOT_FOUND, "Branch not found");
    let id = repository.head(&call.item).ok_or_else(no_branch)?;
    let commit = repository.store.commit(id).ok_or_else(no_branch)?;
    let wire = call.wire(repository);
    let mut body = wire.response("branch", &[("@branch@", &call.item)]);
    body["commit"] = wire.commit(id, commit);
    Ok(Json(body))
}
