//! Values that fit a schema, with as much of the given content as the schema allows.
//!
//! Both kinds of schema work: JSON Schema (`responseJsonSchema`, with the keywords of
//! <https://ai.google.dev/gemini-api/docs/structured-output>) and Google's own `Schema`
//! (`responseSchema`: types in capitals, `nullable`, `propertyOrdering`).

use serde_json::{Map, Number, Value, json};
use strum::EnumString;

/// Maximum depth. A deeper schema is taken for an endless recursion.
const MAX_DEPTH: usize = 32;
/// Maximum items that pad a list.
const MAX_PADDING: u64 = 1000;

/// Returns a value of the schema. Properties come from `content` if they fit. Other required
/// properties get the smallest value of their type, and the rest is omitted.
pub(super) fn fill(schema: &Value, content: &Value) -> Value {
    Filler { root: schema }.value(schema, Some(content), 0)
}

/// Returns whether the top-level object requires this property.
pub(super) fn requires(schema: &Value, property: &str) -> bool {
    let filler = Filler { root: schema };
    required(filler.resolve(schema, 0)).any(|name| name == property)
}

struct Filler<'a> {
    root: &'a Value,
}

impl<'a> Filler<'a> {
    fn value(&self, schema: &'a Value, hint: Option<&Value>, depth: usize) -> Value {
        if depth > MAX_DEPTH {
            return Value::Null;
        }
        let schema = self.resolve(schema, depth);
        if let Some(fixed) = schema.get("const") {
            return fixed.clone();
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return one_of(values, schema, hint);
        }
        for several in ["anyOf", "oneOf", "any_of"] {
            if let Some(branches) = schema.get(several).and_then(Value::as_array) {
                return self.branch(branches, hint, depth);
            }
        }
        let types = types(schema);
        let nullable = types.contains(&Type::Null);
        let fitting = hint.and_then(|hint| types.iter().find(|kind| kind.has(hint)));
        let least = types.iter().find(|kind| **kind != Type::Null);
        let hint = hint.filter(|_| fitting.is_some());
        match fitting.or(if nullable { None } else { least }) {
            None | Some(Type::Null) => Value::Null,
            Some(Type::Object) => self.object(schema, hint, depth),
            Some(Type::Array) => self.array(schema, hint, depth),
            Some(Type::String) => json!(string(schema, hint)),
            Some(Type::Integer) => number(schema, hint, true),
            Some(Type::Number) => number(schema, hint, false),
            Some(Type::Boolean) => json!(hint.and_then(Value::as_bool).unwrap_or(false)),
        }
    }

    /// Follows `$ref`, and `allOf` with one item.
    fn resolve(&self, schema: &'a Value, depth: usize) -> &'a Value {
        let mut schema = schema;
        for _ in depth..=MAX_DEPTH {
            let next = match (
                schema.get("$ref").and_then(Value::as_str),
                schema.get("allOf"),
            ) {
                (Some(reference), _) => reference
                    .strip_prefix('#')
                    .and_then(|path| self.root.pointer(path)),
                (None, Some(Value::Array(all))) if all.len() == 1 => all.first(),
                _ => None,
            };
            match next {
                Some(next) => schema = next,
                None => break,
            }
        }
        schema
    }

    /// Returns the first branch that accepts the hint. Without a hint, returns null if it is
    /// allowed, or else the first branch.
    fn branch(&self, branches: &'a [Value], hint: Option<&Value>, depth: usize) -> Value {
        let takes = |branch: &&'a Value, value: &Value| {
            let branch = self.resolve(branch, depth);
            match branch.get("enum").and_then(Value::as_array) {
                Some(values) => values.contains(value),
                None => types(branch).iter().any(|kind| kind.has(value)),
            }
        };
        let for_hint = hint.and_then(|hint| branches.iter().find(|branch| takes(branch, hint)));
        if for_hint.is_none() && branches.iter().any(|branch| takes(&branch, &Value::Null)) {
            return Value::Null;
        }
        match for_hint.or(branches.first()) {
            Some(branch) => self.value(branch, hint.filter(|_| for_hint.is_some()), depth + 1),
            None => Value::Null,
        }
    }

    fn object(&self, schema: &'a Value, hint: Option<&Value>, depth: usize) -> Value {
        let none = Map::new();
        let given = hint.and_then(Value::as_object).unwrap_or(&none);
        let properties = schema.get("properties").and_then(Value::as_object);
        let mut object = Map::new();
        for (name, property) in properties.into_iter().flatten() {
            let hint = given.get(name);
            if hint.is_some() || required(schema).any(|required| required == name) {
                object.insert(name.clone(), self.value(property, hint, depth + 1));
            }
        }
        let others = given.iter().filter(|(name, _)| !object.contains_key(*name));
        let others: Vec<(String, Value)> = match schema.get("additionalProperties") {
            Some(one @ Value::Object(_)) => others
                .map(|(name, hint)| (name.clone(), self.value(one, Some(hint), depth + 1)))
                .collect(),
            None if properties.is_none() => others
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            _ => Vec::new(),
        };
        object.extend(others);
        Value::Object(object)
    }

    fn array(&self, schema: &'a Value, hint: Option<&Value>, depth: usize) -> Value {
        let given = hint
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        let any = &Value::Bool(true);
        let item = schema.get("items").unwrap_or(any);
        let mut items: Vec<Value> = given
            .iter()
            .map(|hint| self.value(item, Some(hint), depth + 1))
            .collect();
        let least = bound(schema, "minItems").unwrap_or(0).min(MAX_PADDING);
        while (items.len() as u64) < least {
            items.push(self.value(item, None, depth + 1));
        }
        if let Some(most) = bound(schema, "maxItems") {
            items.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        }
        Value::Array(items)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString)]
#[strum(ascii_case_insensitive)]
enum Type {
    Object,
    Array,
    String,
    Integer,
    Number,
    Boolean,
    Null,
}

impl Type {
    fn has(self, value: &Value) -> bool {
        match self {
            Self::Object => value.is_object(),
            Self::Array => value.is_array(),
            Self::String => value.is_string(),
            Self::Integer | Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::Null => value.is_null(),
        }
    }
}

/// Returns the types that a schema allows, from its other keywords if `type` is missing.
fn types(schema: &Value) -> Vec<Type> {
    let named = |name: &Value| name.as_str()?.parse().ok();
    let mut types: Vec<Type> = match schema.get("type") {
        Some(Value::Array(names)) => names.iter().filter_map(named).collect(),
        Some(name) => named(name).into_iter().collect(),
        None => Vec::new(),
    };
    if types.is_empty() {
        types = if schema.get("properties").is_some() {
            vec![Type::Object]
        } else if schema.get("items").is_some() {
            vec![Type::Array]
        } else {
            vec![
                Type::String,
                Type::Object,
                Type::Array,
                Type::Number,
                Type::Boolean,
                Type::Null,
            ]
        };
    }
    if schema.get("nullable") == Some(&Value::Bool(true)) && !types.contains(&Type::Null) {
        types.push(Type::Null);
    }
    types
}

fn required(schema: &Value) -> impl Iterator<Item = &str> {
    let names = schema.get("required").and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str)
}

/// Returns a number of the schema; Google's own schemas write numbers as strings.
fn bound(schema: &Value, name: &str) -> Option<u64> {
    match schema.get(name)? {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    }
}

fn one_of(values: &[Value], schema: &Value, hint: Option<&Value>) -> Value {
    let nullable = types(schema).contains(&Type::Null) && schema.get("type").is_some();
    match hint {
        Some(hint) if values.contains(hint) => return hint.clone(),
        _ if values.contains(&Value::Null) || nullable => return Value::Null,
        _ => {}
    }
    values.first().cloned().unwrap_or(Value::Null)
}

fn string(schema: &Value, hint: Option<&Value>) -> String {
    let least = match schema.get("format").and_then(Value::as_str) {
        Some("date-time") => "1970-01-01T00:00:00Z",
        Some("date") => "1970-01-01",
        Some("time") => "00:00:00Z",
        _ => "",
    };
    let mut text = hint.and_then(Value::as_str).unwrap_or(least).to_owned();
    let length = text.chars().count() as u64;
    let shortest = bound(schema, "minLength").unwrap_or(0).min(MAX_PADDING);
    text.extend((length..shortest).map(|_| '-'));
    if let Some(most) = bound(schema, "maxLength")
        && length > most
    {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        text = text.chars().take(most).collect();
    }
    text
}

fn number(schema: &Value, hint: Option<&Value>, whole: bool) -> Value {
    let limit = |name: &str| schema.get(name).and_then(Value::as_f64);
    let mut number = hint.and_then(Value::as_f64).unwrap_or(0.0);
    if whole {
        number = number.round();
    }
    if let Some(least) = limit("minimum").or(limit("exclusiveMinimum").map(|above| above + 1.0)) {
        number = number.max(least);
    }
    if let Some(most) = limit("maximum").or(limit("exclusiveMaximum").map(|below| below - 1.0)) {
        number = number.min(most);
    }
    if whole {
        return json!(number as i64);
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content() -> Value {
        json!({
            "title": "A title",
            "chapters": [{"title": "One", "start_s": 0.5, "end_s": 9.5, "summary": "s"}],
            "difficulty": null,
            "duration_s": 90.4,
            "build_plan": null,
            "confidence": {"summary": 0.5},
            "kind": "topic",
        })
    }

    #[test]
    fn known_names_are_filled_and_others_get_the_least_value() {
        let schema = json!({"type": "object", "required": ["title", "a", "b", "c", "d", "e"],
        "properties": {
            "title": {"type": "string"},
            "duration_s": {"type": ["integer", "null"]},
            "a": {"type": "string", "minLength": 2},
            "b": {"type": "integer", "minimum": 3},
            "c": {"type": "array", "minItems": 2, "items": {"type": "boolean"}},
            "d": {"type": ["object", "null"], "properties": {}},
            "e": {"type": "object", "required": ["x"], "properties": {"x": {"enum": ["p", "q"]}}},
            "not_required": {"type": "string"},
        }});
        let filled = fill(&schema, &content());
        let expected = json!({"title": "A title", "duration_s": 90, "a": "--", "b": 3,
            "c": [false, false], "d": null, "e": {"x": "p"}});
        assert_eq!(filled, expected);
    }

    #[test]
    fn googles_own_schemas_are_filled() {
        let schema = json!({"type": "OBJECT", "required": ["chapters", "difficulty"], "properties": {
            "chapters": {"type": "ARRAY", "maxItems": "1", "items": {"type": "OBJECT",
                "required": ["title", "start_s", "other"],
                "properties": {"title": {"type": "STRING"}, "start_s": {"type": "NUMBER"},
                    "other": {"type": "INTEGER"}}}},
            "difficulty": {"type": "STRING", "enum": ["beginner"], "nullable": true},
        }});
        let filled = fill(&schema, &content());
        let chapter = json!({"title": "One", "start_s": 0.5, "other": 0});
        assert_eq!(filled, json!({"chapters": [chapter], "difficulty": null}));
    }

    #[test]
    fn unions_and_references_are_followed() {
        let schema = json!({"$ref": "#/$defs/Root", "$defs": {
            "Root": {"type": "object", "required": ["build_plan", "title", "kind"], "properties": {
                "build_plan": {"anyOf": [{"$ref": "#/$defs/Plan"}, {"type": "null"}]},
                "title": {"allOf": [{"$ref": "#/$defs/Text"}]},
                "kind": {"anyOf": [{"enum": ["action"]}, {"enum": ["topic"]}]},
            }},
            "Plan": {"type": "object", "required": ["title"], "properties": {"title": {"type": "string"}}},
            "Text": {"type": "string", "maxLength": 3},
        }});
        let filled = fill(&schema, &content());
        assert_eq!(
            filled,
            json!({"build_plan": null, "title": "A t", "kind": "topic"})
        );
        let some = json!({"build_plan": {"title": "p", "x": 1}, "title": "", "kind": ""});
        assert_eq!(fill(&schema, &some)["build_plan"], json!({"title": "p"}));
        assert!(requires(&schema, "title"));
        assert!(!requires(&schema, "transcript"));
    }

    #[test]
    fn hint_of_another_type_is_ignored() {
        let schema = json!({"type": "object", "required": ["title"], "properties": {
            "title": {"type": "number"}, "chapters": {"type": "array", "items": {"type": "string"}}}});
        let filled = fill(&schema, &content());
        assert_eq!(filled, json!({"title": 0.0, "chapters": [""]}));
    }

    #[test]
    fn maps_are_filled() {
        let schema = json!({"type": "object", "properties": {
            "confidence": {"type": "object", "additionalProperties": {"type": "number"}}}});
        assert_eq!(
            fill(&schema, &content()),
            json!({"confidence": {"summary": 0.5}})
        );
    }

    #[test]
    fn recursive_schema_ends() {
        let schema = json!({"type": "object", "required": ["next"],
            "properties": {"next": {"$ref": "#"}}});
        fill(&schema, &json!({}));
        fill(&json!({"$ref": "#"}), &json!({}));
    }
}
