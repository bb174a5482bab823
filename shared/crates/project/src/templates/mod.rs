//! Template files of a project: manifests, configuration, licence, `.gitignore`, CI workflow,
//! README and smoke test.
//!
//! The templates are in `templates/project` beside this crate's sources. Values of a plan are
//! escaped for the language of the file. If a format has no escapes, only valid names of its kind
//! are inserted.

mod commands;
mod dependencies;
mod escape;
mod files;
mod packages;
mod readme;
mod registry;
#[cfg(test)]
mod tests;

use super::plan::{Plan, slug};
use super::{Framework, ProjectFile};
use eventrelay_core::answer_class::AnswerClass;

pub use commands::{Commands, commands};
pub use packages::{Package, packages};

/// Facts in the files that do not come from the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Title of the source video.
    pub video_title: String,
    /// URL of the YouTube video for links; `None` for an upload.
    pub video_url: Option<String>,
    pub year: i16,
    /// Lowest class of the answers used for the project.
    pub answered_by: AnswerClass,
}

/// Returns true if the framework's registry could have a package of this name. A framework without
/// packages has no registry.
#[must_use]
pub fn could_have(framework: Framework, package: &str) -> bool {
    registry::Registry::new(framework).is_some_and(|registry| registry.is_name(package))
}

/// Renders the template files of a plan's framework, sorted by path. Their paths are those of
/// [`paths`].
#[must_use]
pub fn render(plan: &Plan, facts: &Facts) -> Vec<ProjectFile> {
    let mut files = files::all(plan, facts);
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

/// Paths of a framework's template files, sorted. A plan cannot use them.
#[must_use]
pub const fn paths(framework: Framework) -> &'static [&'static str] {
    match framework {
        Framework::NextJs => &[
            ".github/workflows/ci.yml",
            ".gitignore",
            "LICENSE",
            "README.md",
            "app/globals.css",
            "app/layout.tsx",
            "next.config.ts",
            "package.json",
            "tsconfig.json",
        ],
        Framework::Static => &[
            ".github/workflows/ci.yml",
            ".gitignore",
            ".nojekyll",
            "LICENSE",
            "README.md",
        ],
        Framework::FastApi | Framework::Notebook => &[
            ".github/workflows/ci.yml",
            ".gitignore",
            "LICENSE",
            "README.md",
            "app/__init__.py",
            "pyproject.toml",
            "requirements.txt",
            "tests/test_smoke.py",
        ],
        Framework::Python => &[
            ".github/workflows/ci.yml",
            ".gitignore",
            "LICENSE",
            "README.md",
            "app/__init__.py",
            "app/__main__.py",
            "pyproject.toml",
            "requirements.txt",
            "tests/test_smoke.py",
        ],
        Framework::Express => &[
            ".env.example",
            ".github/workflows/ci.yml",
            ".gitignore",
            "LICENSE",
            "README.md",
            "package.json",
            "tests/smoke.test.ts",
            "tsconfig.json",
        ],
        Framework::Axum | Framework::Rust => &[
            ".github/workflows/ci.yml",
            ".gitignore",
            "Cargo.toml",
            "LICENSE",
            "README.md",
        ],
        Framework::Expo => &[
            ".github/workflows/ci.yml",
            ".gitignore",
            "LICENSE",
            "README.md",
            "app.json",
            "app/_layout.tsx",
            "package.json",
            "tsconfig.json",
        ],
    }
}

/// Collapses a text to one line without control characters.
fn one_line(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().filter(|char| !char.is_control()).collect()
}

/// Title of the plan in one line; its name if the title is empty.
fn title_of(plan: &Plan) -> String {
    match one_line(&plan.title) {
        empty if empty.is_empty() => slug(&plan.name),
        title => title,
    }
}
