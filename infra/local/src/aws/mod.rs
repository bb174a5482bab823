//! Embedded AWS services: DynamoDB, S3, SQS and Secrets Manager, each on a free port of 127.0.0.1.
//! All but the secrets keep their state in files, so that it survives a restart.
//!
//! Data survives `kill -9`, because the operating system has it before a response is sent. It may
//! not survive a crash of the machine, because nothing waits for the disk.

mod database;
mod dynamodb;
mod json;
mod s3;
pub(crate) mod secrets;
mod sqs;
#[cfg(test)]
mod tests;

use std::{path::Path, sync::Arc, time::SystemTime};

use anyhow::Context as _;
use aws_sdk_sqs::config::Credentials;
use axum::Router;
use tokio::{sync::watch, task::JoinSet};

use crate::{
    listen::{self, bind, ended},
    private,
};

/// Region of all ARNs.
pub(crate) const REGION: &str = "us-east-1";

/// Account of all ARNs and queue URLs.
pub(crate) const ACCOUNT_ID: &str = "000000000000";

/// Base URLs of the running services, without a trailing slash.
///
/// Every start uses new ports. A queue is found by the name at the end of its URL, so an old queue
/// URL still names the right queue.
#[derive(Debug)]
pub(crate) struct Services {
    pub(crate) dynamodb: String,
    /// S3 addressed by path (`force_path_style`).
    pub(crate) s3: String,
    pub(crate) secrets_manager: String,
    pub(crate) vault: secrets::Vault,
    pub(crate) sqs: String,
    tasks: JoinSet<()>,
}

impl Services {
    /// Waits until all services have ended, which they do after `shutdown` once running requests
    /// are answered.
    pub(crate) async fn stopped(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Starts all services on the state in `data`, which is created if it is missing.
///
/// S3 verifies every signature against `credentials`. SQS and Secrets Manager require their access
/// key id, DynamoDB only a well-formed signature. The services run until `shutdown` is true or its
/// sender is dropped.
///
/// # Errors
/// If the folder cannot be written or another runtime uses it.
pub(crate) async fn start(
    data: &Path,
    credentials: &Credentials,
    shutdown: watch::Receiver<bool>,
) -> anyhow::Result<Services> {
    private::create_folder(data)
        .with_context(|| format!("cannot create the data folder {}", data.display()))?;
    let mut tasks = JoinSet::new();
    let (secrets_manager, vault) =
        secrets::start(credentials, Clock::system(), &shutdown, &mut tasks).await?;
    Ok(Services {
        secrets_manager,
        vault,
        sqs: sqs::start(data, credentials, Clock::system(), &shutdown, &mut tasks).await?,
        s3: s3::start(data, credentials, Clock::system(), &shutdown, &mut tasks).await?,
        dynamodb: dynamodb::start(data, &shutdown, &mut tasks).await?,
        tasks,
    })
}

/// Clock of a service. Tests replace it to move time.
#[derive(Clone)]
struct Clock(Arc<dyn Fn() -> i64 + Send + Sync>);

impl Clock {
    fn system() -> Self {
        Self(Arc::new(|| {
            let since_epoch = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
            i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
        }))
    }

    fn now_ms(&self) -> i64 {
        (self.0)()
    }
}

/// Serves `router` on a free port until `shutdown` is true.
async fn serve(
    router: Router,
    shutdown: &watch::Receiver<bool>,
    tasks: &mut JoinSet<()>,
) -> anyhow::Result<String> {
    let (listener, url) = bind(0).await.context("cannot bind a free port")?;
    let served = listen::serve(listener, router, ended(shutdown.clone()));
    tasks.spawn(async move {
        if let Err(error) = served.await {
            tracing::error!(%error, "a local AWS service ended");
        }
    });
    Ok(url)
}
