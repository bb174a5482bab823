//! Workflows of any kind, found by their id.

use crate::{build::Build, job::Job, task::Task};
use eventrelay_core::{error::Error, ids::JobId};
use eventrelay_store::jobs::{Jobs, Row};

/// Row of a workflow of any kind.
#[derive(Clone, Debug, PartialEq)]
pub enum AnyRow {
    /// Analysis of a video.
    Job(Box<Row<Job>>),
    /// Build of a project, a file, a deployment, or all of them.
    Build(Box<Row<Build>>),
    /// Bulk work on many videos.
    Task(Box<Row<Task>>),
}

impl AnyRow {
    /// Returns the workflow with this id (strongly consistent).
    ///
    /// # Errors
    /// [`Error::Storage`], or [`Error::Internal`] for a row that this version cannot read.
    pub async fn find(jobs: &Jobs, id: &JobId) -> Result<Option<Self>, Error> {
        let Some(row) = jobs.any(id).await? else {
            return Ok(None);
        };
        if let Some(job) = row.decode()? {
            return Ok(Some(Self::Job(Box::new(job))));
        }
        if let Some(build) = row.decode()? {
            return Ok(Some(Self::Build(Box::new(build))));
        }
        match row.decode()? {
            Some(task) => Ok(Some(Self::Task(Box::new(task)))),
            None => Err(Error::internal("a workflow of an unknown kind")),
        }
    }
}
