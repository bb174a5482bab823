//! Generation of software projects from an analysis: plan, files, checks, package and deployment.
//!
//! | module | content |
//! |---|---|
//! | [`plan`] | prompt for the plan, and validation of the answer |
//! | [`deploy`] | target support, names and requests of a deployment |
//! | [`templates`] | files that need no model |
//! | [`package`] | manifest and archive of a project |
//! | `eventrelay-project-check` | checks of the generated files |
//!
//! All modules are pure.

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

/// Maximum files of a project, including template files.
pub const MAX_FILES: usize = 120;

/// Maximum files of a project that the model writes.
pub const MAX_WRITTEN: usize = 80;

/// Maximum size of a file in bytes.
pub const MAX_FILE_BYTES: usize = 200_000;

/// Maximum size of a project in bytes, which every target accepts in one request.
pub const MAX_PROJECT_BYTES: usize = 4_000_000;

/// File of a project.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectFile {
    /// Path relative to the project's root, with `/`.
    pub path: String,
    pub content: Vec<u8>,
    /// True if the file is executable (git mode 100755, else 100644).
    pub executable: bool,
    /// Author of the file.
    pub origin: Origin,
    /// Stretches of the video that the file is based on.
    pub sources: Vec<Span>,
}

/// Author of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "FileOrigin")
)]
pub enum Origin {
    /// Template of this project.
    Template,
    /// AI model that answered.
    Model,
}

/// Stretch of the video, in seconds from its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Span {
    pub start_s: f64,
    pub end_s: f64,
}

/// Language of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[derive(strum::IntoStaticStr)]
#[strum(const_into_str, serialize_all = "lowercase")]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub enum Language {
    /// Python 3 source code.
    Python,
    /// JavaScript source code, including JSX.
    JavaScript,
    /// TypeScript source code.
    TypeScript,
    /// TypeScript source code with JSX.
    Tsx,
    /// Rust source code.
    Rust,
    /// HTML page.
    Html,
    /// CSS style sheet.
    Css,
    /// JSON document.
    Json,
    /// TOML document.
    Toml,
    /// YAML document.
    Yaml,
    /// Markdown document.
    Markdown,
    /// Jupyter notebook.
    Notebook,
    /// Text in another language.
    Text,
    /// Binary data.
    Binary,
}

impl Language {
    /// Programming languages of the frameworks.
    pub const OF_FRAMEWORKS: &[Self] =
        &[Self::Python, Self::JavaScript, Self::TypeScript, Self::Rust];

    /// Detects the language from the file extension; [`Language::Text`] if it is unknown.
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

    /// Returns true for program code, which can be a stub and can import.
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

    #[test]
    fn names_are_those_of_the_api() {
        for language in [Language::JavaScript, Language::TypeScript, Language::Html] {
            assert_eq!(serde_json::json!(language), language.into_str());
        }
        for kind in ProjectType::ALL {
            assert_eq!(serde_json::json!(kind), kind.into_str());
        }
        for mode in [package::FileMode::Regular, package::FileMode::Executable] {
            assert_eq!(serde_json::json!(mode), mode.into_str());
        }
        for rule in [Rule::UnsafePath, Rule::ToDo, Rule::Syntax] {
            assert_eq!(serde_json::json!(rule), rule.to_string());
        }
    }
}
