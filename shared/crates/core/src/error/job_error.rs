//! Stored error of a failed job.

use super::Error;
use serde::{Deserialize, Serialize};

use crate::{answer_class::AnswerClass, clock::Timestamp, ids::JobId};

/// Error of a failed job, as shown to callers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct JobError {
    /// Stable URI of the kind of problem (RFC 9457, section 3.1.1).
    #[serde(rename = "type")]
    pub kind: String,
    /// Title of the kind of problem.
    pub title: String,
    /// Description of this occurrence.
    pub detail: String,
    /// HTTP status of the problem when it is the response to a request.
    #[serde(default = "internal")]
    pub status: u16,
    /// Returns the estimated cost in US dollars, if a cost cap is the problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_cost_usd: Option<f64>,
}

fn internal() -> u16 {
    500
}

/// Failed job that is remembered for a while, so that the same request is not retried at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    /// Id of the failed job.
    pub job: JobId,
    /// Error of the failed job.
    pub error: JobError,
    /// Time until which the failure is returned for new jobs.
    pub until: Timestamp,
    /// Class of the service that was asked. Rows older than the class do not have it.
    #[serde(default)]
    pub answered_by: AnswerClass,
}

/// Returns the URI of a kind of problem. It is a URN, because a kind is a name and not a page.
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
    /// Returns whether a dead letter ended the job. The texts may be those of an earlier release.
    #[must_use]
    pub fn is_dead_letter(&self) -> bool {
        self.kind == problem_type(Error::DeadLettered.problem().slug)
    }
}

impl Error {
    /// Returns the estimated cost in US dollars, if a cost cap is the problem.
    #[must_use]
    pub fn estimated_cost_usd(&self) -> Option<f64> {
        match self {
            Self::CostAboveCap { estimate_usd, .. } => Some(*estimate_usd),
            Self::FailedBefore { failure, .. } => failure.error.estimated_cost_usd,
            _ => None,
        }
    }
}
