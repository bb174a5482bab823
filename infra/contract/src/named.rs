//! Names for objects and enumerations within other schemas.
//!
//! A generator makes a class of each, and numbers the classes that have no name.

use serde_json::{Map, Value};

use crate::components::reference;

/// Exceptions from names derived from the schema and the member. Equal schemas may share a name.
const NAMES: [(&str, &str, &str); 16] = [
    ("BatchEntry", "outcome", "BatchOutcome"),
    ("DeadLetterList", "links", "PageLinks"),
    ("DeploymentList", "links", "PageLinks"),
    ("FeedbackList", "links", "PageLinks"),
    ("ProjectList", "links", "PageLinks"),
    ("SearchResults", "links", "PageLinks"),
    ("VideoList", "links", "PageLinks"),
    ("Project", "links", "ProjectLinks"),
    ("ProjectSummary", "links", "ProjectLinks"),
    ("AnalysisVariant", "links", "VideoLink"),
    ("ReadyVideo", "links", "VideoLink"),
    ("SearchResult", "links", "VideoLink"),
    ("RedriveResult", "outcome", "RedriveOutcome"),
    ("Service", "breaker", "BreakerState"),
    ("SoftwareStage", "stage", "SoftwareStageName"),
    ("Status", "status", "OverallStatus"),
];

/// Moves every object and every enumeration within a schema to its own schema.
pub(crate) fn hoist(all: &mut Map<String, Value>) {
    let names: Vec<String> = all.keys().cloned().collect();
    for name in names {
        let mut schema = all.get_mut(&name).map(Value::take).unwrap_or_default();
        let mut hoisted = Map::new();
        within(&name, &mut schema, &mut hoisted);
        all.insert(name, schema);
        for (name, schema) in hoisted {
            let known = all.entry(name.clone()).or_insert_with(|| schema.clone());
            assert!(*known == schema, "two schemas are called {name}");
        }
    }
}

/// Moves the inner schemas of the members.
fn within(name: &str, schema: &mut Value, hoisted: &mut Map<String, Value>) {
    let members = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (member, inner) in members.into_iter().flatten() {
        let known = NAMES
            .iter()
            .find(|(of, one, _)| *of == name && one == member);
        let own = match known {
            Some((_, _, own)) => (*own).to_owned(),
            None => format!("{name}{}", pascal_case(member)),
        };
        place(&own, inner, hoisted);
    }
}

/// Moves a schema, or the alternatives or items of it.
fn place(name: &str, schema: &mut Value, hoisted: &mut Map<String, Value>) {
    if let Some([only]) = schema["enum"].as_array().map(Vec::as_slice) {
        let only = only.clone();
        if let Some(members) = schema.as_object_mut() {
            members.remove("enum");
            members.insert("const".to_owned(), only);
        }
    }
    for key in ["anyOf", "oneOf"] {
        let choices = schema.get_mut(key).and_then(Value::as_array_mut);
        for inner in choices.into_iter().flatten() {
            place(name, inner, hoisted);
        }
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get_mut(key).filter(|inner| inner.is_object()) {
            place(name, inner, hoisted);
        }
    }
    if schema.get("properties").is_none() && schema.get("enum").is_none() {
        return;
    }
    within(name, schema, hoisted);
    let description = schema
        .as_object_mut()
        .and_then(|own| own.remove("description"));
    let mut inner = std::mem::replace(schema, reference(name));
    // A description applies to one member, not to all that share the schema.
    if let Some(description) = description {
        schema["description"] = description.clone();
        if inner.get("enum").is_some() {
            inner["description"] = description;
        }
    }
    hoisted.insert(name.to_owned(), inner);
}

fn pascal_case(member: &str) -> String {
    let words = member.split('_').map(|word| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        first.to_ascii_uppercase() + rest
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn inner_schema_becomes_its_own_schema() {
        let Value::Object(mut all) = json!({
            "Job": {"type": "object", "properties": {
                "kind": {"type": "string", "enum": ["one"]},
                "next_state": {"type": "string", "enum": ["a", "b"], "description": "It."},
                "parts": {"type": "array", "items": {"type": "object", "properties": {
                    "links": {"type": "object", "properties": {"self": {"type": "string"}}},
                }}},
                "whole": {"anyOf": [{"type": "object", "properties": {}}, {"type": "null"}]},
                "text": {"type": "string"},
            }},
        }) else {
            panic!("an object");
        };
        hoist(&mut all);
        let expected = json!({
            "Job": {"type": "object", "properties": {
                "kind": {"type": "string", "const": "one"},
                "next_state": {"$ref": "#/components/schemas/JobNextState", "description": "It."},
                "parts": {"type": "array", "items": {"$ref": "#/components/schemas/JobParts"}},
                "whole": {"anyOf": [{"$ref": "#/components/schemas/JobWhole"}, {"type": "null"}]},
                "text": {"type": "string"},
            }},
            "JobNextState": {"type": "string", "enum": ["a", "b"], "description": "It."},
            "JobParts": {"type": "object", "properties": {
                "links": {"$ref": "#/components/schemas/JobPartsLinks"},
            }},
            "JobPartsLinks": {"type": "object", "properties": {"self": {"type": "string"}}},
            "JobWhole": {"type": "object", "properties": {}},
        });
        assert_eq!(Value::Object(all), expected);
    }
}
