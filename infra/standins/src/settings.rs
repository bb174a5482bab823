//! Settings of a stand-in, and how a part of them is changed.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// The settings after a change: what it does not name stays.
///
/// # Errors
/// When the change names what there is not, or sets it to what it cannot be.
pub(crate) fn changed<T: Serialize + DeserializeOwned>(
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
