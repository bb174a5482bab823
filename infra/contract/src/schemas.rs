//! The bodies of answers: what the types say, and what their names promise.

use eventrelay::{
    api::{problem_type, schemas as types},
    error::Problem,
};
use serde_json::{Map, Value, json};

use crate::{jobs, named};

/// All of them, by name.
pub(crate) fn schemas() -> Map<String, Value> {
    let mut all = types::schemas();
    for schema in all.values_mut() {
        walk(schema, &mut |schema| {
            plain(schema);
            present(schema);
            named(schema);
        });
    }
    selections(&mut all);
    problems(&mut all);
    jobs::split(&mut all);
    named::hoist(&mut all);
    all
}

/// Every schema within a schema, from the inside out.
fn walk(schema: &mut Value, visit: &mut impl FnMut(&mut Map<String, Value>)) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    for key in ["properties", "$defs", "patternProperties"] {
        if let Some(members) = object.get_mut(key).and_then(Value::as_object_mut) {
            members.values_mut().for_each(|member| walk(member, visit));
        }
    }
    for key in ["oneOf", "anyOf", "allOf", "prefixItems"] {
        if let Some(members) = object.get_mut(key).and_then(Value::as_array_mut) {
            members.iter_mut().for_each(|member| walk(member, visit));
        }
    }
    for key in ["items", "additionalProperties", "propertyNames"] {
        if let Some(member) = object.get_mut(key) {
            walk(member, visit);
        }
    }
    visit(object);
}

/// Text for readers of Rust becomes text for readers of the contract, and choices with a word on
/// each become a plain enumeration with a list.
fn plain(schema: &mut Map<String, Value>) {
    schema.remove("$schema");
    schema.remove("title");
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.replace("[`", "`").replace("`]", "`");
        // An intra-documentation link says nothing here.
        if text.contains("::") {
            schema.remove("description");
        }
    }
    // Sizes of our integers are nobody's business, but their sign is.
    let is_width = |format: &Value| format.as_str().is_some_and(|format| format.contains("int"));
    if schema.get("format").is_some_and(is_width) {
        schema.remove("format");
        schema.remove("maximum");
    }
    let Some(choices) = schema.get("oneOf").and_then(Value::as_array) else {
        return;
    };
    let mut names = Vec::new();
    let mut words = Vec::new();
    for choice in choices {
        match (
            choice.get("const"),
            choice.get("enum").and_then(Value::as_array),
        ) {
            (Some(name), _) => {
                if let (Some(name), Some(word)) = (name.as_str(), choice["description"].as_str()) {
                    words.push(format!("- `{name}`: {word}"));
                }
                names.push(name.clone());
            }
            (None, Some(all)) => names.extend(all.iter().cloned()),
            (None, None) => return,
        }
    }
    schema.remove("oneOf");
    schema.insert("type".to_owned(), "string".into());
    schema.insert("enum".to_owned(), names.into());
    if !words.is_empty() {
        let before = schema
            .get("description")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let text = format!("{before}\n\n{}", words.join("\n"));
        schema.insert("description".to_owned(), text.trim().into());
    }
}

/// A member that need not be there is left out instead of being `null`, and has no default: that is
/// for those who read it back.
fn present(schema: &mut Map<String, Value>) {
    schema.remove("default");
    let required = schema.get("required").cloned().unwrap_or_default();
    let is_required = |name: &str| {
        required
            .as_array()
            .is_some_and(|all| all.contains(&name.into()))
    };
    let Some(members) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    // Of a flattened part, that may be missing as a whole, this is null where it is there.
    let members = members
        .iter_mut()
        .filter(|(name, _)| !is_required(name) && *name != "duration_s");
    for (_, member) in members {
        if let Some([kind, _]) = member["type"].as_array().map(Vec::as_slice) {
            member["type"] = kind.clone();
        }
        if let Some([one, Value::Object(_)]) = member["anyOf"].as_array().map(Vec::as_slice) {
            let one = one.clone();
            if let (Some(member), Some(one)) = (member.as_object_mut(), one.as_object()) {
                member.remove("anyOf");
                member.extend(one.clone());
            }
        }
    }
}

/// What the name of a member promises of its text.
fn named(schema: &mut Map<String, Value>) {
    let Some(members) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    for (name, member) in members {
        if name == "links" {
            if let Some(links) = member.get_mut("properties").and_then(Value::as_object_mut) {
                for link in links.values_mut() {
                    link["format"] = "uri".into();
                }
            }
            continue;
        }
        if name == "progress" {
            member["maximum"] = 100.into();
            member["description"] = "0 to 100; 100 is done and nothing else".into();
        }
        let is_text = match &member["type"] {
            Value::String(kind) => kind == "string",
            Value::Array(kinds) => kinds.iter().any(|kind| kind == "string"),
            _ => false,
        };
        if !is_text || member.get("enum").is_some() {
            continue;
        }
        let id = |prefix: &str| format!("^{prefix}_[0-9a-f]{{32}}$");
        match name.as_str() {
            "job_id" => member["pattern"] = id("job").into(),
            "project_id" => member["pattern"] = id("prj").into(),
            "deployment_id" => member["pattern"] = id("dpl").into(),
            "video_id" => {
                member["pattern"] = "^(yt:[A-Za-z0-9_-]{11}|up:[0-9a-f]{64})$".into();
            }
            "sha256" | "upload_id" => member["pattern"] = "^[0-9a-f]{64}$".into(),
            "url" | "link" => member["format"] = "uri".into(),
            "date" => member["format"] = "date".into(),
            at if at.ends_with("_at") || at.ends_with("_until") => {
                member["format"] = "date-time".into();
            }
            _ => {}
        }
    }
}

/// Parts of an analysis: some of its members, and those that are always there.
fn selections(all: &mut Map<String, Value>) {
    let Some(analysis) = all.get("Analysis").cloned() else {
        return;
    };
    let mut selection = analysis.clone();
    selection["required"] = json!(["schema_version", "video"]);
    selection["description"] = "The members of an analysis that were asked for.".into();
    all.insert("AnalysisSelection".to_owned(), selection);
    for part in ["transcript", "events", "actions", "chapters"] {
        let names = ["schema_version", "video", part];
        let members: Map<String, Value> = names
            .iter()
            .map(|name| ((*name).to_owned(), analysis["properties"][name].clone()))
            .collect();
        all.insert(
            format!("Analysis{}{}", part[..1].to_uppercase(), &part[1..]),
            json!({
                "description": format!("The {part} of an analysis."),
                "type": "object",
                "properties": members,
                "required": names,
            }),
        );
    }
}

/// Opens the schemas of problems.
///
/// The kinds of problems are no enumeration: more may come, and a client that is generated refuses
/// a value that its enumeration does not have. API Gateway answers with `{"message": …}` where the
/// API answers with a problem document. One schema for both lets a client read each of them, so no
/// member is required here. The checks of the whole-system tests require them of problem documents.
fn problems(all: &mut Map<String, Value>) {
    let lines = Problem::ALL.iter().map(|problem| {
        format!(
            "- `{}` ({}): {}.",
            problem.slug, problem.status, problem.title
        )
    });
    let lines: Vec<String> = lines.collect();
    let kind = json!({
        "type": "string",
        "description": format!(
            "Stable URI of a kind of problem: `urn:eventrelay:problem:` and its name. More may \
             come; go by the status then.\n\n{}", lines.join("\n")
        ),
        "examples": [problem_type("not-found")],
    });
    let of_job = json!({
        "type": "string",
        "description": "Stable URI of the kind, as in a problem document.",
        "examples": [problem_type("video-private")],
    });
    for (name, kind) in [("Problem", kind), ("JobError", of_job)] {
        if let Some(schema) = all.get_mut(name) {
            schema["properties"]["type"] = kind;
            schema["properties"]["status"]["minimum"] = 400.into();
            schema["properties"]["status"]["maximum"] = 599.into();
        }
    }
    if let Some(problem) = all.get_mut("Problem").and_then(Value::as_object_mut) {
        problem.remove("required");
        problem.insert(
            "description".to_owned(),
            "The body of every answer that is an error. A problem document \
             (`application/problem+json`, RFC 9457) always has `type`, `title`, `status`, `detail` \
             and `request_id`. What API Gateway refuses by itself (`application/json`) has \
             `message` and nothing else."
                .into(),
        );
        problem["properties"]["message"] = json!({
            "type": "string",
            "description": "What API Gateway says, in place of all other members.",
            "examples": ["Unauthorized", "Forbidden"],
        });
    }
}
