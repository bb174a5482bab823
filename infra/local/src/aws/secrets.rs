//! Secrets Manager: secrets that functions read and that tests rotate. They are in memory only, so
//! that no key of the user reaches the disk.
//!
//! AWS JSON 1.1, `GetSecretValue` and `PutSecretValue` of
//! <https://docs.aws.amazon.com/secretsmanager/latest/apireference/>. Only the current version
//! exists. Signatures are not verified, but a request must name the access key.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use aws_sdk_sqs::config::Credentials;
use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinSet};
use uuid::Uuid;

use super::{
    ACCOUNT_ID, Clock, REGION,
    json::{answer, header, names_key},
    serve,
};
use crate::sync;

const JSON: &str = "application/x-amz-json-1.1";

/// Maximum size of a secret
/// (<https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html>).
const MAX_SECRET_BYTES: usize = 65_536;

/// Room for a secret in which every byte is a `\u0000` escape, and for the rest of the request.
const MAX_REQUEST_BYTES: usize = 7 * MAX_SECRET_BYTES;

/// Secrets, which all clones share.
#[derive(Clone)]
pub(crate) struct Vault {
    secrets: Arc<Mutex<BTreeMap<String, Secret>>>,
    clock: Clock,
    access_key_id: String,
}

struct Secret {
    text: String,
    version: Uuid,
    changed_ms: i64,
}

impl Vault {
    /// Creates a secret or replaces its text.
    pub(crate) fn put(&self, name: &str, text: &str) {
        let secret = Secret {
            text: text.to_owned(),
            version: Uuid::now_v7(),
            changed_ms: self.clock.now_ms(),
        };
        self.lock().insert(name.to_owned(), secret);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Secret>> {
        sync::lock(&self.secrets)
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let secrets = self.lock();
        formatter.debug_set().entries(secrets.keys()).finish()
    }
}

/// Starts Secrets Manager without secrets and returns its base URL.
///
/// # Errors
/// If no port is free.
pub(super) async fn start(
    credentials: &Credentials,
    clock: Clock,
    shutdown: &watch::Receiver<bool>,
    tasks: &mut JoinSet<()>,
) -> anyhow::Result<(String, Vault)> {
    let vault = Vault {
        secrets: Arc::default(),
        clock,
        access_key_id: credentials.access_key_id().to_owned(),
    };
    let router = Router::new()
        .fallback(handle)
        .layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES))
        .with_state(vault.clone());
    Ok((serve(router, shutdown, tasks).await?, vault))
}

/// Error type and message of a response with status 400.
type Failure = (&'static str, &'static str);

const NO_SUCH_TOKEN: Failure = (
    "UnrecognizedClientException",
    "The security token included in the request is invalid.",
);
const NO_SUCH_SECRET: Failure = (
    "ResourceNotFoundException",
    "Secrets Manager can't find the specified secret.",
);
const NO_SUCH_VERSION: Failure = (
    "ResourceNotFoundException",
    "Secrets Manager can't find the specified secret value.",
);
const NO_SUCH_ACTION: Failure = (
    "UnknownOperationException",
    "The action is not available on this endpoint.",
);
const MALFORMED: Failure = ("SerializationException", "The request cannot be read.");
const INVALID_TEXT: Failure = (
    "InvalidParameterException",
    "The secret string must have from 1 to 65536 bytes.",
);

async fn handle(State(vault): State<Vault>, headers: HeaderMap, body: Bytes) -> Response {
    match perform(&vault, &headers, &body) {
        Ok(output) => answer(StatusCode::OK, JSON, &output),
        Err((shape, message)) => {
            let body = json!({ "__type": shape, "Message": message });
            answer(StatusCode::BAD_REQUEST, JSON, &body)
        }
    }
}

fn perform(vault: &Vault, headers: &HeaderMap, body: &[u8]) -> Result<Value, Failure> {
    if !names_key(headers, &vault.access_key_id) {
        return Err(NO_SUCH_TOKEN);
    }
    match header(headers, "x-amz-target") {
        Some("secretsmanager.GetSecretValue") => get(vault, body),
        Some("secretsmanager.PutSecretValue") => put(vault, body),
        _ => Err(NO_SUCH_ACTION),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetSecretValue {
    secret_id: String,
    version_id: Option<String>,
    version_stage: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutSecretValue {
    secret_id: String,
    secret_string: String,
}

fn get(vault: &Vault, body: &[u8]) -> Result<Value, Failure> {
    let request: GetSecretValue = serde_json::from_slice(body).map_err(|_| MALFORMED)?;
    let secrets = vault.lock();
    let name = name(&request.secret_id);
    let secret = secrets.get(name).ok_or(NO_SUCH_SECRET)?;
    let version = secret.version.to_string();
    let is_other = |asked: Option<String>, there: &str| asked.is_some_and(|asked| asked != there);
    if is_other(request.version_id, &version) || is_other(request.version_stage, "AWSCURRENT") {
        return Err(NO_SUCH_VERSION);
    }
    let mut output = description(name, secret);
    output["SecretString"] = secret.text.clone().into();
    // Times in the JSON protocols are seconds with a fraction.
    let millis = u32::try_from(secret.changed_ms % 1000).unwrap_or_default();
    output["CreatedDate"] = json!((secret.changed_ms / 1000) as f64 + f64::from(millis) / 1000.0);
    Ok(output)
}

fn put(vault: &Vault, body: &[u8]) -> Result<Value, Failure> {
    let request: PutSecretValue = serde_json::from_slice(body).map_err(|_| MALFORMED)?;
    if !(1..=MAX_SECRET_BYTES).contains(&request.secret_string.len()) {
        return Err(INVALID_TEXT);
    }
    let name = name(&request.secret_id);
    if !vault.lock().contains_key(name) {
        return Err(NO_SUCH_SECRET);
    }
    vault.put(name, &request.secret_string);
    let secrets = vault.lock();
    secrets
        .get(name)
        .map(|secret| description(name, secret))
        .ok_or(NO_SUCH_SECRET)
}

/// Suffix of the ARN of a secret. AWS uses six random characters.
const SUFFIX: &str = "-local0";

fn description(name: &str, secret: &Secret) -> Value {
    json!({
        "ARN": format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT_ID}:secret:{name}{SUFFIX}"),
        "Name": name,
        "VersionId": secret.version.to_string(),
        "VersionStages": ["AWSCURRENT"],
    })
}

/// Returns the name in an id, which is a name or an ARN.
fn name(id: &str) -> &str {
    let arn = id.split_once(":secret:").map(|(_, name)| name);
    arn.and_then(|name| name.strip_suffix(SUFFIX)).unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use aws_sdk_secretsmanager::{
        Client, Config,
        config::{BehaviorVersion, Credentials, Region},
        error::ProvideErrorMetadata as _,
    };
    use tempfile::TempDir;

    use super::*;
    use crate::{aws, clients};

    fn client(endpoint: &str, access_key_id: &str) -> Client {
        let credentials = Credentials::new(access_key_id, "local", None, None, "test");
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static(REGION))
            .credentials_provider(credentials)
            .http_client(clients::http())
            .endpoint_url(endpoint)
            .build();
        Client::from_conf(config)
    }

    #[tokio::test]
    async fn secret_can_be_read_and_replaced() {
        let data = TempDir::new().unwrap();
        let (_stop, shutdown) = watch::channel(false);
        let services = aws::start(data.path(), &clients::credentials(), shutdown)
            .await
            .unwrap();
        services.vault.put("a/key", "hush-1");
        let client = client(&services.secrets_manager, "local");
        let get = async |id: &str| client.get_secret_value().secret_id(id).send().await;
        let first = get("a/key").await.unwrap();
        assert_eq!(first.secret_string(), Some("hush-1"));
        assert_eq!(first.version_stages(), ["AWSCURRENT"]);
        let by_arn = get(first.arn().unwrap()).await.unwrap();
        assert_eq!(
            (by_arn.name(), by_arn.secret_string()),
            (Some("a/key"), Some("hush-1"))
        );

        let put = client
            .put_secret_value()
            .secret_id("a/key")
            .secret_string("hush-2");
        let put = put.send().await.unwrap();
        let second = get("a/key").await.unwrap();
        assert_eq!(second.secret_string(), Some("hush-2"));
        assert_eq!(second.version_id(), put.version_id());
        assert_ne!(second.version_id(), first.version_id());
        assert!(second.created_date().unwrap() >= first.created_date().unwrap());
        let old = client.get_secret_value().secret_id("a/key");
        let old = old.set_version_id(first.version_id).send().await;
        assert!(
            old.unwrap_err()
                .into_service_error()
                .is_resource_not_found_exception()
        );

        let lost = get("lost").await.unwrap_err().into_service_error();
        assert!(lost.is_resource_not_found_exception());
        let message = "Secrets Manager can't find the specified secret.";
        assert_eq!(lost.message(), Some(message));
        let lost = client
            .put_secret_value()
            .secret_id("lost")
            .secret_string("x");
        let lost = lost.send().await.unwrap_err().into_service_error();
        assert!(lost.is_resource_not_found_exception());
        let listed = client.list_secrets().send().await.unwrap_err();
        assert_eq!(listed.code(), Some("UnknownOperationException"));
        assert!(!format!("{:?}", services.vault).contains("hush"));
    }

    #[tokio::test]
    async fn request_with_another_access_key_is_refused() {
        let data = TempDir::new().unwrap();
        let (_stop, shutdown) = watch::channel(false);
        let services = aws::start(data.path(), &clients::credentials(), shutdown)
            .await
            .unwrap();
        services.vault.put("a", "hush");
        let other = client(&services.secrets_manager, "other");
        let refused = other.get_secret_value().secret_id("a").send().await;
        assert_eq!(
            refused.unwrap_err().code(),
            Some("UnrecognizedClientException")
        );
    }
}
