//! How many messages are in a queue.

use aws_sdk_sqs::types::QueueAttributeName;

/// Messages that can be received, that were, and that are to come; none of what is not told.
///
/// # Errors
/// Those of SQS.
pub(crate) async fn counts(
    sqs: &aws_sdk_sqs::Client,
    url: &str,
) -> anyhow::Result<[(&'static str, Option<u64>); 3]> {
    let asked = sqs
        .get_queue_attributes()
        .queue_url(url)
        .attribute_names(QueueAttributeName::All);
    let attributes = asked.send().await?;
    let count = |name| {
        let text = attributes.attributes().and_then(|all| all.get(&name));
        text.and_then(|text| text.parse().ok())
    };
    Ok([
        (
            "visible",
            count(QueueAttributeName::ApproximateNumberOfMessages),
        ),
        (
            "in_flight",
            count(QueueAttributeName::ApproximateNumberOfMessagesNotVisible),
        ),
        (
            "delayed",
            count(QueueAttributeName::ApproximateNumberOfMessagesDelayed),
        ),
    ])
}
