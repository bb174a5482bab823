//! Parser of request bodies with the rules of Google's: names in camelCase or snake_case, and no
//! unknown names or wrong types.
//!
//! The rules are the proto3 JSON mapping (<https://protobuf.dev/programming-guides/json/>).
//! `messages.json` holds the messages of requests, from the protocol buffers of
//! `google.ai.generativelanguage.v1beta` (PyPI google-ai-generativelanguage 0.12.1, Apache-2.0,
//! Google). In it, a leading `*` marks a repeated field, and a leading `.` a name of that package.

use std::{collections::HashMap, sync::LazyLock};

use base64::{Engine as _, engine::general_purpose};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::json::data;

const MESSAGES: &str = include_str!("messages.json");
const PACKAGE: &str = "google.ai.generativelanguage.v1beta";

/// Messages and enums that the API accepts but the published protocol buffers lack, as the official
/// Python SDK 3.4.0 sends them.
const AHEAD_OF_THE_PROTOS: &str = include_str!("messages_ahead_of_the_protos.json");

/// A problem of a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Violation {
    /// Path of the message in snake_case; empty for the body itself.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) field: String,
    pub(super) description: String,
}

#[derive(Deserialize)]
struct Table {
    enums: HashMap<String, Vec<String>>,
    messages: HashMap<String, HashMap<String, String>>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let (mut table, ahead): (Table, Table) = (data(MESSAGES), data(AHEAD_OF_THE_PROTOS));
    for (message, fields) in ahead.messages {
        table.messages.entry(message).or_default().extend(fields);
    }
    table.enums.extend(ahead.enums);
    table
});

/// Parses a body as the message `name`, and returns it with all names in camelCase.
pub(super) fn parse(name: &str, body: &[u8]) -> Result<Value, Vec<Violation>> {
    let value: Value = serde_json::from_slice(body).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        vec![Violation {
            field: String::new(),
            description: format!("Invalid JSON payload received. Unexpected token.\n{place}"),
        }]
    })?;
    let mut reader = Reader::default();
    let read = reader.field(&format!(".{name}"), value, "");
    if reader.violations.is_empty() {
        Ok(read)
    } else {
        Err(reader.violations)
    }
}

#[derive(Default)]
struct Reader {
    violations: Vec<Violation>,
}

impl Reader {
    fn message(&mut self, name: &str, object: Map<String, Value>, path: &str) -> Value {
        let fields = &TABLE.messages[name];
        let mut read = Map::new();
        for (given, value) in object {
            let camel = camel_case(&given);
            let Some(kind) = fields.get(&camel) else {
                self.unknown_name(&given, path, "Cannot find field.");
                continue;
            };
            if value.is_null() && kind != "google.protobuf.Value" {
                continue;
            }
            let inner = match path {
                "" => snake_case(&camel),
                _ => format!("{path}.{}", snake_case(&camel)),
            };
            let value = match (kind.strip_prefix('*'), value) {
                (Some(kind), value) if kind.ends_with("Entry") => self.map(kind, value, &inner),
                (Some(kind), Value::Array(items)) => {
                    let items = items.into_iter().enumerate();
                    items
                        .map(|(index, item)| self.field(kind, item, &format!("{inner}[{index}]")))
                        .collect()
                }
                (Some(kind), value) => self.invalid(kind, value, &inner),
                (None, Value::Array(_)) if !takes_lists(kind) => {
                    let why = "Proto field is not repeating, cannot start list.";
                    self.unknown_name(&given, path, why);
                    continue;
                }
                (None, value) => self.field(kind, value, &inner),
            };
            read.insert(camel, value);
        }
        Value::Object(read)
    }

    fn map(&mut self, entry: &str, value: Value, path: &str) -> Value {
        let Value::Object(object) = value else {
            return self.invalid(entry, value, path);
        };
        let kind = &TABLE.messages[entry]["value"];
        let pairs = object.into_iter().enumerate().map(|(index, (key, value))| {
            let value = self.field(kind, value, &format!("{path}[{index}].value"));
            (key, value)
        });
        Value::Object(pairs.collect())
    }

    fn field(&mut self, kind: &str, value: Value, path: &str) -> Value {
        if TABLE.messages.contains_key(kind) {
            return match value {
                Value::Object(object) => self.message(kind, object, path),
                other => self.invalid(kind, other, path),
            };
        }
        if fits(kind, &value) {
            value
        } else {
            self.invalid(kind, value, path)
        }
    }

    fn invalid(&mut self, kind: &str, value: Value, path: &str) -> Value {
        let kind = match kind.strip_prefix('.') {
            Some(name) => format!("type.googleapis.com/{PACKAGE}.{name}"),
            None if kind.contains('.') => format!("type.googleapis.com/{kind}"),
            None => format!("TYPE_{}", kind.to_uppercase()),
        };
        self.violations.push(Violation {
            field: path.to_owned(),
            description: format!("Invalid value at '{path}' ({kind}), {value}"),
        });
        Value::Null
    }

    fn unknown_name(&mut self, name: &str, path: &str, why: &str) {
        let place = match path {
            "" => String::new(),
            _ => format!(" at '{path}'"),
        };
        let said = "Invalid JSON payload received. Unknown name";
        self.violations.push(Violation {
            field: path.to_owned(),
            description: format!("{said} \"{name}\"{place}: {why}"),
        });
    }
}

fn takes_lists(kind: &str) -> bool {
    kind == "google.protobuf.Value"
}

/// Returns whether a value fits a scalar, an enum or a well-known type.
fn fits(kind: &str, value: &Value) -> bool {
    if let Some(values) = TABLE.enums.get(kind) {
        return match value {
            Value::String(name) => values.contains(name),
            _ => value.is_i64(),
        };
    }
    let text = value.as_str();
    match kind {
        "google.protobuf.Value" => true,
        "bool" => value.is_boolean(),
        "string" | "google.protobuf.Timestamp" => text.is_some(),
        "bytes" => text.is_some_and(is_base64),
        "google.protobuf.Duration" => text.and_then(seconds).is_some(),
        "int32" => integer(value).is_some_and(|number| i32::try_from(number).is_ok()),
        "int64" => integer(value).is_some(),
        "float" | "double" => {
            value.is_number() || text.is_some_and(|text| text.parse::<f64>().is_ok())
        }
        _ => value.is_object(),
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.parse().ok(),
        _ => value.as_i64(),
    }
}

fn is_base64(text: &str) -> bool {
    let text = text.trim_end_matches('=');
    general_purpose::STANDARD_NO_PAD.decode(text).is_ok()
        || general_purpose::URL_SAFE_NO_PAD.decode(text).is_ok()
}

/// Parses the seconds of a `google.protobuf.Duration` in JSON: `"40s"`, `"1.5s"`.
pub(super) fn seconds(text: &str) -> Option<f64> {
    let number = text.strip_suffix('s')?;
    let plain = number
        .bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'-'));
    number.parse().ok().filter(|_| plain)
}

fn camel_case(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut raise = false;
    for char in name.chars() {
        match char {
            '_' => raise = true,
            _ if raise => {
                camel.push(char.to_ascii_uppercase());
                raise = false;
            }
            _ => camel.push(char),
        }
    }
    camel
}

fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for char in name.chars() {
        if char.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(char.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(body: &Value) -> Result<Value, Vec<String>> {
        parse("GenerateContentRequest", body.to_string().as_bytes())
            .map_err(|all| all.into_iter().map(|one| one.description).collect())
    }

    #[test]
    fn both_spellings_are_accepted() {
        let snake = json!({"contents": [{"parts": [{"file_data": {"file_uri": "u"},
            "video_metadata": {"start_offset": "1.5s"}}]}]});
        let camel = json!({"contents": [{"parts": [{"fileData": {"fileUri": "u"},
            "videoMetadata": {"startOffset": "1.5s"}}]}]});
        assert_eq!(read(&snake).unwrap(), camel);
        assert_eq!(read(&camel).unwrap(), camel);
    }

    #[test]
    fn unknown_name_gets_the_error_of_google() {
        let body = json!({"contents": [{"x": 1}], "y": 2});
        let faults = read(&body).unwrap_err();
        let said = "Invalid JSON payload received. Unknown name";
        assert!(faults.contains(&format!(
            "{said} \"x\" at 'contents[0]': Cannot find field."
        )));
        assert!(faults.contains(&format!("{said} \"y\": Cannot find field.")));
    }

    #[test]
    fn wrong_types_are_refused() {
        let cases = [
            json!({"generationConfig": {"mediaResolution": "LOW"}}),
            json!({"contents": [{"parts": [{"videoMetadata": {"startOffset": "40"}}]}]}),
            json!({"generationConfig": {"maxOutputTokens": 1.5}}),
            json!({"generationConfig": {"stopSequences": "x"}}),
            json!({"contents": {"parts": []}}),
            json!({"contents": [{"role": ["user"]}]}),
            json!({"generationConfig": {"responseSchema": {"type": ["STRING", "NULL"]}}}),
            json!([]),
        ];
        for case in cases {
            assert!(read(&case).is_err(), "{case}");
        }
        assert!(parse("GenerateContentRequest", b"{").is_err());
    }

    #[test]
    fn json_schema_is_not_changed() {
        let schema = json!({"type": ["object", "null"], "$defs": {"snake_case": {}}});
        let body = json!({"generationConfig": {"responseJsonSchema": schema}});
        assert_eq!(read(&body).unwrap(), body);
    }

    #[test]
    fn fields_ahead_of_the_protos_are_accepted() {
        let body = json!({
            "contents": [{"parts": [{"text": "x",
                "mediaResolution": {"level": "MEDIA_RESOLUTION_ULTRA_HIGH"}}]}],
            "generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW"}},
            "serviceTier": "flex",
        });
        assert_eq!(read(&body).unwrap(), body);
    }

    #[test]
    fn maps_name_their_fields_by_number() {
        let body = json!({"generationConfig": {"responseSchema": {"type": "OBJECT",
            "properties": {"a": {"type": "NUMBER"}, "b": {"kind": 1}}}}});
        let faults = read(&body).unwrap_err();
        let place = "generation_config.response_schema.properties[1].value";
        assert!(faults[0].contains(place), "{faults:?}");
    }
}
