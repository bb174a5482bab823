//! Topics of a repository.

use axum::Json;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{call::Call, errors::ApiError};

/// Maximum topics of a repository, and characters of a topic:
/// <https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/classifying-your-repository-with-topics>.
const MAX_TOPICS: usize = 20;
const MAX_TOPIC: usize = 50;

pub(super) async fn get(call: Call) -> Result<Json<Value>, ApiError> {
    let names = &call.repository()?.topics;
    Ok(Json(json!({"names": names})))
}

#[derive(Debug, Deserialize)]
struct Replace {
    names: Vec<String>,
}

pub(super) async fn replace(call: Call) -> Result<Json<Value>, ApiError> {
    let repository = &mut *call.repository()?;
    let replace: Replace = call.body()?;
    let names: Vec<String> = replace
        .names
        .iter()
        .map(|name| name.to_lowercase())
        .collect();
    if names.len() > MAX_TOPICS || !names.iter().all(|name| is_topic(name)) {
        let message = "Topics must start with a lowercase letter or number, consist of 50 \
                       characters or less, and can include hyphens.";
        return Err(ApiError::unprocessable(message));
    }
    repository.topics = names;
    Ok(Json(json!({"names": repository.topics})))
}

fn is_topic(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.len() <= MAX_TOPIC
        && name.bytes().next().is_some_and(plain)
        && name.bytes().all(|byte| plain(byte) || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topic_is_short_and_plain() {
        for name in ["a", "eventrelay-p1", "0"] {
            assert!(is_topic(name), "{name}");
        }
        for name in ["", "-a", "a_b", "a b", &"a".repeat(51)] {
            assert!(!is_topic(name), "{name}");
        }
    }
}
