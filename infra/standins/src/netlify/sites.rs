use std::{collections::HashMap, sync::Arc};

use axum::{
    Json,
    extract::{Path, Query, State},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{Netlify, errors::ApiError, world::Site};
use crate::{
    request::{self, digest},
    site,
};

/// Maximum characters of a label of a host name: <https://www.rfc-editor.org/rfc/rfc1035>.
const MAX_NAME: usize = 63;

#[derive(Debug, Default, Deserialize)]
struct Create {
    name: Option<String>,
    custom_domain: Option<String>,
}

pub(super) async fn create(
    State(state): State<Arc<Netlify>>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let create = if body.is_empty() {
        Create::default()
    } else {
        read(&body)?
    };
    let taken = state.settings().taken;
    let mut world = state.state();
    let number = world.sites.len().to_string();
    let name = create.name.unwrap_or_else(|| format!("stand-in-{number}"));
    if !is_name(&name) {
        return Err(ApiError::bad_subdomain("is invalid"));
    }
    if taken.contains(&name) || world.sites.iter().any(|site| site.name == name) {
        return Err(ApiError::bad_subdomain("must be unique"));
    }
    let id = digest(&[&name, &number]);
    let id = [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..32]].join("-");
    let site = Site {
        id,
        name,
        custom_domain: create.custom_domain,
        created: Timestamp::now(),
    };
    let body = world.site_to_json(&site, &state.base_url);
    world.sites.push(site);
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

pub(super) fn read<T: serde::de::DeserializeOwned>(body: &Bytes) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| ApiError::bad_request(&error.to_string()))
}

fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=MAX_NAME).contains(&name.len())
        && name.bytes().all(plain)
        && !name.starts_with('-')
        && !name.ends_with('-')
        // Two hyphens separate a deploy from its site.
        && !name.contains("--")
}

pub(super) async fn list(
    State(state): State<Arc<Netlify>>,
    Query(query): Query<HashMap<String, String>>,
) -> Json<Value> {
    let world = state.state();
    let named = |site: &&Site| {
        query
            .get("name")
            .is_none_or(|name| site.name.contains(name))
    };
    // All sites belong to the caller, so none has guests.
    let guest = query.get("filter").is_some_and(|filter| filter == "guest");
    let sites = world.sites.iter().filter(named).filter(|_| !guest);
    let sites = page(sites, &query);
    Json(
        sites
            .map(|site| world.site_to_json(site, &state.base_url))
            .collect(),
    )
}

/// Returns the page of a list that a query selects.
pub(super) fn page<T>(
    items: impl Iterator<Item = T>,
    query: &HashMap<String, String>,
) -> impl Iterator<Item = T> {
    let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
    request::page(items, number("page"), number("per_page").unwrap_or(100))
}

pub(super) async fn get(
    State(state): State<Arc<Netlify>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let world = state.state();
    let site = world.site(&id).ok_or_else(ApiError::not_found)?;
    Ok(Json(world.site_to_json(site, &state.base_url)))
}

pub(super) async fn site(State(state): State<Arc<Netlify>>, Path(path): Path<String>) -> Response {
    let (host, path) = path.split_once('/').unwrap_or((&path, ""));
    let world = state.state();
    site::respond(path, "Not Found\n", |path| world.file(host, path).cloned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn site_name_is_a_host_label() {
        for name in ["a", "my-site-2", "0"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "-a", "a-", "a--b", "A", "a.b", &"a".repeat(64)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
