//! Findings of the checks, their rules and limits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Framework, Language, ProjectFile};

/// Maximum findings of a file: a longer list does not help the model to repair it.
pub const MAX_IN_FILE: usize = 20;

/// Maximum findings of a project.
pub const MAX_IN_PROJECT: usize = 400;

/// Maximum characters of a message.
pub const MAX_MESSAGE_LENGTH: usize = 400;

/// Problem in a generated file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Finding {
    /// Path of the file, relative to the project's root.
    pub path: String,
    /// Line counted from 1; null if the finding concerns the whole file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Violated rule.
    pub rule: Rule,
    /// Severity of the finding.
    pub severity: Severity,
    /// Description of the problem and of its fix, in a sentence or two. At most
    /// [`MAX_MESSAGE_LENGTH`] characters, and never a secret.
    pub message: String,
}

/// Severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub enum Severity {
    /// The project cannot be finished with it.
    Error,
    /// The finding deserves a review.
    Warning,
}

/// Rule that a finding violates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[derive(strum::Display)]
#[strum(serialize_all = "kebab-case")]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub enum Rule {
    /// The path leaves the project, or is invalid on some system.
    UnsafePath,
    /// Two paths are equal without regard to case, or a file has the path of a folder.
    PathCollision,
    /// A file or a project exceeds its size limit.
    TooLarge,
    /// The entry file of the project is missing.
    MissingEntry,
    /// The bytes are not text.
    NotText,
    /// The language's parser rejects the file.
    Syntax,
    /// A mapping contains a key twice.
    DuplicateKey,
    /// The file is not a notebook of nbformat 4.
    Notebook,
    /// A manifest lacks a field that its registry or its tools require.
    Manifest,
    /// The package name is not valid in the registry.
    PackageName,
    /// The text is not a valid version range.
    PackageVersion,
    /// The package does not come from the registry.
    PackageSource,
    /// A script runs when the package is installed.
    InstallHook,
    /// An import refers to a missing file.
    MissingFile,
    /// An import refers to a name that the imported file does not define.
    MissingName,
    /// A package is imported but not declared.
    UndeclaredPackage,
    /// A package is declared but not used.
    UnusedPackage,
    /// The text looks like a secret.
    Secret,
    /// The file has no effective content.
    Empty,
    /// The code is a stub for missing code.
    Stub,
    /// A remark replaces omitted content.
    Omission,
    /// A remark announces unfinished work.
    ToDo,
    /// The model declines or comments instead of writing the file.
    Refusal,
    /// The file is wrapped in a code fence.
    Fence,
    /// The file repeats words of the prompt.
    PromptEcho,
    /// The text is filler.
    Filler,
}

/// Report of the checks of a project.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "ValidationReport")
)]
pub struct Report {
    /// Findings sorted by path, then line. At most [`MAX_IN_PROJECT`].
    pub findings: Vec<Finding>,
    /// Number of checked files of each language.
    pub checked: BTreeMap<Language, u32>,
    /// Number of findings that are errors.
    pub errors: u32,
    /// Number of findings that are warnings.
    pub warnings: u32,
}

impl Report {
    /// Returns true if the project has no errors.
    #[must_use]
    pub const fn passed(&self) -> bool {
        self.errors == 0
    }
}

/// Context of a new file while other files of its project may be missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Neighbours {
    /// All paths of the project, planned and from templates.
    pub paths: Vec<String>,
    /// Declared packages by their registry names, and the import name of the project's own library.
    pub packages: Vec<String>,
    /// Phrases of the prompt that a file should not repeat.
    pub phrases: Vec<String>,
    /// Files that are already written.
    pub files: Vec<ProjectFile>,
}

/// Checks of generated files. `eventrelay-project-check` implements them. The function that needs
/// them passes them in, so that no other function links the parsers.
#[derive(Clone, Copy, Debug)]
pub struct Checker {
    /// Checks a newly written file.
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
