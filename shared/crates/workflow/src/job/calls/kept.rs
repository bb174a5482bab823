//! Paid answers, stored beside the job until it is finalized.

use serde::{Deserialize, Serialize};

use super::{Calls, MAX_DOCUMENT_BYTES};
use crate::job::Job;
use eventrelay_analysis::Analysis;
use eventrelay_core::{answer_class::AnswerClass, clock::Timestamp, error::Error, usage::Usage};
use eventrelay_store::{blobs, compression};

/// Analysis made of a paid answer.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Made {
    pub(super) analysis: Analysis,
    /// Class of the model. Blobs of older releases lack it.
    #[serde(default)]
    pub(super) answered_by: Option<AnswerClass>,
    /// Usage of the whole job, including this answer.
    pub(super) usage: Usage,
    pub(super) finished_at: Timestamp,
}

impl Made {
    /// Returns the class of the model. For older blobs, the name of the model determines it.
    pub(super) fn answered_by(&self) -> AnswerClass {
        let of_model = || {
            let model = &self.analysis.provenance.model;
            AnswerClass::of_answer(AnswerClass::Model, model)
        };
        self.answered_by.unwrap_or_else(of_model)
    }
}

impl Calls {
    /// Returns the analysis that an earlier worker stored.
    pub(super) async fn made(&self, job: &Job) -> Result<Option<Made>, Error> {
        let key = blobs::made_key(&job.video, &job.header.id);
        let Some(packed) = self.blobs.get(&key).await? else {
            return Ok(None);
        };
        let text = compression::gunzip(&packed, MAX_DOCUMENT_BYTES)?;
        // Another release may have written the blob. If it is unreadable, the model is asked again.
        Ok(serde_json::from_slice(&text).ok())
    }

    pub(super) async fn keep(&self, job: &Job, made: &Made) -> Result<(), Error> {
        let key = blobs::made_key(&job.video, &job.header.id);
        let text = serde_json::to_vec(made).map_err(Error::internal)?;
        let gzip = compression::gzip(&text);
        self.blobs.put_gzip(&key, "application/json", gzip).await
    }

    /// Deletes the stored answer, which is only needed after a crash.
    pub(in crate::job) async fn delete_made(&self, job: &Job) -> Result<(), Error> {
        let key = blobs::made_key(&job.video, &job.header.id);
        self.blobs.delete(vec![key]).await
    }
}
