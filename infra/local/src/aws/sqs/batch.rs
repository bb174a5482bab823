//! Operations on one or several messages of a queue.

use std::collections::HashSet;

use rusqlite::Transaction;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    protocol::{Batch, Code, Entry, Failure, Single, parse},
    queues,
    store::Queue,
};

const MAX_ENTRIES: usize = 10;

/// Runs `work` for the input in `body`.
pub(super) fn on_one<T: DeserializeOwned>(
    transaction: &Transaction<'_>,
    body: &[u8],
    work: impl FnOnce(&Queue, &T) -> Result<Value, Failure>,
) -> Result<Value, Failure> {
    let request: Single<T> = parse(body)?;
    let queue = queues::at(transaction, &request.queue_url)?;
    work(&queue, &request.what)
}

/// Runs `work` for each entry of the batch in `body`.
pub(super) fn on_each<T: DeserializeOwned>(
    transaction: &Transaction<'_>,
    body: &[u8],
    mut work: impl FnMut(&Queue, &T) -> Result<Value, Failure>,
) -> Result<Value, Failure> {
    let request: Batch<T> = parse(body)?;
    let queue = queues::at(transaction, &request.queue_url)?;
    each(&request.entries, |it| work(&queue, it))
}

/// Runs `work` for each entry of a batch. A failed entry does not stop the others.
pub(super) fn each<T>(
    entries: &[Entry<T>],
    mut work: impl FnMut(&T) -> Result<Value, Failure>,
) -> Result<Value, Failure> {
    if entries.is_empty() {
        let message = "There should be at least one entry in the request.";
        return Err(Failure::new(Code::EmptyBatchRequest, message));
    }
    if entries.len() > MAX_ENTRIES {
        return Err(Failure::new(
            Code::TooManyEntriesInBatchRequest,
            format!(
                "Maximum number of entries per request are {MAX_ENTRIES}. You have sent {}.",
                entries.len()
            ),
        ));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let mut ids = HashSet::new();
    for Entry { id, .. } in entries {
        if !(1..=80).contains(&id.len()) || !id.chars().all(plain) {
            return Err(Failure::new(
                Code::InvalidBatchEntryId,
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
            ));
        }
        if !ids.insert(id) {
            return Err(Failure::new(
                Code::BatchEntryIdsNotDistinct,
                format!("Id {id} repeated."),
            ));
        }
    }
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in entries {
        match work(&entry.what) {
            Ok(mut done) => {
                done["Id"] = json!(entry.id);
                successful.push(done);
            }
            // If the database itself fails, the whole batch is rolled back.
            Err(failure) if failure.code == Code::InternalFailure => return Err(failure),
            Err(failure) => failed.push(failure.entry(&entry.id)),
        }
    }
    Ok(json!({ "Successful": successful, "Failed": failed }))
}
