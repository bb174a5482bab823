//! The build of one file: written, checked, and repaired if it has findings.

use serde::{Deserialize, Serialize};

use super::{machine::After, project::MAX_REPAIRS};
use eventrelay_core::error::Error;
use eventrelay_project::{Finding, ProjectId};

/// State of the build of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileWork {
    pub project: ProjectId,
    /// Entity tag of the plan.
    pub plan: String,
    /// Index in the plan.
    pub number: u32,
    pub path: String,
    /// Round of the build of the project.
    pub round: u32,
    /// Round of the text to repair, and the report with its findings; `None` for a first text.
    #[serde(default)]
    pub mends: Option<Mending>,
    /// Number of repairs, this one included.
    pub repairs: u32,
    /// Dependencies: their indexes in the plan and the rounds of their texts.
    pub needs: Vec<(u32, u32)>,
    /// Files of this round that depend on it.
    pub needed_by: Vec<u32>,
    /// Budget of all calls for this file in US dollars.
    #[serde(default)]
    pub max_cost_usd: Option<f64>,
    /// Hashes of the answered questions.
    #[serde(default)]
    pub asked: Vec<String>,
    pub stage: Stage,
}

/// Text to repair and the report about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mending {
    /// Round of the text.
    pub round: u32,
    /// Entity tag of the report.
    pub report: String,
}

/// Stage of the build of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(tag = "stage", rename_all = "snake_case")]
#[strum(const_into_str, serialize_all = "snake_case")]
pub enum Stage {
    /// Waits for its dependencies.
    Waiting,
    Writing,
    /// Asks the model to repair its last answer.
    Mending {
        findings: Vec<Finding>,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// The text is stored and checked after `repairs` repairs.
    Written {
        repairs: u32,
        /// Hash of the answered question; `None` if the text existed before.
        question: Option<String>,
    },
    /// The text has findings.
    Broken {
        /// Hash of the answered question.
        question: String,
        findings: Vec<Finding>,
    },
}

impl FileWork {
    /// Returns the number of repairs at the start of this round, including its first one. Each
    /// later answer took one more repair.
    pub(super) fn repairs_before(&self) -> u32 {
        let since = u32::try_from(self.asked.len()).unwrap_or(u32::MAX);
        self.repairs.saturating_sub(since)
    }

    pub(super) fn observe(&mut self, seen: Seen) -> Result<After, Error> {
        match seen {
            Seen::Written { repairs, question } => {
                self.repairs = repairs;
                self.asked.extend(question);
                Ok(After::Done)
            }
            Seen::Broken { question, findings } => {
                self.asked.push(question);
                if self.repairs >= MAX_REPAIRS {
                    return Err(unusable(&self.path, &findings));
                }
                self.repairs += 1;
                self.stage = Stage::Mending { findings };
                Ok(After::Now)
            }
        }
    }
}

/// Error of a file that still has findings after its last repair.
#[must_use]
pub fn unusable(path: &str, findings: &[Finding]) -> Error {
    let first = findings.first().map(|finding| {
        let line = finding.line.map(|line| format!(":{line}"));
        let line = line.unwrap_or_default();
        format!("{path}{line}: {} ({})", finding.message, finding.rule)
    });
    Error::FileUnusable {
        path: path.to_owned(),
        finding: first.unwrap_or_else(|| path.to_owned()),
    }
}

/// Error of a file for which the model gave no valid answer.
#[must_use]
pub fn no_answer(path: &str, error: &Error) -> Error {
    let why = std::error::Error::source(error).map(ToString::to_string);
    let why = why.unwrap_or_else(|| error.to_string());
    Error::FileUnusable {
        path: path.to_owned(),
        finding: format!("{path}: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eventrelay_project::{Rule, Severity, generate::NotAFile};

    fn work(repairs: u32) -> FileWork {
        FileWork {
            project: ProjectId::random(),
            plan: "p".to_owned(),
            number: 0,
            path: "app/main.py".to_owned(),
            round: 0,
            mends: None,
            repairs,
            needs: Vec::new(),
            needed_by: Vec::new(),
            max_cost_usd: None,
            asked: Vec::new(),
            stage: Stage::Writing,
        }
    }

    fn broken() -> Seen {
        Seen::Broken {
            question: "q".to_owned(),
            findings: vec![Finding {
                path: "app/main.py".to_owned(),
                line: Some(3),
                rule: Rule::Syntax,
                severity: Severity::Error,
                message: "unexpected `)`".to_owned(),
            }],
        }
    }

    #[test]
    fn a_file_is_mended_twice_and_then_fails_by_name() {
        let mut work = work(0);
        assert_eq!(work.observe(broken()).unwrap(), After::Now);
        assert_eq!(work.observe(broken()).unwrap(), After::Now);
        assert_eq!((work.repairs, work.stage.into_str()), (2, "mending"));
        assert_eq!(work.repairs_before(), 0);
        let error = work.observe(broken()).unwrap_err();
        assert!(
            error
                .detail()
                .contains("app/main.py:3: unexpected `)` (syntax)"),
            "{}",
            error.detail()
        );
        assert_eq!(work.asked.len(), 3);
    }

    #[test]
    fn an_answer_that_is_none_fails_by_the_name_of_its_file() {
        let malformed = Error::AnswerMalformed {
            source: Box::new(NotAFile::TooLarge),
        };
        for (error, why) in [
            (malformed, "the file has more than 200000 bytes"),
            (Error::AnswerEmpty, "answer empty"),
        ] {
            let named = no_answer("app/main.py", &error);
            assert!(
                named.detail().ends_with(&format!("app/main.py: {why}")),
                "{}",
                named.detail()
            );
        }
    }

    #[test]
    fn repairs_of_earlier_rounds_count() {
        let mut work = work(MAX_REPAIRS);
        assert!(work.observe(broken()).is_err());
    }
}
