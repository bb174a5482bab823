//! Settings of a stand-in, and how a part of them is changed.

use std::sync::{Mutex, PoisonError};

use axum::{
    Json,
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// Changes settings as `PUT /_control/settings` asks, and answers with what they are then.
pub(crate) fn change<T: Serialize + DeserializeOwned>(
    settings: &Mutex<T>,
    change: Map<String, Value>,
) -> Response {
    let mut settings = settings.lock().unwrap_or_else(PoisonError::into_inner);
    match changed(&*settings, change) {
        Ok(changed) => *settings = changed,
        Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
    Json(&*settings).into_response()
}

/// The settings after a change: what it does not name stays.
///
/// # Errors
/// When the change names what there is not, or sets it to what it cannot be.
fn changed<T: Serialize + DeserializeOwned>(
    current: &T,
    change: Map<String, Value>,
) -> Result<T, serde_json::Error> {
    let mut whole = serde_json::to_value(current)?;
    if let Some(fields) = whole.as_object_mut() {
        fields.extend(change);
    }
    serde_json::from_value(whole)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Settings {
        a: u8,
        b: Option<u8>,
    }

    #[test]
    fn what_is_not_named_stays() {
        let current = Settings { a: 1, b: Some(2) };
        let change = |value: Value| changed(&current, value.as_object().unwrap().clone());
        let expected = Settings { a: 1, b: None };
        assert_eq!(change(json!({"b": null})).unwrap(), expected);
        assert!(change(json!({"c": 1})).is_err());
        assert!(change(json!({"a": "x"})).is_err());
    }
}
