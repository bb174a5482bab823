//! Commands that do one thing with a system that runs already, or with one of their own.

pub(crate) mod analyze;
pub(crate) mod build;
mod client;
mod media;
mod progress;
pub(crate) mod sam;

use std::{future::Future, time::Duration};

use anyhow::bail;

use crate::{
    cli::Options,
    data::{Data, Opened, Ready},
    system::System,
    until_stopped,
};

/// What `work` makes with a system: with the one that runs in the data folder, or with one that is
/// started for it and stopped after it.
async fn on_system<T>(
    options: &Options,
    work: impl AsyncFnOnce(&Ready) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let data = match options.ephemeral {
        true => Opened::Free(Data::temporary()?),
        false => Data::open(&options.data)?,
    };
    let made = match data {
        Opened::InUse(Some(ready)) => until_stopped(work(&ready)).await?,
        Opened::InUse(None) => bail!("another `cargo local` is just starting in this folder"),
        Opened::Free(data) => {
            let port = options.port.unwrap_or(0);
            match until_stopped(Box::pin(System::start(options, port, data))).await? {
                None => None,
                Some(system) => {
                    let system = system?;
                    let made = until_stopped(work(&system.ready)).await;
                    system.stop().await;
                    made?
                }
            }
        }
    };
    match made {
        Some(made) => made,
        None => bail!("interrupted"),
    }
}

/// What `work` makes, if it does not take longer.
async fn within<T>(
    limit: Duration,
    what: &str,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    match tokio::time::timeout(limit, work).await {
        Ok(made) => made,
        Err(_) => bail!("no {what} after {} s", limit.as_secs()),
    }
}
