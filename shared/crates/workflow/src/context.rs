//! Clients and settings of a function, created once during Init.
//!
//! During Init Lambda provides a full processor regardless of the memory size. Connections are
//! opened there as well.

use eventrelay_store::aws::Clients;
use futures_util::future::join_all;
use std::sync::Arc;
use tokio::sync::OnceCell;

use eventrelay_core::{
    clock::Timestamp,
    config::{Config, ConfigError, LimitsConfig, ModelsConfig, YouTubeConfig},
    error::Error,
    limit::Leases,
    telemetry,
};
use eventrelay_store::{
    blobs::Blobs,
    bookmarks::Bookmarks,
    counters::Counters,
    dead_letters::DeadLetters,
    jobs::Jobs,
    keys::Keys,
    limits::Limits,
    memory::{InstanceCache, LookupCounter},
    projects::Projects,
    queue::Queue,
    search::Search,
    secrets::{Secret, Secrets},
    videos::Videos,
};
use eventrelay_upstream::{
    HttpClient, UpstreamGuard, gemini::Gemini, models::Models, youtube::YouTube,
};

/// Service to connect to during Init.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warm {
    DynamoDb,
    S3,
    Sqs,
}

/// The stores and the queue of a deployment. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Context {
    /// Configuration of the deployment.
    pub config: Config,
    pub videos: Videos,
    pub jobs: Jobs,
    pub dead_letters: DeadLetters,
    /// Positions at which the sweeper resumes.
    pub bookmarks: Bookmarks,
    /// Search index of the analyses.
    pub search: Search,
    pub keys: Keys,
    pub blobs: Blobs,
    pub queue: Queue,
    pub tasks_queue: Queue,
    pub builds_queue: Queue,
    pub projects: Projects,
    /// Key that signs cursors, cached after the first read.
    cursor_key: Arc<OnceCell<[u8; 64]>>,
    pub counters: Counters,
    /// Limits shared by all instances.
    pub limits: Limits,
    /// Quota leased to this instance.
    pub leases: Arc<Leases>,
    pub memory: Arc<InstanceCache>,
    /// Counts lookups that this instance has not reported yet.
    pub lookup_counter: Arc<LookupCounter>,
    /// Clock, read once per request.
    pub clock: fn() -> Timestamp,
    clients: Clients,
}

impl Context {
    /// Builds all clients from the environment and opens the connections in `warm` concurrently. A
    /// connection that cannot be opened is not an error: the first request that needs it tries again
    /// and reports the failure.
    ///
    /// # Errors
    /// [`Error::Internal`] if the environment is incomplete.
    pub async fn from_env(warm: &[Warm]) -> Result<Self, Error> {
        let config = Config::from_env().map_err(Error::internal)?;
        let context = Self::new(config, Clients::from_env());
        join_all(warm.iter().map(|service| context.warm(*service))).await;
        telemetry::ready();
        Ok(context)
    }

    /// Builds the stores of a deployment on these clients.
    #[must_use]
    pub fn new(config: Config, clients: Clients) -> Self {
        let dynamodb = clients.dynamodb();
        let jobs = Jobs::new(dynamodb.clone(), config.jobs_table.clone());
        let counters = Counters::new(dynamodb.clone(), config.controls_table.clone());
        let sqs = clients.sqs();
        Self {
            videos: Videos::new(
                dynamodb.clone(),
                config.videos_table.clone(),
                jobs.clone(),
                counters.clone(),
            ),
            search: Search::new(
                dynamodb.clone(),
                config.search_table.clone(),
                config.videos_table.clone(),
            ),
            projects: Projects::new(
                dynamodb.clone(),
                config.projects_table.clone(),
                jobs.clone(),
            ),
            limits: Limits::new(dynamodb.clone(), config.controls_table.clone()),
            leases: Arc::default(),
            dead_letters: DeadLetters::new(jobs.clone()),
            bookmarks: Bookmarks::new(dynamodb.clone(), config.controls_table.clone()),
            keys: Keys::new(dynamodb, config.controls_table.clone()),
            blobs: Blobs::new(clients.s3(), config.bucket.clone()),
            queue: Queue::new(sqs.clone(), config.analysis_queue_url.clone()),
            tasks_queue: Queue::new(sqs.clone(), config.tasks_queue_url.clone()),
            builds_queue: Queue::new(sqs, config.builds_queue_url.clone()),
            cursor_key: Arc::default(),
            counters,
            memory: Arc::new(InstanceCache::new(config.memory)),
            lookup_counter: Arc::new(LookupCounter::new(config.count_lookups_every)),
            clock: Timestamp::now,
            jobs,
            config,
            clients,
        }
    }

    /// Returns the key that signs cursors.
    ///
    /// # Errors
    /// As [`Keys::cursor_key`].
    pub async fn cursor_key(&self) -> Result<&[u8; 64], Error> {
        self.cursor_key
            .get_or_try_init(|| self.keys.cursor_key())
            .await
    }

    async fn warm(&self, service: Warm) {
        match service {
            Warm::DynamoDb => self.keys.warm().await,
            Warm::S3 => self.blobs.warm().await,
            Warm::Sqs => self.queue.warm().await,
        }
    }

    /// Creates a client of the secrets of this deployment. Functions that read no secret do not
    /// need it.
    pub fn secrets(&self) -> Secrets {
        self.clients.secrets(self.config.secrets_ttl, self.clock)
    }

    /// Returns the guard of calls of these models and of other services.
    ///
    /// # Errors
    /// [`Error::Internal`] if a budget is set and a model has no price.
    pub(crate) fn guard(
        &self,
        limits: LimitsConfig,
        models: &ModelsConfig,
    ) -> Result<UpstreamGuard, Error> {
        let is_priced = |model: &String| models.prices.price_of(model).is_some();
        if limits.has_budget() && !models.names.iter().all(is_priced) {
            // A budget without prices could not be enforced.
            return Err(Error::internal(ConfigError::Missing("GEMINI_PRICES")));
        }
        let prices = models.prices.clone();
        Ok(UpstreamGuard::new(self.limits.clone(), limits, prices))
    }

    /// Returns the models of this deployment, whose calls pass the guard.
    pub(crate) fn models(
        &self,
        http: &HttpClient,
        models: ModelsConfig,
        secret: Secret,
        guard: &UpstreamGuard,
    ) -> Models {
        let (url, version) = (models.base_url, models.api_version);
        Models {
            gemini: Gemini::new(http.clone(), url, version, secret, guard.clone()),
            names: models.names,
            class: self.config.answer_class,
        }
    }
}

pub(crate) async fn warm_all<'a>(secrets: impl IntoIterator<Item = Option<&'a Secret>>) {
    join_all(secrets.into_iter().flatten().map(Secret::warm)).await;
}

pub(crate) fn youtube(
    http: HttpClient,
    config: YouTubeConfig,
    secret: Option<Secret>,
    guard: UpstreamGuard,
) -> YouTube {
    YouTube::new(http, config.base_url, config.oembed_base_url, secret, guard)
}
