//! `GET /v13/deployments/{id}`, and the files that a deployment serves.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json,
    extract::{Path, Query, Request, State},
    middleware::Next,
    response::Response,
};
use http::header;
use serde_json::{Value, json};

use super::{
    Vercel,
    deployment::{Deployment, ReadyState},
    errors::ApiError,
};
use crate::{
    json::{data, extend, filled},
    site,
};

pub(super) async fn get(
    State(state): State<Arc<Vercel>>,
    Path(id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Json<Value>, ApiError> {
    let deployments = &state.state().deployments;
    Ok(Json(to_json(deployments.find(&id, &query)?)))
}

/// Returns a deployment as its owner sees it.
pub(super) fn to_json(deployment: &Deployment) -> Value {
    let state = deployment.state();
    let is_ready = state == ReadyState::Ready;
    let placeholders = [
        ("@id@", deployment.id.as_str()),
        ("@project@", &deployment.project),
        ("@project_id@", &deployment.project_id),
        ("@owner@", deployment.team.as_deref().unwrap_or("stand-in")),
        ("@url@", &deployment.url),
        ("@state@", state.into_str()),
    ];
    let mut body = filled(data(include_str!("deployment.json")), &placeholders);
    let more = json!({
        "alias": aliases(deployment),
        "aliasAssigned": is_ready,
        "target": deployment.target,
        "projectSettings": deployment.settings,
        "meta": deployment.meta,
        "createdAt": deployment.at(0),
        "bootedAt": deployment.at(1),
        "buildingAt": deployment.at(2),
    });
    extend(&mut body, more);
    if is_ready {
        body["ready"] = json!(deployment.at(10));
        body["aliasAssignedAt"] = json!(deployment.at(10));
    }
    if let (ReadyState::Error, Some(failure)) = (state, &deployment.failure) {
        body["errorCode"] = json!(failure.code);
        body["errorMessage"] = json!(failure.message);
        body["errorStep"] = json!(failure.step);
    }
    body
}

/// Returns the host name of the project, which a production deployment gets.
fn aliases(deployment: &Deployment) -> Vec<String> {
    let is_production = deployment.target.as_deref() == Some("production");
    let name = format!("{}.localhost", deployment.project);
    is_production.then_some(name).into_iter().collect()
}

pub(super) async fn site(State(state): State<Arc<Vercel>>, Path(path): Path<String>) -> Response {
    let (host, path) = path.split_once('/').unwrap_or((&path, ""));
    file(&state, host, path)
}

/// Middleware: serves requests that name the host of a deployment, and passes on all others.
pub(super) async fn serve_host(
    State(state): State<Arc<Vercel>>,
    request: Request,
    next: Next,
) -> Response {
    let host = request.headers().get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok());
    let host = host.and_then(|host| host.split(':').next());
    match host.filter(|host| host.ends_with(".localhost")) {
        Some(host) => file(&state, host, request.uri().path()),
        None => next.run(request).await,
    }
}

fn file(state: &Vercel, host: &str, path: &str) -> Response {
    let world = state.state();
    let deployment = world.deployments.serving(host);
    site::respond(path, "NOT_FOUND\n", |path| {
        deployment?.files.get(path).cloned()
    })
}
