//! `AWS::SQS::Queue`, `AWS::DynamoDB::Table` and `AWS::S3::Bucket`.

use std::{collections::BTreeMap, time::Duration};

use super::{
    Refused,
    fields::Fields,
    functions::queue_of,
    intrinsics::Scope,
    model::{AttributeType, Bucket, Index, Key, Projection, Queue, Table},
};

/// Ranges and defaults:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html>
pub(super) fn queue(id: &str, mut fields: Fields, scope: &Scope<'_>) -> Result<Queue, Refused> {
    let visibility_timeout = fields.number("VisibilityTimeout", 0..=43_200, 30)?;
    let delay = fields.number("DelaySeconds", 0..=900, 0)?;
    let retention = fields.number("MessageRetentionPeriod", 60..=1_209_600, 345_600)?;
    let maximum_message_bytes = fields.number("MaximumMessageSize", 1024..=1_048_576, 1_048_576)?;
    let receive_wait = fields.number("ReceiveMessageWaitTimeSeconds", 0..=20, 0)?;
    let mut policy = fields.object("RedrivePolicy")?;
    let redrive = match policy.optional_text("deadLetterTargetArn")? {
        None => None,
        Some(arn) => {
            let Some(target) = queue_of(&arn, scope) else {
                return Err(policy.refuse(
                    "deadLetterTargetArn",
                    format!("`{arn}` is no queue of the template"),
                ));
            };
            let Some(count) = policy.optional_number("maxReceiveCount", 1..=1000)? else {
                return Err(policy.refuse("maxReceiveCount", "is missing"));
            };
            Some((target, count))
        }
    };
    policy.finish(&[])?;
    fields.finish(&[
        "KmsDataKeyReusePeriodSeconds",
        "KmsMasterKeyId",
        "QueueName",
        "RedriveAllowPolicy",
        "SqsManagedSseEnabled",
        "Tags",
    ])?;
    Ok(Queue {
        name: id.to_owned(),
        visibility_timeout: seconds(visibility_timeout),
        delay: seconds(delay),
        retention: seconds(retention),
        maximum_message_bytes,
        receive_wait: seconds(receive_wait),
        redrive,
    })
}

/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html>
pub(super) fn table(id: &str, mut fields: Fields) -> Result<Table, Refused> {
    let mut attributes = BTreeMap::new();
    for mut attribute in fields.list_of_objects("AttributeDefinitions")? {
        let name = attribute.text("AttributeName")?;
        let kind = match attribute.text("AttributeType")?.as_str() {
            "S" => AttributeType::Text,
            "N" => AttributeType::Number,
            "B" => AttributeType::Binary,
            other => {
                return Err(
                    attribute.refuse("AttributeType", format!("`{other}` is not S, N or B"))
                );
            }
        };
        attribute.finish(&[])?;
        attributes.insert(name, kind);
    }
    let table_key = key(&mut fields)?;
    let mut indexes = Vec::new();
    for mut index in fields.list_of_objects("GlobalSecondaryIndexes")? {
        let name = index.text("IndexName")?;
        let key = key(&mut index)?;
        let projection = projection(index.object("Projection")?)?;
        index.finish(&["OnDemandThroughput", "WarmThroughput"])?;
        indexes.push(Index {
            name,
            key,
            projection,
        });
    }
    fields.only("BillingMode", "PAY_PER_REQUEST")?;
    let mut ttl = fields.object("TimeToLiveSpecification")?;
    let ttl_attribute = if ttl.flag("Enabled", false)? {
        Some(ttl.text("AttributeName")?)
    } else {
        None
    };
    ttl.finish(&["AttributeName"])?;

    let keys: Vec<_> = indexes
        .iter()
        .map(|index| &index.key)
        .chain([&table_key])
        .flat_map(|key| [Some(&key.partition), key.sort.as_ref()])
        .flatten()
        .collect();
    if let Some(name) = keys.iter().find(|name| !attributes.contains_key(**name)) {
        return Err(fields.refuse(
            "AttributeDefinitions",
            format!("`{name}` is a key, but undefined"),
        ));
    }
    if let Some(name) = attributes.keys().find(|name| !keys.contains(name)) {
        return Err(fields.refuse("AttributeDefinitions", format!("`{name}` is no key")));
    }
    fields.finish(&[
        "ContributorInsightsSpecification",
        "DeletionProtectionEnabled",
        "OnDemandThroughput",
        "PointInTimeRecoverySpecification",
        "SSESpecification",
        "TableClass",
        "Tags",
        "WarmThroughput",
    ])?;
    Ok(Table {
        name: id.to_owned(),
        attributes,
        key: table_key,
        indexes,
        ttl_attribute,
    })
}

fn key(fields: &mut Fields) -> Result<Key, Refused> {
    let (mut partition, mut sort) = (None, None);
    for mut part in fields.list_of_objects("KeySchema")? {
        let name = part.text("AttributeName")?;
        let place = match part.text("KeyType")?.as_str() {
            "HASH" => &mut partition,
            "RANGE" => &mut sort,
            other => return Err(part.refuse("KeyType", format!("`{other}` is not HASH or RANGE"))),
        };
        if place.replace(name).is_some() {
            return Err(part.refuse("KeyType", "is given twice"));
        }
        part.finish(&[])?;
    }
    let partition = partition.ok_or_else(|| fields.refuse("KeySchema", "has no HASH key"))?;
    Ok(Key { partition, sort })
}

fn projection(mut fields: Fields) -> Result<Projection, Refused> {
    let projection = match fields.text("ProjectionType")?.as_str() {
        "ALL" => Projection::All,
        "KEYS_ONLY" => Projection::KeysOnly,
        "INCLUDE" => Projection::Include(fields.texts("NonKeyAttributes")?),
        other => return Err(fields.refuse("ProjectionType", format!("`{other}` is unknown"))),
    };
    fields.finish(&[])?;
    Ok(projection)
}

/// Reads a bucket. Its CORS rules have no effect locally, because browsers upload only in
/// production.
pub(super) fn bucket(id: &str, fields: Fields) -> Result<Bucket, Refused> {
    fields.finish(&[
        "BucketEncryption",
        "CorsConfiguration",
        "LifecycleConfiguration",
        "LoggingConfiguration",
        "MetricsConfigurations",
        "OwnershipControls",
        "PublicAccessBlockConfiguration",
        "Tags",
        "VersioningConfiguration",
    ])?;
    Ok(Bucket {
        name: id.to_owned(),
    })
}

fn seconds(count: u32) -> Duration {
    Duration::from_secs(count.into())
}
