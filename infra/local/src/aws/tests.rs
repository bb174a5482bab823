//! Tests of the services with the SDKs, and the set-up that they share.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType, TimeToLiveSpecification,
};
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use tempfile::TempDir;
use tokio::{sync::watch, task::JoinSet};

use super::{Clock, REGION, Services, start};

pub(super) fn credentials() -> Credentials {
    Credentials::builder()
        .access_key_id("local")
        .secret_access_key("local-secret")
        .provider_name("tests")
        .build()
}

macro_rules! config {
    ($sdk:ident, $url:expr) => {
        $sdk::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(credentials())
            .http_client(crate::clients::http())
            .endpoint_url($url)
    };
}

pub(super) fn s3_client(url: &str) -> aws_sdk_s3::Client {
    aws_sdk_s3::Client::from_conf(config!(aws_sdk_s3, url).force_path_style(true).build())
}

pub(super) fn sqs_client(url: &str) -> aws_sdk_sqs::Client {
    aws_sdk_sqs::Client::from_conf(config!(aws_sdk_sqs, url).build())
}

fn dynamodb_client(url: &str) -> aws_sdk_dynamodb::Client {
    aws_sdk_dynamodb::Client::from_conf(config!(aws_sdk_dynamodb, url).build())
}

/// A single service with a clock that only the test moves.
pub(super) struct Alone {
    pub(super) url: String,
    now_ms: Arc<AtomicI64>,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

macro_rules! alone {
    ($service:ident, $data:expr) => {
        $crate::aws::tests::Alone::start(async |clock, shutdown, tasks| {
            let credentials = $crate::aws::tests::credentials();
            $crate::aws::$service::start($data, &credentials, clock, shutdown, tasks).await
        })
    };
}
pub(super) use alone;

impl Alone {
    pub(super) async fn start(
        start: impl AsyncFnOnce(
            Clock,
            &watch::Receiver<bool>,
            &mut JoinSet<()>,
        ) -> anyhow::Result<String>,
    ) -> Self {
        let now_ms = Arc::new(AtomicI64::new(1_800_000_000_000));
        let read = Arc::clone(&now_ms);
        let clock = Clock(Arc::new(move || read.load(Ordering::SeqCst)));
        let (stop, shutdown) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let url = start(clock, &shutdown, &mut tasks).await.unwrap();
        Self {
            url,
            now_ms,
            stop,
            tasks,
        }
    }

    pub(super) fn advance_s(&self, seconds: i64) {
        self.now_ms.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    pub(super) async fn stop(mut self) {
        self.stop.send(true).unwrap();
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn started(data: &Path) -> (Services, watch::Sender<bool>) {
    let (stop, shutdown) = watch::channel(false);
    (start(data, &credentials(), shutdown).await.unwrap(), stop)
}

async fn stopped((services, stop): (Services, watch::Sender<bool>)) {
    stop.send(true).unwrap();
    services.stopped().await;
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

async fn create_table(client: &aws_sdk_dynamodb::Client) {
    let name = AttributeDefinition::builder()
        .attribute_name("pk")
        .attribute_type(ScalarAttributeType::S);
    let key = KeySchemaElement::builder()
        .attribute_name("pk")
        .key_type(KeyType::Hash);
    client
        .create_table()
        .table_name("videos")
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(name.build().unwrap())
        .key_schema(key.build().unwrap())
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn data_survives_a_restart() {
    let data = TempDir::new().unwrap();
    let first = started(data.path()).await;
    let dynamodb = dynamodb_client(&first.0.dynamodb);
    create_table(&dynamodb).await;
    dynamodb
        .put_item()
        .table_name("videos")
        .item("pk", text("yt:1"))
        .send()
        .await
        .unwrap();
    let s3 = s3_client(&first.0.s3);
    s3.create_bucket().bucket("bucket").send().await.unwrap();
    s3.put_object()
        .bucket("bucket")
        .key("k")
        .body(b"body".to_vec().into())
        .send()
        .await
        .unwrap();
    let sqs = sqs_client(&first.0.sqs);
    let old_url = sqs
        .create_queue()
        .queue_name("queue")
        .send()
        .await
        .unwrap()
        .queue_url
        .unwrap();
    sqs.send_message()
        .queue_url(&old_url)
        .message_body("hello")
        .send()
        .await
        .unwrap();
    let received = sqs
        .receive_message()
        .queue_url(&old_url)
        .send()
        .await
        .unwrap();
    assert_eq!(received.messages().len(), 1);
    stopped(first).await;

    let second = started(data.path()).await;
    let dynamodb = dynamodb_client(&second.0.dynamodb);
    let item = dynamodb
        .get_item()
        .table_name("videos")
        .key("pk", text("yt:1"));
    assert!(item.send().await.unwrap().item.is_some());
    let s3 = s3_client(&second.0.s3);
    let object = s3
        .get_object()
        .bucket("bucket")
        .key("k")
        .send()
        .await
        .unwrap();
    assert_eq!(object.body.collect().await.unwrap().into_bytes(), "body");
    let sqs = sqs_client(&second.0.sqs);
    let received = sqs
        .receive_message()
        .queue_url(&old_url)
        .send()
        .await
        .unwrap();
    assert_eq!(received.messages()[0].body(), Some("hello"));
    let new_url = sqs
        .get_queue_url()
        .queue_name("queue")
        .send()
        .await
        .unwrap()
        .queue_url
        .unwrap();
    assert!(new_url.starts_with(&second.0.sqs), "{new_url}");
    stopped(second).await;
}

#[tokio::test]
async fn folder_in_use_is_refused() {
    let data = TempDir::new().unwrap();
    let first = started(data.path()).await;
    let (_stop, shutdown) = watch::channel(false);
    let refused = start(data.path(), &credentials(), shutdown)
        .await
        .unwrap_err();
    assert!(
        refused.to_string().contains("another local runtime"),
        "{refused:#}"
    );
    stopped(first).await;
}

#[tokio::test]
async fn failed_conditional_write_returns_the_current_item() {
    let data = TempDir::new().unwrap();
    let services = started(data.path()).await;
    let client = dynamodb_client(&services.0.dynamodb);
    create_table(&client).await;
    let claim = |owner: &str| {
        client
            .put_item()
            .table_name("videos")
            .item("pk", text("yt:1"))
            .item("owner", text(owner))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(
                aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure::AllOld,
            )
            .send()
    };
    claim("first").await.unwrap();
    let lost = claim("second").await.unwrap_err().into_service_error();
    let aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(lost) =
        lost
    else {
        panic!("{lost:?}");
    };
    assert_eq!(lost.item().unwrap()["owner"], text("first"));
    stopped(services).await;
}

#[tokio::test]
async fn sweep_deletes_expired_items() {
    let data = TempDir::new().unwrap();
    let first = started(data.path()).await;
    let client = dynamodb_client(&first.0.dynamodb);
    create_table(&client).await;
    let ttl = TimeToLiveSpecification::builder()
        .attribute_name("ttl")
        .enabled(true)
        .build();
    let enable = client.update_time_to_live().table_name("videos");
    enable
        .time_to_live_specification(ttl.unwrap())
        .send()
        .await
        .unwrap();
    let now_s = Clock::system().now_ms() / 1000;
    for (key, ttl) in [("expired", now_s - 60), ("valid", now_s + 600)] {
        let put = client.put_item().table_name("videos").item("pk", text(key));
        put.item("ttl", AttributeValue::N(ttl.to_string()))
            .send()
            .await
            .unwrap();
    }
    stopped(first).await;

    // Every start runs a sweep.
    let second = started(data.path()).await;
    let client = dynamodb_client(&second.0.dynamodb);
    let get = |key: &str| {
        client
            .get_item()
            .table_name("videos")
            .key("pk", text(key))
            .send()
    };
    let deadline = Instant::now() + Duration::from_secs(10);
    while get("expired").await.unwrap().item.is_some() {
        assert!(Instant::now() < deadline, "not swept");
    }
    assert!(get("valid").await.unwrap().item.is_some());
    stopped(second).await;
}
