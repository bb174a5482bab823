//! Fan-in of the parts of a build: one row per fan-out in the jobs table.
//!
//! | attribute | what |
//! |---|---|
//! | `pk` | `join#`, the id of the job that has opened the parts, and `#` the round |
//! | `all` | set of the parts that have not completed yet |
//! | `w<n>` | set of the parts that part `n` still waits for |
//! | `failed` | set of the failed parts |
//! | `ttl` | expiry, epoch seconds |
//!
//! DynamoDB deletes an attribute when its set is empty. Removing a part twice is idempotent. Every
//! worker that sees a set gone may act on it: a duplicate message does no harm.

use crate::conditional::if_held;
use crate::sdk_error::storage_error;
use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};

use super::{
    item::{Item, n, s},
    jobs::{Jobs, KEPT},
};
use eventrelay_core::{clock::Timestamp, error::Error, ids::JobId};

/// Name of an attribute of the sets.
const ALL: &str = "all";
const FAILED: &str = "failed";

/// State of a fan-in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FanIn {
    /// Parts that have not completed yet.
    pub pending: Vec<u32>,
    /// Parts that have failed.
    pub failed: Vec<u32>,
    /// Dependencies that each part still waits for. Parts without any are absent.
    pub waiting: BTreeMap<u32, Vec<u32>>,
}

impl FanIn {
    fn new(item: &Item) -> Self {
        let waiting = item.iter().filter_map(|(name, value)| {
            let part = name.strip_prefix('w')?.parse().ok()?;
            Some((part, numbers(Some(value))))
        });
        Self {
            pending: numbers(item.get(ALL)),
            failed: numbers(item.get(FAILED)),
            waiting: waiting.collect(),
        }
    }
}

fn key(job: &JobId, round: u32) -> String {
    format!("join#{job}#{round}")
}

fn waits(part: u32) -> String {
    format!("w{part}")
}

fn set(parts: impl IntoIterator<Item = u32>) -> AttributeValue {
    AttributeValue::Ns(parts.into_iter().map(|part| part.to_string()).collect())
}

fn numbers(value: Option<&AttributeValue>) -> Vec<u32> {
    let set = value.and_then(|value| value.as_ns().ok());
    let mut numbers: Vec<u32> = set
        .into_iter()
        .flatten()
        .filter_map(|number| number.parse().ok())
        .collect();
    numbers.sort_unstable();
    numbers
}

impl Jobs {
    /// Creates a fan-in. Idempotent.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn open_join(
        &self,
        job: &JobId,
        round: u32,
        join: &FanIn,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", s(key(job, round)))
            .item(ALL, set(join.pending.iter().copied()))
            .item("ttl", n((now + KEPT).as_seconds()))
            .condition_expression("attribute_not_exists(pk)");
        for (part, others) in &join.waiting {
            put = put.item(waits(*part), set(others.iter().copied()));
        }
        if_held(put.send().await)?;
        Ok(())
    }

    /// Returns a fan-in (strongly consistent), or `None` if it was never created.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn join(&self, job: &JobId, round: u32) -> Result<Option<FanIn>, Error> {
        let read = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", s(key(job, round)))
            .consistent_read(true)
            .send()
            .await
            .map_err(storage_error)?;
        Ok(read.item.as_ref().map(FanIn::new))
    }

    /// Marks a part as completed and removes it from all dependencies. Returns the new state.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn complete(
        &self,
        job: &JobId,
        round: u32,
        part: u32,
        needed_by: &[u32],
    ) -> Result<FanIn, Error> {
        let sets: Vec<String> = std::iter::once(ALL.to_owned())
            .chain(needed_by.iter().map(|other| waits(*other)))
            .collect();
        let names = (0..sets.len()).map(|at| format!("#s{at} :part"));
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", s(key(job, round)))
            .update_expression(format!("DELETE {}", names.collect::<Vec<_>>().join(", ")))
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":part", set([part]))
            .return_values(ReturnValue::AllNew);
        for (at, name) in sets.into_iter().enumerate() {
            update = update.expression_attribute_names(format!("#s{at}"), name);
        }
        // Without attributes, the row has expired.
        let updated = if_held(update.send().await)?.and_then(|updated| updated.attributes);
        Ok(updated.as_ref().map(FanIn::new).unwrap_or_default())
    }

    /// Marks a part as failed.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn fail(&self, job: &JobId, round: u32, part: u32) -> Result<(), Error> {
        let failed = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", s(key(job, round)))
            .update_expression("ADD #failed :part")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#failed", FAILED)
            .expression_attribute_values(":part", set([part]))
            .send()
            .await;
        // If the condition does not hold, the row has expired.
        if_held(failed)?;
        Ok(())
    }
}
