use std::{collections::BTreeSet, ops::RangeInclusive};

use rusqlite::Transaction;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    attributes::{self, MAX_VISIBILITY_S},
    batch::each,
    message::{self, MAX_BYTES},
    protocol::{
        Batch, Code, Entry, Failure, MessageAttributes, OnReceipt, Outgoing, ReceiveMessage,
    },
    queues,
    receipt::Handle,
    store::{self, Message, NewMessage, Queue},
};

pub(super) fn send_batch(
    transaction: &Transaction<'_>,
    request: &Batch<Outgoing>,
    now: i64,
) -> Result<Value, Failure> {
    let queue = queues::at(transaction, &request.queue_url)?;
    let size = |entry: &Entry<Outgoing>| size(&entry.what);
    let bytes: i64 = request.entries.iter().map(size).sum();
    if bytes > MAX_BYTES {
        return Err(Failure::new(
            Code::BatchRequestTooLong,
            format!(
                "Batch requests cannot be longer than {MAX_BYTES} bytes. You have sent {bytes} bytes."
            ),
        ));
    }
    each(&request.entries, |outgoing| {
        send(transaction, &queue, outgoing, now)
    })
}

fn size(outgoing: &Outgoing) -> i64 {
    let none = MessageAttributes::new();
    let attributes = outgoing.message_attributes.as_ref().unwrap_or(&none);
    message::size(&outgoing.message_body, attributes)
}

pub(super) fn send(
    transaction: &Transaction<'_>,
    queue: &Queue,
    outgoing: &Outgoing,
    now: i64,
) -> Result<Value, Failure> {
    let none = MessageAttributes::new();
    let attributes = outgoing.message_attributes.as_ref().unwrap_or(&none);
    message::check(&outgoing.message_body, attributes)?;
    let max_bytes = queue.settings.max_bytes;
    if size(outgoing) > max_bytes {
        return Err(Failure::new(
            Code::InvalidParameterValue,
            format!(
                "One or more parameters are invalid. Reason: Message must be shorter than {max_bytes} bytes."
            ),
        ));
    }
    let delay_s = outgoing.delay_seconds.unwrap_or(queue.settings.delay_s);
    if !(0..=900).contains(&delay_s) {
        let reason = "DelaySeconds must be >= 0 and <= 900.";
        return Err(Failure::parameter("DelaySeconds", delay_s, reason));
    }
    let system = outgoing.message_system_attributes.as_ref();
    let trace_header = system.and_then(|all| all.get("AWSTraceHeader"));
    let message_id = Uuid::now_v7().to_string();
    let message = NewMessage {
        message_id: &message_id,
        body: &outgoing.message_body,
        attributes,
        trace_header: trace_header.and_then(|it| it.string_value.as_deref()),
        visible_ms: now + delay_s * 1000,
    };
    store::insert_message(transaction, queue.id, &message, now)?;
    let mut sent = json!({
        "MessageId": message_id,
        "MD5OfMessageBody": message::md5_of_body(&outgoing.message_body),
    });
    if let Some(md5) = message::md5_of_attributes(attributes) {
        sent["MD5OfMessageAttributes"] = json!(md5);
    }
    if let Some(md5) = system.and_then(message::md5_of_attributes) {
        sent["MD5OfMessageSystemAttributes"] = json!(md5);
    }
    Ok(sent)
}

/// Result of one attempt to receive.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) messages: Vec<Value>,
    /// Maximum wait for messages, in seconds.
    pub(super) wait_s: i64,
    /// Unix time in milliseconds at which the next message becomes visible.
    pub(super) next_due: Option<i64>,
    /// True if messages moved to the dead-letter queue, where a receiver may be waiting.
    pub(super) moved: bool,
}

pub(super) fn receive(
    transaction: &Transaction<'_>,
    request: &ReceiveMessage,
    sender: &str,
    now: i64,
) -> Result<Received, Failure> {
    let queue = queues::at(transaction, &request.queue_url)?;
    let settings = &queue.settings;
    let max_messages = request.max_number_of_messages.unwrap_or(1);
    let max_messages = within("MaxNumberOfMessages", max_messages, 1..=10)?;
    let wait_s = request.wait_time_seconds.unwrap_or(settings.wait_s);
    let wait_s = within("WaitTimeSeconds", wait_s, 0..=20)?;
    let visibility_s = request.visibility_timeout.unwrap_or(settings.visibility_s);
    let visibility_s = within("VisibilityTimeout", visibility_s, 0..=MAX_VISIBILITY_S)?;
    store::delete_expired(transaction, &queue, now)?;
    let dead_letters = match &settings.redrive {
        Some(redrive) => store::find_queue(transaction, &redrive.target)?
            .map(|target| (target.id, redrive.max_receive_count)),
        None => None,
    };
    let (mut messages, mut moved) = (Vec::new(), false);
    // Applied at the end, so that a timeout of zero does not return a message twice.
    let mut due = Vec::new();
    while i64::try_from(messages.len()).is_ok_and(|count| count < max_messages) {
        let Some(mut message) = store::next_visible(transaction, queue.id, now)? else {
            break;
        };
        match dead_letters {
            Some((target, max)) if message.receive_count >= max && target != queue.id => {
                let source = attributes::arn(&queue.name);
                store::move_to(transaction, message.id, target, &source, now)?;
                moved = true;
            }
            _ => {
                let receipt = Uuid::now_v7().simple().to_string();
                let hidden = now + visibility_s.max(1) * 1000;
                store::receive(transaction, &mut message, &receipt, now, hidden)?;
                due.push(message.id);
                let handle = Handle {
                    queue: queue.id,
                    message: message.id,
                    receipt,
                };
                messages.push(describe(&message, &handle, request, sender));
            }
        }
    }
    if visibility_s == 0 {
        for message in due {
            store::set_visible(transaction, message, now)?;
        }
    }
    let next_due = store::next_due(transaction, queue.id, now)?;
    Ok(Received {
        messages,
        wait_s,
        next_due,
        moved,
    })
}

/// Checks a parameter of a receive.
fn within(name: &str, value: i64, range: RangeInclusive<i64>) -> Result<i64, Failure> {
    if range.contains(&value) {
        return Ok(value);
    }
    let (low, high) = range.into_inner();
    let reason = format!("Must be between {low} and {high}, if provided.");
    Err(Failure::parameter(name, value, &reason))
}

fn describe(message: &Message, handle: &Handle, request: &ReceiveMessage, sender: &str) -> Value {
    let mut described = json!({
        "MessageId": message.message_id,
        "ReceiptHandle": handle.to_string(),
        "MD5OfBody": message::md5_of_body(&message.body),
        "Body": message.body,
    });
    let system = [
        ("SenderId", Some(sender.to_owned())),
        ("SentTimestamp", Some(message.sent_ms.to_string())),
        (
            "ApproximateReceiveCount",
            Some(message.receive_count.to_string()),
        ),
        (
            "ApproximateFirstReceiveTimestamp",
            message.first_received_ms.map(|it| it.to_string()),
        ),
        ("DeadLetterQueueSourceArn", message.source_arn.clone()),
        ("AWSTraceHeader", message.trace_header.clone()),
    ];
    let asked: BTreeSet<_> = request
        .attribute_names
        .iter()
        .chain(&request.message_system_attribute_names)
        .map(String::as_str)
        .collect();
    let system: Map<_, _> = system
        .into_iter()
        .filter(|(name, _)| asked.contains("All") || asked.contains(name))
        .filter_map(|(name, value)| Some((name.to_owned(), json!(value?))))
        .collect();
    if !system.is_empty() {
        described["Attributes"] = Value::Object(system);
    }
    let mut user = message.attributes.clone();
    user.retain(|name, _| {
        request
            .message_attribute_names
            .iter()
            .any(|it| selects(it, name))
    });
    if let Some(md5) = message::md5_of_attributes(&user) {
        described["MD5OfMessageAttributes"] = json!(md5);
        described["MessageAttributes"] = json!(user);
    }
    described
}

/// Returns whether a requested name selects the attribute: its name, a prefix with `.*`, or all.
fn selects(asked: &str, name: &str) -> bool {
    asked == name
        || asked == "All"
        || asked
            .strip_suffix(".*")
            .is_some_and(|it| name.starts_with(it))
}

/// Deletes the message of a handle. As in standard queues of SQS, an outdated handle succeeds
/// without deleting.
pub(super) fn delete(
    transaction: &Transaction<'_>,
    queue: &Queue,
    request: &OnReceipt,
) -> Result<Value, Failure> {
    let handle = Handle::parse(&request.receipt_handle, queue)?;
    let (id, receipt) = (handle.message, &handle.receipt);
    if let Some(message) = store::find_received(transaction, queue.id, id, receipt)? {
        store::delete_message(transaction, message.id)?;
    }
    Ok(json!({}))
}

pub(super) fn change_visibility(
    transaction: &Transaction<'_>,
    queue: &Queue,
    request: &OnReceipt,
    now: i64,
) -> Result<Value, Failure> {
    let handle = Handle::parse(&request.receipt_handle, queue)?;
    let timeout_s = request.visibility_timeout.ok_or_else(|| {
        let message = "The request must contain the parameter VisibilityTimeout.";
        Failure::new(Code::MissingParameter, message)
    })?;
    if !(0..=MAX_VISIBILITY_S).contains(&timeout_s) {
        let reason = format!("VisibilityTimeout must be between 0 and {MAX_VISIBILITY_S}.");
        return Err(Failure::parameter("VisibilityTimeout", timeout_s, &reason));
    }
    let (id, receipt) = (handle.message, &handle.receipt);
    let Some(message) = store::find_received(transaction, queue.id, id, receipt)? else {
        return Err(Failure::parameter(
            "ReceiptHandle",
            &request.receipt_handle,
            "Message does not exist or is not available for visibility timeout change.",
        ));
    };
    if message.visible_ms <= now {
        let message = "The specified message isn't in flight.";
        return Err(Failure::new(Code::MessageNotInflight, message));
    }
    let visible_ms = now + timeout_s * 1000;
    if visible_ms - message.received_ms.unwrap_or(now) > MAX_VISIBILITY_S * 1000 {
        let reason = format!(
            "Total VisibilityTimeout for the message is beyond the limit [{MAX_VISIBILITY_S} seconds]"
        );
        return Err(Failure::parameter("VisibilityTimeout", timeout_s, &reason));
    }
    store::set_visible(transaction, message.id, visible_ms)?;
    Ok(json!({}))
}
