//! Software made from an analysis: planned, written file by file, checked, packed and deployed.
//!
//! | room | what |
//! |---|---|
//! | [`plan`] | what is to be made: asked of the model in one call, read with distrust |
//! | [`deploy`] | what a target takes, what it is called there, what is sent |
//! | [`templates`] | the files that need no model |
//! | [`package`] | the list of a project's files, and the archive of them |
//! | `eventrelay-project-check` | whether what was written is software |
//!
//! All of it is pure.

// The shared test samples name this crate as other crates do.
#[cfg(test)]
extern crate self as eventrelay_project;

pub mod deploy;
mod document;
pub mod finding;
mod framework;
pub mod generate;
mod id;
pub mod package;
pub mod paths;
pub mod plan;
mod prompt;
mod request;
pub mod templates;

use serde::{Deserialize, Serialize};

pub use document::{
    Change, Deployment, DeploymentRequest, DeploymentResult, DeploymentStatus, Made, Project,
    ProjectStatus,
};
pub use finding::{
    Checker, Finding, MAX_IN_FILE, MAX_IN_PROJECT, MAX_MESSAGE_LENGTH, Neighbours, Report, Rule,
    Severity,
};
pub use framework::{Framework, NoSuchFramework, ProjectType};
pub use id::{DeploymentId, NotAnId, ProjectId};
pub use prompt::Question;
pub use request::{MAX_FEATURE_LENGTH, MAX_FEATURES, MAX_INSTRUCTIONS_LENGTH, ProjectRequest};

/// Most files of a project, those from templates included.
pub const MAX_FILES: usize = 120;

/// Most files of a project that a model writes.
pub const MAX_WRITTEN: usize = 80;

/// Largest file, in bytes.
pub const MAX_FILE_BYTES: usize = 200_000;

/// Largest project, in bytes: what every target takes in one request.
pub const MAX_PROJECT_BYTES: usize = 4_000_000;

/// A file of a project.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectFile {
    /// Relative to the project's root, with `/`.
    pub path: String,
    /// Its bytes.
    pub content: Vec<u8>,
    /// Whether it may be run (mode 100755 of git, else 100644).
    pub executable: bool,
    /// Who wrote it.
    pub origin: Origin,
    /// Where in the video it comes from.
    pub sources: Vec<Span>,
}

/// Who wrote a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "FileOrigin")
)]
pub enum Origin {
    /// A template of ours.
    Template,
    /// The model.
    Model,
}

/// A stretch of the video, in seconds from its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Span {
    /// First second.
    pub start_s: f64,
    /// Last second.
    pub end_s: f64,
}

/// What a file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub enum Language {
    /// Python 3.
    Python,
    /// JavaScript, JSX included.
    #[serde(rename = "javascript")]
    JavaScript,
    /// TypeScript.
    #[serde(rename = "typescript")]
    TypeScript,
    /// TypeScript with JSX.
    Tsx,
    /// Rust.
    Rust,
    /// HTML.
    Html,
    /// CSS.
    Css,
    /// JSON.
    Json,
    /// TOML.
    Toml,
    /// YAML.
    Yaml,
    /// Markdown.
    Markdown,
    /// A Jupyter notebook.
    Notebook,
    /// Any other text.
    Text,
    /// No text.
    Binary,
}

impl Language {
    /// By the ending of a path; [`Language::Text`] where it says nothing.
    #[must_use]
    pub fn of_path(path: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path);
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        match ending.to_ascii_lowercase().as_str() {
            "py" | "pyi" => Self::Python,
            "js" | "jsx" | "mjs" | "cjs" => Self::JavaScript,
            "ts" | "mts" | "cts" => Self::TypeScript,
            "tsx" => Self::Tsx,
            "rs" => Self::Rust,
            "html" | "htm" => Self::Html,
            "css" => Self::Css,
            "json" | "webmanifest" => Self::Json,
            "toml" => Self::Toml,
            "yaml" | "yml" => Self::Yaml,
            "md" => Self::Markdown,
            "ipynb" => Self::Notebook,
            "png" | "jpg" | "jpeg" | "gif" | "webp" | "ico" | "woff" | "woff2" => Self::Binary,
            _ => Self::Text,
        }
    }

    /// Whether it is a program: what may be a stub, and what imports.
    #[must_use]
    pub const fn is_code(self) -> bool {
        matches!(
            self,
            Self::Python
                | Self::JavaScript
                | Self::TypeScript
                | Self::Tsx
                | Self::Rust
                | Self::Notebook
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_told_by_the_ending() {
        for (path, language) in [
            ("app/page.tsx", Language::Tsx),
            ("a.b/main.PY", Language::Python),
            (".gitignore", Language::Text),
            ("Dockerfile", Language::Text),
            ("notebooks/analysis.ipynb", Language::Notebook),
            ("x.d/y", Language::Text),
        ] {
            assert_eq!(Language::of_path(path), language, "{path}");
        }
    }
}
