//! SQS: standard queues in one SQLite file, which survive a restart, for every SDK that uses the
//! JSON protocol.
//!
//! It follows the documentation of AWS with one deliberate difference. On start, every message in
//! flight becomes visible, because its receiver was a child of the process that ended
//! (`store::make_visible_all`). FIFO queues, permissions, tags and message move tasks are missing
//! and answer `UnknownOperationException` or `InvalidAttributeName`. Signatures are not verified,
//! but a request must name the access key. A web page cannot send one, because the `X-Amz-Target`
//! header requires a permission that no response grants.

mod attributes;
mod batch;
mod message;
mod messages;
mod protocol;
mod queues;
mod receipt;
mod store;
#[cfg(test)]
mod tests;

use std::{path::Path, sync::Arc, time::Duration};

use aws_sdk_sqs::config::Credentials;
use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use rusqlite::Transaction;
use serde_json::{Value, json};
use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
    time::{Instant, timeout_at},
};

use self::{
    batch::{on_each, on_one},
    protocol::{Code, Failure, JSON, ReceiveMessage, parse},
};
use super::{
    Clock,
    database::Database,
    json::{answer, header, names_key},
    serve,
};
use crate::listen::ended;

/// Maximum size of a request, in bytes: 1 MiB of messages in which every byte is a `\u0000` escape,
/// and the rest of the request.
const MAX_REQUEST_BYTES: usize = 7 << 20;

/// Starts SQS on `sqs.sqlite` in `data` and returns its base URL.
///
/// # Errors
/// If the file cannot be opened, another runtime uses it, or no port is free.
pub(super) async fn start(
    data: &Path,
    credentials: &Credentials,
    clock: Clock,
    shutdown: &watch::Receiver<bool>,
    tasks: &mut JoinSet<()>,
) -> anyhow::Result<String> {
    let database = Database::open(&data.join("sqs.sqlite"), store::SCHEMA)?;
    let now = clock.now_ms();
    let returned = database.transact_now(|it| store::make_visible_all(it, now))?;
    if returned > 0 {
        tracing::info!(
            returned,
            "messages that were in flight are back in their queues"
        );
    }
    let service = Arc::new(Service {
        database,
        clock,
        access_key_id: credentials.access_key_id().to_owned(),
        visible: Notify::new(),
        shutdown: shutdown.clone(),
    });
    let router = Router::new()
        .fallback(handle)
        .layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES))
        .with_state(service);
    serve(router, shutdown, tasks).await
}

struct Service {
    database: Database,
    clock: Clock,
    access_key_id: String,
    /// Notifies waiting receivers when a message may have become visible.
    visible: Notify,
    shutdown: watch::Receiver<bool>,
}

async fn handle(State(service): State<Arc<Service>>, headers: HeaderMap, body: Bytes) -> Response {
    match service.perform(&headers, body).await {
        Ok(output) => answer(StatusCode::OK, JSON, &output),
        Err(failure) => failure.into_response(),
    }
}

impl Service {
    async fn perform(&self, headers: &HeaderMap, body: Bytes) -> Result<Value, Failure> {
        if !names_key(headers, &self.access_key_id) {
            let message = "The security token included in the request is invalid.";
            return Err(Failure::new(Code::InvalidClientTokenId, message));
        }
        let target = header(headers, "x-amz-target").unwrap_or_default();
        let action = target
            .strip_prefix("AmazonSQS.")
            .unwrap_or_default()
            .to_owned();
        if action == "ReceiveMessage" {
            return self.receive(&parse(&body)?).await;
        }
        let host = header(headers, header::HOST).unwrap_or_default().to_owned();
        let now = self.clock.now_ms();
        let makes_visible =
            action.starts_with("SendMessage") || action.starts_with("ChangeMessageVisibility");
        let work = move |it: &Transaction<'_>| dispatch(it, &action, &body, &host, now);
        let output = self.database.transact(work).await?;
        if makes_visible {
            self.visible.notify_waiters();
        }
        Ok(output)
    }

    /// Receives messages. If the queue is empty, retries whenever a message may have become
    /// visible, until the wait time is over.
    async fn receive(&self, request: &ReceiveMessage) -> Result<Value, Failure> {
        let started = Instant::now();
        let mut stop = std::pin::pin!(ended(self.shutdown.clone()));
        loop {
            let mut woken = std::pin::pin!(self.visible.notified());
            // From here on, a send is noticed even before the receiver waits.
            woken.as_mut().enable();
            let now = self.clock.now_ms();
            let (looked, sender) = (request.clone(), self.access_key_id.clone());
            let received = self
                .database
                .transact(move |it| messages::receive(it, &looked, &sender, now))
                .await?;
            if received.moved {
                self.visible.notify_waiters();
            }
            let wait = Duration::from_secs(u64::try_from(received.wait_s).unwrap_or(0));
            let deadline = started + wait;
            if !received.messages.is_empty() {
                return Ok(json!({ "Messages": received.messages }));
            }
            if Instant::now() >= deadline {
                return Ok(json!({}));
            }
            let due = received
                .next_due
                .and_then(|due| u64::try_from(due - now).ok());
            let due = due.map(|ms| Instant::now() + Duration::from_millis(ms));
            let until = due.map_or(deadline, |due| due.min(deadline));
            tokio::select! {
                _ = timeout_at(until, woken) => {}
                () = &mut stop => return Ok(json!({})),
            }
        }
    }
}

fn dispatch(
    transaction: &Transaction<'_>,
    action: &str,
    body: &[u8],
    host: &str,
    now: i64,
) -> Result<Value, Failure> {
    match action {
        "CreateQueue" => queues::create(transaction, &parse(body)?, host, now),
        "GetQueueUrl" => queues::get_url(transaction, &parse(body)?, host),
        "ListQueues" => queues::list(transaction, &parse(body)?, host),
        "GetQueueAttributes" => queues::get_attributes(transaction, &parse(body)?, now),
        "SetQueueAttributes" => queues::set_attributes(transaction, parse(body)?, now),
        "PurgeQueue" => queues::purge(transaction, &parse(body)?),
        "DeleteQueue" => queues::delete(transaction, &parse(body)?),
        "SendMessage" => on_one(transaction, body, |queue, it| {
            messages::send(transaction, queue, it, now)
        }),
        "SendMessageBatch" => messages::send_batch(transaction, &parse(body)?, now),
        "DeleteMessage" => on_one(transaction, body, |queue, it| {
            messages::delete(transaction, queue, it)
        }),
        "DeleteMessageBatch" => on_each(transaction, body, |queue, it| {
            messages::delete(transaction, queue, it)
        }),
        "ChangeMessageVisibility" => on_one(transaction, body, |queue, it| {
            messages::change_visibility(transaction, queue, it, now)
        }),
        "ChangeMessageVisibilityBatch" => on_each(transaction, body, |queue, it| {
            messages::change_visibility(transaction, queue, it, now)
        }),
        _ => {
            let message = format!("The action {action} is not available on this endpoint.");
            Err(Failure::new(Code::UnknownOperation, message))
        }
    }
}
