//! Conversion of DynamoDB items, with exact control over every attribute.

use std::collections::HashMap;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use bytes::Bytes;

/// Item of the SDK.
pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) fn s(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn n(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Returns a string attribute, or `None` if it is missing or of another type.
pub(super) fn get_s<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// Returns a number attribute, or `None` if it is missing or of another type.
pub(super) fn get_n<N: std::str::FromStr>(item: &Item, name: &str) -> Option<N> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

pub(super) fn b(value: &Bytes) -> AttributeValue {
    AttributeValue::B(Blob::new(&value[..]))
}

/// Takes a binary attribute out of the item, or returns `None` if it is missing or of another type.
pub(super) fn get_b(mut item: Item, name: &str) -> Option<Bytes> {
    match item.remove(name)? {
        AttributeValue::B(blob) => Some(blob.into_inner().into()),
        _ => None,
    }
}
