//! Jobs: one row each, every write of it conditional.
//!
//! | attribute | what |
//! |---|---|
//! | `pk` | job id |
//! | `version` | grows by one with every finished step: who writes says what they have read |
//! | `running_by`, `running_until` | lease of the step that runs |
//! | `doc` | the [`Job`] as JSON |
//! | `stage` | for people who look at the table |
//! | `open`, `due_at` | key of the index `due`; `open` is there until the job is settled |
//! | `ttl` | when DynamoDB may drop a settled job, epoch seconds |

use std::time::Duration;

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    types::{AttributeValue, Put},
};

use super::item::{Item, get_n, get_s, n, s};
use crate::{
    clock::Timestamp,
    error::Error,
    job::{Job, JobId},
};

/// How long a settled job can be asked for.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// A job as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct JobRow {
    /// The job.
    pub job: Job,
    /// Finished steps.
    pub version: u32,
    /// Until when somebody is at it; none when nobody is.
    pub running_until: Option<Timestamp>,
}

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

    /// The job as it is now (strongly consistent).
    ///
    /// # Errors
    /// [`Error::Storage`], or [`Error::Internal`] for a row that this version cannot read.
    pub async fn get(&self, id: &JobId) -> Result<Option<JobRow>, Error> {
        let read = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", s(id.as_str()))
            .consistent_read(true)
            .send()
            .await?;
        read.item.as_ref().map(row).transpose()
    }

    /// Takes the lease of the next step. False when somebody else has it, or the job has moved on.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn acquire(
        &self,
        job: &Job,
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
        self.write(put).await
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

    /// Writes the outcome of the step that `worker` ran on `version`, as version + 1; keeps the
    /// lease if there is one to keep. False when the step was lost to somebody else.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn save(
        &self,
        job: &Job,
        version: u32,
        worker: &str,
        keep: Option<&Lease>,
    ) -> Result<bool, Error> {
        self.write(self.outcome(job, version, worker, keep)).await
    }

    /// Writes a change that does not wait for the step that runs, such as a cancellation, as
    /// version + 1: the running step is lost. False when the job has moved on.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn overrule(&self, job: &Job, version: u32) -> Result<bool, Error> {
        let put = self
            .put(job, version + 1, None)
            .condition_expression("version = :version")
            .expression_attribute_values(":version", n(version));
        self.write(put).await
    }

    /// Notes that the message of a job which nobody runs is sent anew. False when somebody else
    /// did, or the job has moved on.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn revive(&self, row: &JobRow, now: Timestamp) -> Result<bool, Error> {
        let revived = Job {
            due_at: now,
            ..row.job.clone()
        };
        let put = self
            .put(&revived, row.version, None)
            .condition_expression(
                "version = :version AND due_at = :due \
                 AND (attribute_not_exists(running_until) OR running_until < :now)",
            )
            .expression_attribute_values(":version", n(row.version))
            .expression_attribute_values(":due", n(row.job.due_at.0))
            .expression_attribute_values(":now", n(now.0));
        self.write(put).await
    }

    /// The write of [`Jobs::save`], to be part of a transaction.
    pub(super) fn outcome(
        &self,
        job: &Job,
        version: u32,
        worker: &str,
        keep: Option<&Lease>,
    ) -> aws_sdk_dynamodb::types::builders::PutBuilder {
        self.put(job, version + 1, keep)
            .condition_expression("version = :version AND running_by = :worker")
            .expression_attribute_values(":version", n(version))
            .expression_attribute_values(":worker", s(worker))
    }

    /// A new job, to be part of a transaction.
    pub(super) fn new_job(&self, job: &Job) -> aws_sdk_dynamodb::types::builders::PutBuilder {
        self.put(job, 0, None)
            .condition_expression("attribute_not_exists(pk)")
    }

    fn put(
        &self,
        job: &Job,
        version: u32,
        lease: Option<&Lease>,
    ) -> aws_sdk_dynamodb::types::builders::PutBuilder {
        Put::builder()
            .table_name(&self.table)
            .set_item(Some(item(job, version, lease)))
    }

    async fn write(
        &self,
        put: aws_sdk_dynamodb::types::builders::PutBuilder,
    ) -> Result<bool, Error> {
        let put = put.build().map_err(Error::internal)?;
        let written = self
            .client
            .put_item()
            .table_name(put.table_name)
            .set_item(Some(put.item))
            .set_condition_expression(put.condition_expression)
            .set_expression_attribute_values(put.expression_attribute_values)
            .send()
            .await;
        match written {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error))
                if error.err().is_conditional_check_failed_exception() =>
            {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn item(job: &Job, version: u32, lease: Option<&Lease>) -> Item {
    let stage = serde_json::to_value(job.state.stage());
    let stage = stage
        .as_ref()
        .ok()
        .and_then(|stage| stage.as_str())
        .unwrap_or_default();
    let doc = serde_json::to_string(job).unwrap_or_default();
    let mut attributes: Vec<(&str, AttributeValue)> = vec![
        ("pk", s(job.id.as_str())),
        ("version", n(version)),
        ("stage", s(stage)),
        ("due_at", n(job.due_at.0)),
        ("doc", s(doc)),
    ];
    if job.settled {
        attributes.push(("ttl", n((job.updated_at + KEPT).as_seconds())));
    } else {
        attributes.push(("open", s("1")));
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

fn row(item: &Item) -> Result<JobRow, Error> {
    let doc = get_s(item, "doc").ok_or_else(|| Error::internal("a job without a document"))?;
    Ok(JobRow {
        job: serde_json::from_str(doc).map_err(Error::internal)?,
        version: get_n(item, "version")
            .ok_or_else(|| Error::internal("a job without a version"))?,
        running_until: get_n(item, "running_until").map(Timestamp),
    })
}
