//! Blobs: <https://docs.github.com/rest/git/blobs>.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::json;

use super::{GitHub, body, errors::ApiError};

#[derive(Debug, Deserialize)]
struct Create {
    content: String,
    encoding: Option<String>,
}

pub(super) async fn create(
    State(state): State<Arc<GitHub>>,
    Path((owner, repo)): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let repository = &mut *state.database(&owner, &repo)?;
    let create: Create = body::read(&body)?;
    let data = match create.encoding.as_deref() {
        None | Some("utf-8") => create.content.into_bytes(),
        Some("base64") => from_base64(&create.content)?,
        Some(_) => {
            let message = "encoding must be either utf-8 or base64";
            return Err(ApiError::unprocessable(message));
        }
    };
    let id = repository.store.write_blob(data);
    let url = format!("{}/git/blobs/{id}", state.wire().api(repository));
    let body = Json(json!({"sha": id.to_string(), "url": url}));
    Ok((StatusCode::CREATED, [(header::LOCATION, url)], body).into_response())
}

/// Decodes Base64, with or without line breaks.
pub(super) fn from_base64(text: &str) -> Result<Vec<u8>, ApiError> {
    let text: String = text.split_ascii_whitespace().collect();
    let message = "content is not valid Base64";
    STANDARD
        .decode(text)
        .map_err(|_| ApiError::unprocessable(message))
}

/// Encodes Base64 in lines of 60 characters, as GitHub does.
pub(super) fn to_base64(data: &[u8]) -> String {
    let text = STANDARD.encode(data);
    let mut lines = String::with_capacity(text.len() + text.len() / 60 + 1);
    for (position, character) in text.chars().enumerate() {
        lines.push(character);
        if position % 60 == 59 {
            lines.push('\n');
        }
    }
    if !lines.is_empty() && !lines.ends_with('\n') {
        lines.push('\n');
    }
    lines
}

pub(super) async fn get(
    State(state): State<Arc<GitHub>>,
    Path((owner, repo, sha)): Path<(String, String, String)>,
) -> Result<Response, ApiError> {
    let repository = &*state.database(&owner, &repo)?;
    let id = sha.parse().map_err(|_| ApiError::not_found())?;
    let data = repository.store.blob(id).ok_or_else(ApiError::not_found)?;
    let api = state.wire().api(repository);
    let body = json!({
        "sha": sha,
        "node_id": format!("B_{}_{sha}", repository.id),
        "size": data.len(),
        "url": format!("{api}/git/blobs/{sha}"),
        "content": to_base64(data),
        "encoding": "base64",
    });
    Ok(Json(body).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_encoded_and_accepted_in_lines() {
        let data = vec![7; 100];
        let text = to_base64(&data);
        assert_eq!(text.lines().map(str::len).collect::<Vec<_>>(), [60, 60, 16]);
        assert!(text.ends_with('\n'));
        assert_eq!(from_base64(&text).unwrap(), data);
        assert_eq!(to_base64(b""), "");
        assert!(from_base64("!").is_err());
    }
}
