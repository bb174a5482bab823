#![allow(clippy::unwrap_used)]

use std::collections::HashMap;

use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::{
    aws,
    clients::{Clients, credentials},
    lambda::{
        Outcome,
        tests::{eventually, probe, start},
    },
};

struct Setup {
    sqs: aws_sdk_sqs::Client,
    url: String,
    lambda: Arc<Lambda>,
    enabled: watch::Sender<bool>,
    _services: aws::Services,
    _data: TempDir,
    _stop: watch::Sender<bool>,
}

async fn setup(change: impl FnOnce(&mut QueueSource)) -> Setup {
    let data = TempDir::new().unwrap();
    let (stop, shutdown) = watch::channel(false);
    let services = aws::start(data.path(), &credentials(), shutdown.clone())
        .await
        .unwrap();
    let sqs = Clients::new(&services).sqs;
    let attributes = HashMap::from([(QueueAttributeName::VisibilityTimeout, "300".to_owned())]);
    let created = sqs
        .create_queue()
        .queue_name("work")
        .set_attributes(Some(attributes))
        .send()
        .await
        .unwrap();
    let url = created.queue_url.unwrap();
    let lambda = start(&[probe("Probe")], &data);
    let mut source = QueueSource {
        queue: "Work".into(),
        batch_size: 1,
        batching_window: Duration::ZERO,
        report_batch_item_failures: true,
        maximum_concurrency: Some(2),
    };
    change(&mut source);
    let enabled = watch::Sender::new(true);
    let mapping = Mapping {
        function: "Probe".into(),
        queue_url: url.clone(),
        queue_arn: "arn:aws:sqs:us-east-1:000000000000:work".into(),
        source,
        default_concurrency: 4,
        enabled: enabled.subscribe(),
        lambda: lambda.clone(),
        sqs: sqs.clone(),
    };
    tokio::spawn(mapping.run(shutdown));
    Setup {
        sqs,
        url,
        lambda,
        enabled,
        _services: services,
        _data: data,
        _stop: stop,
    }
}

impl Setup {
    async fn send(&self, body: &Value) {
        self.sqs
            .send_message()
            .queue_url(&self.url)
            .message_body(body.to_string())
            .send()
            .await
            .unwrap();
    }

    /// Returns the numbers of visible and invisible messages.
    async fn counts(&self) -> (String, String) {
        let attributes = self
            .sqs
            .get_queue_attributes()
            .queue_url(&self.url)
            .attribute_names(QueueAttributeName::All)
            .send()
            .await
            .unwrap()
            .attributes
            .unwrap();
        let count = |name| attributes.get(&name).cloned().unwrap_or_default();
        (
            count(QueueAttributeName::ApproximateNumberOfMessages),
            count(QueueAttributeName::ApproximateNumberOfMessagesNotVisible),
        )
    }

    async fn eventually_counts(&self, visible: &str, invisible: &str) {
        let expected = (visible.to_owned(), invisible.to_owned());
        let waited = tokio::time::timeout(Duration::from_secs(20), async {
            let mut ticks = tokio::time::interval(Duration::from_millis(10));
            while self.counts().await != expected {
                ticks.tick().await;
            }
        });
        assert!(
            waited.await.is_ok(),
            "{:?} is not {expected:?}",
            self.counts().await
        );
    }
}

#[tokio::test]
async fn processed_message_is_deleted() {
    let setup = setup(|_| {}).await;
    setup.send(&json!({ "do": "answer", "with": null })).await;
    setup
        .send(&json!({ "do": "answer", "with": { "batchItemFailures": [] } }))
        .await;
    eventually("two invocations", || setup.lambda.invocations().len() == 2).await;
    setup.eventually_counts("0", "0").await;
}

#[tokio::test]
async fn disabled_mapping_leaves_messages_in_the_queue() {
    let setup = setup(|_| {}).await;
    setup.enabled.send_replace(false);
    setup.send(&json!({ "do": "answer", "with": null })).await;
    setup.eventually_counts("1", "0").await;
    assert!(setup.lambda.invocations().is_empty());
    setup.enabled.send_replace(true);
    setup.eventually_counts("0", "0").await;
    assert_eq!(setup.lambda.invocations().len(), 1);
}

#[tokio::test]
async fn failed_message_stays_invisible() {
    let setup = setup(|_| {}).await;
    setup.send(&json!({ "do": "fail" })).await;
    setup.send(&json!({ "do": "answer", "with": { "batchItemFailures": [{ "itemIdentifier": "?" }] } })).await;
    eventually("two invocations", || setup.lambda.invocations().len() == 2).await;
    setup.eventually_counts("0", "2").await;
    let outcomes: Vec<_> = setup
        .lambda
        .invocations()
        .iter()
        .map(|record| record.outcome)
        .collect();
    assert!(outcomes.contains(&Outcome::Error) && outcomes.contains(&Outcome::Success));
}

#[tokio::test]
async fn reported_message_of_a_batch_fails_alone() {
    let setup = setup(|source| {
        source.batch_size = 3;
        source.batching_window = Duration::from_secs(20);
    })
    .await;
    for index in 0..3 {
        setup
            .send(&json!({ "do": "fail-second", "index": index }))
            .await;
    }
    eventually("one invocation", || setup.lambda.invocations().len() == 1).await;
    setup.eventually_counts("0", "1").await;
}

#[tokio::test]
async fn mapping_stays_within_its_maximum_concurrency() {
    let setup = setup(|_| {}).await;
    let gate = setup._data.path().join("gate");
    for _ in 0..4 {
        setup.send(&json!({ "do": "wait", "path": gate })).await;
    }
    setup.eventually_counts("2", "2").await;
    eventually("two instances", || setup.lambda.instances().len() == 2).await;
    std::fs::write(&gate, "").unwrap();
    eventually("all are done", || setup.lambda.invocations().len() == 4).await;
    assert_eq!(setup.lambda.instances().len(), 2);
    setup.eventually_counts("0", "0").await;
}
