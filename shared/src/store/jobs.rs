//! Jobs: one row each, every write of it conditional.
//!
//! | attribute | what |
//! |---|---|
//! | `pk` | job id |
//! | `version` | grows by one with every finished step: who writes says what they have read |
//! | `running_by`, `running_until` | lease of the step that runs |
//! | `doc` | the [`Job`], [`Build`] or [`Task`] as JSON |
//! | `kind` | `build` for a build, `task` for a task |
//! | `stage` | for people who look at the table |
//! | `open`, `due_at` | key of the index `due`; `open` is there until the job is settled |
//! | `ttl` | when DynamoDB may drop a settled job, epoch seconds |
//!
//! Beside them stand the dead letters, see [`super::dead_letters`], and who waits for whom among the
//! parts of a build, see [`super::joins`].

use std::time::Duration;

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    types::{AttributeValue, Put},
};

use super::{
    batch, conditional,
    due::OPEN,
    item::{Item, get_n, get_s, n, s},
};
use crate::{
    build::Build,
    clock::Timestamp,
    error::Error,
    flow::Record,
    job::{Job, JobId},
    task::Task,
};

/// How long a settled job can be asked for.
pub(super) const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// Value of `kind` in the row of a task; analyses have none.
const TASK: &str = "task";

/// What an id stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum AnyRow {
    /// The analysis of a video.
    Job(Box<JobRow>),
    /// A build.
    Build(Box<BuildRow>),
    /// Work on many videos, and its version.
    Task(Box<Task>, u32),
}

/// Work in steps as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<R> {
    /// What it remembers.
    pub job: R,
    /// Finished steps.
    pub version: u32,
    /// Until when somebody is at it; none when nobody is.
    pub running_until: Option<Timestamp>,
}

/// An analysis as it was read.
pub type JobRow = Row<Job>;

/// A build as it was read.
pub type BuildRow = Row<Build>;

/// Who runs a step, and until when nobody else does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Unique to one invocation.
    pub worker: String,
    /// When somebody else may take over.
    pub until: Timestamp,
}

/// The table of jobs.
#[derive(Clone, Debug)]
pub struct Jobs {
    pub(super) client: Client,
    pub(super) table: String,
}

impl Jobs {
    /// The jobs in `table`.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// The record as it is now (strongly consistent); none where the id stands for something else.
    ///
    /// # Errors
    /// [`Error::Storage`], or [`Error::Internal`] for a row that this version cannot read.
    pub async fn get<R: Record>(&self, id: &JobId) -> Result<Option<Row<R>>, Error> {
        let item = self.item(id).await?;
        let item = item.filter(|item| get_s(item, "kind") == R::KIND);
        item.as_ref().map(row).transpose()
    }

    async fn item(&self, id: &JobId) -> Result<Option<Item>, Error> {
        let read = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", s(id.as_str()))
            .consistent_read(true)
            .send()
            .await?;
        Ok(read.item)
    }

    /// A task with its version, strongly consistent.
    ///
    /// # Errors
    /// As [`Jobs::get`].
    pub async fn task(&self, id: &JobId) -> Result<Option<(Task, u32)>, Error> {
        match self.any(id).await? {
            Some(AnyRow::Task(task, version)) => Ok(Some((*task, version))),
            _ => Ok(None),
        }
    }

    /// What has this id.
    ///
    /// # Errors
    /// As [`Jobs::get`].
    pub async fn any(&self, id: &JobId) -> Result<Option<AnyRow>, Error> {
        let Some(item) = self.item(id).await? else {
            return Ok(None);
        };
        if get_s(&item, "kind") == Job::KIND {
            return Ok(Some(AnyRow::Job(Box::new(row(&item)?))));
        }
        if get_s(&item, "kind") == Build::KIND {
            return Ok(Some(AnyRow::Build(Box::new(row(&item)?))));
        }
        let no_document = || Error::internal("a task without a document");
        let task = get_s(&item, "doc").ok_or_else(no_document)?;
        let task = serde_json::from_str(task).map_err(Error::internal)?;
        Ok(Some(AnyRow::Task(
            task,
            get_n(&item, "version").unwrap_or(0),
        )))
    }

    /// Writes a new task down.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn create_task(&self, task: &Task) -> Result<(), Error> {
        let put = self.put_task(task, 0)?;
        let put = put.condition_expression("attribute_not_exists(pk)");
        self.write(put.build().map_err(Error::internal)?).await?;
        Ok(())
    }

    /// Writes a task down as version + 1. False when it has moved on.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn save_task(&self, task: &Task, version: u32) -> Result<bool, Error> {
        let put = self
            .put_task(task, version + 1)?
            .condition_expression("version = :version")
            .expression_attribute_values(":version", n(version));
        self.write(put.build().map_err(Error::internal)?).await
    }

    fn put_task(
        &self,
        task: &Task,
        version: u32,
    ) -> Result<aws_sdk_dynamodb::types::builders::PutBuilder, Error> {
        let mut put = Put::builder()
            .table_name(&self.table)
            .item("pk", s(task.id.as_str()))
            .item("kind", s(TASK))
            .item("version", n(version))
            .item("due_at", n(task.due_at.0))
            .item(
                "doc",
                s(serde_json::to_string(task).map_err(Error::internal)?),
            );
        put = match task.has_ended() {
            true => put.item("ttl", n((task.updated_at + KEPT).as_seconds())),
            false => put.item("open", s(OPEN)),
        };
        Ok(put)
    }

    /// Several records as they are now; those that are not there are left out. One read for up to a
    /// hundred.
    ///
    /// # Errors
    /// As [`Jobs::get`].
    pub async fn get_all<R: Record>(&self, ids: &[JobId]) -> Result<Vec<Row<R>>, Error> {
        let keys = ids
            .iter()
            .map(|id| Item::from([("pk".to_owned(), s(id.as_str()))]));
        let items = batch::get_all(&self.client, &self.table, keys.collect(), true).await?;
        items.iter().map(row).collect()
    }

    /// Takes the lease of the next step. False when somebody else has it, or the job has moved on.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn acquire<R: Record>(
        &self,
        job: &R,
        version: u32,
        lease: &Lease,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let put = self
            .put(job, version, Some(lease))
            .condition_expression(
                "version = :version AND (attribute_not_exists(running_until) OR running_until < :now)",
            )
            .expression_attribute_values(":version", n(version))
            .expression_attribute_values(":now", n(now.0));
        self.write(put.build().map_err(Error::internal)?).await
    }

    /// Prolongs the lease of a step that takes long. False when it was lost.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn prolong(&self, id: &JobId, version: u32, lease: &Lease) -> Result<bool, Error> {
        let updated = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", s(id.as_str()))
            .update_expression("SET running_until = :until")
            .condition_expression("version = :version AND running_by = :worker")
            .expression_attribute_values(":version", n(version))
            .expression_attribute_values(":worker", s(&lease.worker))
            .expression_attribute_values(":until", n(lease.until.0))
            .send()
            .await;
        match updated {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error))
                if error.err().is_conditional_check_failed_exception() =>
            {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Writes new work down. False where it was there.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn create<R: Record>(&self, job: &R) -> Result<bool, Error> {
        self.write(self.new_job(job)?).await
    }

    /// Writes the outcome of the step that `worker` ran on `version`, as version + 1; keeps the
    /// lease if there is one to keep. False when the step was lost to somebody else.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn save<R: Record>(
        &self,
        job: &R,
        version: u32,
        worker: &str,
        keep: Option<&Lease>,
    ) -> Result<bool, Error> {
        self.write(self.outcome(job, version, worker, keep)?).await
    }

    /// Writes a change that does not wait for the step that runs, such as a cancellation, as
    /// version + 1: the running step is lost. False when the job has moved on.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn overrule<R: Record>(&self, job: &R, version: u32) -> Result<bool, Error> {
        let put = self
            .put(job, version + 1, None)
            .condition_expression("version = :version")
            .expression_attribute_values(":version", n(version));
        self.write(put.build().map_err(Error::internal)?).await
    }

    /// Writes a change to a job that nobody runs, as version + 1. False when the job has moved on or
    /// somebody is at it.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn overrule_idle<R: Record>(
        &self,
        job: &R,
        version: u32,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let put = self
            .put(job, version + 1, None)
            .condition_expression(
                "version = :version AND (attribute_not_exists(running_until) OR running_until < :now)",
            )
            .expression_attribute_values(":version", n(version))
            .expression_attribute_values(":now", n(now.0));
        self.write(put.build().map_err(Error::internal)?).await
    }

    /// Notes that the message of a task is sent anew. False when somebody else did, or the task has
    /// moved on.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn revive_task(
        &self,
        task: &Task,
        version: u32,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let revived = Task {
            due_at: now,
            ..task.clone()
        };
        let put = self
            .put_task(&revived, version)?
            .condition_expression("version = :version AND due_at = :due")
            .expression_attribute_values(":version", n(version))
            .expression_attribute_values(":due", n(task.due_at.0));
        self.write(put.build().map_err(Error::internal)?).await
    }

    /// Notes that the message of a job which nobody runs is sent anew. False when somebody else
    /// did, or the job has moved on.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn revive<R: Record>(&self, row: &Row<R>, now: Timestamp) -> Result<bool, Error> {
        let mut revived = row.job.clone();
        revived.make_due(now);
        let put = self
            .put(&revived, row.version, None)
            .condition_expression(
                "version = :version AND due_at = :due \
                 AND (attribute_not_exists(running_until) OR running_until < :now)",
            )
            .expression_attribute_values(":version", n(row.version))
            .expression_attribute_values(":due", n(row.job.due_at().0))
            .expression_attribute_values(":now", n(now.0));
        self.write(put.build().map_err(Error::internal)?).await
    }

    /// The write of [`Jobs::save`], to be part of a transaction.
    pub(super) fn outcome<R: Record>(
        &self,
        job: &R,
        version: u32,
        worker: &str,
        keep: Option<&Lease>,
    ) -> Result<Put, Error> {
        self.put(job, version + 1, keep)
            .condition_expression("version = :version AND running_by = :worker")
            .expression_attribute_values(":version", n(version))
            .expression_attribute_values(":worker", s(worker))
            .build()
            .map_err(Error::internal)
    }

    /// A new job, to be part of a transaction.
    pub(super) fn new_job<R: Record>(&self, job: &R) -> Result<Put, Error> {
        self.put(job, 0, None)
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .map_err(Error::internal)
    }

    /// A settled job that goes on, as version + 1, to be part of a transaction.
    pub(super) fn resumed_job<R: Record>(&self, job: &R, version: u32) -> Result<Put, Error> {
        self.put(job, version + 1, None)
            .condition_expression("version = :version AND attribute_not_exists(#open)")
            .expression_attribute_names("#open", "open")
            .expression_attribute_values(":version", n(version))
            .build()
            .map_err(Error::internal)
    }

    fn put<R: Record>(
        &self,
        job: &R,
        version: u32,
        lease: Option<&Lease>,
    ) -> aws_sdk_dynamodb::types::builders::PutBuilder {
        Put::builder()
            .table_name(&self.table)
            .set_item(Some(item_of(job, version, lease)))
    }

    async fn write(&self, put: Put) -> Result<bool, Error> {
        conditional::put(&self.client, put).await
    }
}

fn item_of<R: Record>(job: &R, version: u32, lease: Option<&Lease>) -> Item {
    let doc = serde_json::to_string(job).unwrap_or_default();
    let mut attributes: Vec<(&str, AttributeValue)> = vec![
        ("pk", s(job.id().as_str())),
        ("version", n(version)),
        ("stage", s(job.stage())),
        ("due_at", n(job.due_at().0)),
        ("doc", s(doc)),
    ];
    if let Some(kind) = R::KIND {
        attributes.push(("kind", s(kind)));
    }
    if job.is_settled() {
        attributes.push(("ttl", n((job.updated_at() + KEPT).as_seconds())));
    } else {
        attributes.push(("open", s(OPEN)));
    }
    if let Some(lease) = lease {
        attributes.push(("running_by", s(&lease.worker)));
        attributes.push(("running_until", n(lease.until.0)));
    }
    attributes
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn row<R: Record>(item: &Item) -> Result<Row<R>, Error> {
    let doc = get_s(item, "doc").ok_or_else(|| Error::internal("a job without a document"))?;
    Ok(Row {
        job: serde_json::from_str(doc).map_err(Error::internal)?,
        version: get_n(item, "version")
            .ok_or_else(|| Error::internal("a job without a version"))?,
        running_until: get_n(item, "running_until").map(Timestamp),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        job::{Media, Request, State},
        video::VideoKey,
    };

    /// What DynamoDB counts of an item, at least as much:
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>
    fn size(item: &Item) -> usize {
        let sizes = item.iter().map(|(name, value)| match value {
            AttributeValue::S(text) | AttributeValue::N(text) => name.len() + text.len(),
            other => panic!("{other:?}"),
        });
        sizes.sum()
    }

    /// A look at a file writes the row twice, and there may be many.
    #[test]
    fn a_recording_that_is_waited_for_is_a_kilobyte() {
        const NOW: Timestamp = Timestamp(1_790_000_000_000);
        let video: VideoKey = format!("up:{}", "0".repeat(64)).parse().unwrap();
        let request = Request {
            language: Some("de".to_owned()),
            transcript: Some("0".repeat(64)),
            ..Request::default()
        };
        let media = Media::Upload {
            size_bytes: 123_456_789,
            content_type: "video/mp4".to_owned(),
            file_name: "recording-2026-11-26.mp4".to_owned(),
        };
        let mut job = Job::new(video, request, media, NOW, NOW);
        job.uploads = 1;
        job.gemini_file = job.upload_name();
        job.submitted_by = Some("0123456789abcdef".to_owned());
        job.trace = Some("1-58406520-a006649127e371903a2de979".parse().unwrap());
        job.state = State::Processing {
            since: NOW,
            looks: 12,
        };
        let lease = Lease {
            worker: format!("{}/{}", "0".repeat(36), "0".repeat(36)),
            until: NOW,
        };
        let bytes = size(&item_of(&job, 15, Some(&lease)));
        assert!(bytes <= 1024, "{bytes}");
    }
}
