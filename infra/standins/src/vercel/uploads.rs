//! `POST /v2/files`: uploads a file before the deployment that names it.

use std::sync::Arc;

use axum::{Json, extract::State};
use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};

use super::{Vercel, errors::ApiError};

pub(super) async fn upload(
    State(state): State<Arc<Vercel>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let digest = header("x-vercel-digest").or_else(|| header("x-now-digest"));
    let digest = digest.ok_or_else(|| {
        ApiError::bad_request("Missing required header `x-vercel-digest` or `x-now-digest`")
    })?;
    if header("x-now-size").is_some_and(|size| size.parse() != Ok(body.len())) {
        let message = "The size of the file is not that of the header `x-now-size`";
        return Err(ApiError::bad_request(message));
    }
    let own = hex::encode(Sha1::digest(&body));
    if own != digest {
        let message = format!("The file has the digest {own}, not {digest}");
        return Err(ApiError::bad_request(&message));
    }
    state.state().uploads.insert(own, body);
    Ok(Json(json!({"urls": []})))
}
