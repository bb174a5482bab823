use super::super::{Draft, samples};
use super::*;

/// Computed fields, which the schema does not request.
const COMPUTED: [&str; 1] = ["id"];

/// Validates a value by the keywords used here, as in JSON Schema 2020-12.
fn check(schema: &Value, value: &Value, path: &str) -> Result<(), String> {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let allowed = |t: &Value| t == kind || (t == "number" && kind == "integer");
    let fits = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().any(allowed),
        other => allowed(other),
    };
    let among = schema
        .get("enum")
        .is_none_or(|v| v.as_array().unwrap().contains(value));
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64).zip(value.as_f64());
    let bounded = bound("minimum").is_none_or(|(least, n)| n >= least)
        && bound("maximum").is_none_or(|(most, n)| n <= most);
    if !(fits && among && bounded) {
        return Err(format!("{path}: {value} does not fit {schema}"));
    }
    if let Value::Array(items) = value {
        for item in items {
            check(&schema["items"], item, &format!("{path}[]"))?;
        }
    }
    let Value::Object(fields) = value else {
        return Ok(());
    };
    for name in schema["required"].as_array().unwrap() {
        fields
            .get(name.as_str().unwrap())
            .ok_or(format!("{path}.{name} is missing"))?;
    }
    for (name, field) in fields
        .iter()
        .filter(|(name, _)| !COMPUTED.contains(&name.as_str()))
    {
        let property = schema["properties"].get(name);
        check(
            property.ok_or(format!("{path}.{name} is unknown"))?,
            field,
            &format!("{path}.{name}"),
        )?;
    }
    Ok(())
}

/// Complete answer as JSON, with a value for each part that the model rates.
fn filled() -> Value {
    let mut draft = samples::draft();
    draft.confidence = RATED.map(|part| (part.to_owned(), 0.5)).into();
    serde_json::to_value(draft).unwrap()
}

#[test]
fn a_whole_answer_fits_the_schema() {
    assert_eq!(
        check(&response_schema(Transcript::Asked), &filled(), "$"),
        Ok(())
    );
}

#[test]
fn schema_has_no_transcript_where_one_was_given() {
    let schema = response_schema(Transcript::Given);
    let text = schema.to_string();
    assert!(!text.contains("\"transcript\""), "{text}");
    let mut answer = filled();
    for object in ["", "/confidence"] {
        let object = answer.pointer_mut(object).unwrap();
        object.as_object_mut().unwrap().remove("transcript");
    }
    assert_eq!(check(&schema, &answer, "$"), Ok(()));
    assert!(Draft::parse(&answer.to_string()).is_ok());
}

#[test]
fn check_refuses_invalid_value() {
    let mut wrong = filled();
    wrong["events"][0]["confidence"] = json!(1.5);
    assert!(
        check(&response_schema(Transcript::Asked), &wrong, "$")
            .unwrap_err()
            .starts_with("$.events[]")
    );
    wrong = filled();
    wrong["chapters"][0]
        .as_object_mut()
        .unwrap()
        .remove("end_s");
    assert!(check(&response_schema(Transcript::Asked), &wrong, "$").is_err());
}

/// Collects every object in an answer by JSON pointer.
fn objects(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.push(at.to_owned());
            fields
                .iter()
                .for_each(|(name, field)| objects(field, &format!("{at}/{name}"), found));
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(i, v)| objects(v, &format!("{at}/{i}"), found));
        }
        _ => {}
    }
}

#[test]
fn schema_requires_every_required_field_of_types() {
    let whole = filled();
    let mut found = Vec::new();
    objects(&whole, "", &mut found);
    for object in found {
        for name in whole.pointer(&object).unwrap().as_object().unwrap().keys() {
            let mut without = whole.clone();
            without
                .pointer_mut(&object)
                .unwrap()
                .as_object_mut()
                .unwrap()
                .remove(name);
            let demanded = Draft::parse(&without.to_string()).is_err();
            let required = check(&response_schema(Transcript::Asked), &without, "$").is_err();
            assert!(
                required || !demanded,
                "{object}/{name} is demanded but not required"
            );
            assert_eq!(
                required,
                !COMPUTED.contains(&name.as_str()),
                "{object}/{name}"
            );
        }
    }
}

#[test]
fn every_value_of_every_enum_is_read() {
    for (pointer, schema) in [
        ("/events/0/type", &event()["properties"]["type"]),
        ("/actions/0/category", &action()["properties"]["category"]),
        ("/actions/0/priority", &action()["properties"]["priority"]),
        (
            "/visual_elements/0/type",
            &visual_element()["properties"]["type"],
        ),
        (
            "/difficulty",
            &response_schema(Transcript::Asked)["properties"]["difficulty"],
        ),
    ] {
        let mut answer = filled();
        for value in schema["enum"].as_array().unwrap() {
            *answer.pointer_mut(pointer).unwrap() = value.clone();
            let draft = Draft::parse(&answer.to_string()).unwrap();
            assert_eq!(
                serde_json::to_value(draft).unwrap().pointer(pointer),
                Some(value)
            );
        }
        // serde lists the known names: the schema must have as many.
        *answer.pointer_mut(pointer).unwrap() = json!("none of them");
        let message = Draft::parse(&answer.to_string()).unwrap_err().to_string();
        let known = message
            .split("expected ")
            .nth(1)
            .unwrap()
            .matches('`')
            .count()
            / 2;
        let named = schema["enum"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|v| !v.is_null())
            .count();
        assert_eq!(known, named, "{pointer}: {message}");
    }
}

#[test]
fn only_keywords_that_gemini_knows_are_used() {
    fn keywords(schema: &Value) {
        for (key, value) in schema.as_object().unwrap() {
            match key.as_str() {
                "properties" => value.as_object().unwrap().values().for_each(keywords),
                "items" => keywords(value),
                "type" | "required" | "propertyOrdering" | "enum" | "description" | "minimum"
                | "maximum" => {}
                other => panic!("{other}"),
            }
        }
    }
    keywords(&response_schema(Transcript::Asked));
}
