//! Creates the tables, buckets and queues of the template. Existing ones stay.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use anyhow::{Context as _, bail};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    Projection as SdkProjection, ProjectionType, ScalarAttributeType, TableDescription,
    TimeToLiveSpecification, TimeToLiveStatus,
};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::json;

use crate::{
    clients::Clients,
    template::{
        ACCOUNT, REGION,
        model::{AttributeType, Bucket, Key, Projection, Queue, Table, Template, physical_name},
    },
};

/// Creates missing resources.
///
/// # Errors
/// If a service refuses, or a table of an earlier template has other keys or indexes.
pub(crate) async fn create(template: &Template, clients: &Clients) -> anyhow::Result<()> {
    for table in &template.tables {
        create_table(table, &clients.dynamodb)
            .await
            .with_context(|| format!("table {}", table.name))?;
    }
    for bucket in &template.buckets {
        create_bucket(bucket, &clients.s3)
            .await
            .with_context(|| format!("bucket {}", bucket.name))?;
    }
    // A redrive policy names a queue that must exist first.
    let (sources, targets): (Vec<_>, Vec<_>) = template
        .queues
        .iter()
        .partition(|queue| queue.redrive.is_some());
    for queue in targets.into_iter().chain(sources) {
        create_queue(queue, &clients.sqs)
            .await
            .with_context(|| format!("queue {}", queue.name))?;
    }
    Ok(())
}

async fn create_table(table: &Table, client: &aws_sdk_dynamodb::Client) -> anyhow::Result<()> {
    let name = physical_name(&table.name);
    match client.describe_table().table_name(&name).send().await {
        Ok(found) => {
            if found
                .table()
                .is_none_or(|found| shape(found) != expected_shape(table))
            {
                bail!(
                    "it was made by another template and has other keys or indexes: use another --data folder, or remove this one"
                );
            }
        }
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|error| error.is_resource_not_found_exception()) =>
        {
            let mut request = client
                .create_table()
                .table_name(&name)
                .billing_mode(BillingMode::PayPerRequest)
                .set_key_schema(Some(key_schema(&table.key)?));
            for (attribute, kind) in &table.attributes {
                let kind = match kind {
                    AttributeType::Text => ScalarAttributeType::S,
                    AttributeType::Number => ScalarAttributeType::N,
                    AttributeType::Binary => ScalarAttributeType::B,
                };
                let definition = AttributeDefinition::builder()
                    .attribute_name(attribute)
                    .attribute_type(kind);
                request = request.attribute_definitions(definition.build()?);
            }
            for index in &table.indexes {
                let projection = SdkProjection::builder();
                let projection = match &index.projection {
                    Projection::All => projection.projection_type(ProjectionType::All),
                    Projection::KeysOnly => projection.projection_type(ProjectionType::KeysOnly),
                    Projection::Include(names) => projection
                        .projection_type(ProjectionType::Include)
                        .set_non_key_attributes(Some(names.clone())),
                };
                let index = GlobalSecondaryIndex::builder()
                    .index_name(&index.name)
                    .set_key_schema(Some(key_schema(&index.key)?))
                    .projection(projection.build());
                request = request.global_secondary_indexes(index.build()?);
            }
            request.send().await?;
        }
        Err(error) => return Err(error.into()),
    }
    let Some(attribute) = &table.ttl_attribute else {
        return Ok(());
    };
    let found = client
        .describe_time_to_live()
        .table_name(&name)
        .send()
        .await?;
    let status = found
        .time_to_live_description()
        .and_then(|ttl| ttl.time_to_live_status());
    if status == Some(&TimeToLiveStatus::Enabled) {
        return Ok(());
    }
    let ttl = TimeToLiveSpecification::builder()
        .attribute_name(attribute)
        .enabled(true)
        .build()?;
    client
        .update_time_to_live()
        .table_name(&name)
        .time_to_live_specification(ttl)
        .send()
        .await?;
    Ok(())
}

fn key_schema(key: &Key) -> anyhow::Result<Vec<KeySchemaElement>> {
    let element = |name: &String, kind| {
        KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(kind)
            .build()
    };
    let mut schema = vec![element(&key.partition, KeyType::Hash)?];
    if let Some(sort) = &key.sort {
        schema.push(element(sort, KeyType::Range)?);
    }
    Ok(schema)
}

/// Returns the names of the keys of a table and its indexes.
fn shape(found: &TableDescription) -> BTreeSet<String> {
    let names = |schema: &[KeySchemaElement]| {
        let names: Vec<_> = schema
            .iter()
            .map(KeySchemaElement::attribute_name)
            .collect();
        names.join(" ")
    };
    let indexes = found.global_secondary_indexes().iter().map(|index| {
        format!(
            "{}: {}",
            index.index_name().unwrap_or_default(),
            names(index.key_schema())
        )
    });
    indexes.chain([names(found.key_schema())]).collect()
}

fn expected_shape(table: &Table) -> BTreeSet<String> {
    let names = |key: &Key| match &key.sort {
        Some(sort) => format!("{} {sort}", key.partition),
        None => key.partition.clone(),
    };
    let indexes = table
        .indexes
        .iter()
        .map(|index| format!("{}: {}", index.name, names(&index.key)));
    indexes.chain([names(&table.key)]).collect()
}

async fn create_bucket(bucket: &Bucket, client: &aws_sdk_s3::Client) -> anyhow::Result<()> {
    let name = physical_name(&bucket.name);
    match client.head_bucket().bucket(&name).send().await {
        Ok(_) => Ok(()),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|error| error.is_not_found()) =>
        {
            client.create_bucket().bucket(&name).send().await?;
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Returns the URL of a queue.
pub(crate) fn queue_url(sqs: &str, logical_id: &str) -> String {
    format!("{sqs}/{ACCOUNT}/{}", physical_name(logical_id))
}

async fn create_queue(queue: &Queue, client: &aws_sdk_sqs::Client) -> anyhow::Result<()> {
    let name = physical_name(&queue.name);
    let attributes = attributes(queue);
    match client.get_queue_url().queue_name(&name).send().await {
        Ok(found) => {
            client
                .set_queue_attributes()
                .set_queue_url(found.queue_url)
                .set_attributes(Some(attributes))
                .send()
                .await?;
        }
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|error| error.is_queue_does_not_exist()) =>
        {
            client
                .create_queue()
                .queue_name(&name)
                .set_attributes(Some(attributes))
                .send()
                .await?;
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

fn attributes(queue: &Queue) -> HashMap<QueueAttributeName, String> {
    let seconds = |duration: Duration| duration.as_secs().to_string();
    let mut attributes = HashMap::from([
        (
            QueueAttributeName::VisibilityTimeout,
            seconds(queue.visibility_timeout),
        ),
        (QueueAttributeName::DelaySeconds, seconds(queue.delay)),
        (
            QueueAttributeName::MessageRetentionPeriod,
            seconds(queue.retention),
        ),
        (
            QueueAttributeName::MaximumMessageSize,
            queue.maximum_message_bytes.to_string(),
        ),
        (
            QueueAttributeName::ReceiveMessageWaitTimeSeconds,
            seconds(queue.receive_wait),
        ),
    ]);
    if let Some((target, count)) = &queue.redrive {
        let policy = json!({
            "deadLetterTargetArn": queue_arn(target),
            "maxReceiveCount": count.to_string(),
        });
        attributes.insert(QueueAttributeName::RedrivePolicy, policy.to_string());
    }
    attributes
}

pub(crate) fn queue_arn(logical_id: &str) -> String {
    format!(
        "arn:aws:sqs:{REGION}:{ACCOUNT}:{}",
        physical_name(logical_id)
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tempfile::TempDir;
    use tokio::sync::watch;

    use super::*;
    use crate::{aws, clients, template};

    const PROJECT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml"));

    fn template(sqs: &str) -> Template {
        let overrides =
            ["GEMINI_API_KEY", "YOUTUBE_API_KEY"].map(|name| (name.to_owned(), String::new()));
        let overrides = BTreeMap::from(overrides);
        template::read(
            PROJECT,
            &template::Site {
                sqs,
                overrides: &overrides,
            },
        )
        .unwrap()
    }

    #[tokio::test]
    async fn resources_are_created_once() {
        let data = TempDir::new().unwrap();
        for _ in 0..2 {
            let (stop, shutdown) = watch::channel(false);
            let services = aws::start(data.path(), &clients::credentials(), shutdown)
                .await
                .unwrap();
            let clients = Clients::new(&services);
            let template = template(&services.sqs);
            create(&template, &clients).await.unwrap();
            create(&template, &clients).await.unwrap();

            let table = clients
                .dynamodb
                .describe_table()
                .table_name("videostable")
                .send()
                .await
                .unwrap();
            assert_eq!(table.table().unwrap().global_secondary_indexes().len(), 3);
            let ttl = clients
                .dynamodb
                .describe_time_to_live()
                .table_name("jobstable")
                .send()
                .await;
            let ttl = ttl.unwrap().time_to_live_description.unwrap();
            assert_eq!(ttl.attribute_name(), Some("ttl"));
            clients
                .s3
                .head_bucket()
                .bucket("bucket")
                .send()
                .await
                .unwrap();
            let url = &template.functions[0].environment["ANALYSIS_QUEUE_URL"];
            let queue = clients
                .sqs
                .get_queue_attributes()
                .queue_url(url)
                .attribute_names(QueueAttributeName::All)
                .send()
                .await
                .unwrap();
            let attributes = queue.attributes().unwrap();
            assert_eq!(attributes[&QueueAttributeName::VisibilityTimeout], "1800");
            assert!(attributes[&QueueAttributeName::RedrivePolicy].contains("analysisdeadletters"));

            stop.send(true).unwrap();
            drop(clients);
            services.stopped().await;
        }
    }

    #[tokio::test]
    async fn table_of_another_template_is_refused() {
        let data = TempDir::new().unwrap();
        let (_stop, shutdown) = watch::channel(false);
        let services = aws::start(data.path(), &clients::credentials(), shutdown)
            .await
            .unwrap();
        let clients = Clients::new(&services);
        let mut template = template(&services.sqs);
        create(&template, &clients).await.unwrap();
        for table in &mut template.tables {
            table.indexes.clear();
        }
        let error = create(&template, &clients).await.unwrap_err();
        assert!(
            format!("{error:#}").contains("made by another template"),
            "{error:#}"
        );
    }
}
