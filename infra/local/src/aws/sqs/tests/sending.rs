use aws_sdk_sqs::{
    primitives::Blob,
    types::{
        ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message,
        MessageAttributeValue, MessageSystemAttributeName, SendMessageBatchRequestEntry,
    },
};
use tempfile::TempDir;

use super::{attribute, bodies, code, create, receive, send, started};

#[tokio::test]
async fn received_message_equals_the_sent_one() {
    let data = TempDir::new().unwrap();
    let (service, client) = started(data.path()).await;
    let url = create(&client, "queue", &[]).await;
    // Both digests were computed independently of this code.
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
async fn invalid_entry_does_not_stop_the_batch() {
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
async fn message_above_the_maximum_size_is_refused() {
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
