//! Why a job failed, as stored and as callers see it.

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
