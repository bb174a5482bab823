//! Bounded collection of a file's findings.

pub(super) use eventrelay_project::{Finding, Rule, Severity};
use eventrelay_project::{MAX_IN_FILE, MAX_MESSAGE_LENGTH};

/// Maximum characters of a quoted line in a message.
const MAX_EXCERPT_LENGTH: usize = 100;

/// Findings of one file during its checks.
#[derive(Debug)]
pub(super) struct Findings {
    path: String,
    found: Vec<Finding>,
}

impl Findings {
    pub(super) fn new(path: &str) -> Self {
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
        let message = shown(message, MAX_MESSAGE_LENGTH);
        self.found.push(Finding {
            path: self.path.clone(),
            line,
            rule,
            severity,
            message,
        });
    }

    /// Returns true if a finding of this rule exists.
    pub(super) fn has(&self, rule: Rule) -> bool {
        self.found.iter().any(|finding| finding.rule == rule)
    }

    /// Removes the findings of a rule.
    pub(super) fn forget(&mut self, rule: Rule) {
        self.found.retain(|finding| finding.rule != rule);
    }

    /// Returns the findings without duplicates, by line. Above the limit, errors take precedence
    /// over warnings.
    pub(super) fn finish(mut self) -> Vec<Finding> {
        self.found
            .sort_by(|a, b| (a.severity, a).cmp(&(b.severity, b)));
        self.found.dedup();
        self.found.truncate(MAX_IN_FILE);
        self.found.sort();
        self.found
    }
}

/// Quotes a line of a text in backquotes for a message.
pub(super) fn excerpt(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    format!("`{}`", shown(line.trim_end(), MAX_EXCERPT_LENGTH))
}

/// Removes control characters and truncates to `most` characters.
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
        let mut findings = Findings::new("a.py");
        for line in (1..=30).rev() {
            findings.warning(line, Rule::ToDo, "to do");
            findings.warning(line, Rule::ToDo, "to do");
        }
        findings.error(25, Rule::Syntax, "x".repeat(1000));
        let found = findings.finish();
        assert_eq!(found.len(), MAX_IN_FILE);
        assert!(found.is_sorted());
        let lines: Vec<_> = found.iter().filter_map(|finding| finding.line).collect();
        assert_eq!(lines, [(1..20).collect::<Vec<_>>(), vec![25]].concat());
        let error = found.last().unwrap();
        assert_eq!((error.line, error.severity), (Some(25), Severity::Error));
        assert_eq!(error.message.chars().count(), MAX_MESSAGE_LENGTH);
    }

    #[test]
    fn an_excerpt_is_one_short_line() {
        assert_eq!(excerpt("  a\u{7}b \n c"), "`a b`");
        assert!(excerpt(&"ä".repeat(1000)).ends_with("…`"));
    }
}
