//! What is found, by which rule, and how much of it is kept.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Most findings that are kept of a file: a model that is told of more repairs none of them better.
pub const MOST_IN_FILE: usize = 20;

/// Most findings that are kept of a project.
pub const MOST_IN_PROJECT: usize = 400;

/// Longest message, in characters.
pub const LONGEST_MESSAGE: usize = 400;

/// Longest excerpt of a line in a message, in characters.
const LONGEST_EXCERPT: usize = 100;

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
    /// file. At most [`LONGEST_MESSAGE`] characters, and never a secret.
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

/// Findings of one file as they are made.
#[derive(Debug)]
pub(super) struct Findings {
    path: String,
    found: Vec<Finding>,
}

impl Findings {
    pub(super) fn of(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            found: Vec::new(),
        }
    }

    pub(super) fn error(
        &mut self,
        line: impl Into<Option<u32>>,
        rule: Rule,
        message: impl AsRef<str>,
    ) {
        self.push(line.into(), rule, Severity::Error, message.as_ref());
    }

    pub(super) fn warning(
        &mut self,
        line: impl Into<Option<u32>>,
        rule: Rule,
        message: impl AsRef<str>,
    ) {
        self.push(line.into(), rule, Severity::Warning, message.as_ref());
    }

    fn push(&mut self, line: Option<u32>, rule: Rule, severity: Severity, message: &str) {
        let message = shown(message, LONGEST_MESSAGE);
        self.found.push(Finding {
            path: self.path.clone(),
            line,
            rule,
            severity,
            message,
        });
    }

    /// Whether there is one of that rule already.
    pub(super) fn has(&self, rule: Rule) -> bool {
        self.found.iter().any(|finding| finding.rule == rule)
    }

    /// Drops what was found by a rule.
    pub(super) fn forget(&mut self, rule: Rule) {
        self.found.retain(|finding| finding.rule != rule);
    }

    /// Without repetitions, by line; errors are kept before warnings where there are too many.
    pub(super) fn finish(mut self) -> Vec<Finding> {
        self.found
            .sort_by(|a, b| (a.severity, a).cmp(&(b.severity, b)));
        self.found.dedup();
        self.found.truncate(MOST_IN_FILE);
        self.found.sort();
        self.found
    }
}

/// A line of a text as an excerpt in a message, in backquotes.
pub(super) fn excerpt(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    format!("`{}`", shown(line.trim_end(), LONGEST_EXCERPT))
}

/// Without control characters, and cut at `most` characters.
fn shown(text: &str, most: usize) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let mut out: String = text.chars().take(most).map(clean).collect();
    if text.chars().nth(most).is_some() {
        out.pop();
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_bounded_ordered_and_errors_first() {
        let mut findings = Findings::of("a.py");
        for line in (1..=30).rev() {
            findings.warning(line, Rule::ToDo, "to do");
            findings.warning(line, Rule::ToDo, "to do");
        }
        findings.error(25, Rule::Syntax, "x".repeat(1000));
        let found = findings.finish();
        assert_eq!(found.len(), MOST_IN_FILE);
        assert!(found.is_sorted());
        let lines: Vec<_> = found.iter().filter_map(|finding| finding.line).collect();
        assert_eq!(lines, [(1..20).collect::<Vec<_>>(), vec![25]].concat());
        let error = found.last().unwrap();
        assert_eq!((error.line, error.severity), (Some(25), Severity::Error));
        assert_eq!(error.message.chars().count(), LONGEST_MESSAGE);
    }

    #[test]
    fn an_excerpt_is_one_short_line() {
        assert_eq!(excerpt("  a\u{7}b \n c"), "`a b`");
        assert!(excerpt(&"ä".repeat(1000)).ends_with("…`"));
    }

    #[test]
    fn a_rule_is_shown_as_it_is_written() {
        assert_eq!(Rule::UndeclaredPackage.to_string(), "undeclared-package");
    }
}
