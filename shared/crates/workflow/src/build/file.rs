//! The build of one file: written, checked, and repaired if it has findings.

use serde::{Deserialize, Serialize};

use super::{machine::After, project::MAX_REPAIRS};
use eventrelay_core::error::Error;
use eventrelay_project::{Finding, ProjectId};

/// What the build of a file remembers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileWork {
    pub project: ProjectId,
    /// Entity tag of the plan.
    pub plan: String,
    /// Its place in the plan.
    pub number: u32,
    pub path: String,
    /// Which round of the project's build.
    pub round: u32,
    /// Round of the text to repair, and the report with its findings; `None` for a first text.
    #[serde(default)]
    pub mends: Option<Mending>,
    /// Number of repairs, this one included.
    pub repairs: u32,
    /// The files that it depends on: their places, and the rounds of their texts.
    pub needs: Vec<(u32, u32)>,
    /// The files of this round that depend on it.
    pub needed_by: Vec<u32>,
    /// What all calls for it may cost in US dollars.
    #[serde(default)]
    pub max_cost_usd: Option<f64>,
    /// Hashes of the questions that were answered.
    #[serde(default)]
    pub asked: Vec<String>,
    /// How far it is.
    pub stage: Stage,
}

/// Text to repair and the report about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mending {
    /// The round of the text.
    pub round: u32,
    /// Entity tag of the report.
    pub report: String,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(tag = "stage", rename_all = "snake_case")]
#[strum(const_into_str, serialize_all = "snake_case")]
pub enum Stage {
    /// For the files that it depends on.
    Waiting,
    /// The model is asked.
    Writing,
    /// The model is asked to mend what it wrote last.
    Mending {
        /// What is wrong with it.
        findings: Vec<Finding>,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// The text is there, checked, after so many repairs.
    Written {
        repairs: u32,
        /// Hash of the question that it answers; none where it was there before.
        question: Option<String>,
    },
    /// The text has findings.
    Broken {
        /// Hash of the question that it answers.
        question: String,
        /// What is wrong with it.
        findings: Vec<Finding>,
    },
}

impl FileWork {
    /// Repairs when this round began, the one that it began with included: each answer since was
    /// repaired by another one.
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

/// That a file is still broken after its repairs.
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

/// That the model's answers for a file were none.
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
