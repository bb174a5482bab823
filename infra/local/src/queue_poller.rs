//! Event source mappings, which deliver messages of a queue to a function.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>

mod batch;
#[cfg(test)]
mod tests;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName};
use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::{
    lambda::{Answer, Lambda, WhenBusy},
    template::model::QueueSource,
};

/// Maximum wait and number of messages of one receive.
const MAX_WAIT: Duration = Duration::from_secs(20);
const MAX_MESSAGES: usize = 10;

/// Pause after a failed receive.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Mapping {
    pub(crate) function: String,
    pub(crate) queue_url: String,
    pub(crate) queue_arn: String,
    pub(crate) source: QueueSource,
    /// Maximum concurrent invocations if the template sets none.
    pub(crate) default_concurrency: u32,
    /// Switch of the mapping.
    pub(crate) enabled: watch::Receiver<bool>,
    pub(crate) lambda: Arc<Lambda>,
    pub(crate) sqs: aws_sdk_sqs::Client,
}

impl Mapping {
    /// Polls until `shutdown` is true.
    pub(crate) async fn run(self, mut shutdown: watch::Receiver<bool>) {
        let concurrency = self
            .source
            .maximum_concurrency
            .unwrap_or(self.default_concurrency);
        let slots = Arc::new(Semaphore::new(concurrency as usize));
        let mapping = Arc::new(self);
        let mut stopping = shutdown.clone();
        let stopped = stopping.wait_for(|stop| *stop);
        let (mut on, mut off) = (mapping.enabled.clone(), mapping.enabled.clone());
        let poll = async {
            while let Ok(slot) = slots.clone().acquire_owned().await {
                if on.wait_for(|enabled| *enabled).await.is_err() {
                    return;
                }
                let gathered = tokio::select! {
                    gathered = mapping.gather() => gathered,
                    Ok(_) = off.wait_for(|enabled| !*enabled) => continue,
                };
                match gathered {
                    Ok(batch) if batch.is_empty() => {}
                    Ok(batch) => {
                        tokio::spawn(mapping.clone().process(batch, slot));
                    }
                    Err(error) => {
                        tracing::warn!(function = mapping.function, %error, "cannot receive messages");
                        let _ = tokio::time::timeout(PAUSE, shutdown.changed()).await;
                    }
                }
            }
        };
        tokio::select! {
            _ = stopped => {}
            () = poll => {}
        }
    }

    /// Receives a batch: one receive, or several within the batching window.
    async fn gather(&self) -> Result<Vec<Message>, String> {
        let size = self.source.batch_size as usize;
        let mut batch = self.receive(size, MAX_WAIT).await?;
        if batch.is_empty() {
            return Ok(batch);
        }
        let started = Instant::now();
        while batch.len() < size {
            let left = self
                .source
                .batching_window
                .saturating_sub(started.elapsed());
            if left.is_zero() {
                break;
            }
            batch.extend(self.receive(size - batch.len(), left).await?);
        }
        Ok(batch)
    }

    async fn receive(&self, most: usize, wait: Duration) -> Result<Vec<Message>, String> {
        let wait = wait.min(MAX_WAIT).as_secs_f64().ceil();
        self.sqs
            .receive_message()
            .queue_url(&self.queue_url)
            .max_number_of_messages(most.min(MAX_MESSAGES) as i32)
            .wait_time_seconds(wait as i32)
            .message_system_attribute_names(MessageSystemAttributeName::All)
            .message_attribute_names("All")
            .send()
            .await
            .map(|received| received.messages.unwrap_or_default())
            .map_err(|error| aws_sdk_sqs::error::DisplayErrorContext(error).to_string())
    }

    /// Invokes the function and deletes the messages that it processed. The others stay invisible
    /// until their visibility timeout ends, as on AWS.
    async fn process(self: Arc<Self>, batch: Vec<Message>, slot: OwnedSemaphorePermit) {
        let event: Bytes = batch::event(&batch, &self.queue_arn).to_string().into();
        let answer = self
            .lambda
            .invoke(&self.function, event, WhenBusy::Wait)
            .await;
        let done = match answer {
            Answer::Payload(_) if !self.source.report_batch_item_failures => batch,
            Answer::Payload(payload) => batch::succeeded(batch, &payload),
            Answer::FunctionError(_) | Answer::Throttled | Answer::TooLarge => Vec::new(),
        };
        for messages in done.chunks(MAX_MESSAGES) {
            if let Err(error) = self.delete(messages).await {
                tracing::warn!(function = self.function, error, "cannot delete messages");
            }
        }
        drop(slot);
    }

    async fn delete(&self, messages: &[Message]) -> Result<(), String> {
        let entries = messages
            .iter()
            .enumerate()
            .map(|(index, message)| {
                DeleteMessageBatchRequestEntry::builder()
                    .id(index.to_string())
                    .set_receipt_handle(message.receipt_handle.clone())
                    .build()
            })
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| error.to_string())?;
        let deleted = self
            .sqs
            .delete_message_batch()
            .queue_url(&self.queue_url)
            .set_entries(Some(entries))
            .send()
            .await
            .map_err(|error| aws_sdk_sqs::error::DisplayErrorContext(error).to_string())?;
        match deleted.failed().first() {
            None => Ok(()),
            Some(failure) => Err(failure
                .message()
                .unwrap_or_else(|| failure.code())
                .to_owned()),
        }
    }
}
