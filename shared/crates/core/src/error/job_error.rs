//! Why a job failed, as stored and as callers see it.

use super::Error;
use serde::{Deserialize, Serialize};

use crate::{answer_class::AnswerClass, clock::Timestamp, ids::JobId};

/// Why a job failed, as the outside may know it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct JobError {
    /// Stable URI of the kind of problem (RFC 9457, section 3.1.1).
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// What happened here.
    pub detail: String,
    /// HTTP status of the problem, where it is the answer to a request.
    #[serde(default = "internal")]
    pub status: u16,
    /// What it would have cost in US dollars, where that is the problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_cost_usd: Option<f64>,
}

fn internal() -> u16 {
    500
}

/// A failed job that is remembered for a while, so that the same is not tried again at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// The job that failed.
    pub job: JobId,
    /// Why.
    pub error: JobError,
    /// Until when it answers for the next job.
    pub until: Timestamp,
    /// Who was asked. Absent in rows that were stored before the class was.
    #[serde(default)]
    pub answered_by: AnswerClass,
}

/// URI of a kind of problem. A URN, because a kind is a name and not a page.
#[must_use]
pub fn problem_type(slug: &str) -> String {
    format!("urn:eventrelay:problem:{slug}")
}

impl From<&Error> for JobError {
    fn from(error: &Error) -> Self {
        let problem = error.problem();
        Self {
            kind: problem_type(problem.slug),
            title: problem.title.to_owned(),
            detail: error.detail().into_owned(),
            status: problem.status,
            estimated_cost_usd: error.estimated_cost_usd(),
        }
    }
}

impl JobError {
    /// Whether a dead letter ended the job. The texts may be those of an earlier release.
    #[must_use]
    pub fn is_dead_letter(&self) -> bool {
        self.kind == problem_type(Error::DeadLettered.problem().slug)
    }
}

impl Error {
    /// Estimated cost in US dollars, if a cap on cost is the problem.
    #[must_use]
    pub fn estimated_cost_usd(&self) -> Option<f64> {
        match self {
            Self::CostAboveCap { estimate_usd, .. } => Some(*estimate_usd),
            Self::FailedBefore { failure, .. } => failure.error.estimated_cost_usd,
            _ => None,
        }
    }
}
