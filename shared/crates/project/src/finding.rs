//! What is found, by which rule, and how much of it is kept.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::{Framework, Language, ProjectFile};

/// Most findings that are kept of a file: a model that is told of more repairs none of them better.
pub const MAX_IN_FILE: usize = 20;

/// Most findings that are kept of a project.
pub const MAX_IN_PROJECT: usize = 400;

/// Longest message, in characters.
pub const MAX_MESSAGE_LENGTH: usize = 400;

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Finding {
    /// Of the file, relative to the project's root.
    pub path: String,
    /// The line, from 1; none where it is about the whole file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// What is broken.
    pub rule: Rule,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong and what would be right, in a sentence or two: written for whoever repairs the
    /// file. At most [`MAX_MESSAGE_LENGTH`] characters, and never a secret.
    pub message: String,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub enum Severity {
    /// The project is not done with it.
    Error,
    /// Worth a look.
    Warning,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub enum Rule {
    /// A path that leaves the project, or that some system cannot hold.
    UnsafePath,
    /// Two paths that are one where case is not told apart, or a file where a folder is.
    PathCollision,
    /// A file or a project beyond its bounds.
    TooLarge,
    /// The file that everything begins at is not there.
    MissingEntry,
    /// Bytes that are no text.
    NotText,
    /// The language's parser does not take it.
    Syntax,
    /// A key that stands twice in one mapping.
    DuplicateKey,
    /// No notebook of nbformat 4.
    Notebook,
    /// A manifest without what its registry or its tools ask of it.
    Manifest,
    /// No name that the registry would give to a package.
    PackageName,
    /// No range of versions.
    PackageVersion,
    /// A package that does not come from the registry.
    PackageSource,
    /// A script that runs when a package is installed.
    InstallHook,
    /// An import of a file that is not there.
    MissingFile,
    /// An import of a name that the imported file does not have.
    MissingName,
    /// A package that is imported and not declared.
    UndeclaredPackage,
    /// A package that is declared and not used.
    UnusedPackage,
    /// What looks like a secret.
    Secret,
    /// A file without anything that does something.
    Empty,
    /// Code that stands for code that was not written.
    Stub,
    /// A remark in place of what was left out.
    Omission,
    /// A remark that something is still to be done.
    ToDo,
    /// A model that declines, or talks instead of writing the file.
    Refusal,
    /// A file inside a code fence.
    Fence,
    /// Words of the prompt.
    PromptEcho,
    /// Text that only fills.
    Filler,
}

impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An enumeration without fields is written as its name, and nothing of that can fail.
        self.serialize(formatter)
    }
}

/// What was looked at in a project, and what was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "ValidationReport")
)]
pub struct Report {
    /// By path, then line. At most [`MAX_IN_PROJECT`].
    pub findings: Vec<Finding>,
    /// How many files of each language were looked at.
    pub checked: BTreeMap<Language, u32>,
    /// How many findings are errors.
    pub errors: u32,
    /// How many are warnings.
    pub warnings: u32,
}

impl Report {
    /// Whether nothing is in the way of the project.
    #[must_use]
    pub const fn passed(&self) -> bool {
        self.errors == 0
    }
}

/// Neighbours of a file that was just written, when the other files of its project may be missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Neighbours {
    /// All paths of the project, planned and from templates.
    pub paths: Vec<String>,
    /// Packages that the project declares, by their names in the registry, and the name by which its
    /// own library is imported.
    pub packages: Vec<String>,
    /// Phrases of the prompt, which a file has no reason to repeat.
    pub phrases: Vec<String>,
    /// Files that are written already.
    pub files: Vec<ProjectFile>,
}

/// Checks of generated files. `eventrelay-project-check` has them; the function that needs them
/// passes them in, so that no other function links its parsers.
#[derive(Clone, Copy, Debug)]
pub struct Checker {
    /// Checks a file when it was written.
    pub file: fn(&ProjectFile, Framework, Neighbours) -> Vec<Finding>,
    /// Checks a whole project, manifests included.
    pub project: fn(&[ProjectFile], Framework) -> Report,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_shown_as_it_is_written() {
        assert_eq!(Rule::UndeclaredPackage.to_string(), "undeclared-package");
    }
}
