//! Request bodies for projects, plans, deployments and software.

use eventrelay::project::{
    Framework, Language, MAX_FEATURE_LENGTH, MAX_FEATURES, MAX_INSTRUCTIONS_LENGTH, MAX_WRITTEN,
    ProjectType, deploy::Target, plan::MAX_DEPENDENCIES,
};
use serde_json::{Value, json};

use super::{FORMAT, SEEN, choice, flag, named, object, price, text, upload_id, video_url};
use crate::components::reference;

/// Returns all request schemas for projects by name.
pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        ("NewProject", project()),
        ("ProjectLanguage", choice(&LANGUAGES)),
        ("PlanEdit", plan_edit()),
        ("NewPlannedFile", planned_file()),
        ("NewSpan", span()),
        ("NewDependency", dependency()),
        ("NewDeployment", deployment()),
        ("NewRepository", repository()),
        ("NewSoftware", software()),
    ]
}

const TYPES: [ProjectType; 5] = [
    ProjectType::Web,
    ProjectType::Api,
    ProjectType::Cli,
    ProjectType::Ml,
    ProjectType::Mobile,
];

/// Languages that a request may name. The others belong to no framework.
const LANGUAGES: [Language; 4] = [
    Language::Python,
    Language::JavaScript,
    Language::TypeScript,
    Language::Rust,
];

fn project_members() -> Value {
    json!({
        "project_type": named("ProjectType", "Type of software"),
        "framework": named("Framework", "Framework; by default the first that fits"),
        "language": named("ProjectLanguage", "Programming language"),
        "features": {
            "type": "array", "maxItems": MAX_FEATURES,
            "items": {
                "type": "string", "minLength": 1, "maxLength": MAX_FEATURE_LENGTH, "pattern": SEEN,
            },
            "description": "Features that the software must have, each in a line",
        },
        "instructions": text(MAX_INSTRUCTIONS_LENGTH, "Further instructions for the model"),
        "max_cost_usd": price("Maximum cost in US dollars"),
    })
}

/// Describes the valid combinations of members of a project's request.
fn combinations() -> String {
    let all = TYPES.iter().map(|kind| {
        let offered = kind.frameworks().iter().map(|framework| {
            format!(
                "`{}` ({})",
                framework.into_str(),
                name(&framework.language())
            )
        });
        let offered: Vec<String> = offered.collect();
        format!("- `{}`: {}", name(kind), offered.join(", "))
    });
    let all: Vec<String> = all.collect();
    format!(
        "`framework` must be one of the `project_type`, and `language` that of the framework. \
         The default framework is the first of the language, or else the first of the \
         type:\n\n{}",
        all.join("\n")
    )
}

/// Describes the frameworks of each target.
fn destinations(member: &str) -> String {
    let all = Target::ALL.iter().map(|target| {
        let taken = Framework::ALL.iter().filter(|one| target.takes(**one));
        let taken: Vec<String> = taken.map(|one| format!("`{}`", one.into_str())).collect();
        format!("- `{}`: {}", target.into_str(), taken.join(", "))
    });
    let all: Vec<String> = all.collect();
    format!(
        "`{member}` must support the framework:\n\n{}",
        all.join("\n")
    )
}

/// Describes the targets with a `repository`.
fn repositories() -> String {
    let with = Target::ALL.iter().filter(|one| one.has_repository());
    let with: Vec<String> = with.map(|one| format!("`{}`", one.into_str())).collect();
    format!("`repository` is allowed only for {}.", with.join(" and "))
}

/// Returns the name of a value in JSON.
fn name(value: &impl serde::Serialize) -> String {
    let name = serde_json::to_value(value).unwrap_or_default();
    name.as_str().unwrap_or_default().to_owned()
}

fn project() -> Value {
    let mut members = project_members();
    members["plan_only"] =
        flag("Stop after the plan, which can be edited before files are written");
    members["variant"] = text(
        80,
        "Variant of the analysis; by default the analysis that `GET /v1/videos/{video_id}` \
         returns",
    );
    let about = format!("A project to make. {}", combinations());
    object(&about, &["project_type"], members)
}

fn repository() -> Value {
    object(
        "A GitHub repository.",
        &[],
        json!({
            "name": {
                "type": "string", "minLength": 1, "maxLength": 100,
                "pattern": r"^(?!\.{1,2}$)(?!.*\.[Gg][Ii][Tt]$)[A-Za-z0-9._-]+$",
                "description": "Name; by default that of the project",
            },
            "owner": {
                "type": "string", "pattern": "^[A-Za-z0-9_][A-Za-z0-9_-]{0,38}$",
                "description": "Owner; by default the user of the token",
            },
            "private": {
                "type": "boolean",
                "description": "Whether the repository is private; by default all but those of GitHub Pages are",
            },
            "description": text(1400, "Description; by default the summary of the project"),
        }),
    )
}

fn add_deployment_members(members: &mut Value, target: &str) {
    members[target] = named("DeploymentTarget", "Deployment target");
    members["repository"] = named("NewRepository", "GitHub repository");
    members["delete_on_failure"] = flag(
        "Delete the repository if the deployment created it and fails, unless other users \
         have changed it",
    );
}

fn deployment() -> Value {
    let mut members = json!({"dry_run": flag("Only return the calls that it would make")});
    add_deployment_members(&mut members, "target");
    let about = format!(
        "A deployment of a project. {} {}",
        repositories(),
        destinations("target")
    );
    object(&about, &["target"], members)
}

fn software() -> Value {
    let mut members = project_members();
    members["url"] = video_url();
    members["upload_id"] = upload_id();
    add_deployment_members(&mut members, "deployment_target");
    let about = format!(
        "A video, the software to make from it, and its deployment. Exactly one of `url` and \
         `upload_id` names the video. {} {}\n\n{}",
        repositories(),
        combinations(),
        destinations("deployment_target")
    );
    object(&about, &["project_type", "deployment_target"], members)
}

fn project_path(description: &str) -> Value {
    json!({
        "type": "string", FORMAT: "eventrelay-path", "minLength": 1,
        "description": description,
    })
}

/// Removes `null` from optional members with a default.
fn without_null(mut schema: Value, members: &[&str]) -> Value {
    for name in members {
        if let Some(kind) = schema["properties"][name]["type"].get(0).cloned() {
            schema["properties"][name]["type"] = kind;
        }
    }
    schema
}

fn planned_file() -> Value {
    let file = object(
        "A planned file.",
        &["path", "purpose"],
        json!({
            "path": project_path("Path relative to the root of the project, with `/`"),
            "purpose": {"type": "string", "pattern": SEEN, "description": "Purpose of the file"},
            "depends_on": {
                "type": "array", "items": project_path("Path of another planned file"),
                "description": "Files that the model must see to write this file",
            },
            "sources": {
                "type": "array", "items": reference("NewSpan"),
                "description": "Sections of the video that the file is based on",
            },
        }),
    );
    without_null(file, &["depends_on", "sources"])
}

fn span() -> Value {
    object(
        "A section of the video, in seconds from its beginning.",
        &["start_s", "end_s"],
        json!({
            "start_s": {"type": "number", "minimum": 0, "description": "First second"},
            "end_s": {"type": "number", "minimum": 0, "description": "Last second"},
        }),
    )
}

fn dependency() -> Value {
    let dependency = object(
        "A package of the framework's registry.",
        &["name"],
        json!({
            "name": {"type": "string", FORMAT: "eventrelay-package", "description": "Name of the package"},
            "version": {
                "type": "string", FORMAT: "eventrelay-range",
                "description": "Version range in the registry's syntax; by default any",
            },
            "dev": {"type": "boolean", "description": "Only for development and tests"},
        }),
    );
    without_null(dependency, &["dev"])
}

fn plan_edit() -> Value {
    let mut object = object(
        "New values of members of a plan. At least one is required and not `null`.",
        &[],
        json!({
            "title": text(500, "Title in one line"),
            "summary": text(8000, "Summary in a few sentences"),
            "files": {
                "type": "array", "minItems": 1, "maxItems": MAX_WRITTEN,
                "items": reference("NewPlannedFile"), "description": "Files of the plan",
            },
            "dependencies": {
                "type": "array", "maxItems": MAX_DEPENDENCIES,
                "items": reference("NewDependency"), "description": "Packages of the plan",
            },
        }),
    );
    object["minProperties"] = 1.into();
    object
}
