//! Schemas of jobs: one for each `kind`, and their union, which `kind` discriminates.
//!
//! A handler writes several kinds with one type. A client that knows the `kind` needs the members
//! of that kind, so each kind has a schema.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::components::reference;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kinds {
    job: Vec<Kind>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kind {
    kind: String,
    /// Name of its schema.
    name: String,
    description: String,
    /// Schema of the handler's type.
    base: String,
    /// Required members that not all kinds of the type have.
    #[serde(default)]
    required: Vec<String>,
    /// Members that exist from some stage on.
    #[serde(default)]
    optional: Vec<String>,
    /// Stages of a running job, and final ones beyond those that all kinds have.
    stages: Vec<String>,
    done: Option<String>,
}

/// Members of builds that only some kinds have.
const OWN: [&str; 5] = ["video_id", "project_id", "deployment_id", "files", "stages"];

/// Final stages of all kinds.
const FINAL: [&str; 3] = ["done", "failed", "cancelled"];

/// Replaces the schemas of the handlers' types by one per kind, and adds their union.
pub(crate) fn split(all: &mut Map<String, Value>) {
    let Kinds { job: kinds } =
        toml::from_str(include_str!("../jobs.toml")).expect("jobs.toml is tested");
    for kind in &kinds {
        let mut schema = all.get(&kind.base).cloned().unwrap_or_default();
        kind.narrow(&mut schema);
        all.insert(kind.name.clone(), schema);
    }
    for base in ["BuildJob", "TaskJob", "TaskCounts"] {
        all.remove(base);
    }
    if let Some(analysis) = all.get_mut("AnalysisJob") {
        analysis["description"] = "A job that analyses a video.".into();
    }
    let kinds = kinds
        .iter()
        .map(|kind| (kind.kind.as_str(), kind.name.as_str()));
    let kinds: Vec<_> = [("analysis", "AnalysisJob")]
        .into_iter()
        .chain(kinds)
        .collect();
    let mapping: Map<String, Value> = kinds
        .iter()
        .map(|(kind, name)| ((*kind).to_owned(), reference(name)["$ref"].clone()))
        .collect();
    all.insert(
        "Job".to_owned(),
        json!({
            "description": "A job of any kind. `job_id`, `kind`, `status`, `stage`, `progress`, \
                            the times, `error` and `links` are members of each.",
            "oneOf": kinds.iter().map(|(_, name)| reference(name)).collect::<Vec<_>>(),
            "discriminator": {"propertyName": "kind", "mapping": mapping},
        }),
    );
}

impl Kind {
    /// Narrows the schema of the type to this kind.
    fn narrow(&self, schema: &mut Value) {
        schema["description"] = self.description.clone().into();
        let members = &mut schema["properties"];
        members["kind"] = json!({"type": "string", "const": self.kind});
        let stages = self.stages.iter().map(String::as_str);
        let stages: Vec<_> = stages.chain(FINAL).collect();
        members["stage"] = json!({"type": "string", "enum": stages});
        if let Some(done) = &self.done {
            members["done"]["$ref"] = reference(done)["$ref"].clone();
        }
        let own: Vec<&String> = self.required.iter().chain(&self.optional).collect();
        let has = |member: &str| own.iter().any(|name| *name == member);
        for member in OWN.into_iter().filter(|member| !has(member)) {
            remove(members, member);
            remove(&mut members["links"]["properties"], link(member));
        }
        for member in &self.required {
            require(schema, member);
            if !link(member).is_empty() {
                require(&mut schema["properties"]["links"], link(member));
            }
        }
    }
}

/// Returns the link of an id.
fn link(member: &str) -> &str {
    member.strip_suffix("_id").unwrap_or_default()
}

fn remove(members: &mut Value, name: &str) {
    if let Some(members) = members.as_object_mut() {
        members.remove(name);
    }
}

fn require(schema: &mut Value, name: &str) {
    if let Some(required) = schema["required"].as_array_mut() {
        required.push(name.into());
    }
}
