use std::collections::HashMap;

use aws_sdk_sqs::types::QueueAttributeName;
use tempfile::TempDir;

use super::{code, counts, create, send, started};

#[tokio::test]
async fn queue_is_created_once_listed_and_deleted() {
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
async fn invalid_queue_requests_are_refused() {
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
