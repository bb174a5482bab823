//! Queues and messages in SQLite. Every function runs within a transaction, and all times are Unix
//! times in milliseconds.

use rusqlite::{OptionalExtension as _, Row, Transaction};

use super::{
    super::database::{execute, json},
    attributes::{Named, Settings},
    protocol::{Failure, MessageAttributes},
};

pub(super) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS queues (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        attributes TEXT NOT NULL,
        created_ms INTEGER NOT NULL,
        modified_ms INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS messages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        queue INTEGER NOT NULL REFERENCES queues (id) ON DELETE CASCADE,
        message_id TEXT NOT NULL,
        body TEXT NOT NULL,
        attributes TEXT NOT NULL,
        trace_header TEXT,
        sent_ms INTEGER NOT NULL,
        visible_ms INTEGER NOT NULL,
        receive_count INTEGER NOT NULL DEFAULT 0,
        first_received_ms INTEGER,
        received_ms INTEGER,
        receipt TEXT,
        source_arn TEXT
    ) STRICT;
    CREATE INDEX IF NOT EXISTS messages_by_visibility ON messages (queue, visible_ms);
    CREATE INDEX IF NOT EXISTS messages_by_age ON messages (queue, sent_ms);";

#[derive(Clone, Debug)]
pub(super) struct Queue {
    pub(super) id: i64,
    pub(super) name: String,
    /// Explicit attributes; [`super::attributes::effective`] adds the defaults.
    pub(super) attributes: Named,
    pub(super) settings: Settings,
    pub(super) created_ms: i64,
    pub(super) modified_ms: i64,
}

#[derive(Debug)]
pub(super) struct NewMessage<'a> {
    pub(super) message_id: &'a str,
    pub(super) body: &'a str,
    pub(super) attributes: &'a MessageAttributes,
    pub(super) trace_header: Option<&'a str>,
    pub(super) visible_ms: i64,
}

#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) id: i64,
    pub(super) message_id: String,
    pub(super) body: String,
    pub(super) attributes: MessageAttributes,
    pub(super) trace_header: Option<String>,
    pub(super) sent_ms: i64,
    pub(super) visible_ms: i64,
    /// Number of receives, in this queue and in earlier ones.
    pub(super) receive_count: i64,
    pub(super) first_received_ms: Option<i64>,
    /// Time of the last receive from this queue.
    pub(super) received_ms: Option<i64>,
    /// ARN of the queue that the message was moved from.
    pub(super) source_arn: Option<String>,
}

/// Numbers of messages in a queue.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Counts {
    pub(super) visible: i64,
    /// Received and invisible until their timeout.
    pub(super) in_flight: i64,
    /// Delayed and not yet visible.
    pub(super) delayed: i64,
}

const QUEUE: &str = "id, name, attributes, created_ms, modified_ms";
const MESSAGE: &str = "id, message_id, body, attributes, trace_header, sent_ms, visible_ms,
    receive_count, first_received_ms, received_ms, source_arn";

/// Makes all messages in flight visible and returns their number.
///
/// This differs from AWS on purpose: the receivers were children of the process that ended, so none
/// of them still works on a message.
pub(super) fn make_visible_all(transaction: &Transaction<'_>, now: i64) -> rusqlite::Result<usize> {
    transaction.execute(
        "UPDATE messages SET visible_ms = ?1, receipt = NULL
        WHERE receipt IS NOT NULL AND visible_ms > ?1",
        (now,),
    )
}

pub(super) fn find_queue(t: &Transaction<'_>, name: &str) -> Result<Option<Queue>, Failure> {
    let sql = format!("SELECT {QUEUE} FROM queues WHERE name = ?");
    let found = t.prepare_cached(&sql)?.query_row((name,), |row| {
        Ok((
            row.get(0)?,
            row.get(1)?,
            json(row, 2)?,
            row.get(3)?,
            row.get(4)?,
        ))
    });
    let Some((id, name, attributes, created_ms, modified_ms)) = found.optional()? else {
        return Ok(None);
    };
    let settings = Settings::parse(&attributes)?;
    Ok(Some(Queue {
        id,
        name,
        attributes,
        settings,
        created_ms,
        modified_ms,
    }))
}

pub(super) fn insert_queue(
    t: &Transaction<'_>,
    name: &str,
    attributes: &Named,
    now: i64,
) -> rusqlite::Result<()> {
    execute(
        t,
        "INSERT INTO queues (name, attributes, created_ms, modified_ms) VALUES (?1, ?2, ?3, ?3)",
        (name, to_json(attributes)?, now),
    )
}

pub(super) fn set_attributes(
    t: &Transaction<'_>,
    queue: i64,
    attributes: &Named,
    now: i64,
) -> rusqlite::Result<()> {
    execute(
        t,
        "UPDATE queues SET attributes = ?, modified_ms = ? WHERE id = ?",
        (to_json(attributes)?, now, queue),
    )
}

pub(super) fn delete_queue(t: &Transaction<'_>, queue: i64) -> rusqlite::Result<()> {
    execute(t, "DELETE FROM queues WHERE id = ?", (queue,))
}

/// Returns at most `limit` names after `after` that start with `prefix`, in order.
pub(super) fn queue_names(
    t: &Transaction<'_>,
    prefix: &str,
    after: &str,
    limit: i64,
) -> rusqlite::Result<Vec<String>> {
    t.prepare_cached(
        "SELECT name FROM queues
        WHERE name > ?1 AND substr(name, 1, length(?2)) = ?2 ORDER BY name LIMIT ?3",
    )?
    .query_map((after, prefix, limit), |row| row.get(0))?
    .collect()
}

pub(super) fn insert_message(
    t: &Transaction<'_>,
    queue: i64,
    message: &NewMessage<'_>,
    now: i64,
) -> rusqlite::Result<()> {
    execute(
        t,
        "INSERT INTO messages
        (queue, message_id, body, attributes, trace_header, sent_ms, visible_ms)
        VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            queue,
            message.message_id,
            message.body,
            to_json(message.attributes)?,
            message.trace_header,
            now,
            message.visible_ms,
        ),
    )
}

/// Deletes messages older than the retention period of the queue.
pub(super) fn delete_expired(t: &Transaction<'_>, queue: &Queue, now: i64) -> rusqlite::Result<()> {
    execute(
        t,
        "DELETE FROM messages WHERE queue = ? AND sent_ms <= ?",
        (queue.id, now - queue.settings.retention_s * 1000),
    )
}

/// Returns the message that has been visible for longest.
pub(super) fn next_visible(
    t: &Transaction<'_>,
    queue: i64,
    now: i64,
) -> rusqlite::Result<Option<Message>> {
    t.prepare_cached(&format!(
        "SELECT {MESSAGE} FROM messages WHERE queue = ? AND visible_ms <= ?
        ORDER BY visible_ms, id LIMIT 1"
    ))?
    .query_row((queue, now), message)
    .optional()
}

/// Returns the time at which the next invisible message becomes visible.
pub(super) fn next_due(t: &Transaction<'_>, queue: i64, now: i64) -> rusqlite::Result<Option<i64>> {
    t.prepare_cached("SELECT min(visible_ms) FROM messages WHERE queue = ? AND visible_ms > ?")?
        .query_row((queue, now), |row| row.get(0))
}

/// Counts a receive and hides the message under a new receipt, which invalidates older ones.
pub(super) fn receive(
    t: &Transaction<'_>,
    message: &mut Message,
    receipt: &str,
    now: i64,
    visible_ms: i64,
) -> rusqlite::Result<()> {
    message.receive_count += 1;
    message.first_received_ms = message.first_received_ms.or(Some(now));
    message.received_ms = Some(now);
    message.visible_ms = visible_ms;
    execute(
        t,
        "UPDATE messages SET receive_count = ?, first_received_ms = ?, received_ms = ?,
        visible_ms = ?, receipt = ? WHERE id = ?",
        (
            message.receive_count,
            message.first_received_ms,
            message.received_ms,
            visible_ms,
            receipt,
            message.id,
        ),
    )
}

/// Moves a message to a dead-letter queue. As in SQS, it keeps its id, receive count and send time,
/// from which the retention period counts.
pub(super) fn move_to(
    t: &Transaction<'_>,
    message: i64,
    target: i64,
    source_arn: &str,
    now: i64,
) -> rusqlite::Result<()> {
    execute(
        t,
        "UPDATE messages SET queue = ?, source_arn = ?, visible_ms = ?, received_ms = NULL,
        receipt = NULL WHERE id = ?",
        (target, source_arn, now, message),
    )
}

/// Returns the message that was last received under `receipt`.
pub(super) fn find_received(
    t: &Transaction<'_>,
    queue: i64,
    id: i64,
    receipt: &str,
) -> rusqlite::Result<Option<Message>> {
    t.prepare_cached(&format!(
        "SELECT {MESSAGE} FROM messages WHERE id = ? AND queue = ? AND receipt = ?"
    ))?
    .query_row((id, queue, receipt), message)
    .optional()
}

pub(super) fn set_visible(t: &Transaction<'_>, id: i64, visible_ms: i64) -> rusqlite::Result<()> {
    execute(
        t,
        "UPDATE messages SET visible_ms = ? WHERE id = ?",
        (visible_ms, id),
    )
}

pub(super) fn delete_message(t: &Transaction<'_>, id: i64) -> rusqlite::Result<()> {
    execute(t, "DELETE FROM messages WHERE id = ?", (id,))
}

pub(super) fn purge(t: &Transaction<'_>, queue: i64) -> rusqlite::Result<()> {
    execute(t, "DELETE FROM messages WHERE queue = ?", (queue,))
}

pub(super) fn counts(t: &Transaction<'_>, queue: i64, now: i64) -> rusqlite::Result<Counts> {
    t.prepare_cached(
        "SELECT count(*) FILTER (WHERE visible_ms <= ?2),
        count(*) FILTER (WHERE visible_ms > ?2 AND receipt IS NOT NULL),
        count(*) FILTER (WHERE visible_ms > ?2 AND receipt IS NULL)
        FROM messages WHERE queue = ?1",
    )?
    .query_row((queue, now), |row| {
        Ok(Counts {
            visible: row.get(0)?,
            in_flight: row.get(1)?,
            delayed: row.get(2)?,
        })
    })
}

fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message {
        id: row.get(0)?,
        message_id: row.get(1)?,
        body: row.get(2)?,
        attributes: json(row, 3)?,
        trace_header: row.get(4)?,
        sent_ms: row.get(5)?,
        visible_ms: row.get(6)?,
        receive_count: row.get(7)?,
        first_received_ms: row.get(8)?,
        received_ms: row.get(9)?,
        source_arn: row.get(10)?,
    })
}

fn to_json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}
