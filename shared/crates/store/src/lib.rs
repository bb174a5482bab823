//! Everything that is kept: the index of videos and the jobs in DynamoDB, the blobs in S3.
//!
//! A row never points at a blob that is not there: blob first, then row, then the next message,
//! then the acknowledgement.

pub mod aws;
mod batch;
pub mod blobs;
pub mod bookmarks;
pub mod claims;
pub mod compression;
mod conditional;
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
pub use reclaim::Reclaimed;

use eventrelay_core::{answer_class::AnswerClass, clock::Timestamp, usage::Usage};

/// What the index says of one stored analysis: everything a list or a lookup needs, and where the
/// bodies are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredAnalysis {
    /// Options it was made with, as jobs name them.
    pub variant: String,
    /// The variant that a request without a transcript would have, so that such a request is
    /// content with this analysis.
    pub base_variant: String,
    /// Hexadecimal SHA-256 of the JSON body before compression. Its strong entity tag, and the
    /// name of its blobs.
    pub etag: String,
    /// Length of the JSON body before compression, in bytes.
    pub size_bytes: u64,
    /// Length of the compressed JSON body in bytes; 0 where it is not known.
    #[serde(default)]
    pub gzip_bytes: u64,
    /// Title of the video.
    pub title: String,
    /// See [`eventrelay_analysis::Category`].
    pub category: String,
    /// Length of the video in seconds.
    pub duration_s: Option<f64>,
    /// What it took, and so what is saved where it is found.
    #[serde(default)]
    pub usage: Usage,
    /// Who answered. Absent in rows that were stored before the class was.
    #[serde(default)]
    pub answered_by: AnswerClass,
    /// When it was made.
    pub finished_at: Timestamp,
    /// When it is no longer fresh.
    pub expires_at: Timestamp,
}

impl StoredAnalysis {
    /// Whether it answers a submission where answers of the class `configured` are to be had.
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
