//! Index of the objects: a row for each object, and a row for its body or the name of its file.

use std::{
    collections::{HashMap, HashSet},
    fs::File,
    path::{Path, PathBuf},
};

use rusqlite::{OptionalExtension as _, Row, Transaction};
use s3s::{
    S3Error, S3Result,
    dto::{ETag, ETagCondition},
    s3_error,
};
use serde::{Deserialize, Serialize};

use super::{
    super::database::{Database, execute, json},
    body::{self, Body},
};
use crate::private;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS buckets (
        name TEXT PRIMARY KEY,
        created_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS objects (
        bucket TEXT NOT NULL REFERENCES buckets (name),
        key TEXT NOT NULL,
        body TEXT NOT NULL,
        size INTEGER NOT NULL,
        etag TEXT NOT NULL,
        modified_ms INTEGER NOT NULL,
        properties TEXT NOT NULL,
        PRIMARY KEY (bucket, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS small_bodies (
        bucket TEXT NOT NULL,
        key TEXT NOT NULL,
        bytes BLOB NOT NULL,
        PRIMARY KEY (bucket, key)
    ) STRICT;";

const COLUMNS: &str = "key, body, size, etag, modified_ms, properties";

/// An object without its body.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) key: String,
    /// Name of the body's file; empty if the index holds the body.
    body: String,
    pub(super) size: u64,
    /// Entity tag without quotes: the hexadecimal MD5 of the body.
    pub(super) etag: String,
    /// Unix time in milliseconds.
    pub(super) modified_ms: i64,
    pub(super) properties: Properties,
}

/// Properties of an object from its PUT, which every read returns.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Properties {
    pub(super) content_type: Option<String>,
    pub(super) content_encoding: Option<String>,
    pub(super) content_disposition: Option<String>,
    pub(super) content_language: Option<String>,
    pub(super) cache_control: Option<String>,
    pub(super) metadata: Option<HashMap<String, String>>,
    pub(super) checksum_crc32: Option<String>,
    pub(super) checksum_crc32c: Option<String>,
    pub(super) checksum_crc64nvme: Option<String>,
    pub(super) checksum_sha1: Option<String>,
    pub(super) checksum_sha256: Option<String>,
}

/// Conditions of a write.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    pub(super) if_match: Option<ETagCondition>,
    pub(super) if_none_match: Option<ETagCondition>,
}

/// A written body that is not an object yet.
pub(super) struct Draft {
    pub(super) body: body::Draft,
    pub(super) size: u64,
    pub(super) etag: String,
    pub(super) properties: Properties,
}

pub(super) struct Index {
    database: Database,
    bodies: PathBuf,
}

impl Index {
    /// Opens the index in `folder`. Deletes bodies without an object, which a killed process left.
    pub(super) fn open(folder: &Path) -> anyhow::Result<Self> {
        let bodies = folder.join("bodies");
        private::create_folder(folder)?;
        private::create_folder(&bodies)?;
        let path = folder.join("index.sqlite");
        let database = Database::open(&path, SCHEMA)?;
        delete_orphans(&database, &bodies)?;
        Ok(Self { database, bodies })
    }

    /// Starts a body for [`Self::put`].
    pub(super) fn new_body(&self) -> body::Writer<'_> {
        body::Writer::new(&self.bodies)
    }

    pub(super) async fn create_bucket(&self, name: String, now_ms: i64) -> S3Result<()> {
        self.run(move |transaction| {
            let sql = "INSERT INTO buckets VALUES (?, ?) ON CONFLICT DO NOTHING";
            Ok(execute(transaction, sql, (name, now_ms))?)
        })
        .await
    }

    /// Returns the names of all buckets with their creation times, as Unix time in milliseconds.
    pub(super) async fn buckets(&self) -> S3Result<Vec<(String, i64)>> {
        self.run(|transaction| {
            let mut statement =
                transaction.prepare_cached("SELECT name, created_ms FROM buckets")?;
            let rows = statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Checks that a bucket exists; the error is `NoSuchBucket`.
    pub(super) async fn check_bucket(&self, name: String) -> S3Result<()> {
        self.run(move |transaction| check_bucket(transaction, &name))
            .await
    }

    /// # Errors
    /// `NoSuchBucket` or `NoSuchKey`.
    pub(super) async fn head(&self, bucket: String, key: String) -> S3Result<Object> {
        self.run(move |transaction| existing(transaction, &bucket, &key))
            .await
    }

    /// Returns the object with its body. The file is opened within the transaction, so that a
    /// concurrent write cannot delete it first.
    ///
    /// # Errors
    /// `NoSuchBucket` or `NoSuchKey`.
    pub(super) async fn get(&self, bucket: String, key: String) -> S3Result<(Object, Body)> {
        let bodies = self.bodies.clone();
        self.run(move |transaction| {
            let object = existing(transaction, &bucket, &key)?;
            let body = match object.body.as_str() {
                "" => Body::Small(small_body(transaction, &bucket, &key)?.into()),
                name => {
                    Body::Large(File::open(bodies.join(name)).map_err(S3Error::internal_error)?)
                }
            };
            Ok((object, body))
        })
        .await
    }

    /// Stores `draft` as the object if `conditions` hold within the transaction.
    ///
    /// # Errors
    /// `NoSuchBucket`; `PreconditionFailed`; `NoSuchKey` for `If-Match` without an object.
    pub(super) async fn put(
        &self,
        bucket: String,
        key: String,
        draft: Draft,
        conditions: Conditions,
        now_ms: i64,
    ) -> S3Result<()> {
        let replaced = self
            .run(move |transaction| {
                check_bucket(transaction, &bucket)?;
                let current = find(transaction, &bucket, &key)?;
                conditions.check(current.as_ref())?;
                let properties =
                    serde_json::to_string(&draft.properties).map_err(S3Error::internal_error)?;
                let body = keep(transaction, &bucket, &key, draft.body)?;
                execute(
                    transaction,
                    "INSERT OR REPLACE INTO objects
                    (bucket, key, body, size, etag, modified_ms, properties)
                    VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (
                        bucket, key, body, draft.size, draft.etag, now_ms, properties,
                    ),
                )?;
                Ok(current)
            })
            .await?;
        self.delete_body(replaced).await;
        Ok(())
    }

    /// Deletes the object if it exists.
    ///
    /// Checks that a bucket exists; the error is `NoSuchBucket`.
    pub(super) async fn delete(&self, bucket: String, key: String) -> S3Result<()> {
        let deleted = self
            .run(move |transaction| {
                check_bucket(transaction, &bucket)?;
                let current = find(transaction, &bucket, &key)?;
                let sql = "DELETE FROM objects WHERE bucket = ? AND key = ?";
                execute(transaction, sql, (&bucket, &key))?;
                delete_small_body(transaction, &bucket, &key)?;
                Ok(current)
            })
            .await?;
        self.delete_body(deleted).await;
        Ok(())
    }

    /// Passes all objects whose key starts with `prefix` and follows `after` to `visit`, until it
    /// returns false. Keys are ordered by their UTF-8 bytes.
    ///
    /// Checks that a bucket exists; the error is `NoSuchBucket`.
    pub(super) async fn list<T, V>(
        &self,
        bucket: String,
        prefix: String,
        after: String,
        mut page: T,
        mut visit: V,
    ) -> S3Result<T>
    where
        T: Send + 'static,
        V: FnMut(&mut T, Object) -> bool + Send + 'static,
    {
        self.run(move |transaction| {
            check_bucket(transaction, &bucket)?;
            let mut statement = transaction.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM objects
                WHERE bucket = ? AND key >= ? AND key > ? ORDER BY key"
            ))?;
            for object in statement.query_map((bucket, &prefix, after), object)? {
                let object = object?;
                if !object.key.starts_with(&prefix) || !visit(&mut page, object) {
                    break;
                }
            }
            Ok(page)
        })
        .await
    }

    async fn delete_body(&self, of: Option<Object>) {
        let Some(object) = of.filter(|object| !object.body.is_empty()) else {
            return;
        };
        if let Err(error) = tokio::fs::remove_file(self.bodies.join(object.body)).await {
            tracing::warn!(%error, "the body of a deleted object stays until the next start");
        }
    }

    async fn run<T, F>(&self, work: F) -> S3Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, Failure> + Send + 'static,
    {
        self.database
            .transact(work)
            .await
            .map_err(|Failure(error)| error)
    }
}

impl Conditions {
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>
    fn check(&self, current: Option<&Object>) -> S3Result<()> {
        let matches = |condition: &ETagCondition, object: &Object| match condition {
            ETagCondition::Any => true,
            ETagCondition::ETag(etag) => ETag::Strong(object.etag.clone()).strong_cmp(etag),
        };
        if let Some(condition) = &self.if_match {
            let object = current.ok_or_else(|| s3_error!(NoSuchKey))?;
            if !matches(condition, object) {
                return Err(s3_error!(PreconditionFailed));
            }
        }
        match (&self.if_none_match, current) {
            (Some(condition), Some(object)) if matches(condition, object) => {
                Err(s3_error!(PreconditionFailed))
            }
            _ => Ok(()),
        }
    }
}

/// S3 error for a SQLite error.
struct Failure(S3Error);

impl From<S3Error> for Failure {
    fn from(error: S3Error) -> Self {
        Self(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self(S3Error::internal_error(error))
    }
}

fn check_bucket(transaction: &Transaction<'_>, name: &str) -> Result<(), Failure> {
    let exists = transaction
        .prepare_cached("SELECT 1 FROM buckets WHERE name = ?")?
        .exists((name,))?;
    if exists {
        Ok(())
    } else {
        Err(s3_error!(NoSuchBucket).into())
    }
}

fn existing(transaction: &Transaction<'_>, bucket: &str, key: &str) -> Result<Object, Failure> {
    if let Some(object) = find(transaction, bucket, key)? {
        return Ok(object);
    }
    check_bucket(transaction, bucket)?;
    Err(s3_error!(NoSuchKey).into())
}

fn find(
    transaction: &Transaction<'_>,
    bucket: &str,
    key: &str,
) -> rusqlite::Result<Option<Object>> {
    transaction
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM objects WHERE bucket = ? AND key = ?"
        ))?
        .query_row((bucket, key), object)
        .optional()
}

fn small_body(transaction: &Transaction<'_>, bucket: &str, key: &str) -> rusqlite::Result<Vec<u8>> {
    transaction
        .prepare_cached("SELECT bytes FROM small_bodies WHERE bucket = ? AND key = ?")?
        .query_row((bucket, key), |row| row.get(0))
}

fn delete_small_body(
    transaction: &Transaction<'_>,
    bucket: &str,
    key: &str,
) -> rusqlite::Result<()> {
    let sql = "DELETE FROM small_bodies WHERE bucket = ? AND key = ?";
    execute(transaction, sql, (bucket, key))
}

/// Keeps the body of a draft and returns the name of its file, which is empty for a small body.
fn keep(
    transaction: &Transaction<'_>,
    bucket: &str,
    key: &str,
    body: body::Draft,
) -> Result<String, Failure> {
    match body {
        body::Draft::Small(bytes) => {
            let sql = "INSERT OR REPLACE INTO small_bodies VALUES (?, ?, ?)";
            execute(transaction, sql, (bucket, key, bytes))?;
            Ok(String::new())
        }
        body::Draft::Large(file) => {
            delete_small_body(transaction, bucket, key)?;
            // Before the row: a superfluous file is cleaned up, but a missing one is a lost object.
            let (_, path) = file.keep().map_err(S3Error::internal_error)?;
            let name = path.file_name().and_then(|name| name.to_str());
            Ok(name.unwrap_or_default().to_owned())
        }
    }
}

fn object(row: &Row<'_>) -> rusqlite::Result<Object> {
    Ok(Object {
        key: row.get(0)?,
        body: row.get(1)?,
        size: row.get(2)?,
        etag: row.get(3)?,
        modified_ms: row.get(4)?,
        properties: json(row, 5)?,
    })
}

fn delete_orphans(database: &Database, bodies: &Path) -> anyhow::Result<()> {
    let named: HashSet<String> = database.transact_now(|transaction| {
        let mut statement = transaction.prepare("SELECT body FROM objects")?;
        let rows = statement.query_map((), |row| row.get(0))?;
        rows.collect::<rusqlite::Result<_>>()
    })?;
    for entry in std::fs::read_dir(bodies)? {
        let entry = entry?;
        if !entry
            .file_name()
            .to_str()
            .is_some_and(|name| named.contains(name))
        {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
