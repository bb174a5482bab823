//! Jobs: one row each, every write of it conditional.
//!
//! | attribute | what |
//! |---|---|
//! | `pk` | job id |
//! | `version` | grows by one with every finished step: who writes says what they have read |
//! | `running_by`, `running_until` | lease of the step that runs |
//! | `doc` | the record ([`WorkflowRecord`]) as JSON |
//! | `kind` | `build` for a build, `task` for a task |
//! | `stage` | for people who look at the table |
//! | `open`, `due_at` | key of the index `due`; `open` is there until the job is settled |
//! | `ttl` | when DynamoDB may drop a settled job, epoch seconds |
//!
//! Beside them stand the dead letters, see [`super::dead_letters`], and who waits for whom among the
//! parts of a build, see [`super::fan_in`].

use crate::sdk_error::storage_error;
use std::time::Duration;

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, Put},
};

use super::{
    batch, conditional,
    due::OPEN,
    item::{Item, get_n, get_s, n, s},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use eventrelay_core::{
    clock::Timestamp, error::Error, ids::JobId, notice::Notice, telemetry::TraceId, usage::Usage,
};

/// How long a settled job can be asked for.
pub(super) const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// Members that every workflow record has. They are stored beside the record's own members.
///
/// A step writes the record twice, and DynamoDB charges every kilobyte begun: members that are absent
/// or unchanged since the start are not stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkflowHeader {
    /// Id of the workflow. The claim on a video names it as its owner.
    pub id: JobId,
    /// Time of the submission.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
    /// Time at which the workflow fails if it has not ended.
    pub deadline: Timestamp,
    /// Time at which the next message is delivered. Some time later, the message counts as lost.
    pub due_at: Timestamp,
    /// Failed attempts of the present step.
    #[serde(default, skip_serializing_if = "is_default")]
    pub attempts: u32,
    /// Connections in a row that the present step could not make.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unreached: u32,
    /// Reason for the wait of the present step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<Notice>,
    /// Failed attempts that were paid answers without use.
    #[serde(default, skip_serializing_if = "is_default")]
    pub bad_answers: u32,
    /// Whether the limiter throttled the step and reserved a slot for it.
    #[serde(rename = "in_turn", default, skip_serializing_if = "is_default")]
    pub has_reservation: bool,
    /// Index of the configured model that is asked.
    #[serde(default, skip_serializing_if = "is_default")]
    pub model: usize,
    /// Resources used so far.
    #[serde(default)]
    pub usage: Usage,
    /// Id of the API key that submitted the workflow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_by: Option<String>,
    /// Trace of the request that started the workflow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceId>,
    /// Whether the workflow has ended and left nothing behind: no claim, no file.
    #[serde(rename = "settled", default, skip_serializing_if = "is_default")]
    pub finalized: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl WorkflowHeader {
    /// Header of a new workflow, with the trace of the present request.
    #[must_use]
    pub fn new(id: JobId, deadline: Timestamp, now: Timestamp) -> Self {
        Self {
            id,
            created_at: now,
            updated_at: now,
            deadline,
            due_at: now,
            attempts: 0,
            unreached: 0,
            notice: None,
            bad_answers: 0,
            has_reservation: false,
            model: 0,
            usage: Usage::default(),
            submitted_by: None,
            trace: TraceId::current(),
            finalized: false,
        }
    }

    /// Forgets the attempts of the last step.
    pub fn begin_step(&mut self) {
        (self.attempts, self.bad_answers, self.unreached) = (0, 0, 0);
        (self.has_reservation, self.notice) = (false, None);
    }

    /// The header from the beginning on, with a new deadline.
    #[must_use]
    pub fn restarted(self, deadline: Timestamp, now: Timestamp) -> Self {
        let mut header = Self {
            updated_at: now,
            due_at: now,
            deadline,
            model: 0,
            finalized: false,
            ..self
        };
        header.begin_step();
        header
    }
}

/// State of a workflow between two steps. The version and the lease of the running step are members
/// of its [`Row`].
pub trait WorkflowRecord:
    Clone + std::fmt::Debug + PartialEq + Serialize + DeserializeOwned
{
    /// Value of the attribute `kind`; `None` for an analysis.
    const KIND: Option<&'static str>;

    /// Members that every record has.
    fn header(&self) -> &WorkflowHeader;

    /// Members that every record has, to be changed.
    fn header_mut(&mut self) -> &mut WorkflowHeader;

    /// Stage, shown in the table and in logs.
    fn stage(&self) -> String;

    /// Whether the workflow has ended, so that only finalizing follows.
    fn is_terminal(&self) -> bool;

    /// Whether the workflow has ended and left nothing behind.
    fn is_finalized(&self) -> bool {
        self.header().finalized
    }

    /// Whether child workflows enqueue its message, so that one before its time is of use.
    fn is_woken(&self) -> bool {
        false
    }
}

/// Work in steps as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<R> {
    pub job: R,
    pub version: u32,
    /// End of the lease of the running step; `None` if no step runs.
    pub running_until: Option<Timestamp>,
}

/// Exclusive right of a worker to run a step, for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Unique to one invocation.
    pub worker: String,
    /// Time after which another worker may take over.
    pub until: Timestamp,
}

/// A row whose document is not decoded yet.
#[derive(Clone, Debug)]
pub struct UndecodedRow(Item);

impl UndecodedRow {
    /// Decodes the row; `None` if it is of another kind.
    ///
    /// # Errors
    /// [`Error::Internal`] for a row that this version cannot read.
    pub fn decode<R: WorkflowRecord>(&self) -> Result<Option<Row<R>>, Error> {
        let is_kind = get_s(&self.0, "kind") == R::KIND;
        is_kind.then(|| row(&self.0)).transpose()
    }
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
    pub async fn get<R: WorkflowRecord>(&self, id: &JobId) -> Result<Option<Row<R>>, Error> {
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
            .await
            .map_err(storage_error)?;
        Ok(read.item)
    }

    /// Returns the workflow with this id, whatever its kind (strongly consistent).
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn any(&self, id: &JobId) -> Result<Option<UndecodedRow>, Error> {
        Ok(self.item(id).await?.map(UndecodedRow))
    }

    /// Several records as they are now; those that are not there are left out. One read for up to a
    /// hundred.
    ///
    /// # Errors
    /// As [`Jobs::get`].
    pub async fn get_all<R: WorkflowRecord>(&self, ids: &[JobId]) -> Result<Vec<Row<R>>, Error> {
        let keys = ids
            .iter()
            .map(|id| Item::from([("pk".to_owned(), s(id.as_str()))]));
        let items = batch::get_all(&self.client, &self.table, keys.collect(), true).await?;
        items.iter().map(row).collect()
    }

    /// Takes the lease of the next step. Returns `false` if another worker holds it, or if the job has
    /// a newer version.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn acquire<R: WorkflowRecord>(
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
    pub async fn renew(&self, id: &JobId, version: u32, lease: &Lease) -> Result<bool, Error> {
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
        Ok(conditional::if_held(updated)?.is_some())
    }

    /// Writes new work down. False where it was there.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn create<R: WorkflowRecord>(&self, job: &R) -> Result<bool, Error> {
        self.write(self.new_job(job)?).await
    }

    /// Writes the outcome of the step that `worker` ran on `version`, as version + 1; keeps the
    /// lease if there is one to keep. Returns `false` if another worker took over
    /// the step.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn save<R: WorkflowRecord>(
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
    pub async fn preempt<R: WorkflowRecord>(&self, job: &R, version: u32) -> Result<bool, Error> {
        let put = self
            .put(job, version + 1, None)
            .condition_expression("version = :version")
            .expression_attribute_values(":version", n(version));
        self.write(put.build().map_err(Error::internal)?).await
    }

    /// Writes a change as version + 1 if no step runs. Returns `false` if one does, or if the job has a
    /// newer version.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn preempt_idle<R: WorkflowRecord>(
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

    /// Records that the lost message of a job is enqueued again. Returns `false` if another instance
    /// did so, or if the job runs or has a newer version.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn requeue_lost<R: WorkflowRecord>(
        &self,
        row: &Row<R>,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let mut revived = row.job.clone();
        revived.header_mut().due_at = now;
        let put = self
            .put(&revived, row.version, None)
            .condition_expression(
                "version = :version AND due_at = :due \
                 AND (attribute_not_exists(running_until) OR running_until < :now)",
            )
            .expression_attribute_values(":version", n(row.version))
            .expression_attribute_values(":due", n(row.job.header().due_at.0))
            .expression_attribute_values(":now", n(now.0));
        self.write(put.build().map_err(Error::internal)?).await
    }

    /// The write of [`Jobs::save`], to be part of a transaction.
    pub(super) fn outcome<R: WorkflowRecord>(
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
    pub(super) fn new_job<R: WorkflowRecord>(&self, job: &R) -> Result<Put, Error> {
        self.put(job, 0, None)
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .map_err(Error::internal)
    }

    /// A settled job that goes on, as version + 1, to be part of a transaction.
    pub(super) fn resumed_job<R: WorkflowRecord>(
        &self,
        job: &R,
        version: u32,
    ) -> Result<Put, Error> {
        self.put(job, version + 1, None)
            .condition_expression("version = :version AND attribute_not_exists(#open)")
            .expression_attribute_names("#open", "open")
            .expression_attribute_values(":version", n(version))
            .build()
            .map_err(Error::internal)
    }

    fn put<R: WorkflowRecord>(
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

fn item_of<R: WorkflowRecord>(job: &R, version: u32, lease: Option<&Lease>) -> Item {
    let doc = serde_json::to_string(job).unwrap_or_default();
    let mut attributes: Vec<(&str, AttributeValue)> = vec![
        ("pk", s(job.header().id.as_str())),
        ("version", n(version)),
        ("stage", s(job.stage())),
        ("due_at", n(job.header().due_at.0)),
        ("doc", s(doc)),
    ];
    if let Some(kind) = R::KIND {
        attributes.push(("kind", s(kind)));
    }
    if job.is_finalized() {
        attributes.push(("ttl", n((job.header().updated_at + KEPT).as_seconds())));
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

fn row<R: WorkflowRecord>(item: &Item) -> Result<Row<R>, Error> {
    let doc = get_s(item, "doc").ok_or_else(|| Error::internal("a job without a document"))?;
    Ok(Row {
        job: serde_json::from_str(doc).map_err(Error::internal)?,
        version: get_n(item, "version")
            .ok_or_else(|| Error::internal("a job without a version"))?,
        running_until: get_n(item, "running_until").map(Timestamp),
    })
}
