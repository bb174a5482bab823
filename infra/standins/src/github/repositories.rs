use std::time::Duration;

use axum::{Json, response::Response};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    body::not_supplied,
    call::Call,
    created,
    errors::ApiError,
    git::Mode,
    repository::{self, Owner, Repository},
};

/// Maximum characters of a name:
/// <https://docs.github.com/en/repositories/creating-and-managing-repositories>.
const MAX_NAME: usize = 100;
const MAX_DESCRIPTION: usize = 350;

/// Body of a request for a new repository, with the fields that are stored.
#[derive(Debug, Deserialize)]
struct Create {
    name: Option<String>,
    description: Option<String>,
    homepage: Option<String>,
    #[serde(default)]
    private: bool,
    visibility: Option<Visibility>,
    #[serde(default)]
    auto_init: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Visibility {
    Public,
    Private,
}

pub(super) async fn create(call: Call) -> Result<Response, ApiError> {
    let owner = call.state.user();
    make(&call, owner)
}

pub(super) async fn create_in(call: Call) -> Result<Response, ApiError> {
    let owner = Owner {
        login: call.owner.clone(),
        is_organization: true,
    };
    if owner.login.eq_ignore_ascii_case(&call.state.user().login) {
        return Err(ApiError::not_found());
    }
    make(&call, owner)
}

fn make(call: &Call, owner: Owner) -> Result<Response, ApiError> {
    let create: Create = call.body()?;
    let name = create.name.ok_or_else(|| not_supplied("name"))?;
    let name = checked_name(&name)?;
    check_description(create.description.as_deref())?;
    let author = repository::author(&call.state.user());
    let empty_for = Duration::from_millis(call.state.settings().empty_for_ms);
    let repositories = &mut call.state.state().repositories;
    let repository = repositories.create(owner, name)?;
    repository.description = create.description.filter(|text| !text.is_empty());
    repository.homepage = create.homepage;
    repository.private = create.private || create.visibility == Some(Visibility::Private);
    if create.auto_init {
        let blob = repository.store.write_blob(read_me(repository));
        let branch = repository.default_branch.clone();
        let people = (author, repository::web_flow());
        repository.commit_to(&branch, people, "Initial commit".to_owned(), |files| {
            files.put("README.md", Mode::File, blob);
        })?;
        repository.hide_for(empty_for);
    }
    Ok(created(call.wire(repository).full_repository()))
}

/// Returns the first file of a repository that is not created empty.
fn read_me(repository: &Repository) -> String {
    match &repository.description {
        Some(description) => format!("# {}\n{description}\n", repository.name),
        None => format!("# {}\n", repository.name),
    }
}

/// Returns the name that a repository gets. Invalid characters become hyphens.
fn checked_name(name: &str) -> Result<String, ApiError> {
    let allowed =
        |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_');
    let mut clean = String::new();
    for character in name.chars() {
        if allowed(character) {
            clean.push(character);
        } else if !clean.ends_with('-') {
            clean.push('-');
        }
    }
    if clean.len() > MAX_NAME {
        let message = "name is too long (maximum is 100 characters)";
        return Err(ApiError::bad_repository("name", message));
    }
    if clean.is_empty() {
        return Err(ApiError::bad_repository("name", "name cannot be blank"));
    }
    if matches!(clean.as_str(), "." | "..") || clean.to_lowercase().ends_with(".git") {
        return Err(ApiError::bad_repository("name", "name is reserved"));
    }
    Ok(clean)
}

fn check_description(description: Option<&str>) -> Result<(), ApiError> {
    let Some(text) = description else {
        return Ok(());
    };
    let message = if text.chars().count() > MAX_DESCRIPTION {
        "description cannot be more than 350 characters"
    } else if text.chars().any(char::is_control) {
        "description control characters are not allowed"
    } else {
        return Ok(());
    };
    Err(ApiError::validation_failed(json!({
        "resource": "Repository",
        "code": "custom",
        "field": "description",
        "message": message,
    })))
}

pub(super) async fn get(call: Call) -> Result<Json<Value>, ApiError> {
    let repository = &*call.repository()?;
    Ok(Json(call.wire(repository).full_repository()))
}

/// Body of a change, with the fields that are stored.
#[derive(Debug, Deserialize)]
struct Update {
    name: Option<String>,
    description: Option<String>,
    homepage: Option<String>,
    private: Option<bool>,
    visibility: Option<Visibility>,
    default_branch: Option<String>,
    archived: Option<bool>,
}

pub(super) async fn update(call: Call) -> Result<Json<Value>, ApiError> {
    let update: Update = call.body()?;
    check_description(update.description.as_deref())?;
    let repositories = &mut call.state.state().repositories;
    let position = repositories.position(&call.owner, &call.name)?;
    if let Some(branch) = &update.default_branch {
        let repository = repositories.at(position);
        if repository.head(branch).is_none() {
            let message = format!(
                "The branch {branch} was not found. Please push that ref first or create it via \
                 the Git Data API."
            );
            return Err(ApiError::validation_failed(json!({
                "resource": "Repository",
                "code": "invalid",
                "field": "default_branch",
                "message": message,
            })));
        }
    }
    if let Some(other) = &update.name {
        repositories.rename(position, &checked_name(other)?)?;
    }
    let repository = repositories.at_mut(position);
    if let Some(description) = update.description {
        repository.description = Some(description).filter(|text| !text.is_empty());
    }
    if let Some(homepage) = update.homepage {
        repository.homepage = Some(homepage);
    }
    let visibility = update.visibility.map(|one| one == Visibility::Private);
    if let Some(private) = visibility.or(update.private) {
        repository.private = private;
    }
    if let Some(branch) = update.default_branch {
        repository.default_branch = branch;
    }
    if let Some(archived) = update.archived {
        repository.archived = archived;
    }
    Ok(Json(call.wire(repository).full_repository()))
}

pub(super) async fn delete(call: Call) -> Result<StatusCode, ApiError> {
    let repositories = &mut call.state.state().repositories;
    repositories.delete(&call.owner, &call.name)?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_characters_of_a_name_become_hyphens() {
        let name = |text: &str| checked_name(text).ok();
        assert_eq!(
            name("Team Environment").as_deref(),
            Some("Team-Environment")
        );
        assert_eq!(name("a  / b.c_d").as_deref(), Some("a-b.c_d"));
        assert_eq!(name("é").as_deref(), Some("-"));
        for text in ["", ".", "..", "a.git", &"a".repeat(101)] {
            assert_eq!(name(text), None, "{text}");
        }
    }
}
