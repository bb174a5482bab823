//! `BatchGetItem` and `BatchWriteItem`. DynamoDB may leave some items of a batch unprocessed and
//! returns their keys.

use crate::sdk_error::storage_error;
use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    types::{DeleteRequest, KeysAndAttributes, PutRequest, WriteRequest},
};
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::item::Item;
use eventrelay_core::error::Error;

/// Maximum keys per `BatchGetItem`
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>).
const MAX_KEYS: usize = 100;

/// Maximum writes per `BatchWriteItem`.
const MAX_WRITES: usize = 25;

const AT_ONCE: usize = 4;

/// Consecutive calls without progress after which a batch fails. The SDK backs off before it
/// reports a throttled call. A partly processed batch is not throttled.
const TRIES: u32 = 8;

/// Reads the items with these keys, in no order. Missing items are left out.
///
/// # Errors
/// [`Error::Storage`], also when the table keeps leaving keys unread.
pub(super) async fn get_all(
    client: &Client,
    table: &str,
    keys: Vec<Item>,
    consistent: bool,
) -> Result<Vec<Item>, Error> {
    let chunks: Vec<Vec<Item>> = keys.chunks(MAX_KEYS).map(<[Item]>::to_vec).collect();
    let read: Vec<Vec<Item>> = stream::iter(chunks)
        .map(|keys| get_chunk(client, table, keys, consistent))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(read.into_iter().flatten().collect())
}

async fn get_chunk(
    client: &Client,
    table: &str,
    mut keys: Vec<Item>,
    consistent: bool,
) -> Result<Vec<Item>, Error> {
    let mut items = Vec::with_capacity(keys.len());
    let mut idle = 0;
    while !keys.is_empty() {
        let left = keys.len();
        let asked = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .consistent_read(consistent)
            .build()
            .map_err(Error::internal)?;
        let read = client
            .batch_get_item()
            .request_items(table, asked)
            .send()
            .await
            .map_err(storage_error)?;
        let found = read.responses.and_then(|mut tables| tables.remove(table));
        items.extend(found.unwrap_or_default());
        let unread = read
            .unprocessed_keys
            .and_then(|mut tables| tables.remove(table));
        keys = unread.map(|unread| unread.keys).unwrap_or_default();
        idle = if keys.len() < left { 0 } else { idle + 1 };
        if idle >= TRIES {
            return Err(unprocessed());
        }
    }
    Ok(items)
}

#[derive(Clone, Debug)]
pub(super) enum Write {
    /// Writes a whole item.
    Put(Item),
    /// Deletes the item with this key.
    Delete(Item),
}

/// Writes and deletes items, in no order. Each item may occur once.
///
/// # Errors
/// [`Error::Storage`], also when the table keeps leaving writes undone. Some may be done then.
pub(super) async fn write_all(
    client: &Client,
    table: &str,
    writes: Vec<Write>,
) -> Result<(), Error> {
    let requests = writes
        .into_iter()
        .map(|write| {
            let request = WriteRequest::builder();
            Ok(match write {
                Write::Put(item) => {
                    let put = PutRequest::builder().set_item(Some(item)).build();
                    request.put_request(put.map_err(Error::internal)?).build()
                }
                Write::Delete(key) => {
                    let delete = DeleteRequest::builder().set_key(Some(key)).build();
                    request
                        .delete_request(delete.map_err(Error::internal)?)
                        .build()
                }
            })
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let chunks: Vec<Vec<WriteRequest>> = requests
        .chunks(MAX_WRITES)
        .map(<[WriteRequest]>::to_vec)
        .collect();
    stream::iter(chunks)
        .map(|chunk| write_chunk(client, table, chunk))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}

async fn write_chunk(
    client: &Client,
    table: &str,
    mut requests: Vec<WriteRequest>,
) -> Result<(), Error> {
    let mut idle = 0;
    while !requests.is_empty() {
        let left = requests.len();
        let written = client
            .batch_write_item()
            .set_request_items(Some(HashMap::from([(table.to_owned(), requests)])))
            .send()
            .await
            .map_err(storage_error)?;
        requests = written
            .unprocessed_items
            .and_then(|mut tables| tables.remove(table))
            .unwrap_or_default();
        idle = if requests.len() < left { 0 } else { idle + 1 };
        if idle >= TRIES {
            return Err(unprocessed());
        }
    }
    Ok(())
}

fn unprocessed() -> Error {
    Error::Storage {
        transient: true,
        source: "the table keeps leaving items unprocessed".into(),
    }
}
