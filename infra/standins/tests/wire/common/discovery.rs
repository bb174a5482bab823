//! Checks of responses against the schemas of a discovery document.

use serde_json::Value;

pub(crate) fn schemas(document: &str) -> Value {
    serde_json::from_str::<Value>(document).unwrap()["schemas"].take()
}

/// Asserts that a value matches its schema: no unknown property and no other type.
pub(crate) fn check(schemas: &Value, schema: &Value, value: &Value, path: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        return check(schemas, &schemas[name], value, path);
    }
    let fits = match schema["type"].as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64(),
        "boolean" => value.is_boolean(),
        other => panic!("{other} at {path}"),
    };
    assert!(fits, "{value} at {path}");
    if let Some(values) = schema["enum"].as_array() {
        assert!(values.contains(value), "{value} at {path}");
    }
    if schema["format"] == "uint64" {
        assert!(
            value.as_str().unwrap().parse::<u64>().is_ok(),
            "{value} at {path}"
        );
    }
    for (name, inner) in value.as_object().into_iter().flatten() {
        let property = &schema["properties"][name];
        assert!(property.is_object(), "{path}.{name} is unknown");
        check(schemas, property, inner, &format!("{path}.{name}"));
    }
    for item in value.as_array().into_iter().flatten() {
        check(schemas, &schema["items"], item, &format!("{path}[]"));
    }
}
