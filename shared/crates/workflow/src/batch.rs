//! A batch of SQS records, which are dealt with side by side and each of which fails alone: while a
//! service works for one of them, the function is paid for anyway.
//!
//! An empty answer means that all is done; a record that is named is delivered again
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

/// Has the message of every record of a batch dealt with, by a function that is also told how
/// often it was received. What is no message goes to `dead_letters` at once.
///
/// # Errors
/// When a record that failed cannot be named: the whole batch is delivered again then.
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

/// Has every record of a batch dealt with. With its queue, one that failed is delivered again
/// sooner than the queue would.
///
/// A record that was delivered before may be what ended the process that had it: such go one after
/// the other behind all others, in another order each time, so that one of them does not take those
/// it came with to the dead letters.
///
/// # Errors
/// When a record that failed cannot be named: the whole batch is delivered again then.
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
        // Boxed: it is deep enough for the compiler without this.
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
        // An empty name would fail the whole batch in silence; so does an error, aloud.
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

/// Whether a record was dealt with.
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

/// Has a record delivered again in seconds, not when the visibility timeout of the queue is over,
/// which is made for the longest step; and at once where nothing will change, so that it comes to
/// the dead letters soon.
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

/// How often a record was received.
pub fn receive_count(record: &SqsMessage) -> u32 {
    let count = record.attributes.get("ApproximateReceiveCount");
    count.and_then(|count| count.parse().ok()).unwrap_or(1)
}

/// Attribute of a message that was sent to the dead letters by a worker: the id that it had in its
/// own queue. SQS keeps the id of those that it moves itself.
pub(crate) const MESSAGE_ID: &str = "message_id";

/// Sends what is no message to the dead letters, with the reason, the id that it had and how often
/// it was received as attributes.
///
/// # Errors
/// [`Error::Storage`]: it is to be delivered again, and SQS moves it in the end.
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

    /// A batch of messages, by id and how often they were received, for so long.
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

    /// Whatever the order, what ends the process finds the new ones done and has one record begun.
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
        // The first one may be one that needs no time.
        assert_eq!((begun.borrow().len(), left.len()), (1, 2));
        assert!(left.is_disjoint(&begun.borrow()));
    }
}
