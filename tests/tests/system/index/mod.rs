//! The index over HTTP: lookup, listing, batches, deletion, statistics and feedback.

mod counted;
mod freshness;
mod lookup;
mod many;
mod removal;

use aws_sdk_dynamodb::types::AttributeValue;
use eventrelay_tests::Stack;
use reqwest::Method;
use serde_json::{Value, json};

/// Nothing is remembered, so that a test sees what it has just changed.
pub(crate) const FORGETFUL: [(&str, &str); 2] =
    [("MEMORY_TTL_S", "0"), ("COUNT_LOOKUPS_EVERY_S", "0")];

pub(crate) async fn forgetful() -> Stack {
    Stack::with(&FORGETFUL).await.unwrap()
}

pub(crate) async fn analyse(stack: &Stack, id: &str) -> Value {
    let job = stack.run(json!({"url": id})).await.unwrap();
    assert_eq!(job["status"], "done", "{job:#}");
    stack
        .get_json(&format!("/v1/videos/yt:{id}"))
        .await
        .unwrap()
}

pub(crate) async fn refused(
    stack: &Stack,
    method: Method,
    path: &str,
    body: Option<Value>,
    field: &str,
) {
    let response = stack.call(method, path, &[], body).await.unwrap();
    assert_eq!(
        response.expect_problem(422, "invalid-input")["field"],
        field,
        "{path}"
    );
}

/// Deletes the blobs of a video behind the system's back.
pub(crate) async fn lose_blobs(stack: &Stack, video: &str) {
    let s3 = stack.s3();
    let listed = s3
        .list_objects_v2()
        .bucket(stack.name("Bucket"))
        .prefix(format!("analyses/{video}/"));
    let listed = listed.send().await.unwrap();
    assert!(!listed.contents().is_empty());
    for object in listed.contents() {
        s3.delete_object()
            .bucket(stack.name("Bucket"))
            .key(object.key().unwrap())
            .send()
            .await
            .unwrap();
    }
}

pub(crate) fn row_key(video: &str, sk: &str) -> std::collections::HashMap<String, AttributeValue> {
    [("pk", video), ("sk", sk)]
        .map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned())))
        .into()
}

pub(crate) async fn rows(stack: &Stack, video: &str) -> Vec<String> {
    let read = stack
        .dynamodb()
        .query()
        .table_name(stack.name("VideosTable"))
        .key_condition_expression("pk = :pk")
        .expression_attribute_values(":pk", AttributeValue::S(video.to_owned()))
        .send()
        .await
        .unwrap();
    read.items()
        .iter()
        .map(|item| item["sk"].as_s().unwrap().clone())
        .collect()
}
