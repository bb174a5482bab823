//! The bodies of what is asked for a project: to make, edit, deploy it, or all in one.

use eventrelay::project::{
    Framework, LONGEST_FEATURE, LONGEST_INSTRUCTIONS, Language, MOST_FEATURES, MOST_WRITTEN,
    ProjectType, deploy::Target, plan::MOST_DEPENDENCIES,
};
use serde_json::{Value, json};

use super::{SEEN, choice, flag, object, one_video, price, text, upload_id, video_url};

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
        ("project_type", choice(&TYPES, "What kind of software")),
        (
            "framework",
            choice(
                &Framework::ALL,
                "What it is built with; the first that fits if none",
            ),
        ),
        ("language", choice(&LANGUAGES, "What it is written in")),
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

/// Which framework is taken by which words, and where it can go: what of the combinations there
/// is.
fn combinations(target: Option<&str>) -> Value {
    let mut all = Vec::new();
    let none = || json!({"type": "null"});
    for kind in TYPES {
        for framework in kind.frameworks().iter().copied() {
            let language = framework.language();
            let mut add = |title: String,
                           framework_is: Value,
                           language_is: Value,
                           required: &[&str]| {
                let mut properties = json!({
                    "project_type": {"const": kind},
                    "framework": framework_is,
                    "language": language_is,
                });
                let mut required = required.to_vec();
                if let Some(name) = target {
                    let targets: Vec<_> = Target::ALL
                        .iter()
                        .filter(|one| one.takes(framework))
                        .collect();
                    properties[name] = json!({"enum": targets});
                    required.push(name);
                }
                required.insert(0, "project_type");
                all.push(json!({"title": title, "properties": properties, "required": required}));
            };
            let name = framework.as_str();
            add(
                format!("By framework: {name}"),
                json!({"const": framework}),
                json!({"enum": [language, null]}),
                &["framework"],
            );
            if Framework::choose(kind, None, Some(language)) == Ok(framework) {
                add(
                    format!("By language: {name}"),
                    none(),
                    json!({"const": language}),
                    &["language"],
                );
            }
            if Framework::choose(kind, None, None) == Ok(framework) {
                add(format!("By type: {name}"), none(), none(), &[]);
            }
        }
    }
    all.into()
}

pub(super) fn project() -> Value {
    let mut members = project_members();
    members.push((
        "plan_only",
        flag("Plan it and no more: the plan can be edited before files are made"),
    ));
    members.push((
        "variant",
        text(80, "Variant of the analysis; without one, the analysis that `GET /v1/videos/{video_id}` shows"),
    ));
    let mut object = object("What is made.", &["project_type"], members);
    object["anyOf"] = combinations(None);
    object
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

/// Only a target that makes a repository takes one.
fn with_repository(mut object: Value, target: &str) -> Value {
    let without: Vec<_> = Target::ALL
        .iter()
        .filter(|one| !one.has_repository())
        .collect();
    object["if"] = json!({"properties": {target: {"enum": without}}});
    object["then"] = json!({"properties": {"repository": {"type": "null"}}});
    object
}

fn deployment_members(target: &'static str) -> Vec<(&'static str, Value)> {
    vec![
        (target, choice(&Target::ALL, "Where to")),
        ("repository", repository()),
        (
            "delete_on_failure",
            flag(
                "Delete a repository that was made for it if it fails, as long as nobody else has put anything into it",
            ),
        ),
    ]
}

pub(super) fn deployment() -> Value {
    let mut members = deployment_members("target");
    members.push(("dry_run", flag("Only say what would be sent")));
    let object = object("Where a project goes.", &["target"], members);
    with_repository(object, "target")
}

pub(super) fn software() -> Value {
    let mut members = vec![("url", video_url()), ("upload_id", upload_id())];
    members.extend(project_members());
    members.extend(deployment_members("deployment_target"));
    let object = object(
        "What is analysed, what is made of it, and where that goes. One of `url` and `upload_id`.",
        &["project_type", "deployment_target"],
        members,
    );
    let mut object = with_repository(object, "deployment_target");
    object["oneOf"] = one_video();
    object["anyOf"] = combinations(Some("deployment_target"));
    object
}

pub(super) fn plan_edit() -> Value {
    let path = |description: &str| {
        json!({
            "type": "string", "format": "eventrelay-path", "minLength": 1, "description": description,
        })
    };
    let second = || json!({"type": "number", "minimum": 0});
    let open = |mut schema: Value, members: &[&str]| {
        // What has a default may be left out, and is not null.
        for name in members {
            if let Some(kind) = schema["properties"][name]["type"].get(0).cloned() {
                schema["properties"][name]["type"] = kind;
            }
        }
        schema
    };
    let file = open(
        object(
            "A file that is written.",
            &["path", "purpose"],
            vec![
                (
                    "path",
                    path("Relative to the root of the project, with `/`"),
                ),
                (
                    "purpose",
                    json!({"type": "string", "pattern": SEEN, "description": "What it is for"}),
                ),
                (
                    "depends_on",
                    json!({
                        "type": "array", "items": path("Path of another planned file"),
                        "description": "Files whose text its writer must see",
                    }),
                ),
                (
                    "sources",
                    json!({
                        "type": "array",
                        "items": object("", &["start_s", "end_s"], vec![("start_s", second()), ("end_s", second())]),
                        "description": "Where in the video it comes from",
                    }),
                ),
            ],
        ),
        &["depends_on", "sources"],
    );
    let dependency = open(
        object(
            "A package of the framework's registry.",
            &["name"],
            vec![
                (
                    "name",
                    json!({"type": "string", "format": "eventrelay-package", "description": "Its name"}),
                ),
                (
                    "version",
                    json!({"type": "string", "format": "eventrelay-range", "description": "A range in the registry's own syntax; any if none"}),
                ),
                (
                    "dev",
                    json!({"type": "boolean", "description": "Only for development and tests"}),
                ),
            ],
        ),
        &["dev"],
    );
    let mut object = object(
        "What replaces members of a plan; one at least.",
        &[],
        vec![
            ("title", text(500, "A line")),
            ("summary", text(8000, "Some sentences")),
            (
                "files",
                json!({"type": "array", "minItems": 1, "maxItems": MOST_WRITTEN, "items": file}),
            ),
            (
                "dependencies",
                json!({"type": "array", "maxItems": MOST_DEPENDENCIES, "items": dependency}),
            ),
        ],
    );
    let given = ["title", "summary", "files", "dependencies"];
    object["anyOf"] = given
        .map(|name| {
            let kind = match name {
                "title" | "summary" => "string",
                _ => "array",
            };
            json!({"title": format!("With {name}"), "required": [name], "properties": {name: {"type": kind}}})
        })
        .to_vec()
        .into();
    object
}
