//! Blobs: <https://docs.github.com/rest/git/blobs>.

use axum::{Json, response::Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{call::Call, created, errors::ApiError};

#[derive(Debug, Deserialize)]
struct Create {
    content: String,
    encoding: Option<String>,
}

pub(super) async fn create(call: Call) -> Result<Response, ApiError> {
    let repository = &mut *call.database()?;
    let create: Create = call.body()?;
    let data = match create.encoding.as_deref() {
        None | Some("utf-8") => create.content.into_bytes(),
        Some("base64") => from_base64(&create.content)?,
        Some(_) => {
            let message = "encoding must be either utf-8 or base64";
            return Err(ApiError::unprocessable(message));
        }
    };
    let id = repository.store.write_blob(data);
    let url = format!("{}/git/blobs/{id}", call.wire(repository).api());
    Ok(created(json!({"sha": id.to_string(), "url": url})))
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

pub(super) async fn get(call: Call) -> Result<Json<Value>, ApiError> {
    let repository = &*call.database()?;
    let id = call.object()?;
    let data = repository.store.blob(id).ok_or_else(ApiError::not_found)?;
    let placeholders = [("@sha@", call.item.as_str())];
    let mut body = call.wire(repository).response("blob", &placeholders);
    body["size"] = json!(data.len());
    body["content"] = json!(to_base64(data));
    Ok(Json(body))
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
