//! A JSON schema in a few words of Markdown.

use serde_json::Value;

use crate::json::{list, members, resolved, text};

/// Maximum members that are listed. A larger object is shown by the name of its schema.
const MAX_MEMBERS: usize = 6;

/// Returns the type of a schema, without `null`.
pub(super) fn kind(schema: &Value, document: &Value) -> String {
    let reference = schema["$ref"].as_str().unwrap_or_default();
    let schema = resolved(schema, document);
    if let Some(options) = schema["anyOf"].as_array() {
        let options = options.iter().filter(|option| option["type"] != "null");
        let kinds: Vec<String> = options.map(|option| kind(option, document)).collect();
        return kinds.join(" or ");
    }
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
        return format!("`{}`", values.join("`, `"));
    }
    if let Some(value) = schema["const"].as_str() {
        return format!("`{value}`");
    }
    let bounds = bounds(schema);
    match name(schema) {
        "array" => {
            let bounds = bounds.map_or(String::new(), |bounds| format!(" ({bounds})"));
            format!("list{bounds} of {}", kind(&schema["items"], document))
        }
        "object" => object(schema, reference.rsplit('/').next().unwrap_or_default()),
        name => bounds.map_or(name.to_owned(), |bounds| format!("{name}, {bounds}")),
    }
}

/// Bounds of a number, the length of a text or the size of a list.
fn bounds(schema: &Value) -> Option<String> {
    let range = match (schema.get("minimum"), schema.get("maximum")) {
        (Some(min), Some(max)) => Some(format!("{min} to {max}")),
        (Some(min), None) => Some(format!("at least {min}")),
        (None, Some(max)) => Some(format!("at most {max}")),
        (None, None) => None,
    };
    let with = |keyword: &str, before: &str, after: &str| {
        let bound = schema.get(keyword)?;
        Some(format!("{before}{bound}{after}"))
    };
    let words: Vec<String> = [
        with("exclusiveMinimum", "above ", ""),
        range,
        with("maxLength", "at most ", " characters"),
        with("maxItems", "at most ", ""),
        with("default", "default ", ""),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!words.is_empty()).then(|| words.join(", "))
}

/// Name of the type, which is the first that is not `null`.
fn name(schema: &Value) -> &str {
    match &schema["type"] {
        Value::String(name) => name,
        names => list(names)
            .filter_map(Value::as_str)
            .find(|name| *name != "null")
            .unwrap_or("any"),
    }
}

/// Members of an object, with a question mark on those that may be left out.
fn object(schema: &Value, reference: &str) -> String {
    let names: Vec<String> = members(&schema["properties"])
        .map(|(name, _)| {
            let is_required = list(&schema["required"]).any(|required| text(required) == name);
            format!("`{name}{}`", if is_required { "" } else { "?" })
        })
        .collect();
    match names.len() {
        0 => "object".to_owned(),
        1..=MAX_MEMBERS => format!("object of {}", names.join(", ")),
        _ => format!("`{reference}`"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn kind_names_type_and_bounds_without_null() {
        let document = json!({"components": {"schemas": {
            "Size": {"enum": ["small", "large"]},
            "Box": {"type": "object", "required": ["size"], "properties": {"size": {}, "lid": {}}},
        }}});
        let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
        let cases = [
            (
                json!({"type": ["number", "null"], "minimum": 0, "maximum": 5}),
                "number, 0 to 5",
            ),
            (
                json!({"type": "string", "maxLength": 9}),
                "string, at most 9 characters",
            ),
            (
                json!({"anyOf": [reference("Size"), {"type": "null"}]}),
                "`small`, `large`",
            ),
            (
                json!({"type": "array", "maxItems": 3, "items": reference("Box")}),
                "list (at most 3) of object of `lid?`, `size`",
            ),
        ];
        for (schema, expected) in cases {
            assert_eq!(kind(&schema, &document), expected, "{schema}");
        }
    }
}
