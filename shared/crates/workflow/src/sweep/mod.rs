//! The sweeper: on a schedule, resumes workflows after crashes and deletes orphaned data.
//!
//! Its parts (overdue workflows, files at Gemini, uploads) are independent: one that fails does not
//! stop the rest. Sweepers may overlap or crash. Every effect is a deletion or conditional on the
//! row that was read.

mod due;
mod files;
mod uploads;

use futures_util::FutureExt;

use crate::context::Context;
use eventrelay_core::{
    clock::Timestamp,
    config::SweepConfig,
    error::Error,
    limit::Prices,
    telemetry::{self, TraceId},
};
use eventrelay_store::counters::Counts;
use eventrelay_upstream::{HttpClient, UpstreamGuard, gemini::Gemini};

/// Sweeper of a deployment.
#[derive(Clone, Debug)]
pub struct Sweeper {
    context: Context,
    gemini: Gemini,
    config: SweepConfig,
}

impl Sweeper {
    /// Creates the sweeper of this deployment.
    ///
    /// # Errors
    /// When the environment is incomplete.
    pub fn from_env(context: Context) -> Result<Self, Error> {
        let config = SweepConfig::from_env().map_err(Error::internal)?;
        let gemini = Gemini::new(
            HttpClient::new()?,
            config.gemini_base_url.clone(),
            config.gemini_api_version.clone(),
            context.secrets().secret(&config.gemini_secret),
            UpstreamGuard::new(
                context.limits.clone(),
                config.limits.clone(),
                Prices::default(),
            ),
        );
        Ok(Self {
            context,
            gemini,
            config,
        })
    }

    /// Sweeps once and starts no work after `until`. Returns the counts, and adds them to the
    /// counters of the deployment.
    ///
    /// # Errors
    /// The first error of a part, when all parts have had their turn.
    pub async fn sweep(&self, until: Timestamp) -> Result<Counts, Error> {
        let trace = TraceId::new(self.now());
        telemetry::traced(trace, self.sweep_all(until).boxed_local()).await
    }

    async fn sweep_all(&self, until: Timestamp) -> Result<Counts, Error> {
        let (due, files, uploads) = futures_util::join!(
            self.sweep_due(until),
            self.sweep_files(until),
            self.sweep_uploads(until)
        );
        let mut done = Counts::default();
        let mut failed = None;
        for (part, (counts, ended)) in [("due", due), ("files", files), ("uploads", uploads)] {
            done.merge(&counts);
            if let Err(error) = ended {
                tracing::error!(
                    sweep.part = part,
                    error = error.report(),
                    "A part of the sweep failed"
                );
                failed = failed.or(Some(error));
            }
        }
        tracing::info!(sweep.done = ?done, "Swept");
        self.context.counters.count(&done).await;
        match failed {
            Some(error) => Err(error),
            None => Ok(done),
        }
    }

    fn now(&self) -> Timestamp {
        (self.context.clock)()
    }

    fn is_over(&self, until: Timestamp) -> bool {
        self.now() >= until
    }
}

/// Counts of a part, and its result.
type Part = (Counts, Result<(), Error>);
