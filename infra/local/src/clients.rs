//! Clients of the embedded services, configured like those of the functions.

use std::collections::BTreeMap;

use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region, SharedHttpClient};

use crate::{aws::Services, template::REGION};

/// Access key of all embedded services. It is no secret: the services listen on 127.0.0.1 only.
const ACCESS_KEY_ID: &str = "local";
const SECRET_ACCESS_KEY: &str = "local";

#[derive(Clone, Debug)]
pub(crate) struct Clients {
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
}

pub(crate) fn credentials() -> Credentials {
    Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, "local")
}

/// Environment variables that hold endpoints and credentials for the SDKs.
pub(crate) fn environment(services: &Services) -> BTreeMap<String, String> {
    [
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID),
        ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY),
        ("AWS_ENDPOINT_URL_DYNAMODB", &services.dynamodb),
        ("AWS_ENDPOINT_URL_S3", &services.s3),
        (
            "AWS_ENDPOINT_URL_SECRETS_MANAGER",
            &services.secrets_manager,
        ),
        ("AWS_ENDPOINT_URL_SQS", &services.sqs),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// Returns an HTTP client without TLS.
pub(crate) fn http() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_http()
}

pub(crate) fn dynamodb(endpoint: &str) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .credentials_provider(credentials())
        .http_client(http())
        .endpoint_url(endpoint)
        .build();
    aws_sdk_dynamodb::Client::from_conf(config)
}

impl Clients {
    pub(crate) fn new(services: &Services) -> Self {
        let behavior = BehaviorVersion::latest;
        let region = Region::from_static(REGION);
        let s3 = aws_sdk_s3::Config::builder()
            .behavior_version(behavior())
            .region(region.clone())
            .credentials_provider(credentials())
            .http_client(http())
            .endpoint_url(&services.s3)
            .force_path_style(true)
            .build();
        let sqs = aws_sdk_sqs::Config::builder()
            .behavior_version(behavior())
            .region(region)
            .credentials_provider(credentials())
            .http_client(http())
            .endpoint_url(&services.sqs)
            .build();
        Self {
            dynamodb: dynamodb(&services.dynamodb),
            s3: aws_sdk_s3::Client::from_conf(s3),
            sqs: aws_sdk_sqs::Client::from_conf(sqs),
        }
    }
}
