//! DynamoDB: the embedded `dynoxide` on one SQLite file.

use std::{path::Path, time::Duration};

use anyhow::Context as _;
use dynoxide::Database;
use tokio::{
    sync::watch,
    task::{JoinSet, spawn_blocking},
    time::{MissedTickBehavior, interval},
};

use crate::{
    listen::{bind, ended},
    private,
};

/// Interval between deletions of expired items. AWS takes up to days, so readers may not rely on
/// it.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

/// Starts DynamoDB on `dynamodb.sqlite` in `data` and returns its base URL.
///
/// # Errors
/// If the file cannot be opened or no port is free.
pub(super) async fn start(
    data: &Path,
    shutdown: &watch::Receiver<bool>,
    tasks: &mut JoinSet<()>,
) -> anyhow::Result<String> {
    let path = data.join("dynamodb.sqlite");
    let database = open(&path).with_context(|| format!("cannot open {}", path.display()))?;
    let (listener, url) = bind(0).await.context("cannot bind a free port")?;
    let (served, until) = (database.clone(), ended(shutdown.clone()));
    tasks.spawn(async move {
        if let Err(error) = dynoxide::server::serve_with_shutdown(listener, served, until).await {
            tracing::error!(error, "the local DynamoDB ended");
        }
    });
    tasks.spawn(sweep(database, shutdown.clone()));
    Ok(url)
}

fn open(path: &Path) -> anyhow::Result<Database> {
    private::create_file(path)?;
    let path = path.to_str().context("the path is not UTF-8")?;
    let database = Database::new(path)?;
    // This restores the defaults except for `synchronous = NORMAL`. A commit in the write-ahead log
    // survives a crash of the process without a disk flush for every item.
    database.disable_bulk_loading()?;
    Ok(database)
}

async fn sweep(database: Database, shutdown: watch::Receiver<bool>) {
    let mut until = std::pin::pin!(ended(shutdown));
    let mut ticks = interval(SWEEP_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = &mut until => return,
            _ = ticks.tick() => {}
        }
        let database = database.clone();
        match spawn_blocking(move || database.sweep_ttl()).await {
            Ok(Ok(deleted)) => tracing::debug!(deleted, "expired items swept"),
            Ok(Err(error)) => tracing::warn!(%error, "expired items not swept"),
            Err(error) => tracing::warn!(%error, "the sweep of expired items ended"),
        }
    }
}
