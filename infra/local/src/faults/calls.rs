//! Counts calls to AWS that pass the proxies, with the capacity units of DynamoDB.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};

use axum::{body::Body, http::Response};
use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header::CONTENT_LENGTH};
use serde::Serialize;
use serde_json::{Value, json};

use super::target::Target;
use crate::sync;

/// Calls of one operation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Called {
    pub(super) service: &'static str,
    pub(super) operation: String,
    pub(super) calls: u64,
    /// Read or write units of DynamoDB; 0 for other services.
    pub(super) units: f64,
}

/// All calls since `POST /faults/calls`. Nothing is counted before it.
#[derive(Debug, Default)]
pub(super) struct Calls(Mutex<Option<Counted>>);

/// Calls and units by service and operation.
type Counted = BTreeMap<(&'static str, String), (u64, f64)>;

impl Calls {
    fn counted(&self) -> MutexGuard<'_, Option<Counted>> {
        sync::lock(&self.0)
    }

    /// Starts counting from zero.
    pub(super) fn begin(&self) {
        *self.counted() = Some(BTreeMap::new());
    }

    pub(super) fn all(&self) -> Vec<Called> {
        let counted = self.counted();
        let counted = counted.iter().flatten();
        counted
            .map(|((service, operation), (calls, units))| Called {
                service,
                operation: operation.clone(),
                calls: *calls,
                units: *units,
            })
            .collect()
    }

    pub(super) fn is_counting(&self) -> bool {
        self.counted().is_some()
    }

    pub(super) fn add(&self, service: &'static str, operation: &str, units: f64) {
        if let Some(counted) = &mut *self.counted() {
            let (calls, sum) = counted.entry((service, operation.to_owned())).or_default();
            *calls += 1;
            *sum += units;
        }
    }
}

/// Returns the name of an operation on the bill, where the object in the path does not matter.
pub(super) fn billed_as(target: Target, operation: &str) -> &str {
    match target {
        Target::S3 => operation.split(' ').next().unwrap_or_default(),
        _ => operation,
    }
}

/// Makes DynamoDB return the consumed capacity. The embedded service does not verify signatures. A
/// service that does refuses the changed request.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html#DDB-PutItem-request-ReturnConsumedCapacity>
pub(super) fn metered(request: Request<Bytes>) -> Request<Body> {
    let (mut parts, bytes) = request.into_parts();
    let body = match serde_json::from_slice::<Value>(&bytes) {
        Ok(Value::Object(mut fields)) => {
            fields.insert("ReturnConsumedCapacity".to_owned(), json!("TOTAL"));
            Bytes::from(Value::Object(fields).to_string())
        }
        _ => bytes,
    };
    parts
        .headers
        .insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    Request::from_parts(parts, Body::from(body))
}

/// Returns the consumed capacity. A write whose condition fails consumes a unit but does not say
/// so. <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html>
pub(super) fn units(answer: &Response<Bytes>) -> f64 {
    if answer.status() == StatusCode::BAD_REQUEST {
        return 1.0;
    }
    let Ok(document) = serde_json::from_slice::<Value>(answer.body()) else {
        return 0.0;
    };
    let taken = |capacity: &Value| capacity["CapacityUnits"].as_f64().unwrap_or(0.0);
    match &document["ConsumedCapacity"] {
        Value::Array(tables) => tables.iter().map(taken).sum(),
        one => taken(one),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn answer(status: u16, body: &Value) -> Response<Bytes> {
        let answer = Response::builder().status(status);
        answer.body(Bytes::from(body.to_string())).unwrap()
    }

    #[test]
    fn calls_are_counted_only_after_begin() {
        let calls = Calls::default();
        calls.add("s3", "GET", 0.0);
        assert!(calls.all().is_empty() && !calls.is_counting());
        calls.begin();
        for units in [1.0, 1.5] {
            calls.add("dynamodb", "PutItem", units);
        }
        let expected = Called {
            service: "dynamodb",
            operation: "PutItem".to_owned(),
            calls: 2,
            units: 2.5,
        };
        assert_eq!(calls.all(), [expected]);
        calls.begin();
        assert!(calls.all().is_empty());
    }

    #[test]
    fn units_are_read_from_the_response() {
        let one = json!({"ConsumedCapacity": {"TableName": "t", "CapacityUnits": 2.5}});
        let two = json!({"ConsumedCapacity": [{"CapacityUnits": 2.0}, {"CapacityUnits": 4.0}]});
        assert_eq!(units(&answer(200, &one)), 2.5);
        assert_eq!(units(&answer(200, &two)), 6.0);
        assert_eq!(units(&answer(200, &json!({}))), 0.0);
        assert_eq!(units(&answer(400, &json!({"__type": "x"}))), 1.0);
    }

    #[tokio::test]
    async fn metered_request_asks_for_units_and_keeps_other_fields() {
        let body = json!({"TableName": "t"}).to_string();
        let request = Request::builder()
            .header(CONTENT_LENGTH, body.len())
            .body(Bytes::from(body))
            .unwrap();
        let (parts, body) = metered(request).into_parts();
        let body = axum::body::to_bytes(body, 1000).await.unwrap();
        assert_eq!(
            parts.headers[CONTENT_LENGTH],
            body.len().to_string().as_str()
        );
        let sent: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            sent,
            json!({"TableName": "t", "ReturnConsumedCapacity": "TOTAL"})
        );
    }

    #[test]
    fn billed_operation_has_no_object_key() {
        assert_eq!(billed_as(Target::S3, "PUT /bucket/key"), "PUT");
        assert_eq!(billed_as(Target::DynamoDb, "PutItem"), "PutItem");
    }
}
