//! Plan document for the store, the API, the templates and the checks.

use serde::{Deserialize, Serialize};

use super::super::{Framework, Span};

/// Plan of a project. Its paths are confined, differ from the template paths, and have no circular
/// dependencies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Title in one line.
    pub title: String,
    /// Summary in some sentences.
    pub summary: String,
    /// Framework of the project.
    pub framework: Framework,
    /// Name of packages and repositories: [`slug`] of the title.
    pub name: String,
    /// Files that the model writes, each after its dependencies.
    pub files: Vec<PlannedFile>,
    /// Packages beside those of the templates.
    #[serde(default)]
    pub dependencies: Vec<Dependency>,
}

/// File that the model writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct PlannedFile {
    /// Path relative to the project's root, with `/`.
    pub path: String,
    /// Purpose of the file in some sentences.
    pub purpose: String,
    /// Paths of the planned files that this file builds on.
    #[serde(default)]
    pub depends_on: Vec<String>,
    /// Stretches of the video that the file is based on.
    #[serde(default)]
    pub sources: Vec<Span>,
}

/// Package of the framework's registry (npm, PyPI or crates.io).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Dependency {
    /// Name of the package in the registry.
    pub name: String,
    /// Version range in the registry's own syntax; any version if missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// True if the package is used only for development and tests.
    #[serde(default)]
    pub dev: bool,
}

const MAX_SLUG_LENGTH: usize = 40;

/// Converts a text to a name for packages, repositories and hosts.
///
/// The name has `a` to `z`, digits and single hyphens, begins with a letter, and has at most 40
/// characters. The fallback is `project`.
#[must_use]
pub fn slug(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    let mut slug = String::new();
    for char in text
        .nfkd()
        .filter(|c| !unicode_normalization::char::is_combining_mark(*c))
    {
        match char.to_ascii_lowercase() {
            letter @ 'a'..='z' => slug.push(letter),
            digit @ '0'..='9' if !slug.is_empty() => slug.push(digit),
            _ if slug.is_empty() || slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
        if slug.len() >= MAX_SLUG_LENGTH {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    match slug {
        "" => "project".to_owned(),
        slug => slug.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_a_name_everywhere() {
        for (text, expected) in [
            ("Build a Weather App!", "build-a-weather-app"),
            ("  Äpfel & Öl — 3 Wege ", "apfel-ol-3-wege"),
            ("10 tips", "tips"),
            ("日本語", "project"),
            ("", "project"),
        ] {
            assert_eq!(slug(text), expected, "{text}");
        }
        assert_eq!(slug(&"ab ".repeat(40)).len(), 38 + 2);
    }
}
