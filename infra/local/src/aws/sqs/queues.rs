use rusqlite::Transaction;
use serde_json::{Map, Value, json};

use super::{
    super::ACCOUNT_ID,
    attributes::{self, Named, Settings},
    protocol::{
        Code, CreateQueue, Failure, GetQueueAttributes, GetQueueUrl, ListQueues, OnQueue,
        SetQueueAttributes,
    },
    store::{self, Queue},
};

/// Maximum queues on a page of a listing.
const MAX_LISTED: i64 = 1000;

/// Returns the URL of a queue: the service's address as the client knows it, and the name.
pub(super) fn url(host: &str, name: &str) -> String {
    format!("http://{host}/{ACCOUNT_ID}/{name}")
}

/// Returns the queue that the last segment of a URL names. The port may be that of an earlier
/// start.
///
/// # Errors
/// `QueueDoesNotExist`.
pub(super) fn at(transaction: &Transaction<'_>, url: &str) -> Result<Queue, Failure> {
    let name = url.rsplit('/').next().unwrap_or_default();
    store::find_queue(transaction, name)?.ok_or_else(does_not_exist)
}

pub(super) fn create(
    transaction: &Transaction<'_>,
    request: &CreateQueue,
    host: &str,
    now: i64,
) -> Result<Value, Failure> {
    let name = &request.queue_name;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !(1..=80).contains(&name.len()) || !name.chars().all(plain) {
        return Err(Failure::new(
            Code::InvalidParameterValue,
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
        ));
    }
    let wanted = request.attributes.clone().unwrap_or_default();
    check(transaction, &wanted)?;
    match store::find_queue(transaction, name)? {
        None => store::insert_queue(transaction, name, &wanted, now)?,
        Some(queue) => {
            let holds = attributes::effective(&queue.attributes);
            let wanted_holds = attributes::effective(&wanted);
            for name in wanted.keys() {
                if holds.get(name) != wanted_holds.get(name) {
                    return Err(Failure::new(
                        Code::QueueNameExists,
                        format!(
                            "A queue already exists with the same name and a different value for attribute {name}"
                        ),
                    ));
                }
            }
        }
    }
    Ok(json!({ "QueueUrl": url(host, name) }))
}

pub(super) fn get_url(
    transaction: &Transaction<'_>,
    request: &GetQueueUrl,
    host: &str,
) -> Result<Value, Failure> {
    let queue = store::find_queue(transaction, &request.queue_name)?.ok_or_else(does_not_exist)?;
    Ok(json!({ "QueueUrl": url(host, &queue.name) }))
}

pub(super) fn list(
    transaction: &Transaction<'_>,
    request: &ListQueues,
    host: &str,
) -> Result<Value, Failure> {
    let limit = request.max_results.unwrap_or(MAX_LISTED);
    if !(1..=MAX_LISTED).contains(&limit) {
        return Err(Failure::parameter(
            "MaxResults",
            limit,
            "Must be between 1 and 1000.",
        ));
    }
    let prefix = request.queue_name_prefix.as_deref().unwrap_or_default();
    let after = request.next_token.as_deref().unwrap_or_default();
    let mut names = store::queue_names(transaction, prefix, after, limit + 1)?;
    let more = i64::try_from(names.len()).is_ok_and(|found| found > limit);
    if more {
        names.pop();
    }
    let urls: Vec<_> = names.iter().map(|name| url(host, name)).collect();
    let mut page = json!({ "QueueUrls": urls });
    // Like SQS, return a token only to clients that request pages.
    if let (true, Some(_), Some(last)) = (more, request.max_results, names.last()) {
        page["NextToken"] = json!(last);
    }
    Ok(page)
}

pub(super) fn get_attributes(
    transaction: &Transaction<'_>,
    request: &GetQueueAttributes,
    now: i64,
) -> Result<Value, Failure> {
    let queue = at(transaction, &request.queue_url)?;
    store::delete_expired(transaction, &queue, now)?;
    let counts = store::counts(transaction, queue.id, now)?;
    let mut all = attributes::effective(&queue.attributes);
    for (name, value) in [
        ("ApproximateNumberOfMessages", counts.visible),
        ("ApproximateNumberOfMessagesNotVisible", counts.in_flight),
        ("ApproximateNumberOfMessagesDelayed", counts.delayed),
        ("CreatedTimestamp", queue.created_ms / 1000),
        ("LastModifiedTimestamp", queue.modified_ms / 1000),
    ] {
        all.insert(name.to_owned(), value.to_string());
    }
    all.insert("QueueArn".to_owned(), attributes::arn(&queue.name));
    let names = request.attribute_names.as_deref().unwrap_or_default();
    if names.iter().any(|name| name == "All") {
        return Ok(json!({ "Attributes": all }));
    }
    let mut asked = Map::new();
    for name in names {
        if let Some(value) = all.get(name) {
            asked.insert(name.clone(), json!(value));
        } else if !attributes::is_settable(name) {
            return Err(attributes::unknown(name));
        }
    }
    Ok(if asked.is_empty() {
        json!({})
    } else {
        json!({ "Attributes": asked })
    })
}

pub(super) fn set_attributes(
    transaction: &Transaction<'_>,
    request: SetQueueAttributes,
    now: i64,
) -> Result<Value, Failure> {
    let queue = at(transaction, &request.queue_url)?;
    check(transaction, &request.attributes)?;
    let mut all = queue.attributes;
    all.extend(request.attributes);
    store::set_attributes(transaction, queue.id, &all, now)?;
    Ok(json!({}))
}

/// SQS refuses a second purge within a minute; this does not.
pub(super) fn purge(transaction: &Transaction<'_>, request: &OnQueue) -> Result<Value, Failure> {
    let queue = at(transaction, &request.queue_url)?;
    store::purge(transaction, queue.id)?;
    Ok(json!({}))
}

/// SQS refuses a new queue of the same name for a minute; this does not.
pub(super) fn delete(transaction: &Transaction<'_>, request: &OnQueue) -> Result<Value, Failure> {
    let queue = at(transaction, &request.queue_url)?;
    store::delete_queue(transaction, queue.id)?;
    Ok(json!({}))
}

fn check(transaction: &Transaction<'_>, attributes: &Named) -> Result<(), Failure> {
    let Some(redrive) = Settings::parse(attributes)?.redrive else {
        return Ok(());
    };
    if store::find_queue(transaction, &redrive.target)?.is_some() {
        return Ok(());
    }
    let policy = attributes.get("RedrivePolicy").map_or("", String::as_str);
    Err(Failure::parameter(
        "RedrivePolicy",
        policy,
        "Dead letter target does not exist.",
    ))
}

fn does_not_exist() -> Failure {
    Failure::new(
        Code::QueueDoesNotExist,
        "The specified queue does not exist.",
    )
}
