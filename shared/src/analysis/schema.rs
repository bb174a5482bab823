//! The JSON Schema that the model's answer is held to (Gemini's `responseJsonSchema`).
//!
//! Of JSON Schema only what Gemini knows is used: `type` (with `null` for what may be missing),
//! `properties`, `required`, `items`, `enum`, `description`, `minimum` and `maximum`; and its own
//! `propertyOrdering`, since models write better what follows from what they have already written
//! (<https://ai.google.dev/gemini-api/docs/structured-output>). Every property is required, so that
//! a part is left empty on purpose only. [`super::Draft`] is the same shape in types.

use serde_json::{Map, Value, json};

/// Values of [`super::BuildPlan::project_type`].
pub const PROJECT_TYPES: [&str; 6] = ["web", "api", "cli", "ml", "mobile", "other"];

/// Values of [`super::BuildStep::action`].
pub const STEP_ACTIONS: [&str; 6] = [
    "create",
    "install",
    "configure",
    "implement",
    "test",
    "deploy",
];

/// The parts of the content for which the model says how sure it is.
const RATED: [&str; 7] = [
    "summary",
    "key_concepts",
    "chapters",
    "transcript",
    "events",
    "actions",
    "visual_elements",
];

/// The schema of a whole answer.
#[must_use]
pub fn response_schema() -> Value {
    object([
        (
            "title",
            nullable(text("Title of the video, as it is shown or said.")),
        ),
        (
            "language",
            nullable(text("BCP 47 tag of the language of your texts.")),
        ),
        (
            "duration_s",
            nullable(seconds("Length of the whole video.")),
        ),
        (
            "transcript",
            list("What is said, word for word, in order.", segment()),
        ),
        (
            "chapters",
            list(
                "Sections of the video, consecutive and in order.",
                chapter(),
            ),
        ),
        ("events", list("What happens, in order.", event())),
        (
            "visual_elements",
            list("What is to be seen and worth reading.", visual_element()),
        ),
        (
            "key_concepts",
            list("The ideas the video turns on.", key_concept()),
        ),
        (
            "technologies",
            texts("Products, languages, libraries and services, by name."),
        ),
        ("actions", list("What a viewer can do.", action())),
        (
            "prerequisites",
            texts("What a viewer should know or have before."),
        ),
        ("learning_path", texts("What to learn, in this order.")),
        ("related_topics", texts("Where to go on from here.")),
        (
            "difficulty",
            nullable(one_of(&["beginner", "intermediate", "advanced"])),
        ),
        ("build_plan", nullable(build_plan())),
        (
            "summary",
            text("Three to six sentences that stand for the whole."),
        ),
        ("confidence", object(RATED.map(|part| (part, fraction())))),
    ])
}

fn key_concept() -> Value {
    object([
        ("name", text("Its name.")),
        ("explanation", text("What the video says of it.")),
        ("at_s", nullable(seconds("Where it is first explained."))),
    ])
}

fn chapter() -> Value {
    object([
        ("title", text("Its heading.")),
        ("start_s", seconds("Its first second.")),
        ("end_s", seconds("Its last second.")),
        ("summary", text("What it is about, in a sentence or two.")),
    ])
}

fn segment() -> Value {
    object([
        ("start_s", seconds("When the words begin.")),
        ("end_s", seconds("When they end.")),
        ("speaker", nullable(text("Who speaks, if the video tells."))),
        ("text", text("The words, a sentence or two.")),
    ])
}

fn event() -> Value {
    object([
        (
            "type",
            one_of(&["action", "topic", "insight", "tool", "resource", "mention"]),
        ),
        ("at_s", seconds("When it happens.")),
        ("title", text("A line.")),
        ("description", text("A sentence or two.")),
        ("confidence", fraction()),
    ])
}

fn action() -> Value {
    object([
        (
            "category",
            one_of(&["setup", "build", "deploy", "learn", "research", "configure"]),
        ),
        ("priority", one_of(&["high", "medium", "low"])),
        ("at_s", seconds("Where the video says so.")),
        ("title", text("A line in the imperative.")),
        ("description", text("A sentence or two.")),
        (
            "estimated_minutes",
            nullable(json!({"type": "integer", "minimum": 0, "description": "How long it takes."})),
        ),
    ])
}

fn visual_element() -> Value {
    object([
        (
            "type",
            one_of(&["code", "diagram", "ui", "terminal", "text"]),
        ),
        ("at_s", seconds("When it is to be seen.")),
        (
            "content",
            text("Code and text exactly as shown; of the rest, what it shows."),
        ),
        ("confidence", fraction()),
    ])
}

fn build_plan() -> Value {
    let step = object([
        ("order", json!({"type": "integer", "minimum": 1})),
        ("action", one_of(&STEP_ACTIONS)),
        (
            "target_file",
            nullable(text("The file it is about, relative to the project.")),
        ),
        ("description", text("What to do.")),
        ("at_s", nullable(seconds("Where the video shows it."))),
    ]);
    let mut plan = object([
        ("title", text("What is built.")),
        ("project_type", one_of(&PROJECT_TYPES)),
        ("summary", text("A sentence or two.")),
        ("technologies", texts("What it is built with.")),
        ("steps", list("In order, numbered from 1.", step)),
    ]);
    plan["description"] = json!("How to build what the video shows; null if it builds nothing.");
    plan
}

fn object<const N: usize>(properties: [(&str, Value); N]) -> Value {
    let names = properties.each_ref().map(|(name, _)| *name).to_vec();
    let properties: Map<String, Value> = properties
        .into_iter()
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": names,
        "propertyOrdering": names,
    })
}

fn list(description: &str, items: Value) -> Value {
    json!({"type": "array", "items": items, "description": description})
}

fn texts(description: &str) -> Value {
    list(description, json!({"type": "string"}))
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn seconds(description: &str) -> Value {
    let description = format!("{description} In seconds from the beginning of the video.");
    json!({"type": "number", "minimum": 0, "description": description})
}

fn fraction() -> Value {
    json!({"type": "number", "minimum": 0, "maximum": 1, "description": "How sure you are."})
}

fn one_of(values: &[&str]) -> Value {
    json!({"type": "string", "enum": values})
}

/// Where there is an `enum`, it must list `null` as well, else nothing could be it.
fn nullable(mut schema: Value) -> Value {
    let kind = schema["type"].take();
    schema["type"] = json!([kind, "null"]);
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.push(Value::Null);
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::super::{Draft, samples};
    use super::*;

    /// Fields that are computed and not asked for.
    const COMPUTED: [&str; 1] = ["id"];

    /// The keywords used here, checked as JSON Schema 2020-12 has them.
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

    /// A whole answer as JSON, with a value for each part that the model rates.
    fn filled() -> Value {
        let mut draft = samples::draft();
        draft.confidence = RATED.map(|part| (part.to_owned(), 0.5)).into();
        serde_json::to_value(draft).unwrap()
    }

    #[test]
    fn a_whole_answer_fits_the_schema() {
        assert_eq!(check(&response_schema(), &filled(), "$"), Ok(()));
    }

    #[test]
    fn the_check_itself_refuses() {
        let mut wrong = filled();
        wrong["events"][0]["confidence"] = json!(1.5);
        assert!(
            check(&response_schema(), &wrong, "$")
                .unwrap_err()
                .starts_with("$.events[]")
        );
        wrong = filled();
        wrong["chapters"][0]
            .as_object_mut()
            .unwrap()
            .remove("end_s");
        assert!(check(&response_schema(), &wrong, "$").is_err());
    }

    /// Every object in an answer, by a JSON pointer.
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
    fn what_the_types_demand_is_required() {
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
                let required = check(&response_schema(), &without, "$").is_err();
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
                &response_schema()["properties"]["difficulty"],
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
            // serde lists the names it knows: the schema must name as many.
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
                    "type" | "required" | "propertyOrdering" | "enum" | "description"
                    | "minimum" | "maximum" => {}
                    other => panic!("{other}"),
                }
            }
        }
        keywords(&response_schema());
    }
}
