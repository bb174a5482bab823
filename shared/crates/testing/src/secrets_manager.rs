//! Secrets Manager with one secret.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU16, Ordering},
};

use aws_sdk_secretsmanager::{
    Client,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig},
};

use crate::{Reply, Responder};

/// A running Secrets Manager.
pub struct SecretsManager {
    server: Responder,
    status: Arc<AtomicU16>,
    text: Arc<Mutex<String>>,
}

impl SecretsManager {
    /// Starts a Secrets Manager whose secret is `text`.
    pub async fn start(text: &str) -> Self {
        let status = Arc::new(AtomicU16::new(200));
        let text = Arc::new(Mutex::new(text.to_owned()));
        let (answered, told) = (status.clone(), text.clone());
        let server = Responder::start(move |_| {
            let body = match answered.load(Ordering::Relaxed) {
                200 => serde_json::json!({"Name": "s", "SecretString": *told.lock().unwrap()}),
                400 => serde_json::json!({"__type": "ResourceNotFoundException", "Message": "no"}),
                _ => serde_json::json!({"__type": "InternalServiceError"}),
            };
            Reply::new(answered.load(Ordering::Relaxed), body.to_string())
                .header("content-type", "application/x-amz-json-1.1")
        })
        .await;
        Self {
            server,
            status,
            text,
        }
    }

    /// Client of this Secrets Manager, without retries.
    #[must_use]
    pub fn client(&self) -> Client {
        let config = aws_sdk_secretsmanager::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new("a", "b", None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(self.server.url.as_str())
            .build();
        Client::from_conf(config)
    }

    pub fn holds(&self, text: &str) {
        text.clone_into(&mut self.text.lock().unwrap());
    }

    /// Answers with this status from now on.
    pub fn answers(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    #[must_use]
    pub fn seen(&self) -> Vec<crate::Seen> {
        self.server.seen()
    }
}
