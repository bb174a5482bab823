//! Clients of a stack's AWS services.

use aws_sdk_dynamodb::{config as dynamodb, types::AttributeValue};
use aws_sdk_s3::config as s3;
use aws_sdk_secretsmanager::config as secretsmanager;
use aws_sdk_sqs::config as sqs;
use sha2::Digest;

use crate::{Ready, Stack, gate::http_client};

const REGION: &str = "us-east-1";
const KEY: &str = "local";

impl Ready {
    /// A client of SQS.
    #[must_use]
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(sqs::BehaviorVersion::latest())
            .region(sqs::Region::from_static(REGION))
            .credentials_provider(s3::Credentials::new(KEY, KEY, None, None, "tests"))
            .http_client(http_client())
            .endpoint_url(&self.aws.sqs)
            .build();
        aws_sdk_sqs::Client::from_conf(config)
    }
}

impl Stack {
    /// A client of DynamoDB.
    #[must_use]
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::from_conf(self.dynamodb_config().build())
    }

    /// Configuration of a DynamoDB client, for tests that add interceptors.
    #[must_use]
    pub fn dynamodb_config(&self) -> dynamodb::Builder {
        aws_sdk_dynamodb::Config::builder()
            .behavior_version(dynamodb::BehaviorVersion::latest())
            .region(dynamodb::Region::from_static(REGION))
            .credentials_provider(s3::Credentials::new(KEY, KEY, None, None, "tests"))
            .http_client(http_client())
            .endpoint_url(&self.ready.aws.dynamodb)
    }

    /// A client of S3.
    #[must_use]
    pub fn s3(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(s3::BehaviorVersion::latest())
            .region(s3::Region::from_static(REGION))
            .credentials_provider(s3::Credentials::new(KEY, KEY, None, None, "tests"))
            .http_client(http_client())
            .endpoint_url(&self.ready.aws.s3)
            .force_path_style(true)
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    /// A client of SQS.
    #[must_use]
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        self.ready.sqs()
    }

    /// A client of Secrets Manager.
    #[must_use]
    pub fn secrets_manager(&self) -> aws_sdk_secretsmanager::Client {
        let config = aws_sdk_secretsmanager::Config::builder()
            .behavior_version(secretsmanager::BehaviorVersion::latest())
            .region(secretsmanager::Region::from_static(REGION))
            .credentials_provider(s3::Credentials::new(KEY, KEY, None, None, "tests"))
            .http_client(http_client())
            .endpoint_url(&self.ready.aws.secrets_manager)
            .build();
        aws_sdk_secretsmanager::Client::from_conf(config)
    }

    /// URL of a queue, by its logical id.
    #[must_use]
    pub fn queue_url(&self, logical_id: &str) -> String {
        self.name(logical_id).to_owned()
    }

    /// Adds an API key with these scopes.
    pub async fn accept_key(&self, key: &str, scopes: &[&str]) -> anyhow::Result<()> {
        let hash = hex::encode(sha2::Sha256::digest(key));
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        self.dynamodb()
            .put_item()
            .table_name(self.name("ControlsTable"))
            .item("pk", AttributeValue::S(format!("key#{}", &hash[..16])))
            .item("hash", AttributeValue::S(hash))
            .item("scopes", AttributeValue::Ss(scopes))
            .send()
            .await?;
        Ok(())
    }
}
