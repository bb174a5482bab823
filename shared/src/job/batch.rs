//! A batch of SQS records, which are dealt with side by side and each of which fails alone: while a
//! service works for one of them, the function is paid for anyway.
//!
//! An empty answer means that all is done; a record that is named is delivered again
//! (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html>).

use std::{panic::AssertUnwindSafe, time::Duration};

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::{FutureExt, future::join_all};
use lambda_runtime::LambdaEvent;

use crate::{
    clock::Timestamp,
    dead_letters,
    error::{Disposition, Error},
    flow::Invocation,
    queue::{Message, Queue},
    telemetry::{self, TraceId},
};

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
        Err(error) => dead_letters::send_poison(dead_letters, record, &error).await,
    };
    each(Some(queue), event, advance_one).await
}

/// Has every record of a batch dealt with. With its queue, one that failed is delivered again
/// sooner than the queue would.
///
/// # Errors
/// When a record that failed cannot be named: the whole batch is delivered again then.
pub async fn each(
    queue: Option<&Queue>,
    event: LambdaEvent<SqsEvent>,
    deal_with: impl AsyncFn(&SqsMessage, &Invocation) -> Result<(), Error>,
) -> Result<SqsBatchResponse, Error> {
    let context = event.context;
    let all = event.payload.records.into_iter().map(async |record| {
        let invocation = Invocation {
            id: context.request_id.clone(),
            message_id: record.message_id.clone().unwrap_or_default(),
            deadline: Timestamp(context.deadline),
        };
        let header = record.attributes.get("AWSTraceHeader");
        let trace = TraceId::of(
            header.map(String::as_str),
            context.xray_trace_id.as_deref(),
            Timestamp::now(),
        );
        let dealt_with = one(queue, &record, &invocation, &deal_with);
        // Boxed: it is deep enough for the compiler without this.
        if telemetry::traced(trace, dealt_with.boxed_local()).await {
            return Ok::<_, Error>(None);
        }
        // An empty name would fail the whole batch in silence; so does an error, aloud.
        let unnamed = || Error::internal("a record without an id");
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = record.message_id.ok_or_else(unnamed)?;
        Ok(Some(failure))
    });
    let mut response = SqsBatchResponse::default();
    for failure in join_all(all).await {
        response.batch_item_failures.extend(failure?);
    }
    Ok(response)
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
    if let Some(queue) = queue {
        hasten(queue, record, &error).await;
    }
    false
}

/// Has a record delivered again in seconds, not when the visibility timeout of the queue is over,
/// which is made for the longest step; and at once where nothing will change, so that it comes to
/// the dead letters soon.
async fn hasten(queue: &Queue, record: &SqsMessage, error: &Error) {
    let Some(receipt) = &record.receipt_handle else {
        return;
    };
    let delay = match error.disposition() {
        Disposition::Permanent => Duration::ZERO,
        _ => Duration::from_secs(1 << receive_count(record).min(8)).mul_f64(0.5 + fastrand::f64()),
    };
    if let Err(error) = queue.retry_after(receipt, delay).await {
        tracing::warn!(
            error = error.report(),
            "Could not hasten the next delivery of a record"
        );
    }
}

/// How often a record was received.
pub(crate) fn receive_count(record: &SqsMessage) -> u32 {
    let count = record.attributes.get("ApproximateReceiveCount");
    count.and_then(|count| count.parse().ok()).unwrap_or(1)
}
