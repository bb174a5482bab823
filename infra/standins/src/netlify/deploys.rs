use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Json,
    extract::{Path, Query, State},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};

use super::{
    Netlify,
    deploy::Deploy,
    errors::ApiError,
    sites::{page, read},
};
use crate::{request::digest, site};

const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug, Deserialize)]
struct Create {
    files: BTreeMap<String, String>,
    #[serde(default)]
    draft: bool,
    branch: Option<String>,
}

pub(super) async fn create(
    State(state): State<Arc<Netlify>>,
    Path(site_id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let settings = state.settings();
    let mut world = state.state();
    let site = world.site(&site_id).ok_or_else(ApiError::not_found)?;
    let create: Create = read(&body)?;
    let (site_id, name) = (site.id.clone(), site.name.clone());
    let lately = world.of_site(&site_id);
    let lately = lately
        .filter(|deploy| deploy.began.elapsed() < MINUTE)
        .count();
    if settings
        .deploys_per_minute
        .is_some_and(|most| lately >= most)
    {
        return Ok(ApiError::rate_limited(None));
    }
    let number = world.deploys.len().to_string();
    let mut deploy = Deploy {
        id: digest(&[&site_id, "deploy", &number])[..24].to_owned(),
        site_id,
        name,
        title: query.get("title").cloned(),
        branch: create.branch,
        draft: create.draft,
        files: checked(create.files)?,
        created: Timestamp::now(),
        began: Instant::now(),
        complete: None,
        processing: Duration::from_millis(settings.processing_ms),
        failure: settings.failure,
    };
    deploy.complete_with(&world.contents);
    let body = deploy.to_json(&state.base_url, &world.contents);
    world.deploys.push(deploy);
    Ok(Json(body).into_response())
}

/// Checks paths and digests, and strips leading slashes.
fn checked(files: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, ApiError> {
    let mut checked = BTreeMap::new();
    for (path, sha) in files {
        let clean = path.trim_start_matches('/');
        let hexadecimal = sha.len() == 40 && sha.bytes().all(|byte| byte.is_ascii_hexdigit());
        // https://docs.netlify.com/api/get-started/#file-digest-method
        if clean.is_empty() || clean.contains(['#', '?']) || !hexadecimal {
            return Err(ApiError::unprocessable(&format!("Invalid file: {path}")));
        }
        checked.insert(clean.to_owned(), sha.to_lowercase());
    }
    Ok(checked)
}

pub(super) async fn list(
    State(state): State<Arc<Netlify>>,
    Path(site_id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Json<Value>, ApiError> {
    let world = state.state();
    let site = world.site(&site_id).ok_or_else(ApiError::not_found)?;
    let deploys = page(world.of_site(&site.id), &query);
    let deploys = deploys
        .map(|deploy| deploy.to_json(&state.base_url, &world.contents))
        .collect();
    Ok(Json(deploys))
}

pub(super) async fn get(
    State(state): State<Arc<Netlify>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let world = state.state();
    let deploy = world.deploys.iter().find(|deploy| deploy.id == id);
    let deploy = deploy.ok_or_else(ApiError::not_found)?;
    Ok(Json(deploy.to_json(&state.base_url, &world.contents)))
}

pub(super) async fn upload(
    State(state): State<Arc<Netlify>>,
    Path((id, path)): Path<(String, String)>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let mut world = state.state();
    let position = world.deploys.iter().position(|deploy| deploy.id == id);
    let position = position.ok_or_else(ApiError::not_found)?;
    let path = path.trim_start_matches('/');
    let expected = world.deploys[position].files.get(path).cloned();
    let expected = expected.ok_or_else(ApiError::not_found)?;
    let sha = hex::encode(Sha1::digest(&body));
    if sha != expected {
        let message = format!("The digest of {path} is {sha}, not {expected}");
        return Err(ApiError::unprocessable(&message));
    }
    let size = body.len();
    let site = world.deploys[position].site_id.clone();
    world.contents.insert(&site, sha.clone(), body);
    // Several deploys may wait for the same file.
    let super::world::World {
        deploys, contents, ..
    } = &mut *world;
    for deploy in deploys {
        deploy.complete_with(contents);
    }
    let path = format!("/{path}");
    let body = json!({
        "id": path,
        "path": path,
        "sha": sha,
        "mime_type": site::media_type(&path),
        "size": size,
    });
    Ok(Json(body))
}
