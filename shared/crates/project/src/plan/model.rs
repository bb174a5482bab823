//! A plan as a document: what is stored, what a reader of the API gets, what templates and checks
//! work from.

use serde::{Deserialize, Serialize};

use super::super::{Framework, Span};

/// What is to be made of an analysis. Its paths are confined, differ from those of the templates,
/// and depend on one another without a circle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// A line.
    pub title: String,
    /// Some sentences.
    pub summary: String,
    /// What it is built with.
    pub framework: Framework,
    /// What packages and repositories are called: [`slug`] of the title.
    pub name: String,
    /// What the model writes, each after those that it depends on.
    pub files: Vec<PlannedFile>,
    /// What is used beside that which the templates bring.
    #[serde(default)]
    pub dependencies: Vec<Dependency>,
}

/// A file that the model is to write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct PlannedFile {
    /// Relative to the project's root, with `/`.
    pub path: String,
    /// What it is for, in a sentence or some.
    pub purpose: String,
    /// Paths of planned files whose text its writer must see.
    #[serde(default)]
    pub depends_on: Vec<String>,
    /// Where in the video it comes from.
    #[serde(default)]
    pub sources: Vec<Span>,
}

/// A package of the framework's registry (npm, PyPI or crates.io).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Dependency {
    /// Its name in the registry.
    pub name: String,
    /// A range in the registry's own syntax; none for any version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Only for development and tests.
    #[serde(default)]
    pub dev: bool,
}

/// Longest [`slug`].
const MAX_SLUG_LENGTH: usize = 40;

/// A text as a name of packages, repositories and hosts: `a` to `z`, digits and single hyphens,
/// beginning with a letter, at most 40 characters. `project` where nothing is left.
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
