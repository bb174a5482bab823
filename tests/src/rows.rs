//! Rows of jobs in the states that a crash or a long time leaves.

use anyhow::Context as _;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;

use crate::{Stack, audit::text};

const TABLE: &str = "JobsTable";

impl Stack {
    /// The row of a job or a task: its version and its document.
    pub async fn job_row(&self, id: &str) -> anyhow::Result<(u32, Value)> {
        let read = self
            .dynamodb()
            .get_item()
            .table_name(self.name(TABLE))
            .key("pk", AttributeValue::S(id.to_owned()))
            .consistent_read(true)
            .send()
            .await?;
        let item = read.item.context("no such row")?;
        let version = item.get("version").and_then(|version| version.as_n().ok());
        let doc = item.get("doc").and_then(|doc| doc.as_s().ok());
        Ok((
            version.context("no version")?.parse()?,
            serde_json::from_str(doc.context("no document")?)?,
        ))
    }

    /// Changes the document of a job or a task, and ends the lease of its step. `due_at` is taken
    /// from the document.
    pub async fn change_job_row(
        &self,
        id: &str,
        change: impl FnOnce(&mut Value),
    ) -> anyhow::Result<()> {
        let (_, mut doc) = self.job_row(id).await?;
        change(&mut doc);
        self.dynamodb()
            .update_item()
            .table_name(self.name(TABLE))
            .key("pk", AttributeValue::S(id.to_owned()))
            .update_expression("SET doc = :doc, due_at = :due REMOVE running_by, running_until")
            .expression_attribute_values(":doc", AttributeValue::S(doc.to_string()))
            .expression_attribute_values(":due", AttributeValue::N(doc["due_at"].to_string()))
            .send()
            .await?;
        Ok(())
    }

    /// Clears the shared state of limits, pauses and circuit breakers.
    pub async fn forget_limits(&self) -> anyhow::Result<()> {
        let dynamodb = self.dynamodb();
        let mut rows = self.rows("ControlsTable").await?;
        rows.retain(|row| text(row, "pk").starts_with("limit#"));
        for row in &rows {
            let key = AttributeValue::S(text(row, "pk").to_owned());
            let delete = dynamodb
                .delete_item()
                .table_name(self.name("ControlsTable"));
            delete.key("pk", key).send().await?;
        }
        Ok(())
    }

    /// Makes a job or a task overdue since 1970.
    pub async fn make_overdue(&self, id: &str) -> anyhow::Result<()> {
        self.change_job_row(id, |doc| doc["due_at"] = 1000.into())
            .await
    }

    /// Writes a task that was never queued and is long overdue.
    pub async fn put_lost_task(&self, id: &str) -> anyhow::Result<()> {
        let far = 4_000_000_000_000_u64;
        let doc = serde_json::json!({
            "id": id, "work": {"kind": "delete_videos", "deleted": 0}, "status": "queued",
            "created_at": 1000, "updated_at": 1000, "due_at": 1000, "deadline": far,
        });
        self.dynamodb()
            .put_item()
            .table_name(self.name(TABLE))
            .item("pk", AttributeValue::S(id.to_owned()))
            .item("kind", AttributeValue::S("task".to_owned()))
            .item("version", AttributeValue::N("0".to_owned()))
            .item("open", AttributeValue::S("1".to_owned()))
            .item("due_at", AttributeValue::N("1000".to_owned()))
            .item("doc", AttributeValue::S(doc.to_string()))
            .send()
            .await?;
        Ok(())
    }
}
