//! The bodies of what is asked for a project: to make, edit, deploy it, or all in one.

use eventrelay::project::{
    Framework, LONGEST_FEATURE, LONGEST_INSTRUCTIONS, Language, MOST_FEATURES, MOST_WRITTEN,
    ProjectType, deploy::Target, plan::MOST_DEPENDENCIES,
};
use serde_json::{Value, json};

use super::{SEEN, choice, flag, named, object, price, text, upload_id, video_url};
use crate::responses::reference;

/// Every schema of a request for a project by its name.
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

/// Languages that can be asked for; all others are of no framework.
const LANGUAGES: [Language; 4] = [
    Language::Python,
    Language::JavaScript,
    Language::TypeScript,
    Language::Rust,
];

fn project_members() -> Vec<(&'static str, Value)> {
    vec![
        (
            "project_type",
            named("ProjectType", "What kind of software"),
        ),
        (
            "framework",
            named(
                "Framework",
                "What it is built with; the first that fits if none",
            ),
        ),
        (
            "language",
            named("ProjectLanguage", "What it is written in"),
        ),
        (
            "features",
            json!({
                "type": "array", "maxItems": MOST_FEATURES,
                "items": {
                    "type": "string", "minLength": 1, "maxLength": LONGEST_FEATURE, "pattern": SEEN,
                },
                "description": "What it must have, each in a line",
            }),
        ),
        (
            "instructions",
            text(LONGEST_INSTRUCTIONS, "What else its maker should know"),
        ),
        ("max_cost_usd", price("What it may cost in US dollars")),
    ]
}

/// Words on which members of a project's request go together.
fn combinations() -> String {
    let all = TYPES.iter().map(|kind| {
        let offered = kind
            .frameworks()
            .iter()
            .map(|framework| format!("`{}` ({})", framework.as_str(), name(&framework.language())));
        let offered: Vec<String> = offered.collect();
        format!("- `{}`: {}", name(kind), offered.join(", "))
    });
    let all: Vec<String> = all.collect();
    format!(
        "`framework` must be one of the `project_type`, and `language` that of the framework; \
         without a framework the first of the language is taken, without both the first of the \
         type:\n\n{}",
        all.join("\n")
    )
}

/// Words on which targets take which framework.
fn destinations(member: &str) -> String {
    let all = Target::ALL.iter().map(|target| {
        let taken = Framework::ALL.iter().filter(|one| target.takes(**one));
        let taken: Vec<String> = taken.map(|one| format!("`{}`", one.as_str())).collect();
        format!("- `{}`: {}", target.as_str(), taken.join(", "))
    });
    let all: Vec<String> = all.collect();
    format!("`{member}` must take the framework:\n\n{}", all.join("\n"))
}

/// Words on which targets take a `repository`.
fn repositories() -> String {
    let with = Target::ALL.iter().filter(|one| one.has_repository());
    let with: Vec<String> = with.map(|one| format!("`{}`", one.as_str())).collect();
    format!("`repository` is for {} only.", with.join(" and "))
}

/// The name of a value in JSON.
fn name(value: &impl serde::Serialize) -> String {
    let name = serde_json::to_value(value).unwrap_or_default();
    name.as_str().unwrap_or_default().to_owned()
}

fn project() -> Value {
    let mut members = project_members();
    members.push((
        "plan_only",
        flag("Plan it and no more: the plan can be edited before files are made"),
    ));
    members.push((
        "variant",
        text(80, "Variant of the analysis; without one, the analysis that `GET /v1/videos/{video_id}` shows"),
    ));
    let about = format!("What is made. {}", combinations());
    object(&about, &["project_type"], members)
}

fn repository() -> Value {
    object(
        "The repository, at GitHub.",
        &[],
        vec![
            (
                "name",
                json!({
                    "type": "string", "minLength": 1, "maxLength": 100,
                    "pattern": r"^(?!\.{1,2}$)(?!.*\.[Gg][Ii][Tt]$)[A-Za-z0-9._-]+$",
                    "description": "What it is to be called; the project's name if none",
                }),
            ),
            (
                "owner",
                json!({
                    "type": "string", "pattern": "^[A-Za-z0-9_][A-Za-z0-9_-]{0,38}$",
                    "description": "Whose it is to be; the token's owner's if none",
                }),
            ),
            (
                "private",
                json!({
                    "type": "boolean",
                    "description": "Whether nobody else may see it; if not said, all but GitHub Pages is private",
                }),
            ),
            (
                "description",
                text(1400, "What it is for; the project's summary if none"),
            ),
        ],
    )
}

fn deployment_members(target: &'static str) -> Vec<(&'static str, Value)> {
    vec![
        (target, named("DeploymentTarget", "Where to")),
        (
            "repository",
            named("NewRepository", "The repository, at GitHub"),
        ),
        (
            "delete_on_failure",
            flag(
                "Delete a repository that was made for it if it fails, as long as nobody else has put anything into it",
            ),
        ),
    ]
}

fn deployment() -> Value {
    let mut members = deployment_members("target");
    members.push(("dry_run", flag("Only say what would be sent")));
    let about = format!(
        "Where a project goes. {} {}",
        repositories(),
        destinations("target")
    );
    object(&about, &["target"], members)
}

fn software() -> Value {
    let mut members = vec![("url", video_url()), ("upload_id", upload_id())];
    members.extend(project_members());
    members.extend(deployment_members("deployment_target"));
    let about = format!(
        "What is analysed, what is made of it, and where that goes. Exactly one of `url` and \
         `upload_id` names the video. {} {}\n\n{}",
        repositories(),
        combinations(),
        destinations("deployment_target")
    );
    object(&about, &["project_type", "deployment_target"], members)
}

fn project_path(description: &str) -> Value {
    json!({
        "type": "string", "x-eventrelay-format": "eventrelay-path", "minLength": 1,
        "description": description,
    })
}

/// Takes `null` back from members that have a default: they may be left out, and are not `null`.
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
        "A file that is written.",
        &["path", "purpose"],
        vec![
            (
                "path",
                project_path("Relative to the root of the project, with `/`"),
            ),
            (
                "purpose",
                json!({"type": "string", "pattern": SEEN, "description": "What it is for"}),
            ),
            (
                "depends_on",
                json!({
                    "type": "array", "items": project_path("Path of another planned file"),
                    "description": "Files whose text its writer must see",
                }),
            ),
            (
                "sources",
                json!({
                    "type": "array", "items": reference("NewSpan"),
                    "description": "Where in the video it comes from",
                }),
            ),
        ],
    );
    without_null(file, &["depends_on", "sources"])
}

fn span() -> Value {
    let second =
        |description: &str| json!({"type": "number", "minimum": 0, "description": description});
    object(
        "A stretch of the video, in seconds from its beginning.",
        &["start_s", "end_s"],
        vec![
            ("start_s", second("First second")),
            ("end_s", second("Last second")),
        ],
    )
}

fn dependency() -> Value {
    let dependency = object(
        "A package of the framework's registry.",
        &["name"],
        vec![
            (
                "name",
                json!({"type": "string", "x-eventrelay-format": "eventrelay-package", "description": "Its name"}),
            ),
            (
                "version",
                json!({"type": "string", "x-eventrelay-format": "eventrelay-range", "description": "A range in the registry's own syntax; any if none"}),
            ),
            (
                "dev",
                json!({"type": "boolean", "description": "Only for development and tests"}),
            ),
        ],
    );
    without_null(dependency, &["dev"])
}

fn plan_edit() -> Value {
    let mut object = object(
        "What replaces members of a plan. At least one of them is given, and is not `null`.",
        &[],
        vec![
            ("title", text(500, "A line")),
            ("summary", text(8000, "Some sentences")),
            (
                "files",
                json!({
                    "type": "array", "minItems": 1, "maxItems": MOST_WRITTEN,
                    "items": reference("NewPlannedFile"), "description": "The files of the plan",
                }),
            ),
            (
                "dependencies",
                json!({
                    "type": "array", "maxItems": MOST_DEPENDENCIES,
                    "items": reference("NewDependency"), "description": "The packages of the plan",
                }),
            ),
        ],
    );
    object["minProperties"] = 1.into();
    object
}
