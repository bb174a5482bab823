//! JSON Schema of the model's answer (Gemini's `responseJsonSchema`).
//!
//! The schema uses only keywords that Gemini supports: `type` (with `null` for optional values),
//! `properties`, `required`, `items`, `enum`, `description`, `minimum` and `maximum`. It adds
//! Gemini's own `propertyOrdering`, because models write better in an order where each field builds
//! on earlier ones (<https://ai.google.dev/gemini-api/docs/structured-output>). Every property is
//! required, so that a part is empty only on purpose. [`super::Draft`] is the same shape in types.

#[cfg(test)]
mod tests;

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

/// Parts of the content that the model rates with a confidence.
const RATED: [&str; 7] = [
    "summary",
    "key_concepts",
    "chapters",
    "transcript",
    "events",
    "actions",
    "visual_elements",
];

/// Builds the schema of an answer.
#[must_use]
pub fn response_schema(transcript: Transcript) -> Value {
    let mut schema = whole();
    if transcript == Transcript::Given {
        remove(&mut schema, "transcript");
        remove(&mut schema["properties"]["confidence"], "transcript");
    }
    schema
}

/// Source of the transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transcript {
    /// The model transcribes the video.
    Asked,
    /// The request contains it. An answer that repeats it would exceed the model's output limit.
    Given,
}

/// Removes a property of an object.
fn remove(object: &mut Value, name: &str) {
    if let Some(properties) = object["properties"].as_object_mut() {
        properties.remove(name);
    }
    for names in ["required", "propertyOrdering"] {
        if let Some(names) = object[names].as_array_mut() {
            names.retain(|one| one != name);
        }
    }
}

fn whole() -> Value {
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

/// Allows `null` in a schema. An `enum` must list `null` too, else no value could be null.
fn nullable(mut schema: Value) -> Value {
    let kind = schema["type"].take();
    schema["type"] = json!([kind, "null"]);
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.push(Value::Null);
    }
    schema
}
