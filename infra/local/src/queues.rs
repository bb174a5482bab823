//! Message counts of queues.

use aws_sdk_sqs::types::QueueAttributeName;

/// Returns the numbers of visible, invisible and delayed messages, each `None` if SQS omits it.
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
