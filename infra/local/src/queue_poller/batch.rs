//! Events of batches, and the failed messages that a function reports.

use std::collections::HashSet;

use aws_sdk_sqs::types::{Message, MessageAttributeValue};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use crate::template::REGION;

/// Returns the event of a batch (<https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>).
pub(super) fn event(batch: &[Message], queue_arn: &str) -> Value {
    let records: Vec<_> = batch
        .iter()
        .map(|message| record(message, queue_arn))
        .collect();
    json!({ "Records": records })
}

fn record(message: &Message, queue_arn: &str) -> Value {
    let attributes: Map<_, _> = message
        .attributes()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_str().into()))
        .collect();
    let message_attributes: Map<_, _> = message
        .message_attributes()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), attribute(value)))
        .collect();
    let mut record = json!({
        "messageId": message.message_id(),
        "receiptHandle": message.receipt_handle(),
        "body": message.body().unwrap_or_default(),
        "attributes": attributes,
        "messageAttributes": message_attributes,
        "md5OfBody": message.md5_of_body(),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": REGION,
    });
    if let Some(md5) = message.md5_of_message_attributes() {
        record["md5OfMessageAttributes"] = md5.into();
    }
    record
}

fn attribute(value: &MessageAttributeValue) -> Value {
    let mut attribute = json!({
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value.data_type(),
    });
    if let Some(text) = value.string_value() {
        attribute["stringValue"] = text.into();
    }
    if let Some(bytes) = value.binary_value() {
        attribute["binaryValue"] = STANDARD.encode(bytes.as_ref()).into();
    }
    attribute
}

/// Returns the processed messages by the rules of `ReportBatchItemFailures`. A malformed answer, or
/// one that names a message outside the batch, fails the whole batch.
/// <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>
pub(super) fn succeeded(batch: Vec<Message>, answer: &[u8]) -> Vec<Message> {
    let ids: HashSet<_> = batch.iter().filter_map(Message::message_id).collect();
    match failed(answer, &ids) {
        None => Vec::new(),
        Some(failed) => batch
            .into_iter()
            .filter(|message| message.message_id().is_some_and(|id| !failed.contains(id)))
            .collect(),
    }
}

/// Returns the ids of the failed messages, or `None` if all failed.
fn failed(answer: &[u8], ids: &HashSet<&str>) -> Option<HashSet<String>> {
    let answer: Value = serde_json::from_slice(answer).ok()?;
    let failures = match &answer {
        Value::Null => return Some(HashSet::new()),
        Value::Object(fields) => fields.get("batchItemFailures").unwrap_or(&Value::Null),
        _ => return None,
    };
    match failures {
        Value::Null => Some(HashSet::new()),
        Value::Array(items) => items
            .iter()
            .map(|item| {
                let id = item.get("itemIdentifier")?.as_str()?;
                ids.contains(id).then(|| id.to_owned())
            })
            .collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn failed_of(answer: &[u8]) -> Option<Vec<String>> {
        let mut failed: Vec<_> = failed(answer, &HashSet::from(["a", "b"]))?
            .into_iter()
            .collect();
        failed.sort();
        Some(failed)
    }

    #[test]
    fn only_reported_messages_fail() {
        for (answer, expected) in [
            ("null", &[][..]),
            ("{}", &[]),
            (r#"{"batchItemFailures":null}"#, &[]),
            (r#"{"batchItemFailures":[]}"#, &[]),
            (r#"{"batchItemFailures":[{"itemIdentifier":"b"}]}"#, &["b"]),
            (
                r#"{"batchItemFailures":[{"itemIdentifier":"b"},{"itemIdentifier":"a"}]}"#,
                &["a", "b"],
            ),
        ] {
            let expected: Vec<_> = expected.iter().map(|id| (*id).to_owned()).collect();
            assert_eq!(failed_of(answer.as_bytes()), Some(expected), "{answer}");
        }
    }

    #[test]
    fn malformed_answer_fails_the_whole_batch() {
        for answer in [
            "",
            "no JSON",
            "\"text\"",
            "[]",
            r#"{"batchItemFailures":{}}"#,
            r#"{"batchItemFailures":["a"]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":"unknown"}]}"#,
            r#"{"batchItemFailures":[{"id":"a"}]}"#,
        ] {
            assert_eq!(failed_of(answer.as_bytes()), None, "{answer}");
        }
    }

    proptest! {
        #[test]
        fn any_answer_is_read_without_a_panic(answer in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = failed_of(&answer);
        }
    }
}
