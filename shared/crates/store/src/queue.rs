//! Queue of due steps. A message holds only the job id and the step. The state of the job is in its
//! row.

use crate::sdk_error::storage_error;
use std::{collections::HashMap, time::Duration};

use aws_sdk_sqs::{
    Client,
    types::{
        MessageAttributeValue, MessageSystemAttributeNameForSends as Name,
        MessageSystemAttributeValue, SendMessageBatchRequestEntry,
    },
};
use serde::{Deserialize, Serialize};

use eventrelay_core::{error::Error, ids::JobId, telemetry::TraceId};

/// Maximum message delay of SQS.
pub const MAX_DELAY: Duration = Duration::from_secs(900);

/// Maximum messages per `SendMessageBatch`.
const MAX_ENTRIES: usize = 10;

/// Maximum body length of our own messages.
const MAX_BODY_LENGTH: usize = 4096;

/// Message that a step is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Version of the message format.
    pub v: Version,
    pub job_id: JobId,
    /// Version of the job from which the step starts.
    pub step: u32,
}

/// The only version of the message format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Version;

impl TryFrom<u8> for Version {
    type Error = &'static str;

    fn try_from(version: u8) -> Result<Self, Self::Error> {
        if version == 1 {
            Ok(Self)
        } else {
            Err("an unknown version")
        }
    }
}

impl From<Version> for u8 {
    fn from(_: Version) -> Self {
        1
    }
}

impl Message {
    /// Step number of a message for the current step, whichever that is. Such a message is never
    /// outdated.
    pub const WHICHEVER: u32 = u32::MAX;

    /// Parses the body of a record.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for anything but a message of a version that this code knows.
    pub fn parse(body: &str) -> Result<Self, Error> {
        if body.len() > MAX_BODY_LENGTH {
            return Err(Error::TooLarge { what: "message" });
        }
        let unreadable = |_| Error::invalid("body", "not a message of a known version");
        let message: Self = serde_json::from_str(body).map_err(unreadable)?;
        message
            .job_id
            .as_str()
            .parse::<JobId>()
            .map_err(|_| Error::invalid("job_id", "no job id"))?;
        Ok(message)
    }
}

/// Converts a delay to whole seconds for SQS. It rounds up, because an early poll is a wasted call.
/// It caps a long delay: a worker delays a message again if it arrives before its job is due.
fn delay_seconds(delay: Duration) -> i32 {
    let seconds = delay.min(MAX_DELAY).as_millis().div_ceil(1000);
    i32::try_from(seconds).unwrap_or(900)
}

/// Trace header that connects the receiving function to the original request
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>).
fn trace_header() -> Result<Option<HashMap<Name, MessageSystemAttributeValue>>, Error> {
    let Some(trace) = TraceId::current() else {
        return Ok(None);
    };
    let value = MessageSystemAttributeValue::builder()
        .data_type("String")
        .string_value(trace.header())
        .build()
        .map_err(Error::internal)?;
    Ok(Some(HashMap::from([(Name::AwsTraceHeader, value)])))
}

#[derive(Clone, Debug)]
pub struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    /// Creates a client of the queue at `url`.
    #[must_use]
    pub fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Returns a client of another queue with the same connection pool.
    #[must_use]
    pub fn beside(&self, url: String) -> Self {
        Self {
            client: self.client.clone(),
            url,
        }
    }

    /// Returns the queue's name, the last part of its URL and of its ARN.
    #[must_use]
    pub fn name(&self) -> &str {
        self.url.rsplit('/').next().unwrap_or_default()
    }

    /// Opens a connection before the first request needs it.
    pub async fn warm(&self) {
        let _ = self
            .client
            .get_queue_url()
            .queue_name(self.name())
            .send()
            .await;
    }

    /// Sends the message of a step, visible after `delay`.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn send(&self, job_id: &JobId, step: u32, delay: Duration) -> Result<(), Error> {
        let message = Message {
            v: Version,
            job_id: job_id.clone(),
            step,
        };
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_body(serde_json::to_string(&message).map_err(Error::internal)?)
            .delay_seconds(delay_seconds(delay))
            .set_message_system_attributes(trace_header()?)
            .send()
            .await
            .map_err(storage_error)?;
        Ok(())
    }

    /// Sends the messages of the first steps of new jobs, ten per call.
    ///
    /// # Errors
    /// [`Error::Storage`] when SQS refused some messages twice in a row. The jobs are stored, and
    /// resume when a caller polls them.
    pub async fn send_first_steps(&self, jobs: &[JobId]) -> Result<(), Error> {
        for chunk in jobs.chunks(MAX_ENTRIES) {
            let refused = self.send_some(chunk).await?;
            if !refused.is_empty() && !self.send_some(&refused).await?.is_empty() {
                return Err(Error::Storage {
                    transient: true,
                    source: "the queue does not take all messages".into(),
                });
            }
        }
        Ok(())
    }

    /// Sends at most ten messages. Returns the jobs whose messages were refused.
    async fn send_some(&self, jobs: &[JobId]) -> Result<Vec<JobId>, Error> {
        let entry = |(at, job_id): (usize, &JobId)| {
            let message = Message {
                v: Version,
                job_id: job_id.clone(),
                step: 0,
            };
            SendMessageBatchRequestEntry::builder()
                .id(at.to_string())
                .message_body(serde_json::to_string(&message).map_err(Error::internal)?)
                .set_message_system_attributes(trace_header()?)
                .build()
                .map_err(Error::internal)
        };
        let entries = jobs.iter().enumerate().map(entry);
        let sent = self
            .client
            .send_message_batch()
            .queue_url(&self.url)
            .set_entries(Some(entries.collect::<Result<Vec<_>, _>>()?))
            .send()
            .await
            .map_err(storage_error)?;
        let refused = sent.failed().iter();
        let refused = refused.filter_map(|failed| jobs.get(failed.id().parse::<usize>().ok()?));
        Ok(refused.cloned().collect())
    }

    /// Sends an unchanged body with message attributes.
    ///
    /// # Errors
    /// [`Error::Storage`], also when SQS does not accept the body.
    pub async fn send_body(&self, body: &str, attributes: &[(&str, &str)]) -> Result<(), Error> {
        let mut send = self
            .client
            .send_message()
            .queue_url(&self.url)
            .message_body(body)
            .set_message_system_attributes(trace_header()?);
        for (name, value) in attributes {
            let value = MessageAttributeValue::builder()
                .data_type("String")
                .string_value(*value)
                .build()
                .map_err(Error::internal)?;
            send = send.message_attributes(*name, value);
        }
        send.send().await.map_err(storage_error)?;
        Ok(())
    }

    /// Sets the visibility timeout of a failed message, so that SQS delivers it again after
    /// `delay`.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn retry_after(&self, receipt: &str, delay: Duration) -> Result<(), Error> {
        let seconds = i32::try_from(delay.as_secs().min(43_200)).unwrap_or(0);
        self.client
            .change_message_visibility()
            .queue_url(&self.url)
            .receipt_handle(receipt)
            .visibility_timeout(seconds)
            .send()
            .await
            .map_err(storage_error)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_and_nothing_else() {
        let message = Message {
            v: Version,
            job_id: JobId::random(),
            step: 3,
        };
        let body = serde_json::to_string(&message).unwrap();
        assert_eq!(Message::parse(&body).unwrap(), message);
        for wrong in [
            "",
            "{}",
            "[]",
            &body.replace("\"v\":1", "\"v\":2"),
            &body.replace("job_", "jab_"),
            &body.replace("\"step\":3", "\"step\":-3"),
            &body.replace('}', ",\"more\":1}"),
            &" ".repeat(5000),
        ] {
            assert!(Message::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_delay_is_rounded_up_and_cut() {
        assert_eq!(delay_seconds(Duration::ZERO), 0);
        assert_eq!(delay_seconds(Duration::from_millis(1)), 1);
        assert_eq!(delay_seconds(Duration::from_secs(900)), 900);
        assert_eq!(delay_seconds(Duration::from_secs(1000)), 900);
    }
}
