//! Record of a build.

use eventrelay_store::jobs::Row;
use eventrelay_store::jobs::WorkflowHeader;
use serde::{Deserialize, Serialize};

use super::{
    deployment::DeploymentWork, file::FileWork, project::ProjectWork, software::SoftwareWork,
};
use crate::job::Status;
use eventrelay_core::{clock::Timestamp, error::JobError, ids::JobId};
use eventrelay_store::jobs::WorkflowRecord;

/// Record of the build of a project, a file, a deployment, or all of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Build {
    /// Members that every workflow has.
    #[serde(flatten)]
    pub header: WorkflowHeader,
    /// Kind of the build, with its state.
    pub work: Work,
    /// How the build ended; `None` before.
    #[serde(default)]
    pub end: Option<End>,
    /// Build that waits for this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<JobId>,
}

pub type BuildRow = Row<Build>;

/// Kind of the build, with its state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[strum(const_into_str, serialize_all = "snake_case")]
pub enum Work {
    Project(ProjectWork),
    File(FileWork),
    Deployment(DeploymentWork),
    Software(SoftwareWork),
}

/// How a build ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum End {
    Done,
    /// Nothing was deployed, since something was missing.
    Skipped {
        /// Missing thing, with its article.
        missing: String,
    },
    Failed {
        /// Error as shown to the caller.
        error: JobError,
    },
    /// The caller cancelled it.
    Cancelled,
}

impl Build {
    /// Creates a build before its first step.
    #[must_use]
    pub fn new(id: JobId, work: Work, deadline: Timestamp, now: Timestamp) -> Self {
        Self {
            header: WorkflowHeader::new(id, deadline, now),
            work,
            end: None,
            parent: None,
        }
    }

    /// Returns the kind in the API.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        self.work.into_str()
    }

    /// Returns the end of the build once it is finalized. A cancellation or a dead letter shows at
    /// once.
    fn told(&self) -> Option<&End> {
        let end = self.end.as_ref()?;
        let is_from_outside = match end {
            End::Cancelled => true,
            End::Failed { error } => error.is_dead_letter(),
            End::Done | End::Skipped { .. } => false,
        };
        (self.header.finalized || is_from_outside).then_some(end)
    }

    /// Returns the status in the API.
    #[must_use]
    pub fn status(&self) -> Status {
        match self.told() {
            None if self.header.updated_at == self.header.created_at && self.end.is_none() => {
                Status::Queued
            }
            None => Status::Running,
            Some(End::Done | End::Skipped { .. }) => Status::Done,
            Some(End::Failed { .. }) => Status::Failed,
            Some(End::Cancelled) => Status::Cancelled,
        }
    }

    /// Returns the stage in the API.
    #[must_use]
    pub fn stage(&self) -> &'static str {
        match self.told() {
            Some(End::Done) => "done",
            Some(End::Skipped { .. }) => "skipped",
            Some(End::Failed { .. }) => "failed",
            Some(End::Cancelled) => "cancelled",
            None => match &self.work {
                Work::Project(work) => work.stage.into_str(),
                Work::File(work) => work.stage.into_str(),
                Work::Deployment(work) => work.stage.as_str(),
                Work::Software(work) => work.stage.as_str(),
            },
        }
    }

    /// Returns the progress, 0 to 100. Only a finished build has 100.
    #[must_use]
    pub fn progress(&self) -> u8 {
        match (self.told(), &self.work) {
            (Some(End::Done | End::Skipped { .. }), _) => 100,
            _ if self.end.is_some() => 99,
            (_, Work::Project(work)) => work.stage.progress(),
            (_, Work::File(_)) => 50,
            (_, Work::Deployment(work)) => work.stage.progress(),
            (_, Work::Software(work)) => work.stage.progress(),
        }
    }
}

impl WorkflowRecord for Build {
    const KIND: Option<&'static str> = Some("build");

    fn header(&self) -> &WorkflowHeader {
        &self.header
    }

    fn header_mut(&mut self) -> &mut WorkflowHeader {
        &mut self.header
    }

    fn stage(&self) -> String {
        format!("{}: {}", self.kind(), self.stage())
    }

    fn is_terminal(&self) -> bool {
        self.end.is_some()
    }

    fn is_woken(&self) -> bool {
        match &self.work {
            Work::Project(work) => work.stage.waits_for_others(),
            Work::File(work) => work.stage == super::file::Stage::Waiting,
            Work::Deployment(_) => false,
            Work::Software(work) => work.stage.waits_for_others(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eventrelay_core::error::Error;
    use eventrelay_project::ProjectId;

    #[test]
    fn an_end_is_shown_when_the_project_says_so_too() {
        let work = ProjectWork::new(ProjectId::random(), false);
        let mut build = Build::new(
            JobId::random(),
            Work::Project(work),
            Timestamp(2),
            Timestamp(1),
        );
        let failed = |error: &Error| End::Failed {
            error: JobError::from(error),
        };
        for (end, not_finalized, finalized) in [
            (End::Done, Status::Running, Status::Done),
            (failed(&Error::AnswerEmpty), Status::Running, Status::Failed),
            (failed(&Error::DeadLettered), Status::Failed, Status::Failed),
            (End::Cancelled, Status::Cancelled, Status::Cancelled),
        ] {
            (build.end, build.header.finalized) = (Some(end), false);
            assert_eq!((build.status(), build.progress()), (not_finalized, 99));
            build.header.finalized = true;
            assert_eq!(build.status(), finalized);
            assert_eq!(build.progress() == 100, finalized == Status::Done);
        }
    }
}
