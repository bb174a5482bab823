//! GitHub Pages, built from a branch: <https://docs.github.com/rest/pages>.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use strum::IntoStaticStr;

use super::{
    GitHub,
    call::Call,
    control::{Outcome, Plan, Settings},
    errors::ApiError,
    git::ObjectId,
    wire::{Wire, timestamp},
};
use crate::{json::extend, site};

#[derive(Clone, Debug)]
pub(super) struct Pages {
    pub(super) branch: String,
    path: String,
    /// Newest build; `None` if a workflow has to supply the files.
    build: Option<Build>,
    is_workflow: bool,
}

#[derive(Clone, Debug)]
struct Build {
    commit: ObjectId,
    began: Instant,
    created: Timestamp,
}

/// State of a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(const_into_str, serialize_all = "lowercase")]
enum Status {
    Building,
    Built,
    Errored,
}

impl Build {
    fn status(&self, settings: &Settings) -> Status {
        let time = Duration::from_millis(settings.pages_build_ms);
        match settings.pages_outcome {
            _ if self.began.elapsed() < time => Status::Building,
            Outcome::Built => Status::Built,
            Outcome::Errored => Status::Errored,
        }
    }
}

impl Pages {
    /// Starts a build of a commit.
    pub(super) fn build(&mut self, commit: ObjectId) {
        if !self.is_workflow {
            self.build = Some(Build {
                commit,
                began: Instant::now(),
                created: Timestamp::now(),
            });
        }
    }
}

#[derive(Debug, Deserialize)]
struct Create {
    build_type: Option<BuildType>,
    source: Option<Source>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum BuildType {
    Legacy,
    Workflow,
}

#[derive(Debug, Deserialize)]
struct Source {
    branch: String,
    path: Option<String>,
}

pub(super) async fn create(call: Call) -> Result<Response, ApiError> {
    let settings = call.state.settings();
    let repository = &mut *call.repository()?;
    let create: Create = call.body()?;
    if repository.pages.is_some() {
        return Err(ApiError::conflict("GitHub Pages is already enabled."));
    }
    if repository.private && settings.plan == Plan::Free {
        let message = "Your current plan does not support GitHub Pages for this repository.";
        return Err(ApiError::unprocessable(message));
    }
    let is_workflow = create.build_type == Some(BuildType::Workflow);
    let (branch, path) = match create.source {
        Some(source) => (source.branch, source.path.unwrap_or_else(|| "/".to_owned())),
        None if is_workflow => (repository.default_branch.clone(), "/".to_owned()),
        None => {
            let reason = "source or build_type wasn't supplied.";
            return Err(ApiError::invalid_request(reason));
        }
    };
    if !matches!(path.as_str(), "/" | "/docs") {
        let reason = format!("\"{path}\" is not a member of [\"/\", \"/docs\"].");
        return Err(ApiError::invalid_request(reason));
    }
    let Some(commit) = repository.head(&branch) else {
        let message = format!("The {branch} branch must exist before GitHub Pages can be built.");
        return Err(ApiError::unprocessable(message));
    };
    let mut pages = Pages {
        branch,
        path,
        build: None,
        is_workflow,
    };
    pages.build(commit);
    let body = to_json(call.wire(repository), &pages, &settings);
    repository.pages = Some(pages);
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

pub(super) async fn get(call: Call) -> Result<Json<Value>, ApiError> {
    let settings = call.state.settings();
    let repository = &*call.repository()?;
    let pages = repository.pages.as_ref();
    let pages = pages.ok_or_else(ApiError::not_found)?;
    Ok(Json(to_json(call.wire(repository), pages, &settings)))
}

fn to_json(wire: Wire<'_>, pages: &Pages, settings: &Settings) -> Value {
    let build = pages.build.as_ref();
    let mut body = wire.response("pages", &[]);
    let full_name = wire.repository.full_name();
    let more = json!({
        "status": build.map(|build| build.status(settings).into_str()),
        "html_url": format!("{}/_site/{full_name}/", wire.base),
        "build_type": if pages.is_workflow { "workflow" } else { "legacy" },
        "source": {"branch": pages.branch, "path": pages.path},
    });
    extend(&mut body, more);
    body
}

pub(super) async fn latest_build(call: Call) -> Result<Json<Value>, ApiError> {
    let settings = call.state.settings();
    let repository = &*call.repository()?;
    let pages = repository.pages.as_ref();
    let build = pages.and_then(|pages| pages.build.as_ref());
    let build = build.ok_or_else(ApiError::not_found)?;
    let status = build.status(&settings);
    let took = match status {
        Status::Building => 0,
        Status::Built | Status::Errored => settings.pages_build_ms,
    };
    let error = (status == Status::Errored).then_some("Page build failed.");
    let updated = build.created + Duration::from_millis(took);
    let wire = call.wire(repository);
    Ok(Json(json!({
        "url": format!("{}/pages/builds/latest", wire.api()),
        "status": status.into_str(),
        "error": {"message": error},
        "pusher": wire.owner(),
        "commit": build.commit.to_string(),
        "duration": took,
        "created_at": timestamp(build.created),
        "updated_at": timestamp(updated),
    })))
}

pub(super) async fn site(
    State(state): State<Arc<GitHub>>,
    Path((owner, path)): Path<(String, String)>,
) -> Response {
    let (repo, path) = path.split_once('/').unwrap_or((&path, ""));
    let settings = state.settings();
    let repository = state.repository(&owner, repo).ok();
    let built = repository.as_ref().and_then(|repository| {
        let pages = repository.pages.as_ref()?;
        let build = pages.build.as_ref();
        let build = build.filter(|build| build.status(&settings) == Status::Built)?;
        let tree = repository.store.commit(build.commit)?.tree;
        Some((&repository.store, pages.path.trim_start_matches('/'), tree))
    });
    site::respond(path, "404\n", |path| {
        let (store, below, tree) = built?;
        let entry = match below {
            "" => store.find(tree, path),
            below => store.find(tree, &format!("{below}/{path}")),
        };
        store.blob(entry?.id).cloned()
    })
}
