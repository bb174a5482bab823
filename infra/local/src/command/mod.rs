//! Commands that do one task with a running system, or with a system of their own.

pub(crate) mod analyze;
pub(crate) mod build;
mod client;
mod media;
mod output;
mod preflight;
mod progress;
pub(crate) mod sam;
pub(crate) mod session;
mod source;

use std::{future::Future, time::Duration};

use anyhow::bail;

pub(crate) use client::pause;

/// Returns the output of `work`.
///
/// # Errors
/// If it takes longer than the limit.
async fn within<T>(
    limit: Duration,
    what: &str,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    match tokio::time::timeout(limit, work).await {
        Ok(made) => made,
        Err(_) => bail!(
            "No {what} within {} s. The job goes on while a system runs; --timeout-s waits longer.",
            limit.as_secs()
        ),
    }
}
