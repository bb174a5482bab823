//! Template files of each framework.

use askama::Template;

use super::super::plan::Plan;
use super::super::{Framework, Origin, ProjectFile};
use super::commands::commands;
use super::dependencies::{Dependencies, own_name};
use super::readme::Readme;
use super::{Facts, one_line, title_of};

/// Maximum characters of a description in a manifest.
const MAX_DESCRIPTION_LENGTH: usize = 200;

/// Values of the manifests and pages.
struct Project {
    /// Name of the project in its manifest.
    name: String,
    title: String,
    /// Description in one line, which every registry requires.
    description: String,
    dependencies: Dependencies,
    /// True if the project is a command line program.
    program: bool,
    /// True for a service whose manifest declares the entry point for hosts.
    service: bool,
}

impl Project {
    fn new(plan: &Plan) -> Self {
        let dependencies = Dependencies::new(plan);
        let title = title_of(plan);
        Self {
            name: own_name(plan, &dependencies),
            description: described(plan).unwrap_or_else(|| title.clone()),
            title,
            dependencies,
            program: plan.framework == Framework::Python,
            service: plan.framework == Framework::FastApi,
        }
    }
}

/// First line of the summary, cut after a word if it is too long.
fn described(plan: &Plan) -> Option<String> {
    let mut lines = plan.summary.lines().map(one_line);
    let line = lines.find(|line| !line.is_empty())?;
    let Some((at, _)) = line.char_indices().nth(MAX_DESCRIPTION_LENGTH) else {
        return Some(line);
    };
    let cut = &line[..at];
    Some(match cut.rsplit_once(' ') {
        Some((words, _)) => format!("{words} …"),
        None => cut.to_owned(),
    })
}

/// Toolchain that the workflow installs first. GitHub's runners already have Rust.
enum Setup {
    Node,
    Python,
    Nothing,
}

impl Setup {
    const fn new(framework: Framework) -> Self {
        match framework {
            Framework::NextJs | Framework::Static | Framework::Express | Framework::Expo => {
                Self::Node
            }
            Framework::FastApi | Framework::Python | Framework::Notebook => Self::Python,
            Framework::Axum | Framework::Rust => Self::Nothing,
        }
    }
}

#[derive(Template)]
#[template(path = "project/common/LICENSE.txt")]
struct Licence<'a> {
    year: i16,
    name: &'a str,
}

#[derive(Template)]
#[template(path = "project/common/ci.yml")]
struct Workflow {
    setup: Setup,
    lines: Vec<&'static str>,
}

/// Template filled from the project.
macro_rules! template {
    ($name:ident, $path:literal) => {
        #[derive(Template)]
        #[template(path = $path)]
        struct $name<'a> {
            project: &'a Project,
        }
    };
}

template!(NextPackage, "project/nextjs/package.json");
template!(NextLayout, "project/nextjs/layout.tsx");
template!(ExpressPackage, "project/express/package.json");
template!(ExpoPackage, "project/expo/package.json");
template!(ExpoApp, "project/expo/app.json");
template!(ExpoLayout, "project/expo/layout.tsx");
template!(PyProject, "project/python/pyproject.toml");
template!(Requirements, "project/python/requirements.txt");
template!(CargoManifest, "project/rust/Cargo.toml");

/// File with the same text in every project.
macro_rules! fixed {
    ($path:literal) => {
        include_str!(concat!("../../templates/project/", $path)).to_owned()
    };
}

/// Renders a template and adds a final line feed.
fn text(template: &impl Template) -> String {
    // Writing to a string is infallible.
    template
        .render()
        .map(|text| text + "\n")
        .unwrap_or_default()
}

/// Renders all template files, in no particular order.
pub(super) fn all(plan: &Plan, facts: &Facts) -> Vec<ProjectFile> {
    let project = Project::new(plan);
    let mut files = common(plan, facts, &project);
    files.extend(own(plan.framework, &project));
    let file = |(path, text): (&str, String)| ProjectFile {
        path: path.to_owned(),
        content: text.into_bytes(),
        executable: false,
        origin: Origin::Template,
        sources: Vec::new(),
    };
    files.into_iter().map(file).collect()
}

fn common(plan: &Plan, facts: &Facts, project: &Project) -> Vec<(&'static str, String)> {
    let commands = commands(plan.framework);
    let lines = [commands.install, commands.test, commands.build].concat();
    let licence = Licence {
        year: facts.year,
        name: &project.name,
    };
    let workflow = Workflow {
        setup: Setup::new(plan.framework),
        lines,
    };
    let ignored = match plan.framework {
        Framework::NextJs => fixed!("nextjs/gitignore"),
        Framework::Static => fixed!("static/gitignore"),
        Framework::Express => fixed!("express/gitignore"),
        Framework::Expo => fixed!("expo/gitignore"),
        Framework::FastApi | Framework::Python | Framework::Notebook => fixed!("python/gitignore"),
        Framework::Axum | Framework::Rust => fixed!("rust/gitignore"),
    };
    vec![
        (".github/workflows/ci.yml", text(&workflow)),
        (".gitignore", ignored),
        ("LICENSE", text(&licence)),
        ("README.md", text(&Readme::new(plan, facts))),
    ]
}

/// Renders the files that only this framework has.
fn own(framework: Framework, project: &Project) -> Vec<(&'static str, String)> {
    let python = || {
        vec![
            ("app/__init__.py", fixed!("python/__init__.py")),
            ("pyproject.toml", text(&PyProject { project })),
            ("requirements.txt", text(&Requirements { project })),
        ]
    };
    let with = |mut files: Vec<_>, more: Vec<_>| {
        files.extend(more);
        files
    };
    match framework {
        Framework::NextJs => vec![
            ("app/globals.css", fixed!("nextjs/globals.css")),
            ("app/layout.tsx", text(&NextLayout { project })),
            ("next.config.ts", fixed!("nextjs/next.config.ts")),
            ("package.json", text(&NextPackage { project })),
            ("tsconfig.json", fixed!("nextjs/tsconfig.json")),
        ],
        Framework::Static => vec![(".nojekyll", fixed!("static/nojekyll"))],
        Framework::Express => vec![
            (".env.example", fixed!("express/env.example")),
            ("package.json", text(&ExpressPackage { project })),
            ("tests/smoke.test.ts", fixed!("express/smoke.test.ts")),
            ("tsconfig.json", fixed!("express/tsconfig.json")),
        ],
        Framework::Expo => vec![
            ("app.json", text(&ExpoApp { project })),
            ("app/_layout.tsx", text(&ExpoLayout { project })),
            ("package.json", text(&ExpoPackage { project })),
            ("tsconfig.json", fixed!("expo/tsconfig.json")),
        ],
        Framework::FastApi => with(
            python(),
            vec![("tests/test_smoke.py", fixed!("fastapi/test_smoke.py"))],
        ),
        Framework::Notebook => with(
            python(),
            vec![("tests/test_smoke.py", fixed!("notebook/test_smoke.py"))],
        ),
        Framework::Python => with(
            python(),
            vec![
                ("app/__main__.py", fixed!("python/__main__.py")),
                ("tests/test_smoke.py", fixed!("python/test_smoke.py")),
            ],
        ),
        Framework::Axum | Framework::Rust => {
            vec![("Cargo.toml", text(&CargoManifest { project }))]
        }
    }
}
