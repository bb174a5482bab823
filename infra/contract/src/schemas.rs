//! Response schemas, from the types and from the names of members.

use eventrelay::{
    api::{problem_type, schemas as types},
    error::Problem,
};
use serde_json::{Map, Value, json};

use crate::{jobs, named};

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

/// Visits every schema within a schema, innermost first.
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

/// Converts Rust documentation to text for users of the API, and described variants to an
/// enumeration with a list.
fn plain(schema: &mut Map<String, Value>) {
    schema.remove("$schema");
    schema.remove("title");
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.replace("[`", "`").replace("`]", "`");
        // Users of the API cannot follow a link to a Rust item.
        if text.contains("::") {
            schema.remove("description");
        }
    }
    // The width of our integers does not concern users, but their sign does.
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

/// Removes `null` and defaults from optional members: responses omit them instead.
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
    // A flattened part may be missing as a whole. If it exists, this member may be `null`.
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

/// Adds the constraints that the name of a text member implies.
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
            member["description"] = "0 to 100; only a finished job has 100".into();
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

/// Adds the schemas of parts of an analysis.
fn selections(all: &mut Map<String, Value>) {
    let Some(analysis) = all.get("Analysis").cloned() else {
        return;
    };
    let mut selection = analysis.clone();
    selection["required"] = json!(["schema_version", "video"]);
    selection["description"] = "The selected members of an analysis.".into();
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
/// The kinds of problems are no enumeration: a generated client refuses unknown values of an
/// enumeration, and later versions may add kinds. API Gateway sends `{"message": …}` where the API
/// sends a problem document. One schema covers both, so it requires no member. Whole-system tests
/// require the members of problem documents.
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
            "Stable URI of a kind of problem: `urn:eventrelay:problem:` and its name. For an \
         unknown kind, use the status.\n\n{}", lines.join("\n")
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
            "Body of every error. A problem document (`application/problem+json`, RFC 9457) always \
             has `type`, `title`, `status`, `detail` and `request_id`. An error of API Gateway \
             itself (`application/json`) has only `message`."
                .into(),
        );
        problem["properties"]["message"] = json!({
            "type": "string",
            "description": "Message of API Gateway, instead of all other members.",
            "examples": ["Unauthorized", "Forbidden"],
        });
    }
}
