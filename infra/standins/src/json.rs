//! JSON bodies that are made of an example and the values of a call.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Parses a data file of this crate. All of them are covered by tests.
pub(crate) fn data<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).expect("data files are parts of this crate")
}

/// Replaces placeholders in all strings of an example, in the given order.
pub(crate) fn filled(mut example: Value, placeholders: &[(&str, &str)]) -> Value {
    fill(&mut example, placeholders);
    example
}

fn fill(value: &mut Value, placeholders: &[(&str, &str)]) {
    match value {
        Value::String(text) => {
            for (placeholder, value) in placeholders {
                *text = text.replace(placeholder, value);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, placeholders)),
        Value::Object(members) => {
            let members = members.values_mut();
            members.for_each(|member| fill(member, placeholders));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Adds members to an object.
pub(crate) fn extend(body: &mut Value, more: Value) {
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn placeholders_are_filled_at_any_depth() {
        let example = json!({"a": "@x@/@y@", "b": [{"c": "@x@{/sha}"}], "d": null});
        let expected = json!({"a": "1/2", "b": [{"c": "1{/sha}"}], "d": null});
        assert_eq!(filled(example, &[("@x@", "1"), ("@y@", "2")]), expected);
    }
}
