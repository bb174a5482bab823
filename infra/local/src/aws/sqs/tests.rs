use std::{collections::HashMap, path::Path, time::Instant};

use aws_sdk_sqs::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    primitives::Blob,
    types::{
        ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message,
        MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName,
        SendMessageBatchRequestEntry,
    },
};
use tempfile::TempDir;

use super::super::tests::{Alone, alone, sqs_client};

async fn started(data: &Path) -> (Alone, Client) {
    let service = alone!(sqs, data).await;
    let client = sqs_client(&service.url);
    (service, client)
}

async fn create(client: &Client, name: &str, attributes: &[(QueueAttributeName, &str)]) -> String {
    let mut create = client.create_queue().queue_name(name);
    for (name, value) in attributes {
        create = create.attributes(name.clone(), *value);
    }
    create.send().await.unwrap().queue_url.unwrap()
}

async fn send(client: &Client, url: &str, body: &str) {
    client
        .send_message()
        .queue_url(url)
        .message_body(body)
        .send()
        .await
        .unwrap();
}

async fn receive(client: &Client, url: &str) -> Vec<Message> {
    let receive = client
        .receive_message()
        .queue_url(url)
        .max_number_of_messages(10);
    let receive = receive.message_system_attribute_names(MessageSystemAttributeName::All);
    let mut messages = receive.send().await.unwrap().messages.unwrap_or_default();
    messages.sort_by(|one, other| one.body.cmp(&other.body));
    messages
}

fn bodies(messages: &[Message]) -> Vec<&str> {
    messages.iter().filter_map(Message::body).collect()
}

fn attribute(message: &Message, name: MessageSystemAttributeName) -> &str {
    &message.attributes().unwrap()[&name]
}

/// Visible, in flight and delayed.
async fn counts(client: &Client, url: &str) -> [String; 3] {
    let all = client.get_queue_attributes().queue_url(url);
    let all = all
        .attribute_names(QueueAttributeName::All)
        .send()
        .await
        .unwrap();
    [
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        QueueAttributeName::ApproximateNumberOfMessagesDelayed,
    ]
    .map(|name| all.attributes().unwrap()[&name].clone())
}

async fn delete(client: &Client, url: &str, message: &Message) {
    let handle = message.receipt_handle().unwrap();
    client
        .delete_message()
        .queue_url(url)
        .receipt_handle(handle)
        .send()
        .await
        .unwrap();
}

fn code<E: ProvideErrorMetadata>(error: SdkError<E>) -> String {
    let SdkError::ServiceError(error) = error else {
        panic!("no answer")
    };
    assert_eq!(error.raw().status().as_u16(), 400);
    error.err().code().unwrap().to_owned()
}

#[tokio::test]
async fn a_message_comes_back_as_it_was_sent() {
    let data = TempDir::new().unwrap();
    let (service, client) = started(data.path()).await;
    let url = create(&client, "queue", &[]).await;
    // Both digests were computed apart from this code.
    let number = MessageAttributeValue::builder()
        .data_type("Number")
        .string_value("1493147359900");
    let sent = client
        .send_message()
        .queue_url(&url)
        .message_body("derp")
        .message_attributes("timestamp", number.build().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(
        sent.md5_of_message_body(),
        Some("58fd9edd83341c29f1aebba81c31e257")
    );
    assert_eq!(
        sent.md5_of_message_attributes(),
        Some("235c5c510d26fb653d073faed50ae77c")
    );

    let bytes = MessageAttributeValue::builder()
        .data_type("Binary")
        .binary_value(Blob::new([255]));
    client
        .send_message()
        .queue_url(&url)
        .message_body("ünïcode \n\t🙂")
        .message_attributes("some.bytes", bytes.build().unwrap())
        .send()
        .await
        .unwrap();
    let receive = client
        .receive_message()
        .queue_url(&url)
        .max_number_of_messages(10);
    let receive = receive
        .message_attribute_names("some.*")
        .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp);
    let received = receive.send().await.unwrap();
    let [first, second] = received.messages() else {
        panic!("{received:?}")
    };
    assert_eq!(first.message_id(), sent.message_id());
    assert_eq!(first.md5_of_body(), sent.md5_of_message_body());
    assert_eq!(first.message_attributes(), None);
    assert_eq!(first.attributes().unwrap().len(), 1);
    assert_eq!(
        attribute(first, MessageSystemAttributeName::SentTimestamp),
        "1800000000000"
    );
    assert_eq!(second.body(), Some("ünïcode \n\t🙂"));
    let value = &second.message_attributes().unwrap()["some.bytes"];
    assert_eq!(value.binary_value(), Some(&Blob::new([255])));
    service.stop().await;
}

#[tokio::test]
async fn a_message_is_hidden_until_its_timeout_and_an_old_receipt_is_void() {
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
async fn visibility_can_be_changed_while_a_message_is_in_flight() {
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
async fn a_delayed_message_comes_later() {
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
async fn a_waiting_receive_is_woken() {
    let data = TempDir::new().unwrap();
    let (_stop, shutdown) = tokio::sync::watch::channel(false);
    let credentials = super::super::tests::credentials();
    let services = super::super::start(data.path(), &credentials, shutdown)
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
async fn a_message_received_too_often_goes_to_the_dead_letters() {
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
async fn a_message_is_kept_for_the_retention_of_its_queue() {
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
async fn what_was_in_flight_is_visible_after_a_restart() {
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

#[tokio::test]
async fn what_is_wrong_with_one_entry_does_not_stop_the_batch() {
    let data = TempDir::new().unwrap();
    let (service, client) = started(data.path()).await;
    let url = create(&client, "queue", &[]).await;
    let entry = |id: &str, delay| {
        let entry = SendMessageBatchRequestEntry::builder()
            .id(id)
            .message_body(id);
        entry.delay_seconds(delay).build().unwrap()
    };
    let batch = || client.send_message_batch().queue_url(&url);
    let sent = batch()
        .entries(entry("a", 0))
        .entries(entry("b", 901))
        .entries(entry("c", 0));
    let sent = sent.send().await.unwrap();
    let ids: Vec<_> = sent.successful().iter().map(|done| done.id()).collect();
    assert_eq!(ids, ["a", "c"]);
    assert_eq!(sent.failed()[0].id(), "b");
    assert_eq!(sent.failed()[0].code(), "InvalidParameterValue");
    assert!(sent.failed()[0].sender_fault());

    let messages = receive(&client, &url).await;
    assert_eq!(bodies(&messages), ["a", "c"]);
    let handle = |it: &Message| it.receipt_handle().unwrap().to_owned();
    let visible = ChangeMessageVisibilityBatchRequestEntry::builder()
        .id("0")
        .visibility_timeout(0);
    let visible = visible
        .receipt_handle(handle(&messages[0]))
        .build()
        .unwrap();
    let change = client
        .change_message_visibility_batch()
        .queue_url(&url)
        .entries(visible);
    assert_eq!(change.send().await.unwrap().successful().len(), 1);
    let entry_of = |id: &str, handle: &str| {
        let entry = DeleteMessageBatchRequestEntry::builder().id(id);
        entry.receipt_handle(handle).build().unwrap()
    };
    let deleted = client
        .delete_message_batch()
        .queue_url(&url)
        .entries(entry_of("good", &handle(&messages[1])))
        .entries(entry_of("bad", "nonsense"));
    let deleted = deleted.send().await.unwrap();
    assert_eq!(deleted.successful()[0].id(), "good");
    assert_eq!(deleted.failed()[0].code(), "ReceiptHandleIsInvalid");
    assert_eq!(bodies(&receive(&client, &url).await), ["a"]);

    let none = batch()
        .set_entries(Some(Vec::new()))
        .send()
        .await
        .unwrap_err();
    assert!(none.into_service_error().is_empty_batch_request());
    let twice = batch()
        .entries(entry("a", 0))
        .entries(entry("a", 0))
        .send()
        .await
        .unwrap_err();
    assert!(twice.into_service_error().is_batch_entry_ids_not_distinct());
    let many = (0..11).map(|id| entry(&id.to_string(), 0)).collect();
    let many = batch().set_entries(Some(many)).send().await.unwrap_err();
    assert!(
        many.into_service_error()
            .is_too_many_entries_in_batch_request()
    );
    service.stop().await;
}

#[tokio::test]
async fn messages_have_a_largest_size() {
    let data = TempDir::new().unwrap();
    let (service, client) = started(data.path()).await;
    let url = create(&client, "queue", &[]).await;
    let largest = "x".repeat(1 << 20);
    send(&client, &url, &largest).await;
    assert_eq!(
        receive(&client, &url).await[0].body(),
        Some(largest.as_str())
    );
    let larger = client
        .send_message()
        .queue_url(&url)
        .message_body(largest.clone() + "x");
    assert_eq!(
        code(larger.send().await.unwrap_err()),
        "InvalidParameterValue"
    );
    let entry = |id: &str, body: &str| {
        let entry = SendMessageBatchRequestEntry::builder()
            .id(id)
            .message_body(body);
        entry.build().unwrap()
    };
    let batch = client.send_message_batch().queue_url(&url);
    let batch = batch
        .entries(entry("a", &largest))
        .entries(entry("b", "x"))
        .send()
        .await;
    assert!(
        batch
            .unwrap_err()
            .into_service_error()
            .is_batch_request_too_long()
    );
    service.stop().await;
}

#[tokio::test]
async fn queues_are_made_once_listed_and_deleted() {
    let data = TempDir::new().unwrap();
    let (service, client) = started(data.path()).await;
    let visibility = QueueAttributeName::VisibilityTimeout;
    let url = create(&client, "jobs-a", &[(visibility.clone(), "60")]).await;
    assert_eq!(create(&client, "jobs-a", &[]).await, url);
    assert_eq!(
        create(&client, "jobs-a", &[(visibility.clone(), "60")]).await,
        url
    );
    let other = client
        .create_queue()
        .queue_name("jobs-a")
        .attributes(visibility.clone(), "61");
    assert!(
        other
            .send()
            .await
            .unwrap_err()
            .into_service_error()
            .is_queue_name_exists()
    );
    create(&client, "jobs-b", &[]).await;
    create(&client, "other", &[]).await;
    let listed = client
        .list_queues()
        .queue_name_prefix("jobs-")
        .send()
        .await
        .unwrap();
    assert_eq!(listed.queue_urls().len(), 2);
    let mut pages = client.list_queues().into_paginator().page_size(2).send();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        sizes.push(page.unwrap().queue_urls().len());
    }
    assert_eq!(sizes, [2, 1]);

    let set = HashMap::from([(QueueAttributeName::MaximumMessageSize, "2048".to_owned())]);
    let set = client
        .set_queue_attributes()
        .queue_url(&url)
        .set_attributes(Some(set));
    set.send().await.unwrap();
    let read = client
        .get_queue_attributes()
        .queue_url(&url)
        .attribute_names(visibility)
        .attribute_names(QueueAttributeName::MaximumMessageSize)
        .attribute_names(QueueAttributeName::QueueArn)
        .attribute_names(QueueAttributeName::RedrivePolicy);
    let read = read.send().await.unwrap().attributes.unwrap();
    assert_eq!(read[&QueueAttributeName::MaximumMessageSize], "2048");
    assert_eq!(read[&QueueAttributeName::VisibilityTimeout], "60");
    assert_eq!(
        read[&QueueAttributeName::QueueArn],
        "arn:aws:sqs:us-east-1:000000000000:jobs-a"
    );
    assert_eq!(read.len(), 3);

    send(&client, &url, "x").await;
    client.purge_queue().queue_url(&url).send().await.unwrap();
    assert_eq!(counts(&client, &url).await, ["0", "0", "0"]);
    send(&client, &url, "x").await;
    client.delete_queue().queue_url(&url).send().await.unwrap();
    let gone = client
        .receive_message()
        .queue_url(&url)
        .send()
        .await
        .unwrap_err();
    assert!(gone.into_service_error().is_queue_does_not_exist());
    let gone = client
        .get_queue_url()
        .queue_name("jobs-a")
        .send()
        .await
        .unwrap_err();
    assert_eq!(code(gone), "AWS.SimpleQueueService.NonExistentQueue");
    service.stop().await;
}

#[tokio::test]
async fn what_sqs_refuses_is_refused() {
    let data = TempDir::new().unwrap();
    let (service, client) = started(data.path()).await;
    let url = create(&client, "queue", &[]).await;
    let receive = || client.receive_message().queue_url(&url);
    let invalid = "InvalidParameterValue";
    assert_eq!(
        code(
            receive()
                .max_number_of_messages(11)
                .send()
                .await
                .unwrap_err()
        ),
        invalid
    );
    assert_eq!(
        code(
            receive()
                .max_number_of_messages(0)
                .send()
                .await
                .unwrap_err()
        ),
        invalid
    );
    assert_eq!(
        code(receive().wait_time_seconds(21).send().await.unwrap_err()),
        invalid
    );
    assert_eq!(
        code(
            receive()
                .visibility_timeout(43_201)
                .send()
                .await
                .unwrap_err()
        ),
        invalid
    );
    let name = client
        .create_queue()
        .queue_name("queue.fifo")
        .send()
        .await
        .unwrap_err();
    assert_eq!(code(name), invalid);
    let control = client
        .send_message()
        .queue_url(&url)
        .message_body("\u{1}")
        .send()
        .await;
    assert!(
        control
            .unwrap_err()
            .into_service_error()
            .is_invalid_message_contents()
    );
    let delete = client
        .delete_message()
        .queue_url(&url)
        .receipt_handle("x")
        .send()
        .await;
    assert!(
        delete
            .unwrap_err()
            .into_service_error()
            .is_receipt_handle_is_invalid()
    );
    let tags = client
        .list_queue_tags()
        .queue_url(&url)
        .send()
        .await
        .unwrap_err();
    assert_eq!(code(tags), "InvalidAction");
    service.stop().await;
}
