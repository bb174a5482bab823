//! Dead letters, kept as rows of the jobs table.
//!
//! | attribute | what |
//! |---|---|
//! | `pk` | `dead_` and the id of the message |
//! | `open`, `due_at` | key of the index `due`: `open` is `dead` until it is redriven, `due_at` when it died |
//! | `doc` | the [`DeadLetter`] as JSON |
//! | `redriven_at` | when it was sent on its way again |
//! | `ttl` | expiry, epoch seconds |

use crate::Page;
use crate::conditional::if_held;
use crate::sdk_error::storage_error;
use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    batch,
    due::Due,
    item::{Item, get_n, get_s, n, s},
    jobs::Jobs,
};
use crate::queue::Message;
use eventrelay_core::{clock::Timestamp, error::Error, ids::JobId};

/// Retention of a dead letter.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// Value of `open` in the row of a dead letter.
const DEAD: &str = "dead";

/// Maximum bytes kept of a body. Our own messages fit; of any other body, the beginning identifies
/// its sender.
const MAX_BODY_LENGTH: usize = 16 * 1024;

/// `dead_` and the id of a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct DeadLetterId(String);

impl DeadLetterId {
    /// Returns the dead-letter id for an SQS message id, or `None` if the text is not a possible
    /// message id.
    #[must_use]
    pub fn of_message(message_id: &str) -> Option<Self> {
        format!("dead_{message_id}").parse().ok()
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeadLetterId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Error of a text that is no dead-letter id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a dead letter")]
pub struct NotADeadLetterId;

impl FromStr for DeadLetterId {
    type Err = NotADeadLetterId;

    fn from_str(text: &str) -> Result<Self, NotADeadLetterId> {
        let rest = text.strip_prefix("dead_").ok_or(NotADeadLetterId)?;
        let is_id = (1..=100).contains(&rest.len())
            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        is_id.then(|| Self(text.to_owned())).ok_or(NotADeadLetterId)
    }
}

/// Queue that a message was in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "DeadLetterQueue")
)]
pub enum Source {
    /// Queue of analysis jobs.
    Analysis,
    /// Queue of tasks on many videos.
    Tasks,
    /// Queue of projects and deployments.
    Builds,
}

/// Reason for which a message became a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "DeadLetterReason")
)]
pub enum Reason {
    /// The body is no message of a known version.
    Unreadable,
    /// The queue's maximum receive count was reached, and no delivery succeeded.
    TriesUsedUp,
}

/// A message that was moved to the dead-letter queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Id of the dead letter.
    pub id: DeadLetterId,
    /// Queue that the message was in.
    pub queue: Source,
    /// Reason for which it became a dead letter.
    pub reason: Reason,
    /// Body of the message, or its beginning.
    pub body: String,
    /// Length of the whole body.
    pub body_bytes: usize,
    pub receive_count: u32,
    /// Time at which it was found in the dead-letter queue.
    pub died_at: Timestamp,
    /// Job that the message belongs to, if known.
    pub job_id: Option<JobId>,
}

impl DeadLetter {
    #[must_use]
    pub fn new(
        id: DeadLetterId,
        queue: Source,
        body: &str,
        receive_count: u32,
        now: Timestamp,
    ) -> Self {
        let message = Message::parse(body).ok();
        Self {
            id,
            queue,
            reason: match message {
                Some(_) => Reason::TriesUsedUp,
                None => Reason::Unreadable,
            },
            body: body[..body.floor_char_boundary(MAX_BODY_LENGTH)].to_owned(),
            body_bytes: body.len(),
            receive_count,
            died_at: now,
            job_id: match message {
                Some(message) => Some(message.job_id),
                None => named_job(body),
            },
        }
    }

    /// Returns the parsed message, or `None` if it is unreadable.
    #[must_use]
    pub fn message(&self) -> Option<Message> {
        Message::parse(&self.body).ok().filter(|_| self.is_whole())
    }

    /// Returns whether the kept body is complete.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.body.len() == self.body_bytes
    }
}

/// Returns the job id in a message of another version.
fn named_job(body: &str) -> Option<JobId> {
    if body.len() > MAX_BODY_LENGTH {
        return None;
    }
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    body.get("job_id")?.as_str()?.parse().ok()
}

/// Result of storing a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The dead letter was stored now.
    New,
    /// The dead letter was already stored.
    Before,
    /// The dead letter was already stored and has been redriven since.
    Redriven,
}

/// Dead letters of a deployment.
#[derive(Clone, Debug)]
pub struct DeadLetters {
    jobs: Jobs,
}

impl DeadLetters {
    /// Creates a client of the dead letters in the table of `jobs`.
    #[must_use]
    pub fn new(jobs: Jobs) -> Self {
        Self { jobs }
    }

    /// Stores a dead letter. Idempotent.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn keep(&self, letter: &DeadLetter) -> Result<Kept, Error> {
        let doc = serde_json::to_string(letter).map_err(Error::internal)?;
        let put = self
            .jobs
            .client
            .put_item()
            .table_name(&self.jobs.table)
            .item("pk", s(letter.id.as_str()))
            .item("open", s(DEAD))
            .item("due_at", n(letter.died_at.0))
            .item("doc", s(doc))
            .item("ttl", n((letter.died_at + KEPT).as_seconds()))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        if if_held(put)?.is_some() {
            return Ok(Kept::New);
        }
        // If DynamoDB has expired the row in between, it was redriven or forgotten.
        Ok(match self.get(&letter.id).await? {
            Some(_) => Kept::Before,
            None => Kept::Redriven,
        })
    }

    /// Returns a dead letter (strongly consistent), or `None` if it is missing or was redriven.
    ///
    /// # Errors
    /// [`Error::Storage`], [`Error::Internal`] for a row that this version cannot read.
    pub async fn get(&self, id: &DeadLetterId) -> Result<Option<DeadLetter>, Error> {
        let read = self
            .jobs
            .client
            .get_item()
            .table_name(&self.jobs.table)
            .key("pk", s(id.as_str()))
            .consistent_read(true)
            .send()
            .await
            .map_err(storage_error)?;
        read.item.as_ref().and_then(open).transpose()
    }

    /// Returns a page of the dead letters that were not redriven, newest first, and the position of
    /// the next page. Takes one query and one read per 100 letters.
    ///
    /// # Errors
    /// As [`DeadLetters::get`].
    pub async fn list(
        &self,
        limit: u16,
        after: Option<&Due>,
    ) -> Result<Page<DeadLetter, Due>, Error> {
        let all_times = Timestamp(i64::MAX as u64);
        let Page { items: found, next } = self
            .jobs
            .list_due(DEAD, all_times, false, limit, after)
            .await?;
        let keys = found
            .iter()
            .map(|due| Item::from([("pk".to_owned(), s(&due.id))]));
        let items =
            batch::get_all(&self.jobs.client, &self.jobs.table, keys.collect(), true).await?;
        // The index is eventually consistent, so letters redriven since are left out.
        let letters = items.iter().filter_map(open);
        let mut letters = letters.collect::<Result<Vec<_>, _>>()?;
        letters.sort_by(|a, b| (b.died_at, b.id.as_str()).cmp(&(a.died_at, a.id.as_str())));
        Ok(Page {
            items: letters,
            next,
        })
    }

    /// Marks a dead letter as redriven. Its row is kept, so that a duplicate delivery of the same
    /// message is recognised.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn mark_redriven(&self, id: &DeadLetterId, now: Timestamp) -> Result<(), Error> {
        let marked = self
            .jobs
            .client
            .update_item()
            .table_name(&self.jobs.table)
            .key("pk", s(id.as_str()))
            .update_expression("SET redriven_at = :now REMOVE #open")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#open", "open")
            .expression_attribute_values(":now", n(now.0))
            .send()
            .await;
        if_held(marked)?;
        Ok(())
    }
}

fn open(item: &Item) -> Option<Result<DeadLetter, Error>> {
    if get_n::<u64>(item, "redriven_at").is_some() {
        return None;
    }
    let doc = get_s(item, "doc").unwrap_or_default();
    Some(serde_json::from_str(doc).map_err(Error::internal))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000);

    fn letter(body: &str) -> DeadLetter {
        let id = DeadLetterId::of_message("5fea7756-0ea4-451a-a703-a558b933e274").unwrap();
        DeadLetter::new(id, Source::Analysis, body, 5, NOW)
    }

    #[test]
    fn says_why_and_whose() {
        let job = JobId::random();
        let ours = letter(&format!(r#"{{"v":1,"job_id":"{job}","step":3}}"#));
        assert_eq!(
            (ours.reason, &ours.job_id),
            (Reason::TriesUsedUp, &Some(job.clone()))
        );
        assert_eq!(ours.message().unwrap().step, 3);
        let newer = letter(&format!(r#"{{"v":2,"job_id":"{job}","steps":[3]}}"#));
        assert_eq!(
            (newer.reason, &newer.job_id),
            (Reason::Unreadable, &Some(job))
        );
        assert_eq!(newer.message(), None);
        for poison in [
            "",
            "not json",
            "[]",
            r#"{"job_id":"job_1"}"#,
            r#"{"job_id":7}"#,
        ] {
            let poison = letter(poison);
            assert_eq!((poison.reason, &poison.job_id), (Reason::Unreadable, &None));
        }
    }

    #[test]
    fn a_body_is_kept_up_to_its_bound() {
        let whole = letter(&"x".repeat(MAX_BODY_LENGTH));
        assert!(whole.is_whole());
        let long = "\u{1f980}".repeat(MAX_BODY_LENGTH);
        let cut = letter(&long);
        assert!(!cut.is_whole() && cut.body.len() <= MAX_BODY_LENGTH);
        assert_eq!(cut.body_bytes, long.len());
    }

    #[test]
    fn an_id_is_that_of_a_message() {
        for wrong in [
            "",
            "dead_",
            "dead_a/b",
            "dead_a b",
            "job_a",
            &format!("dead_{}", "a".repeat(101)),
        ] {
            assert!(wrong.parse::<DeadLetterId>().is_err(), "{wrong}");
        }
        assert!(DeadLetterId::of_message("a#b").is_none());
    }
}
