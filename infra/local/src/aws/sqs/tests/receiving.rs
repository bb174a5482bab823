use std::time::Instant;

use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};
use tempfile::TempDir;

use super::{attribute, bodies, code, counts, create, delete, receive, send, started};
use crate::aws::tests::{credentials, sqs_client};

#[tokio::test]
async fn message_is_invisible_until_its_timeout_and_old_receipts_are_void() {
    let data = TempDir::new().unwrap();
    let (service, client) = started(data.path()).await;
    let url = create(
        &client,
        "queue",
        &[(QueueAttributeName::VisibilityTimeout, "30")],
    )
    .await;
    send(&client, &url, "job").await;
    let first = receive(&client, &url).await;
    assert_eq!(
        attribute(
            &first[0],
            MessageSystemAttributeName::ApproximateReceiveCount
        ),
        "1"
    );
    assert_eq!(counts(&client, &url).await, ["0", "1", "0"]);
    service.advance_s(29);
    assert!(receive(&client, &url).await.is_empty());
    service.advance_s(1);
    let second = receive(&client, &url).await;
    assert_eq!(
        attribute(
            &second[0],
            MessageSystemAttributeName::ApproximateReceiveCount
        ),
        "2"
    );
    let first_receive = MessageSystemAttributeName::ApproximateFirstReceiveTimestamp;
    assert_eq!(attribute(&second[0], first_receive), "1800000000000");
    assert_eq!(
        attribute(&second[0], MessageSystemAttributeName::SenderId),
        "local"
    );

    delete(&client, &url, &first[0]).await;
    assert_eq!(counts(&client, &url).await, ["0", "1", "0"]);
    delete(&client, &url, &second[0]).await;
    assert_eq!(counts(&client, &url).await, ["0", "0", "0"]);
    service.stop().await;
}

#[tokio::test]
async fn visibility_of_a_message_in_flight_can_be_changed() {
    let data = TempDir::new().unwrap();
    let (service, client) = started(data.path()).await;
    let url = create(&client, "queue", &[]).await;
    send(&client, &url, "job").await;
    let message = receive(&client, &url).await.remove(0);
    let change = |seconds| {
        let handle = message.receipt_handle().unwrap();
        let change = client
            .change_message_visibility()
            .queue_url(&url)
            .receipt_handle(handle);
        change.visibility_timeout(seconds).send()
    };
    change(100).await.unwrap();
    service.advance_s(99);
    assert!(receive(&client, &url).await.is_empty());
    // The twelve hours count from the receive.
    assert_eq!(
        code(change(43_200).await.unwrap_err()),
        "InvalidParameterValue"
    );
    assert_eq!(
        code(change(43_201).await.unwrap_err()),
        "InvalidParameterValue"
    );
    change(0).await.unwrap();
    let in_flight = change(10).await.unwrap_err().into_service_error();
    assert!(in_flight.is_message_not_inflight(), "{in_flight:?}");
    assert_eq!(receive(&client, &url).await.len(), 1);
    assert_eq!(code(change(10).await.unwrap_err()), "InvalidParameterValue");
    service.stop().await;
}

#[tokio::test]
async fn delayed_message_becomes_visible_after_its_delay() {
    let data = TempDir::new().unwrap();
    let (service, client) = started(data.path()).await;
    let url = create(&client, "queue", &[(QueueAttributeName::DelaySeconds, "5")]).await;
    send(&client, &url, "of the queue").await;
    let own = client
        .send_message()
        .queue_url(&url)
        .message_body("own")
        .delay_seconds(900);
    own.send().await.unwrap();
    assert_eq!(counts(&client, &url).await, ["0", "0", "2"]);
    service.advance_s(5);
    assert_eq!(bodies(&receive(&client, &url).await), ["of the queue"]);
    service.advance_s(895);
    assert_eq!(
        bodies(&receive(&client, &url).await),
        ["of the queue", "own"]
    );
    let longer = client
        .send_message()
        .queue_url(&url)
        .message_body("x")
        .delay_seconds(901);
    assert_eq!(
        code(longer.send().await.unwrap_err()),
        "InvalidParameterValue"
    );
    service.stop().await;
}

#[tokio::test]
async fn waiting_receive_returns_when_a_message_is_sent() {
    let data = TempDir::new().unwrap();
    let (_stop, shutdown) = tokio::sync::watch::channel(false);
    let services = crate::aws::start(data.path(), &credentials(), shutdown)
        .await
        .unwrap();
    let client = sqs_client(&services.sqs);
    let url = create(&client, "queue", &[]).await;
    let wait = || {
        client
            .receive_message()
            .queue_url(&url)
            .wait_time_seconds(20)
            .send()
    };

    let started = Instant::now();
    let waiting = tokio::spawn(wait());
    send(&client, &url, "now").await;
    assert_eq!(waiting.await.unwrap().unwrap().messages().len(), 1);
    let delayed = client
        .send_message()
        .queue_url(&url)
        .message_body("soon")
        .delay_seconds(1);
    delayed.send().await.unwrap();
    assert_eq!(wait().await.unwrap().messages().len(), 1);
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());

    let started = Instant::now();
    let empty = client
        .receive_message()
        .queue_url(&url)
        .wait_time_seconds(1)
        .send()
        .await
        .unwrap();
    assert!(empty.messages().is_empty());
    assert!(
        started.elapsed().as_millis() >= 1000,
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn message_above_its_receive_count_moves_to_the_dead_letter_queue() {
    let data = TempDir::new().unwrap();
    let (service, client) = started(data.path()).await;
    let policy = r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":"2"}"#;
    let early = client.create_queue().queue_name("queue");
    let early = early
        .attributes(QueueAttributeName::RedrivePolicy, policy)
        .send()
        .await;
    assert_eq!(code(early.unwrap_err()), "InvalidParameterValue");
    let dead = create(&client, "dead", &[]).await;
    let url = create(
        &client,
        "queue",
        &[(QueueAttributeName::RedrivePolicy, policy)],
    )
    .await;
    send(&client, &url, "poison").await;
    for _ in 0..2 {
        assert_eq!(bodies(&receive(&client, &url).await), ["poison"]);
        service.advance_s(30);
        assert!(receive(&client, &dead).await.is_empty());
    }
    send(&client, &url, "good").await;
    assert_eq!(bodies(&receive(&client, &url).await), ["good"]);
    let letters = receive(&client, &dead).await;
    assert_eq!(bodies(&letters), ["poison"]);
    let source = MessageSystemAttributeName::DeadLetterQueueSourceArn;
    assert_eq!(
        attribute(&letters[0], source),
        "arn:aws:sqs:us-east-1:000000000000:queue"
    );
    assert_eq!(
        attribute(
            &letters[0],
            MessageSystemAttributeName::ApproximateReceiveCount
        ),
        "3"
    );
    service.stop().await;
}

#[tokio::test]
async fn message_is_deleted_after_the_retention_period() {
    let data = TempDir::new().unwrap();
    let (service, client) = started(data.path()).await;
    let retention = [(QueueAttributeName::MessageRetentionPeriod, "60")];
    let url = create(&client, "queue", &retention).await;
    send(&client, &url, "old").await;
    service.advance_s(59);
    send(&client, &url, "new").await;
    assert_eq!(counts(&client, &url).await, ["2", "0", "0"]);
    service.advance_s(1);
    assert_eq!(bodies(&receive(&client, &url).await), ["new"]);
    service.stop().await;
}

#[tokio::test]
async fn message_in_flight_is_visible_after_a_restart() {
    let data = TempDir::new().unwrap();
    let (service, client) = started(data.path()).await;
    let url = create(&client, "queue", &[]).await;
    send(&client, &url, "in flight").await;
    let before = receive(&client, &url).await;
    let delayed = client
        .send_message()
        .queue_url(&url)
        .message_body("delayed")
        .delay_seconds(9);
    delayed.send().await.unwrap();
    service.stop().await;

    let (service, client) = started(data.path()).await;
    assert_eq!(counts(&client, &url).await, ["1", "0", "1"]);
    let after = receive(&client, &url).await;
    assert_eq!(bodies(&after), ["in flight"]);
    assert_eq!(
        attribute(
            &after[0],
            MessageSystemAttributeName::ApproximateReceiveCount
        ),
        "2"
    );
    delete(&client, &url, &before[0]).await;
    assert_eq!(counts(&client, &url).await, ["0", "1", "1"]);
    service.stop().await;
}
