//! Partial changes of settings.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// Returns the settings with the fields of `change` replaced.
///
/// # Errors
/// If the change contains an unknown field or a value of a wrong type.
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
    fn change_keeps_fields_that_it_does_not_name() {
        let current = Settings { a: 1, b: Some(2) };
        let change = |value: Value| changed(&current, value.as_object().unwrap().clone());
        let expected = Settings { a: 1, b: None };
        assert_eq!(change(json!({"b": null})).unwrap(), expected);
        assert!(change(json!({"c": 1})).is_err());
        assert!(change(json!({"a": "x"})).is_err());
    }
}
