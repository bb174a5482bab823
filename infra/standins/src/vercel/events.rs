//! `GET /v3/deployments/{id}/events`: the log of a build.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json,
    extract::{Path, Query, State},
};
use serde_json::{Value, json};

use super::{
    Vercel,
    deployment::{Deployment, ReadyState},
    errors::ApiError,
};

pub(super) async fn list(
    State(state): State<Arc<Vercel>>,
    Path(id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Json<Vec<Value>>, ApiError> {
    let deployments = &state.state().deployments;
    let deployment = deployments.find(&id, &query)?;
    let mut events = events(deployment);
    if query.get("direction").is_some_and(|way| way == "backward") {
        events.reverse();
    }
    if let Some(limit) = query.get("limit").and_then(|limit| limit.parse().ok()) {
        events.truncate(limit);
    }
    Ok(Json(events))
}

/// Returns the events so far, oldest first.
fn events(deployment: &Deployment) -> Vec<Value> {
    let state = deployment.state();
    let mut lines: Vec<(u32, &str, String)> = Vec::new();
    if state >= ReadyState::Building {
        let count = deployment.files.len();
        lines.push((
            2,
            "stdout",
            format!("Downloading {count} deployment files..."),
        ));
        let command = deployment.settings.get("buildCommand");
        let command = command.and_then(Value::as_str).unwrap_or("vercel build");
        lines.push((3, "command", format!("Running \"{command}\"")));
    }
    match (state, &deployment.failure) {
        (ReadyState::Error, Some(failure)) => {
            lines.extend(failure.log.iter().map(|line| (9, "stderr", line.clone())));
            lines.push((10, "stderr", format!("Error: {}", failure.message)));
        }
        (ReadyState::Ready, _) => {
            lines.push((9, "stdout", "Build Completed in /vercel/output".to_owned()));
            lines.push((10, "stdout", "Deployment completed".to_owned()));
        }
        _ => {}
    }
    let numbered = lines.into_iter().enumerate();
    numbered
        .map(|(number, (tenths, kind, text))| {
            let at = deployment.at(tenths);
            let mut event = json!({
                "created": at,
                "date": at,
                "deploymentId": deployment.id,
                "id": format!("{at}{number:06}"),
                "info": {"name": "bld", "type": "build", "entrypoint": "."},
                "serial": format!("{at}{number:06}"),
                "text": text,
                "type": kind,
            });
            if kind == "stderr" {
                event["level"] = json!("error");
            }
            event
        })
        .collect()
}
