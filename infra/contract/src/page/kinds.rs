//! Short descriptions of schemas.

use serde_json::Value;

use crate::json::{self, list};

/// Describes the values of a schema, as HTML.
pub(super) fn kind(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = escaped(reference.rsplit('/').next().unwrap_or_default());
        return format!("<a href=\"#schema-{name}\">{name}</a>");
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(all) = schema[key].as_array() {
            let mut kinds: Vec<String> =
                all.iter().map(kind).filter(|one| !one.is_empty()).collect();
            kinds.dedup();
            return kinds.join(" or ");
        }
    }
    if let Some(all) = schema["enum"].as_array() {
        return choices(all);
    }
    if let Some(one) = schema.get("const") {
        return choices(std::slice::from_ref(one));
    }
    let names: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let named: Vec<String> = names
        .into_iter()
        .map(|name| match name {
            "array" => format!("list of {}", items(schema)),
            "object" if schema["properties"].is_object() => members(schema),
            "string" => text(schema),
            other => other.to_owned(),
        })
        .collect();
    let bounds = bounds(schema);
    if bounds.is_empty() {
        named.join(" or ")
    } else {
        format!("{}, {bounds}", named.join(" or "))
    }
}

fn items(schema: &Value) -> String {
    match kind(&schema["items"]) {
        kind if kind.is_empty() => "anything".to_owned(),
        kind => kind,
    }
}

fn members(schema: &Value) -> String {
    let members: Vec<String> = json::members(&schema["properties"])
        .map(|(name, member)| {
            let required = list(&schema["required"]).any(|one| one == name);
            let mark = if required { "" } else { "?" };
            format!("<code>{}{mark}</code>: {}", escaped(name), kind(member))
        })
        .collect();
    format!("object {{ {} }}", members.join(", "))
}

fn text(schema: &Value) -> String {
    match (schema["format"].as_str(), schema["pattern"].as_str()) {
        (Some(format), _) => format!("string ({})", escaped(format)),
        // A pattern that only excludes control characters does not help readers.
        (_, Some(pattern)) if pattern.len() <= 60 => {
            format!("string like <code>{}</code>", escaped(pattern))
        }
        _ => "string".to_owned(),
    }
}

fn bounds(schema: &Value) -> String {
    let words = [
        ("minimum", "at least "),
        ("exclusiveMinimum", "above "),
        ("maximum", "at most "),
        ("minItems", "items: at least "),
        ("maxItems", "items: at most "),
        ("maxLength", "characters: at most "),
        ("default", "usually "),
    ];
    let found = words.iter().filter_map(|(key, word)| {
        let bound = schema.get(*key)?;
        let is_dull =
            (*key == "minItems" && *bound == 1) || *bound == Value::from(Vec::<Value>::new());
        (!is_dull).then(|| format!("{word}{}", escaped(&bound.to_string())))
    });
    found.collect::<Vec<_>>().join(", ")
}

pub(super) fn choices(all: &[Value]) -> String {
    let names = all.iter().map(|one| match one {
        Value::String(text) => format!("<code>{}</code>", escaped(text)),
        other => format!("<code>{other}</code>"),
    });
    names.collect::<Vec<_>>().join(", ")
}

/// Escapes a text for HTML and its attributes.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
