//! The queue that jobs are advanced from. A message says which step of which job is due and
//! nothing else: what the job is stands in its row.

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

/// The longest delay that SQS takes.
pub const MAX_DELAY: Duration = Duration::from_secs(900);

/// Messages in one `SendMessageBatch`.
const MAX_ENTRIES: usize = 10;

/// A body longer than this is none of ours.
const MAX_BODY_LENGTH: usize = 4096;

/// "This step is due."
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Version of this format.
    pub v: Version,
    pub job_id: JobId,
    /// The version of the job that the step starts from.
    pub step: u32,
}

/// The only version there is.
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
    /// The step of a message that is about whichever is next: it is never behind.
    pub const WHICHEVER: u32 = u32::MAX;

    /// Reads the body of a record.
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

/// A delay as SQS takes it, in whole seconds. Rounded up: a look too early is a call for nothing.
/// Cut where it is too long: a message that comes before its job is due is sent on.
fn delay_seconds(delay: Duration) -> i32 {
    let seconds = delay.min(MAX_DELAY).as_millis().div_ceil(1000);
    i32::try_from(seconds).unwrap_or(900)
}

/// What tells the function that receives a message on behalf of which request it was sent
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
    /// The queue at `url`.
    #[must_use]
    pub fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Another queue, reached by the same connections.
    #[must_use]
    pub fn beside(&self, url: String) -> Self {
        Self {
            client: self.client.clone(),
            url,
        }
    }

    /// Its name, which is the end of its URL and of its ARN.
    #[must_use]
    pub fn name(&self) -> &str {
        self.url.rsplit('/').next().unwrap_or_default()
    }

    /// Opens a connection, so that the first request finds one.
    pub async fn warm(&self) {
        let _ = self
            .client
            .get_queue_url()
            .queue_name(self.name())
            .send()
            .await;
    }

    /// Says that a step is due after `delay`.
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

    /// Says that the first steps of new jobs are due, ten in a call.
    ///
    /// # Errors
    /// [`Error::Storage`] where some were not taken twice in a row. The jobs are written down, and
    /// go on when somebody asks for them.
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

    /// Sends at most ten; those that were not taken.
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

    /// Sends a body as it is, with attributes of the message.
    ///
    /// # Errors
    /// [`Error::Storage`], also where SQS does not take such a body.
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

    /// Has a message that could not be dealt with delivered again after `delay`, instead of after
    /// the queue's visibility timeout.
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
