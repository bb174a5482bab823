use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Json,
    extract::{Query, State},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    Vercel,
    deployment::{Deployment, identifier},
    errors::ApiError,
    framework::{self, Files},
    show,
};

/// Maximum characters of a name: <https://vercel.com/docs/projects/overview>.
const MAX_NAME: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    name: String,
    project: Option<String>,
    #[serde(default)]
    files: Vec<Item>,
    project_settings: Option<Map<String, Value>>,
    target: Option<String>,
    #[serde(default)]
    meta: Map<String, Value>,
    git_source: Option<Value>,
}

/// A file with its content, or with the SHA-1 of an upload.
#[derive(Debug, Deserialize)]
struct Item {
    file: String,
    data: Option<String>,
    encoding: Option<String>,
    sha: Option<String>,
}

pub(super) async fn create(
    State(state): State<Arc<Vercel>>,
    Query(query): Query<HashMap<String, String>>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let body: Value = serde_json::from_slice(&body).map_err(|_| ApiError::body_is_not_json())?;
    let create: Create = serde_json::from_value(body)
        .map_err(|error| ApiError::bad_request(&format!("Invalid request: {error}.")))?;
    check(&create)?;
    let says_yes = |name: &str| query.get(name).is_some_and(|value| value == "1");
    let team = query.get("teamId").map(String::as_str);
    let files = contents(&state, &create.files)?;
    let project = create.project.as_ref().unwrap_or(&create.name);
    let detected = framework::detect(&files);
    let settings = state.settings();
    let deployments = &mut state.state().deployments;
    let known = deployments.project(team, project);
    if known.is_none() && create.project_settings.is_none() {
        return Err(ApiError::missing_project_settings(detected));
    }
    let known = known.map(|known| &known.settings);
    let given = create.project_settings.as_ref().or(known);
    let given = given.and_then(|settings| settings.get("framework"));
    let given = given.and_then(Value::as_str);
    if let Some(detected) = detected
        && given != Some(detected)
        && !says_yes("skipAutoDetectionConfirmation")
    {
        return Err(ApiError::other_framework(detected, given));
    }
    let project_of = deployments.settle(team, project, create.project_settings);
    let number = deployments.count().to_string();
    let id = identifier("dpl_", &[project, team.unwrap_or_default(), &number]);
    let deployment = Deployment {
        url: format!("{project}-{}.localhost", &id[4..13]),
        id,
        project: project.clone(),
        project_id: project_of.id,
        team: team.map(str::to_owned),
        target: create.target,
        settings: project_of.settings,
        meta: create.meta,
        files,
        created: Timestamp::now(),
        began: Instant::now(),
        build: Duration::from_millis(settings.build_ms),
        failure: settings.failure,
    };
    if !says_yes("forceNew")
        && let Some(similar) = deployments.similar(&deployment)
    {
        return Ok(Json(show::to_json(similar)));
    }
    let body = show::to_json(&deployment);
    deployments.push(deployment);
    Ok(Json(body))
}

fn check(create: &Create) -> Result<(), ApiError> {
    let allowed = |character: char| {
        character.is_ascii_lowercase()
            || character.is_ascii_digit()
            || matches!(character, '.' | '_' | '-')
    };
    let name = &create.name;
    let good = !name.is_empty() && name.len() <= MAX_NAME && !name.contains("---");
    if !good || !name.chars().all(allowed) {
        return Err(ApiError::bad_request(
            "Project names can be up to 100 characters long and must be lowercase. They can include \
             letters, digits, and the following characters: '.', '_', '-'. However, they cannot \
             contain the sequence '---'.",
        ));
    }
    let settings = create.project_settings.as_ref();
    let framework = settings.and_then(|settings| settings.get("framework"));
    let framework = framework.and_then(Value::as_str);
    if framework.is_some_and(|framework| !framework::is_known(framework)) {
        let message = "Invalid request: `projectSettings.framework` should be equal to one of the \
                       allowed values.";
        return Err(ApiError::bad_request(message));
    }
    if let Some(target) = create.target.as_deref()
        && !matches!(target, "production" | "staging")
    {
        let message = "Invalid request: `target` should be equal to one of the allowed values.";
        return Err(ApiError::bad_request(message));
    }
    match (create.files.is_empty(), &create.git_source) {
        (true, _) | (_, Some(_)) => Err(ApiError::bad_request(
            "Invalid request: `files` should NOT have fewer than 1 items.",
        )),
        (false, None) => Ok(()),
    }
}

/// Returns the contents of the files, or an error that lists missing uploads.
fn contents(state: &Vercel, items: &[Item]) -> Result<Files, ApiError> {
    let uploads = &state.state().uploads;
    let (mut files, mut missing) = (Files::new(), Vec::new());
    for item in items {
        let bad = |what: &str| {
            let message = format!("Invalid request: `files` has {what} at `{}`.", item.file);
            ApiError::bad_request(&message)
        };
        let strange = |part: &str| matches!(part, "" | "." | "..");
        if item.file.split('/').any(strange) {
            return Err(bad("no path"));
        }
        let data = match (&item.data, item.encoding.as_deref(), &item.sha) {
            (Some(data), None | Some("utf-8"), _) => Bytes::from(data.clone()),
            (Some(data), Some("base64"), _) => {
                STANDARD.decode(data).map_err(|_| bad("no base64"))?.into()
            }
            (Some(_), Some(_), _) => return Err(bad("another encoding")),
            (None, _, Some(sha)) => match uploads.get(sha) {
                Some(data) => data.clone(),
                None => {
                    missing.push(sha.clone());
                    continue;
                }
            },
            (None, _, None) => return Err(bad("neither `data` nor `sha`")),
        };
        files.insert(item.file.clone(), data);
    }
    if missing.is_empty() {
        Ok(files)
    } else {
        Err(ApiError::missing_files(&missing))
    }
}
