//! A SQLite file that belongs to one service.

use std::{
    panic::resume_unwind,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::Context as _;
use rusqlite::{Connection, Params, Row, Transaction, TransactionBehavior};
use serde::de::DeserializeOwned;

use crate::{private, sync};

/// Maximum wait for another process that is ending and still locks the file.
const PATIENCE: Duration = Duration::from_secs(1);

/// Executes a statement that returns no rows.
pub(super) fn execute(
    transaction: &Transaction<'_>,
    sql: &str,
    parameters: impl Params,
) -> rusqlite::Result<()> {
    transaction.prepare_cached(sql)?.execute(parameters)?;
    Ok(())
}

/// Reads a column that holds JSON.
pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| {
        let kind = rusqlite::types::Type::Text;
        rusqlite::Error::FromSqlConversionFailure(column, kind, Box::new(error))
    })
}

/// A connection that one transaction uses at a time. SQLite has one writer anyway, and transactions
/// here take microseconds.
#[derive(Clone)]
pub(super) struct Database(Arc<Mutex<Connection>>);

impl Database {
    /// Opens the file and applies the idempotent statements of `schema`.
    ///
    /// # Errors
    /// If the file cannot be opened or another process locks it.
    pub(super) fn open(path: &Path, schema: &str) -> anyhow::Result<Self> {
        private::create_file(path).with_context(|| format!("cannot write {}", path.display()))?;
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open(path)?;
            connection.busy_timeout(PATIENCE)?;
            // The operating system releases the lock when the process ends. Meanwhile it keeps a
            // second runtime from delivering the same messages.
            connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            // A commit reaches the operating system but not the disk: a killed process loses
            // nothing.
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            connection.pragma_update(None, "foreign_keys", true)?;
            connection.execute_batch(&format!("BEGIN IMMEDIATE; {schema}; COMMIT;"))?;
            Ok(connection)
        };
        let connection = open().with_context(|| {
            format!(
                "cannot open {}: does another local runtime use it?",
                path.display()
            )
        })?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Runs `work` in a transaction on a blocking thread, and commits if it returns `Ok`.
    ///
    /// `work` runs to its end even if the caller stops waiting.
    pub(super) async fn transact<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<rusqlite::Error> + Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    {
        let database = self.clone();
        let joined = tokio::task::spawn_blocking(move || database.transact_now(work)).await;
        joined.unwrap_or_else(|error| resume_unwind(error.into_panic()))
    }

    /// [`Self::transact`] on this thread, for use before the service starts.
    pub(super) fn transact_now<T, E, F>(&self, work: F) -> Result<T, E>
    where
        E: From<rusqlite::Error>,
        F: FnOnce(&Transaction<'_>) -> Result<T, E>,
    {
        let mut connection = sync::lock(&self.0);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = work(&transaction)?;
        transaction.commit()?;
        Ok(value)
    }
}
