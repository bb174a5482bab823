//! The files of a project that need no model: manifests, configuration, a licence, what git
//! ignores, a workflow that checks it, a README, and a test that it starts.
//!
//! The texts stand in `templates/project` beside this crate's sources. What a plan says gets into
//! them escaped by the language of the file, or, where a file knows no escapes, only where it is a
//! name of its kind.

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

/// What the files say beside that which the plan has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Of the video that the project comes from.
    pub video_title: String,
    /// Its address, where it has one on YouTube: places in it are linked to. None for a recording
    /// that was uploaded.
    pub video_url: Option<String>,
    /// Of the licence.
    pub year: i16,
    /// Lowest class of the answers that the project is made of.
    pub answered_by: AnswerClass,
}

/// Whether a framework's registry could have a package of this name; a framework without packages
/// has no registry.
#[must_use]
pub fn could_have(framework: Framework, package: &str) -> bool {
    registry::Registry::new(framework).is_some_and(|registry| registry.is_name(package))
}

/// The files of a plan's framework, sorted by path: those of [`paths`].
#[must_use]
pub fn render(plan: &Plan, facts: &Facts) -> Vec<ProjectFile> {
    let mut files = files::all(plan, facts);
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

/// Where the files of a framework lie, sorted. A plan cannot have them.
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

/// A text on one line, without controls.
fn one_line(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().filter(|char| !char.is_control()).collect()
}

/// The plan's title on one line; its name where it has none.
fn title_of(plan: &Plan) -> String {
    match one_line(&plan.title) {
        empty if empty.is_empty() => slug(&plan.name),
        title => title,
    }
}
