//! The AWS services that the functions use, embedded: DynamoDB, S3, SQS and Secrets Manager, each on
//! a free port of 127.0.0.1. But for the secrets, their state is in files, so that a killed runtime
//! finds everything again.
//!
//! Durability is that of the process, not of the machine: what was answered survives `kill -9`,
//! because it has been handed to the operating system, but nothing waits for the disk.

mod database;
mod dynamodb;
mod s3;
pub(crate) mod secrets;
mod sqs;
#[cfg(test)]
mod tests;

use std::{path::Path, sync::Arc, time::SystemTime};

use anyhow::Context as _;
use aws_sdk_sqs::config::Credentials;
use axum::{Router, serve::ListenerExt as _};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

use crate::private;

/// The region that the services say they are in; it stands in every ARN.
pub(crate) const REGION: &str = "us-east-1";

/// The account that owns everything here; it stands in every ARN and queue URL.
pub(crate) const ACCOUNT_ID: &str = "000000000000";

/// The running services: the base URL of each, without a trailing slash.
///
/// The ports are new at every start. A queue is found by the name at the end of its URL, so a queue
/// URL of an earlier start still names the right queue.
#[derive(Debug)]
pub(crate) struct Services {
    /// Base URL of DynamoDB.
    pub(crate) dynamodb: String,
    /// Base URL of S3, which is addressed by path (`force_path_style`).
    pub(crate) s3: String,
    /// Base URL of Secrets Manager.
    pub(crate) secrets_manager: String,
    /// Its secrets.
    pub(crate) vault: secrets::Vault,
    /// Base URL of SQS.
    pub(crate) sqs: String,
    tasks: JoinSet<()>,
}

impl Services {
    /// Waits until all services have ended: they do once `shutdown` of [`start`] says so and the
    /// requests under way are answered.
    pub(crate) async fn stopped(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Starts all services on the state in `data`, which is made if it is not there.
///
/// S3 verifies every signature against `credentials`, SQS and Secrets Manager ask for their access
/// key id, and DynamoDB only for a well-formed signature. The services run until `shutdown` holds true or its
/// sender is dropped.
///
/// # Errors
/// When the folder cannot be written or another runtime already uses it.
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

/// The one source of time of a service, which a test replaces to travel.
#[derive(Clone)]
struct Clock(Arc<dyn Fn() -> i64 + Send + Sync>);

impl Clock {
    fn system() -> Self {
        Self(Arc::new(|| {
            let since_epoch = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
            i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
        }))
    }

    /// Milliseconds since the Unix epoch.
    fn now_ms(&self) -> i64 {
        (self.0)()
    }
}

/// Binds a free port of 127.0.0.1 and returns it with its base URL.
async fn listen() -> anyhow::Result<(TcpListener, String)> {
    let listener = TcpListener::bind(("127.0.0.1", 0))
        .await
        .context("cannot bind a free port")?;
    let url = format!("http://{}", listener.local_addr()?);
    Ok((listener, url))
}

/// Serves `router` on a free port until `shutdown`.
async fn serve(
    router: Router,
    shutdown: &watch::Receiver<bool>,
    tasks: &mut JoinSet<()>,
) -> anyhow::Result<String> {
    let (listener, url) = listen().await?;
    // An answer that goes out in two writes would otherwise wait for a delayed acknowledgement.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY not set");
        }
    });
    let until = ended(shutdown.clone());
    tasks.spawn(async move {
        if let Err(error) = axum::serve(listener, router)
            .with_graceful_shutdown(until)
            .await
        {
            tracing::error!(%error, "a local AWS service ended");
        }
    });
    Ok(url)
}

/// Resolves when `shutdown` holds true or nobody can set it any more.
async fn ended(mut shutdown: watch::Receiver<bool>) {
    // An error says that the sender is gone, which means the same.
    let _ = shutdown.wait_for(|stop| *stop).await;
}
