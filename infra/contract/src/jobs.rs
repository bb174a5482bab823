//! Schemas of jobs: one for each `kind`, and their union, which `kind` discriminates.
//!
//! A handler writes several kinds with one type. A client that knows the `kind` needs the members
//! of that kind, so each kind has a schema.

use serde_json::{Map, Value, json};

use crate::components::reference;

struct Kind {
    kind: &'static str,
    name: &'static str,
    /// Schema of the handler's type.
    base: &'static str,
    /// Required members that not all kinds of the type have.
    always: &'static [&'static str],
    /// Members that exist from some stage on.
    sometimes: &'static [&'static str],
    /// Stages of a running job.
    stages: &'static [&'static str],
    /// Final states beyond `done`, `failed` and `cancelled`.
    ends: &'static [&'static str],
    done: Option<&'static str>,
    about: &'static str,
}

/// Members of builds that only some kinds have.
const OWN: [&str; 5] = ["video_id", "project_id", "deployment_id", "files", "stages"];

const KINDS: [Kind; 6] = [
    Kind {
        kind: "project",
        name: "ProjectJob",
        base: "BuildJob",
        always: &["project_id"],
        sometimes: &["files"],
        stages: &["planning", "writing", "checking", "packaging"],
        ends: &[],
        done: None,
        about: "A job that makes software from an analysis.",
    },
    Kind {
        kind: "deployment",
        name: "DeploymentJob",
        base: "BuildJob",
        always: &["project_id", "deployment_id"],
        sometimes: &[],
        stages: &[
            "waiting",
            "creating",
            "sending",
            "comparing",
            "proposing",
            "publishing",
            "building",
        ],
        ends: &["skipped"],
        done: None,
        about: "A job that deploys a project.",
    },
    Kind {
        kind: "software",
        name: "SoftwareJob",
        base: "BuildJob",
        always: &["video_id", "stages"],
        sometimes: &["project_id", "deployment_id"],
        stages: &["analysing", "building", "deploying"],
        ends: &["skipped"],
        done: None,
        about: "A job that analyses a video, makes software from it and deploys the software.",
    },
    Kind {
        kind: "playlist",
        name: "PlaylistJob",
        base: "TaskJob",
        always: &[],
        sometimes: &[],
        stages: &["submitted", "submitting"],
        ends: &[],
        done: Some("PlaylistCounts"),
        about: "A job that submits every video of a playlist. `progress` is 0 until it is done, \
         because the last page determines the number of videos.",
    },
    Kind {
        kind: "delete_videos",
        name: "DeleteVideosJob",
        base: "TaskJob",
        always: &[],
        sometimes: &[],
        stages: &["submitted", "deleting"],
        ends: &[],
        done: Some("DeletionCounts"),
        about: "A job that deletes every video. `progress` is 0 until it is done.",
    },
    Kind {
        kind: "recount",
        name: "RecountJob",
        base: "TaskJob",
        always: &[],
        sometimes: &[],
        stages: &["submitted", "counting"],
        ends: &[],
        done: Some("RecountCounts"),
        about: "A job that recounts the totals. `progress` is 0 until it is done.",
    },
];

/// Replaces the schemas of the handlers' types by one per kind, and adds their union.
pub(crate) fn split(all: &mut Map<String, Value>) {
    for kind in &KINDS {
        let mut schema = all.get(kind.base).cloned().unwrap_or_default();
        kind.narrow(&mut schema);
        all.insert(kind.name.to_owned(), schema);
    }
    for base in ["BuildJob", "TaskJob", "TaskCounts"] {
        all.remove(base);
    }
    if let Some(analysis) = all.get_mut("AnalysisJob") {
        analysis["description"] = "A job that analyses a video.".into();
    }
    let kinds = KINDS.iter().map(|kind| (kind.kind, kind.name));
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
        schema["description"] = self.about.into();
        let members = &mut schema["properties"];
        members["kind"] = json!({"type": "string", "const": self.kind});
        let stages = self.stages.iter().chain(self.ends);
        let stages: Vec<_> = stages.chain(&["done", "failed", "cancelled"]).collect();
        members["stage"] = json!({"type": "string", "enum": stages});
        if let Some(done) = self.done {
            members["done"]["$ref"] = reference(done)["$ref"].clone();
        }
        let has = |member: &str| self.always.contains(&member) || self.sometimes.contains(&member);
        for member in OWN.into_iter().filter(|member| !has(member)) {
            remove(members, member);
            remove(&mut members["links"]["properties"], link(member));
        }
        for member in self.always {
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
