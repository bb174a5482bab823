//! Test for breaking changes against the contract of the last release,
//! `tests/data/contract/openapi.json`. `accepted.txt` beside it accepts a breaking change by a line
//! with a reason.
//!
//! At a release, `RELEASE_CONTRACT=1 cargo test --workspace --test breaking` stores the present
//! contract as the released one and empties `accepted.txt`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{fs, path::PathBuf};

use eventrelay_contract::{breaking::breaks, document};
use serde_json::{Value, json};

fn folder() -> PathBuf {
    PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/data/contract"
    ))
}

#[test]
fn contract_breaks_the_released_one_only_as_accepted() {
    let path = folder().join("openapi.json");
    let present = document();
    if std::env::var_os("RELEASE_CONTRACT").is_some() {
        let text = serde_json::to_string_pretty(&present).unwrap();
        fs::write(&path, format!("{text}\n")).unwrap();
        return;
    }
    let released: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let accepted = fs::read_to_string(folder().join("accepted.txt")).unwrap();
    let accepted = accepted
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let accepted: Vec<&str> = accepted
        .map(|line| match line.split_once(" # ") {
            Some((change, reason)) if !reason.trim().is_empty() => change.trim(),
            _ => panic!("no reason: {line}"),
        })
        .collect();
    let broken: Vec<String> = breaks(&released, &present)
        .iter()
        .map(ToString::to_string)
        .collect();
    let unaware: Vec<&String> = broken
        .iter()
        .filter(|one| !accepted.iter().any(|line| is_meant(line, one)))
        .collect();
    assert!(
        unaware.is_empty(),
        "callers of the last release are broken. If that is meant, put each line with ` # ` and \
         the reason into tests/data/contract/accepted.txt:\n{}",
        unaware
            .iter()
            .map(|one| one.as_str())
            .collect::<Vec<_>>()
            .join("\n")
    );
    let unused = accepted
        .iter()
        .filter(|line| !broken.iter().any(|one| is_meant(line, one)));
    let unused: Vec<_> = unused.collect();
    assert!(unused.is_empty(), "accepted, but not broken: {unused:?}");
}

/// Returns whether a line accepts a change. `*` in it stands for any text.
fn is_meant(line: &str, change: &str) -> bool {
    match line.split_once('*') {
        None => line == change,
        Some((head, rest)) => change.strip_prefix(head).is_some_and(|change| {
            let ends = change.char_indices().map(|(at, _)| at);
            ends.chain([change.len()])
                .any(|at| is_meant(rest, &change[at..]))
        }),
    }
}

#[test]
fn accepted_line_matches_a_change_or_a_pattern() {
    assert!(is_meant("a b", "a b"));
    assert!(!is_meant("a b", "a bc"));
    assert!(is_meant("a * c", "a b c") && is_meant("a *", "a "));
    assert!(is_meant("rule * 4* json/*", "rule GET /x 404 json/type"));
    assert!(!is_meant("a * c", "a b d") && !is_meant("a *", "b c"));
}

fn contract() -> Value {
    json!({
        "security": [{"ApiKey": []}],
        "paths": {"/things/{id}": {
            "get": {
                "operationId": "getThing",
                "security": [{"ApiKey": ["read"]}],
                "parameters": [
                    {"name": "id", "in": "path", "required": true, "schema": {"type": "string"}},
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100}},
                    {"$ref": "#/components/parameters/Sort"},
                ],
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}},
                            "text/plain": {"schema": {"type": "string"}},
                        },
                        "headers": {"ETag": {"$ref": "#/components/headers/ETag"}},
                    },
                    "202": {"content": {"application/json": {"schema": {"type": "object"}}}},
                    "404": {"content": {"application/problem+json": {"schema": {"type": "object"}}}},
                },
            },
            "post": {
                "operationId": "makeThing",
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewThing"}}}},
                "responses": {"201": {}},
            },
        }},
        "components": {
            "parameters": {"Sort": {"name": "sort", "in": "query", "schema": {"enum": ["up", "down"]}}},
            "headers": {"ETag": {"required": true, "schema": {"type": "string"}}},
            "schemas": {
                "Thing": {
                    "type": "object",
                    "required": ["id", "size", "kind"],
                    "properties": {
                        "id": {"type": "string", "pattern": "^t_"},
                        "size": {"type": "integer", "minimum": 0},
                        "kind": {"enum": ["a", "b"]},
                        "open": {"enum": ["x"], "x-open": true},
                        "note": {"type": "string"},
                        "made": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                        "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}},
                        "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
                    },
                },
                "NewThing": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["name"],
                    "properties": {
                        "name": {"type": "string", "maxLength": 40},
                        "size": {"type": ["integer", "null"], "maximum": 9},
                        "kind": {"enum": ["a", "b"]},
                        "where": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
                        "source": {
                            "type": "object",
                            "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
                            "oneOf": [{"required": ["url"]}, {"required": ["id"]}],
                        },
                        "tags": {"type": "array", "maxItems": 5, "items": {"type": "string"}},
                    },
                },
            },
        },
    })
}

const THING: &str = "/components/schemas/Thing/properties";
const NEW: &str = "/components/schemas/NewThing";
const GET: &str = "/paths/~1things~1{id}/get";
const POST: &str = "/paths/~1things~1{id}/post";

/// Sets the value at a pointer; `null` removes it.
fn set(document: &mut Value, pointer: &str, value: Value) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let name = name.replace("~1", "/");
    match document.pointer_mut(parent).unwrap() {
        Value::Object(members) if value.is_null() => {
            members.remove(&name).unwrap();
        }
        Value::Object(members) => {
            members.insert(name, value);
        }
        Value::Array(items) if value.is_null() => {
            items.remove(name.parse().unwrap());
        }
        Value::Array(items) => items.push(value),
        other => panic!("{other}"),
    }
}

#[test]
fn each_rule_detects_its_change() {
    let thing = |name: &str| format!("{THING}/{name}");
    let new = |name: &str| format!("{NEW}/properties/{name}");
    let get = |name: &str| format!("{GET}/{name}");
    for (pointer, value, expected) in [
        (GET.to_owned(), Value::Null, "operation-removed"),
        (
            "/paths/~1things~1{id}".to_owned(),
            Value::Null,
            "operation-removed",
        ),
        (get("operationId"), json!("readThing"), "operation-renamed"),
        (
            get("security"),
            json!([{"ApiKey": ["admin"]}]),
            "security-changed",
        ),
        (get("parameters/1"), Value::Null, "parameter-removed"),
        (
            get("parameters/1/required"),
            json!(true),
            "parameter-required",
        ),
        (
            get("parameters/-"),
            json!({"name": "new", "in": "query", "required": true}),
            "parameter-required",
        ),
        (
            get("parameters/1/schema/maximum"),
            json!(50),
            "bound-changed",
        ),
        (
            get("parameters/1/schema/minimum"),
            json!(2),
            "bound-changed",
        ),
        (
            get("parameters/0/schema/pattern"),
            json!("^t_"),
            "constraint-changed",
        ),
        (
            "/components/parameters/Sort/schema/enum".to_owned(),
            json!(["up"]),
            "enum-changed",
        ),
        (get("responses/202"), Value::Null, "answer-removed"),
        (get("responses/203"), json!({}), "answer-added"),
        (
            get("responses/200/content/text~1plain"),
            Value::Null,
            "media-type-removed",
        ),
        (
            get("responses/200/headers/ETag"),
            Value::Null,
            "header-removed",
        ),
        (
            "/components/headers/ETag/required".to_owned(),
            json!(false),
            "header-optional",
        ),
        (
            "/components/headers/ETag/schema/type".to_owned(),
            json!("integer"),
            "type-changed",
        ),
        (thing("note"), Value::Null, "member-removed"),
        (thing("size"), Value::Null, "member-removed"),
        (
            "/components/schemas/Thing/required".to_owned(),
            json!(["id", "kind"]),
            "member-optional",
        ),
        (thing("size/type"), json!("number"), "type-changed"),
        (
            thing("size/type"),
            json!(["integer", "null"]),
            "type-changed",
        ),
        (thing("size/minimum"), Value::Null, "bound-changed"),
        (thing("id/pattern"), json!("^u_"), "constraint-changed"),
        (thing("kind/enum"), json!(["a", "b", "c"]), "enum-changed"),
        (
            thing("made/anyOf/-"),
            json!({"type": "integer"}),
            "alternative-changed",
        ),
        (
            thing("parts/items"),
            json!({"type": "string"}),
            "type-changed",
        ),
        (
            thing("counts/additionalProperties/type"),
            json!("string"),
            "type-changed",
        ),
        (
            format!("{POST}/requestBody/required"),
            json!(true),
            "body-required",
        ),
        (
            format!("{POST}/requestBody/content/application~1json"),
            Value::Null,
            "body-removed",
        ),
        (
            format!("{NEW}/required"),
            json!(["name", "size"]),
            "member-required",
        ),
        (new("kind"), Value::Null, "member-removed"),
        (new("name/maxLength"), json!(39), "bound-changed"),
        (new("size/type"), json!("integer"), "type-changed"),
        (new("size/maximum"), json!(8), "bound-changed"),
        (
            new("size"),
            json!({"anyOf": [{"type": "string"}, {"type": "null"}]}),
            "alternative-changed",
        ),
        (new("kind/enum"), json!(["a"]), "enum-changed"),
        (new("where/oneOf/1"), Value::Null, "alternative-changed"),
        (new("source/anyOf/1"), Value::Null, "alternative-changed"),
        (new("source/oneOf/1"), Value::Null, "alternative-changed"),
        (new("tags/items/pattern"), json!("^a"), "constraint-changed"),
        (new("tags/maxItems"), json!(4), "bound-changed"),
    ] {
        let old = contract();
        let mut changed = contract();
        set(&mut changed, &pointer, value.clone());
        let found = breaks(&old, &changed);
        assert!(!found.is_empty(), "{pointer} {value}: nothing");
        assert!(
            found.iter().all(|one| one.rule == expected),
            "{pointer} {value}: {found:?}"
        );
    }
}

#[test]
fn additions_for_clients_break_nothing() {
    let thing = |name: &str| format!("{THING}/{name}");
    let new = |name: &str| format!("{NEW}/properties/{name}");
    let get = |name: &str| format!("{GET}/{name}");
    for (pointer, value) in [
        ("/paths/~1more".to_owned(), json!({"get": {}})),
        (get("security"), json!([])),
        (
            get("parameters/-"),
            json!({"name": "new", "in": "query", "schema": {}}),
        ),
        (get("parameters/1/schema/maximum"), json!(1000)),
        (
            "/components/parameters/Sort/schema/enum".to_owned(),
            json!(["up", "down", "no"]),
        ),
        (get("responses/404"), Value::Null),
        (get("responses/409"), json!({})),
        (get("responses/304"), json!({})),
        (
            get("responses/200/content/text~1vtt"),
            json!({"schema": {}}),
        ),
        (thing("more"), json!({"type": "string"})),
        (
            "/components/schemas/Thing/required".to_owned(),
            json!(["id", "size", "kind", "note"]),
        ),
        (thing("kind/enum"), json!(["a"])),
        (thing("open/enum"), json!(["x", "y"])),
        (thing("size/minimum"), json!(1)),
        (thing("made"), json!({"type": "string"})),
        (format!("{NEW}/required"), json!([])),
        (new("more"), json!({"type": "string"})),
        (new("name/maxLength"), json!(41)),
        (new("size/type"), json!(["number", "null"])),
        (new("kind/enum"), json!(["a", "b", "c"])),
        (new("where/oneOf/-"), json!({"type": "boolean"})),
        (
            new("size"),
            json!({"anyOf": [{"type": "integer", "maximum": 9}, {"type": "null"}]}),
        ),
    ] {
        let mut changed = contract();
        set(&mut changed, &pointer, value.clone());
        let found = breaks(&contract(), &changed);
        assert!(found.is_empty(), "{pointer} {value}: {found:?}");
    }
    assert_eq!(breaks(&document(), &document()), []);
}
