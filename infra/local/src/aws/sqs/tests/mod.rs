//! Tests of SQS with its SDK.

mod queues;
mod receiving;
mod sending;

use std::path::Path;

use aws_sdk_sqs::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    types::{Message, MessageSystemAttributeName, QueueAttributeName},
};

use crate::aws::tests::{Alone, alone, sqs_client};

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
