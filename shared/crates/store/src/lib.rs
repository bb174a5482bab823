//! Storage: the index of videos and the jobs in DynamoDB, the blobs in S3.
//!
//! A row never refers to a missing blob. The order is: blob, row, next message, acknowledgement.

pub mod aws;
mod batch;
pub mod blobs;
pub mod bookmarks;
pub mod claims;
pub mod compression;
pub mod conditional;
pub mod counters;
pub mod dead_letters;
mod due;
pub mod entry;
pub mod fan_in;
pub mod feedback;
mod file_name;
mod item;
pub mod jobs;
pub mod keys;
pub mod limits;
pub mod listing;
pub mod memory;
pub mod packed;
mod page;
pub mod project_blobs;
pub mod projects;
pub mod queue;
mod reclaim;
mod removal;
pub mod rows;
mod sdk_error;
pub mod search;
pub mod secrets;
pub mod videos;

use serde::{Deserialize, Serialize};

pub use due::Due;
pub use page::Page;
pub use reclaim::Reclaimed;

use eventrelay_core::{answer_class::AnswerClass, clock::Timestamp, usage::Usage};

/// Index record of one stored analysis: what listings and lookups need, and the location of its
/// bodies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredAnalysis {
    /// Options of the analysis, as named by jobs.
    pub variant: String,
    /// Variant of the same request without a transcript. A submission without a transcript accepts
    /// this analysis.
    pub base_variant: String,
    /// Hexadecimal SHA-256 of the JSON body before compression. It is the strong entity tag and the
    /// name of the blobs.
    pub etag: String,
    /// Length of the JSON body before compression, in bytes.
    pub size_bytes: u64,
    /// Length of the compressed JSON body in bytes, or 0 if unknown.
    #[serde(default)]
    pub gzip_bytes: u64,
    /// Title of the video.
    pub title: String,
    pub category: String,
    /// Length of the video in seconds.
    pub duration_s: Option<f64>,
    /// Usage of the analysis, which a later submission of the video saves.
    #[serde(default)]
    pub usage: Usage,
    /// Class of the service that answered. Rows older than the class do not have it.
    #[serde(default)]
    pub answered_by: AnswerClass,
    pub finished_at: Timestamp,
    /// Time from which it is stale.
    pub expires_at: Timestamp,
}

impl StoredAnalysis {
    /// Returns whether it satisfies a submission to a deployment with the class `configured`.
    #[must_use]
    pub fn serves(&self, configured: AnswerClass, now: Timestamp) -> bool {
        now < self.expires_at && self.answered_by >= configured
    }

    /// Version of the pipeline that made it, see [`eventrelay_analysis::PIPELINE_VERSION`].
    #[must_use]
    pub fn version(&self) -> &str {
        self.variant.split('-').next().unwrap_or_default()
    }
}
