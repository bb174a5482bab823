//! A SQLite file that belongs to one service.

use std::{
    panic::resume_unwind,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::private;

/// How long to wait for a process that is about to end and still holds the file.
const PATIENCE: Duration = Duration::from_secs(1);

/// One connection, used by one transaction at a time: SQLite has one writer in any case, and the
/// transactions here take microseconds.
#[derive(Clone)]
pub(super) struct Database(Arc<Mutex<Connection>>);

impl Database {
    /// Opens the file and lays `schema` (idempotent statements) over it.
    ///
    /// # Errors
    /// When the file cannot be opened or another process holds it.
    pub(super) fn open(path: &Path, schema: &str) -> anyhow::Result<Self> {
        private::create_file(path).with_context(|| format!("cannot write {}", path.display()))?;
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open(path)?;
            connection.busy_timeout(PATIENCE)?;
            // The exclusive lock ends with the process however it ends, and keeps a second runtime
            // from handing out the same messages.
            connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            // Commits reach the operating system, not the disk: enough for a killed process.
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

    /// Runs `work` in a transaction on a blocking thread, committed only if it returns `Ok`.
    ///
    /// `work` is run to its end even when the caller stops waiting for it.
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

    /// [`Self::transact`] on this thread, for the time before anything is served.
    pub(super) fn transact_now<T, E, F>(&self, work: F) -> Result<T, E>
    where
        E: From<rusqlite::Error>,
        F: FnOnce(&Transaction<'_>) -> Result<T, E>,
    {
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let value = work(&transaction)?;
        transaction.commit()?;
        Ok(value)
    }
}
