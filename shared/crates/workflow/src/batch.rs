//! Processing of a batch of SQS records.
//!
//! The records run concurrently, and each fails alone. Lambda bills the instance while it waits for
//! a service, so waiting in parallel costs less.
//!
//! SQS redelivers each record that the response names. An empty response acknowledges the batch
//! (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>).

use std::{panic::AssertUnwindSafe, time::Duration};

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::{FutureExt, future::join_all};
use lambda_runtime::{Context, LambdaEvent};

use crate::engine::Invocation;
use eventrelay_core::{
    clock::Timestamp,
    error::{Disposition, Error},
    telemetry::{self, TraceId},
};
use eventrelay_store::queue::{Message, Queue};

/// Passes the message of every record to a function, with its receive count. Poison messages go to
/// `dead_letters` at once.
///
/// # Errors
/// If a failed record has no id. SQS then redelivers the whole batch.
pub async fn advance(
    queue: &Queue,
    dead_letters: &Queue,
    event: LambdaEvent<SqsEvent>,
    advance: impl AsyncFn(&Message, u32, &Invocation) -> Result<(), Error>,
) -> Result<SqsBatchResponse, Error> {
    let advance_one = async |record: &SqsMessage, invocation: &Invocation| match Message::parse(
        record.body.as_deref().unwrap_or_default(),
    ) {
        Ok(message) => advance(&message, receive_count(record), invocation).await,
        Err(error) => send_poison(dead_letters, record, &error).await,
    };
    each(Some(queue), event, advance_one).await
}

/// Passes every record of a batch to a function.
///
/// If `queue` is given, a failed record is redelivered before its visibility timeout ends.
///
/// A redelivered record may have crashed an earlier instance. Redelivered records therefore run
/// last, sequentially and in random order. A record that crashes the process then does not take the
/// same neighbours to the dead-letter queue.
///
/// # Errors
/// If a failed record has no id. SQS then redelivers the whole batch.
pub async fn each(
    queue: Option<&Queue>,
    event: LambdaEvent<SqsEvent>,
    deal_with: impl AsyncFn(&SqsMessage, &Invocation) -> Result<(), Error>,
) -> Result<SqsBatchResponse, Error> {
    let LambdaEvent { payload, context } = event;
    let is_dealt_with = async |record: &SqsMessage| {
        let header = record.attributes.get("AWSTraceHeader");
        let trace = TraceId::from_header(
            header.map(String::as_str),
            context.xray_trace_id.as_deref(),
            Timestamp::now(),
        );
        let invocation = invocation(&context, record);
        let dealt_with = one(queue, record, &invocation, &deal_with);
        // Boxed to limit the nesting of types for the compiler.
        telemetry::traced(trace, dealt_with.boxed_local()).await
    };
    let records = payload.records.into_iter();
    let (new, mut again): (Vec<_>, Vec<_>) = records.partition(|record| receive_count(record) == 1);
    let mut outcomes = join_all(new.iter().map(&is_dealt_with)).await;
    fastrand::shuffle(&mut again);
    for record in &again {
        let has_time = invocation(&context, record).has_time(Timestamp::now());
        outcomes.push(if outcomes.is_empty() || has_time {
            is_dealt_with(record).await
        } else {
            hasten(queue, record, Duration::ZERO).await;
            false
        });
    }
    let mut response = SqsBatchResponse::default();
    let all = new.into_iter().chain(again);
    for (record, _) in all
        .zip(outcomes)
        .filter(|(_, is_dealt_with)| !is_dealt_with)
    {
        // SQS treats an empty id as a failure of the whole batch. An error does the same, but is
        // logged.
        let unnamed = || Error::internal("a record without an id");
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = record.message_id.ok_or_else(unnamed)?;
        response.batch_item_failures.push(failure);
    }
    Ok(response)
}

fn invocation(context: &Context, record: &SqsMessage) -> Invocation {
    Invocation {
        id: context.request_id.clone(),
        message_id: record.message_id.clone().unwrap_or_default(),
        deadline: Timestamp(context.deadline),
    }
}

/// Returns whether the record succeeded.
async fn one(
    queue: Option<&Queue>,
    record: &SqsMessage,
    invocation: &Invocation,
    deal_with: &impl AsyncFn(&SqsMessage, &Invocation) -> Result<(), Error>,
) -> bool {
    let dealt_with = AssertUnwindSafe(deal_with(record, invocation)).catch_unwind();
    let error = match dealt_with.await {
        Ok(Ok(())) => return true,
        Ok(Err(error)) => error,
        Err(_) => Error::internal("a step panicked"),
    };
    tracing::error!(
        sqs.message_id = record.message_id,
        sqs.receive_count = receive_count(record),
        error = error.report(),
        "A record failed"
    );
    let delay = match error.disposition() {
        Disposition::Permanent => Duration::ZERO,
        _ => Duration::from_secs(1 << receive_count(record).min(8)).mul_f64(0.5 + fastrand::f64()),
    };
    hasten(queue, record, delay).await;
    false
}

/// Shortens the visibility timeout of a record to `delay`.
///
/// The timeout of the queue suits the longest step. With a zero delay, a record that cannot succeed
/// soon reaches the dead-letter queue.
async fn hasten(queue: Option<&Queue>, record: &SqsMessage, delay: Duration) {
    let (Some(queue), Some(receipt)) = (queue, &record.receipt_handle) else {
        return;
    };
    if let Err(error) = queue.retry_after(receipt, delay).await {
        tracing::warn!(
            error = error.report(),
            "Could not hasten the next delivery of a record"
        );
    }
}

/// Returns how often SQS delivered the record, or 1 if it does not say.
pub fn receive_count(record: &SqsMessage) -> u32 {
    let count = record.attributes.get("ApproximateReceiveCount");
    count.and_then(|count| count.parse().ok()).unwrap_or(1)
}

/// Message attribute with the id that a poison message had in its first queue. SQS keeps the id
/// only of messages that it moves itself.
pub(crate) const MESSAGE_ID: &str = "message_id";

/// Sends a poison message to the dead-letter queue. Its reason, original id and receive count
/// become attributes.
///
/// # Errors
/// [`Error::Storage`]. The record must be delivered again; after its last delivery SQS moves it.
pub async fn send_poison(
    dead_letters: &Queue,
    record: &SqsMessage,
    error: &Error,
) -> Result<(), Error> {
    let count = receive_count(record).to_string();
    let reason = error.detail();
    let mut attributes = vec![("reason", reason.as_ref()), ("receive_count", &count)];
    if let Some(id) = record.message_id.as_deref().filter(|id| !id.is_empty()) {
        attributes.push((MESSAGE_ID, id));
    }
    let body = record.body.as_deref().unwrap_or_default();
    dead_letters.send_body(body, &attributes).await?;
    tracing::error!(
        sqs.message_id = record.message_id,
        error = error.report(),
        "Sent poison to the dead letters"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, collections::BTreeSet};

    use aws_lambda_events::event::sqs::SqsEvent;
    use tokio::sync::Barrier;

    use super::*;

    const MINUTES: Duration = Duration::from_secs(300);

    /// Event with messages of these ids and receive counts, for an invocation of this length.
    fn event(messages: &[(&str, u32)], time: Duration) -> LambdaEvent<SqsEvent> {
        let record = |(id, count): &(&str, u32)| {
            let mut record = SqsMessage::default();
            record.message_id = Some((*id).to_owned());
            let name = "ApproximateReceiveCount".to_owned();
            record.attributes.insert(name, count.to_string());
            record
        };
        let mut batch = SqsEvent::default();
        batch.records = messages.iter().map(record).collect();
        let mut context = Context::default();
        context.deadline = (Timestamp::now() + time).0;
        LambdaEvent::new(batch, context)
    }

    fn failed(response: SqsBatchResponse) -> BTreeSet<String> {
        let failures = response.batch_item_failures.into_iter();
        failures.map(|failure| failure.item_identifier).collect()
    }

    fn id(record: &SqsMessage) -> String {
        record.message_id.clone().unwrap()
    }

    #[tokio::test]
    async fn new_records_are_dealt_with_side_by_side_and_fail_alone() {
        let batch = event(&[("a", 1), ("b", 1), ("c", 1)], MINUTES);
        let together = Barrier::new(3);
        let response = each(None, batch, async |record, invocation| {
            assert_eq!(invocation.message_id, id(record));
            together.wait().await;
            match id(record).as_str() {
                "a" => Ok(()),
                "b" => Err(Error::internal("no")),
                _ => panic!("never"),
            }
        });
        let failed = failed(response.await.unwrap());
        assert_eq!(failed, BTreeSet::from(["b".to_owned(), "c".to_owned()]));
    }

    /// In any order, a crashing record finds all new records finished.
    #[tokio::test]
    async fn records_that_came_before_go_alone_behind_the_new_ones() {
        let mut orders = BTreeSet::new();
        for _ in 0..100 {
            let batch = event(&[("x", 2), ("a", 1), ("y", 5), ("b", 1), ("z", 2)], MINUTES);
            let seen = RefCell::new(Vec::new());
            let response = each(None, batch, async |record, _| {
                seen.borrow_mut().push(format!("{}(", id(record)));
                tokio::task::yield_now().await;
                seen.borrow_mut().push(format!("){}", id(record)));
                Ok(())
            });
            assert!(failed(response.await.unwrap()).is_empty());
            let seen = seen.into_inner().concat();
            let again = seen.strip_prefix("a(b()a)b").unwrap();
            for one in ["x", "y", "z"] {
                assert!(again.contains(&format!("{one}(){one}")), "{again}");
            }
            orders.insert(again.to_owned());
        }
        assert_eq!(orders.len(), 6, "not in every order");
    }

    #[tokio::test]
    async fn no_record_is_begun_that_has_no_time_left() {
        let batch = event(&[("a", 2), ("b", 2), ("c", 2)], Duration::from_secs(1));
        let begun = RefCell::new(BTreeSet::new());
        let response = each(None, batch, async |record, _| {
            begun.borrow_mut().insert(id(record));
            Ok(())
        });
        let left = failed(response.await.unwrap());
        // The first redelivered record starts without a check of the remaining time.
        assert_eq!((begun.borrow().len(), left.len()), (1, 2));
        assert!(left.is_disjoint(&begun.borrow()));
    }
}
