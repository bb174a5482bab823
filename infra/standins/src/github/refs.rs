//! References: <https://docs.github.com/rest/git/refs>.

use axum::{Json, response::Response};
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::{
    call::Call,
    created,
    errors::ApiError,
    git::{Kind, ObjectId},
    repository::Repository,
};

pub(super) async fn get(call: Call) -> Result<Json<Value>, ApiError> {
    let repository = &*call.database()?;
    let name = format!("refs/{}", call.item);
    let id = repository.reference(&name);
    let id = id.ok_or_else(ApiError::not_found)?;
    Ok(Json(call.wire(repository).reference(&name, id)))
}

#[derive(Debug, Deserialize)]
struct Create {
    #[serde(rename = "ref")]
    name: String,
    sha: String,
}

pub(super) async fn create(call: Call) -> Result<Response, ApiError> {
    let repository = &mut *call.database()?;
    let create: Create = call.body()?;
    check_name(&create.name)?;
    if repository.refs.contains_key(&create.name) {
        return Err(ApiError::unprocessable("Reference already exists"));
    }
    let id = commit_of(repository, &create.sha)?;
    repository.set_reference(&create.name, id);
    let body = call.wire(repository).reference(&create.name, id);
    Ok(created(body))
}

#[derive(Debug, Deserialize)]
struct Update {
    sha: String,
    #[serde(default)]
    force: bool,
}

pub(super) async fn update(call: Call) -> Result<Json<Value>, ApiError> {
    let repository = &mut *call.database()?;
    let update: Update = call.body()?;
    let name = format!("refs/{}", call.item);
    let current = *repository.refs.get(&name).ok_or_else(no_reference)?;
    let id = commit_of(repository, &update.sha)?;
    // A forced update could lose commits of another caller.
    if !update.force && !repository.store.history(id).contains(&current) {
        return Err(ApiError::unprocessable("Update is not a fast forward"));
    }
    repository.set_reference(&name, id);
    Ok(Json(call.wire(repository).reference(&name, id)))
}

pub(super) async fn delete(call: Call) -> Result<StatusCode, ApiError> {
    let repository = &mut *call.database()?;
    if call.item == format!("heads/{}", repository.default_branch) {
        return Err(ApiError::unprocessable("Cannot delete the default branch"));
    }
    if repository.remove_reference(&format!("refs/{}", call.item)) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(no_reference())
    }
}

fn no_reference() -> ApiError {
    ApiError::unprocessable("Reference does not exist")
}

/// Returns the commit for a reference.
fn commit_of(repository: &Repository, sha: &str) -> Result<ObjectId, ApiError> {
    let id = sha.parse().map_err(|_| {
        ApiError::unprocessable(
            "The sha parameter must be exactly 40 characters and contain only \
                                 [0-9a-f].",
        )
    })?;
    if repository.store.is(id, Kind::Commit) {
        Ok(id)
    } else {
        Err(ApiError::unprocessable("Object does not exist"))
    }
}

/// Checks the name of a reference by git's rules: <https://git-scm.com/docs/git-check-ref-format>.
fn check_name(name: &str) -> Result<(), ApiError> {
    if !name.starts_with("refs/") || name.split('/').count() < 3 {
        let message = "Reference name must start with 'refs/' and have at least three components";
        return Err(ApiError::unprocessable(message));
    }
    let bad_component =
        |part: &str| part.is_empty() || part.starts_with('.') || part.ends_with(".lock");
    let bad_character = |character: char| {
        character.is_control()
            || matches!(character, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\')
    };
    let bad = name.split('/').any(bad_component)
        || name.contains(bad_character)
        || name.contains("..")
        || name.contains("@{")
        || name.ends_with('.');
    if bad {
        Err(ApiError::unprocessable(format!(
            "{name} is not a valid ref name."
        )))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_name_follows_the_rules_of_git() {
        for name in [
            "refs/heads/main",
            "refs/heads/feature/a-b",
            "refs/tags/v1.0",
        ] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in [
            "heads/main",
            "refs/main",
            "refs/heads/",
            "refs/heads/a b",
            "refs/heads/a..b",
            "refs/heads/.a",
            "refs/heads/a.lock",
            "refs/heads/a.",
        ] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
