//! Writes index rows for benchmarks: only the rows that a lookup reads. The code that defines them
//! is the store of videos.

use std::{collections::HashMap, time::Duration};

use anyhow::{Context as _, bail};
use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, PutRequest, TableStatus, WriteRequest},
};
use eventrelay::{
    analysis::{Category, PIPELINE_VERSION},
    clock::Timestamp,
    ids::JobId,
    store::{
        StoredAnalysis,
        blobs::{Blobs, Form, analysis_key},
        entry::Entry,
        rows,
    },
    video::VideoKey,
};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::{Lookup, Lookups, body::Body};
use crate::{catalog, until};

/// Videos per batch write: two rows each, and DynamoDB accepts 25 rows per call.
const AT_A_TIME: usize = 12;

const AT_ONCE: usize = 6;

/// Time until an analysis is stale.
const TTL: Duration = Duration::from_secs(30 * 24 * 3600);

/// The largest table and smaller tables of the same shape.
#[derive(Clone, Debug)]
pub struct Table {
    pub name: String,
    /// Number of videos: the table holds 0 to `videos` - 1.
    pub videos: usize,
}

/// Index entry of a body.
fn entry(body: &Body) -> StoredAnalysis {
    let now = Timestamp::now();
    let category = Category::ALL[usize::from(body.etag.as_bytes()[0]) % Category::ALL.len()];
    StoredAnalysis {
        variant: PIPELINE_VERSION.to_owned(),
        base_variant: PIPELINE_VERSION.to_owned(),
        etag: body.etag.clone(),
        size_bytes: body.plain.len() as u64,
        gzip_bytes: body.packed.gzip.len() as u64,
        title: format!("A talk on {}", &body.etag[..12]),
        category: category.into_str().to_owned(),
        duration_s: Some(1800.0),
        usage: Default::default(),
        answered_by: Default::default(),
        finished_at: now,
        expires_at: now + TTL,
    }
}

/// The rows of a video that a lookup of its newest analysis reads.
fn rows(video: &VideoKey, body: &Body) -> anyhow::Result<Vec<HashMap<String, AttributeValue>>> {
    let entry = Entry::analysed(None, &JobId::random(), &entry(body)).context("no entry")?;
    rows::rows_of(video, &entry, &body.packed).context("no rows")
}

/// Fills the tables, which hold the videos below `from` already, and says what to look up beyond
/// those: the videos of the largest one.
pub async fn fill(client: &Client, tables: &[Table], from: usize) -> anyhow::Result<Lookups> {
    let most = tables.iter().map(|table| table.videos).max().unwrap_or(0);
    let numbers: Vec<usize> = (from..most).collect();
    let lookups: Vec<Vec<Lookup>> = stream::iter(numbers.chunks(AT_A_TIME).map(<[usize]>::to_vec))
        .map(|numbers| fill_some(client, tables, numbers))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(lookups.into_iter().flatten().collect())
}

async fn fill_some(
    client: &Client,
    tables: &[Table],
    numbers: Vec<usize>,
) -> anyhow::Result<Vec<Lookup>> {
    let made = tokio::task::spawn_blocking(move || {
        let some = numbers.into_iter();
        some.map(|number| (number, catalog::body(number as u64)))
            .collect::<Vec<_>>()
    });
    let made = made.await?;
    for table in tables {
        let mut writes = Vec::new();
        for (number, body) in made.iter().filter(|(number, _)| *number < table.videos) {
            writes.extend(rows(&catalog::key(*number as u64), body)?);
        }
        write(client, &table.name, writes).await?;
    }
    Ok(made
        .iter()
        .map(|(number, body)| catalog::lookup(*number as u64, body))
        .collect())
}

/// Place of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Row,
    Bucket,
}

/// Stores a video with its body in a place, whatever its size: its blob, then its rows.
pub async fn place(
    client: &Client,
    blobs: &Blobs,
    table: &str,
    video: &VideoKey,
    body: &Body,
    place: Place,
) -> anyhow::Result<()> {
    let key = analysis_key(video, &body.etag, Form::Json);
    let gzip = &body.packed.gzip;
    blobs
        .put_gzip(&key, Form::Json.content_type(), gzip.clone())
        .await?;
    let mut rows = rows(video, body)?;
    let beside = rows.last_mut().context("no row of a body")?;
    match place {
        Place::Row => {
            let bytes = AttributeValue::B(gzip.to_vec().into());
            beside.insert("body".to_owned(), bytes);
        }
        Place::Bucket => {
            beside.remove("body");
        }
    }
    write(client, table, rows).await
}

async fn write(
    client: &Client,
    table: &str,
    rows: Vec<HashMap<String, AttributeValue>>,
) -> anyhow::Result<()> {
    let mut left = rows
        .into_iter()
        .map(|row| {
            let put = PutRequest::builder().set_item(Some(row)).build()?;
            Ok(WriteRequest::builder().put_request(put).build())
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    while !left.is_empty() {
        let before = left.len();
        let written = client
            .batch_write_item()
            .request_items(table, left)
            .send()
            .await?;
        left = written
            .unprocessed_items
            .and_then(|mut tables| tables.remove(table))
            .unwrap_or_default();
        if left.len() == before {
            bail!("{table} takes no rows");
        }
    }
    Ok(())
}

/// Makes an empty table of the same shape as another one.
pub async fn make_like(client: &Client, model: &str, name: &str) -> anyhow::Result<()> {
    let described = client.describe_table().table_name(model).send().await?;
    let model = described.table.context("no description of the table")?;
    let indexes = model.global_secondary_indexes.unwrap_or_default();
    let indexes = indexes
        .into_iter()
        .map(|index| {
            aws_sdk_dynamodb::types::GlobalSecondaryIndex::builder()
                .set_index_name(index.index_name)
                .set_key_schema(index.key_schema)
                .set_projection(index.projection)
                .build()
        })
        .collect::<Result<Vec<_>, _>>()?;
    client
        .create_table()
        .table_name(name)
        .billing_mode(aws_sdk_dynamodb::types::BillingMode::PayPerRequest)
        .set_attribute_definitions(model.attribute_definitions)
        .set_key_schema(model.key_schema)
        .set_global_secondary_indexes(Some(indexes).filter(|indexes| !indexes.is_empty()))
        .send()
        .await?;
    until(Duration::from_secs(30), async || {
        let described = client.describe_table().table_name(name).send().await?;
        let status = described.table.and_then(|table| table.table_status);
        Ok((status == Some(TableStatus::Active)).then_some(()))
    })
    .await
}
