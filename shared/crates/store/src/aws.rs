//! Configuration of the AWS clients, read from what Lambda puts into the environment.
//!
//! The loader of `aws-config` also knows profiles, single sign-on, web identities and the metadata
//! of machines. No function has any of these, and all of them would be in its zip and in its start.

use std::{env, time::Duration};

use crate::secrets::Secrets;
use aws_config::{
    BehaviorVersion, Region, SdkConfig, environment::EnvironmentVariableCredentialsProvider,
    identity::IdentityCache, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_sdk_dynamodb::config::SharedCredentialsProvider;
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use eventrelay_core::clock::Timestamp;

/// Idle timeout of pooled connections.
///
/// It is below the shortest one seen at a service (S3: about 20 s, aws-sdk-rust issue 1106), so
/// that a pooled connection is rarely one that the server has just closed.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// Configuration of all clients, which share one connection pool and one set of root certificates.
///
/// Its timeouts are below those of the functions, so that a request that hangs is an error and not
/// a function timeout.
fn sdk_config() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(3))
        .operation_timeout(Duration::from_secs(8))
        .build();
    let http = Builder::new()
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let mut config = SdkConfig::builder();
    config.set_region(variable("AWS_REGION").map(Region::new));
    config.set_endpoint_url(variable("AWS_ENDPOINT_URL"));
    config
        .behavior_version(BehaviorVersion::v2026_01_12())
        .credentials_provider(SharedCredentialsProvider::new(
            EnvironmentVariableCredentialsProvider::new(),
        ))
        .identity_cache(IdentityCache::lazy().build())
        .service_config(Variables)
        .http_client(http)
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(timeouts)
        .build()
}

/// Clients of the services, with one shared configuration and connection pool.
#[derive(Clone, Debug)]
pub struct Clients {
    sdk: SdkConfig,
    is_local: bool,
}

impl Clients {
    /// Reads the configuration from the environment.
    #[must_use]
    pub fn from_env() -> Self {
        let is_local = variable("AWS_ENDPOINT_URL_S3").is_some();
        Self::new(sdk_config(), is_local)
    }

    /// Clients with this configuration. `is_local` is set for the embedded services: their S3 has no
    /// host name per bucket.
    #[must_use]
    pub fn new(sdk: SdkConfig, is_local: bool) -> Self {
        Self { sdk, is_local }
    }

    #[must_use]
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.sdk)
    }

    /// Client of S3. It moves megabytes, for which the timeouts of small requests are too short.
    #[must_use]
    pub fn s3(&self) -> aws_sdk_s3::Client {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(1))
            .read_timeout(Duration::from_secs(5))
            .operation_timeout(Duration::from_secs(60))
            .build();
        let config = aws_sdk_s3::config::Builder::from(&self.sdk)
            .timeout_config(timeouts)
            .force_path_style(self.is_local)
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    #[must_use]
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.sdk)
    }

    /// Secrets of the deployment, each used for `ttl` before it is read again.
    #[must_use]
    pub fn secrets(&self, ttl: Duration, clock: fn() -> Timestamp) -> Secrets {
        let client = aws_sdk_secretsmanager::Client::new(&self.sdk);
        Secrets::new(client, ttl, clock).local(has_local_secrets())
    }
}

/// Returns whether secrets are read from the local runtime.
fn has_local_secrets() -> bool {
    variable("AWS_ENDPOINT_URL_SECRETS_MANAGER").is_some()
}

/// Environment variable with the endpoint of one service, such as `AWS_ENDPOINT_URL_DYNAMODB`
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>).
#[derive(Debug)]
struct Variables;

impl LoadServiceConfig for Variables {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().replace(' ', "_").to_ascii_uppercase();
        variable(&format!("{}_{service}", key.env()))
    }
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
