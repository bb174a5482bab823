//! Projects and their deployments. Each has one row, and every write is conditional.
//!
//! | attribute | what |
//! |---|---|
//! | `id` | project or deployment id |
//! | `parent` | video key, or project id; with `id` the key of the index `children` |
//! | `version` | incremented by every write, for optimistic locking |
//! | `doc` | the [`Project`] or [`Deployment`] as JSON |

use crate::Page;
use crate::conditional::{contended, retry_until_unchanged};
use crate::sdk_error::storage_error;
use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{Put, TransactWriteItem},
};

use super::{
    conditional,
    item::{Item, get_n, get_s, n, s},
    jobs::{Jobs, WorkflowRecord},
    videos::condition_failed,
};
use eventrelay_core::error::Error;
use eventrelay_project::{Deployment, DeploymentId, Project, ProjectId};

/// Document with a row in the table of projects.
pub trait Document: serde::Serialize + serde::de::DeserializeOwned {
    fn key(&self) -> &str;

    /// Returns the key of its parent: the video or the project.
    fn parent(&self) -> String;
}

impl Document for Project {
    fn key(&self) -> &str {
        self.id.as_str()
    }

    fn parent(&self) -> String {
        self.video.to_string()
    }
}

impl Document for Deployment {
    fn key(&self) -> &str {
        self.id.as_str()
    }

    fn parent(&self) -> String {
        self.project.to_string()
    }
}

/// Document with the version that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored<D> {
    pub doc: D,
    pub version: u32,
}

/// Table of projects and deployments.
#[derive(Clone, Debug)]
pub struct Projects {
    client: Client,
    table: String,
    jobs: Jobs,
}

impl Projects {
    /// Creates a client of the projects in `table`.
    #[must_use]
    pub fn new(client: Client, table: String, jobs: Jobs) -> Self {
        Self {
            client,
            table,
            jobs,
        }
    }

    /// Returns a project (strongly consistent).
    ///
    /// # Errors
    /// [`Error::Storage`], or [`Error::Internal`] for a row that this version cannot read.
    pub async fn project(&self, id: &ProjectId) -> Result<Option<Stored<Project>>, Error> {
        self.read(id.as_str()).await
    }

    /// Returns a deployment (strongly consistent).
    ///
    /// # Errors
    /// As [`Projects::project`].
    pub async fn deployment(&self, id: &DeploymentId) -> Result<Option<Stored<Deployment>>, Error> {
        self.read(id.as_str()).await
    }

    async fn read<D: Document>(&self, id: &str) -> Result<Option<Stored<D>>, Error> {
        let read = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("id", s(id))
            .consistent_read(true)
            .send()
            .await
            .map_err(storage_error)?;
        read.item.as_ref().map(stored).transpose()
    }

    /// Returns a page of a parent's documents, newest first and starting behind the id `after`.
    /// Takes one query.
    ///
    /// # Errors
    /// As [`Projects::project`].
    pub async fn children<D: Document>(
        &self,
        parent: &str,
        limit: u16,
        after: Option<&str>,
    ) -> Result<Page<D, String>, Error> {
        let start = after
            .map(|id| Item::from([("id".to_owned(), s(id)), ("parent".to_owned(), s(parent))]));
        let read = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("children")
            .key_condition_expression("#parent = :parent")
            .expression_attribute_names("#parent", "parent")
            .expression_attribute_values(":parent", s(parent))
            .scan_index_forward(false)
            .limit(i32::from(limit))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(storage_error)?;
        let found = read.items().iter().map(|item| Ok(stored(item)?.doc));
        let next = read.last_evaluated_key();
        let next = next.and_then(|key| get_s(key, "id")).map(ToOwned::to_owned);
        Ok(Page {
            items: found.collect::<Result<_, Error>>()?,
            next,
        })
    }

    /// Writes a document and the build that works on it, in one transaction.
    ///
    /// A `version` of `None` creates the document. The caller must send the build's message.
    /// Returns `false` if the document has changed since it was read.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn start<D: Document, R: WorkflowRecord>(
        &self,
        doc: &D,
        version: Option<u32>,
        build: &R,
    ) -> Result<bool, Error> {
        let items = [self.put(doc, version)?, self.jobs.new_job(build)?];
        let items = items.map(|put| TransactWriteItem::builder().put(put).build());
        let written = self
            .client
            .transact_write_items()
            .set_transact_items(Some(items.to_vec()))
            .send()
            .await;
        match written {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error)) => {
                let TransactWriteItemsError::TransactionCanceledException(cancelled) = error.err()
                else {
                    return Err(storage_error(SdkError::ServiceError(error)));
                };
                // Build ids are unique: if the row exists, the response of the first attempt was
                // lost.
                if self.jobs.get::<R>(&build.header().id).await?.is_some() {
                    return Ok(true);
                }
                if cancelled
                    .cancellation_reasons()
                    .iter()
                    .any(condition_failed)
                {
                    Ok(false)
                } else {
                    Err(Error::Storage {
                        transient: true,
                        source: "a transaction met another one".into(),
                    })
                }
            }
            Err(error) => Err(storage_error(error)),
        }
    }

    /// Applies `change` to a document and retries on concurrent writes.
    ///
    /// Returns the resulting document, or `None` if it is missing. A document is left unchanged if
    /// there is nothing to change.
    ///
    /// # Errors
    /// As [`Projects::project`].
    pub async fn change<D: Document>(
        &self,
        id: &str,
        change: impl Fn(&mut D) -> bool,
    ) -> Result<Option<Stored<D>>, Error> {
        let change = &change;
        retry_until_unchanged(contended, || async move {
            let Some(mut stored) = self.read::<D>(id).await? else {
                return Ok(Some(None));
            };
            let is_done =
                !change(&mut stored.doc) || self.save(&stored.doc, stored.version).await?;
            Ok(is_done.then_some(Some(stored)))
        })
        .await
    }

    /// Replaces the document that was read as `version`. Returns `false` if it has changed since.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn save<D: Document>(&self, doc: &D, version: u32) -> Result<bool, Error> {
        conditional::put(&self.client, self.put(doc, Some(version))?).await
    }

    /// Deletes the row of a project or a deployment.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn delete(&self, id: &str) -> Result<(), Error> {
        self.client
            .delete_item()
            .table_name(&self.table)
            .key("id", s(id))
            .send()
            .await
            .map_err(storage_error)?;
        Ok(())
    }

    fn put<D: Document>(&self, doc: &D, version: Option<u32>) -> Result<Put, Error> {
        let text = serde_json::to_string(doc).map_err(Error::internal)?;
        let put = Put::builder()
            .table_name(&self.table)
            .item("id", s(doc.key()))
            .item("parent", s(doc.parent()))
            .item("version", n(version.map_or(0, |version| version + 1)))
            .item("doc", s(text));
        let put = match version {
            None => put.condition_expression("attribute_not_exists(id)"),
            Some(version) => put
                .condition_expression("version = :version")
                .expression_attribute_values(":version", n(version)),
        };
        put.build().map_err(Error::internal)
    }
}

fn stored<D: Document>(item: &Item) -> Result<Stored<D>, Error> {
    let doc = get_s(item, "doc").ok_or_else(|| Error::internal("a row without a document"))?;
    Ok(Stored {
        doc: serde_json::from_str(doc).map_err(Error::internal)?,
        version: get_n(item, "version").unwrap_or(0),
    })
}
