//! Protocol of SQS: AWS JSON 1.0, with its requests and errors.
//!
//! Shapes: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/>. Every error is
//! a 400 with the shape in `__type`. The header `x-amzn-query-error` holds the code of the older
//! query protocol, by which the SDKs identify it
//! (<https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>).

use std::collections::BTreeMap;

use axum::{
    http::{HeaderName, StatusCode},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use strum::IntoStaticStr;

use super::super::json::answer;

pub(super) const JSON: &str = "application/x-amz-json-1.0";

const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");

#[derive(Clone, Copy, Debug, Eq, IntoStaticStr, PartialEq)]
#[strum(const_into_str)]
pub(super) enum Code {
    BatchEntryIdsNotDistinct,
    BatchRequestTooLong,
    EmptyBatchRequest,
    InternalFailure,
    InvalidAttributeName,
    InvalidAttributeValue,
    InvalidBatchEntryId,
    InvalidClientTokenId,
    InvalidMessageContents,
    InvalidParameterValue,
    MessageNotInflight,
    MissingParameter,
    QueueDoesNotExist,
    QueueNameExists,
    ReceiptHandleIsInvalid,
    Serialization,
    TooManyEntriesInBatchRequest,
    UnknownOperation,
}

impl Code {
    /// Returns the name of the error's shape.
    fn shape(self) -> String {
        let common = match self {
            Self::InternalFailure => "InternalFailure",
            Self::InvalidClientTokenId => "UnrecognizedClientException",
            Self::InvalidParameterValue => "InvalidParameterValueException",
            Self::MissingParameter => "MissingRequiredParameterException",
            Self::Serialization => "SerializationException",
            Self::UnknownOperation => "UnknownOperationException",
            _ => return format!("com.amazonaws.sqs#{}", self.into_str()),
        };
        format!("com.amazon.coral.service#{common}")
    }

    /// Returns the code in the query protocol.
    fn query_code(self) -> String {
        let code = match self {
            Self::QueueNameExists => "QueueAlreadyExists",
            Self::Serialization => "MalformedInput",
            Self::UnknownOperation => "InvalidAction",
            Self::QueueDoesNotExist => "AWS.SimpleQueueService.NonExistentQueue",
            Self::BatchEntryIdsNotDistinct
            | Self::BatchRequestTooLong
            | Self::EmptyBatchRequest
            | Self::InvalidBatchEntryId
            | Self::MessageNotInflight
            | Self::TooManyEntriesInBatchRequest => {
                return format!("AWS.SimpleQueueService.{}", self.into_str());
            }
            _ => self.into_str(),
        };
        code.to_owned()
    }

    fn status(self) -> StatusCode {
        match self {
            Self::InternalFailure => StatusCode::INTERNAL_SERVER_ERROR,
            Self::InvalidClientTokenId => StatusCode::FORBIDDEN,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

/// Error of a request or of an entry of a batch.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) code: Code,
    pub(super) message: String,
}

impl Failure {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// Returns the `InvalidParameterValue` for a number out of its range.
    pub(super) fn parameter(name: &str, value: impl std::fmt::Display, reason: &str) -> Self {
        let message = format!("Value {value} for parameter {name} is invalid. Reason: {reason}");
        Self::new(Code::InvalidParameterValue, message)
    }

    /// Returns the failed entry of a batch result.
    pub(super) fn entry(&self, id: &str) -> Value {
        json!({
            "Id": id, "SenderFault": true, "Code": self.code.query_code(), "Message": self.message,
        })
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        tracing::error!(%error, "the queues' database failed");
        Self::new(
            Code::InternalFailure,
            "We encountered an internal error. Please try again.",
        )
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = self.code.status();
        let fault = if status.is_server_error() {
            "Receiver"
        } else {
            "Sender"
        };
        let body = json!({ "__type": self.code.shape(), "message": self.message });
        let mut response = answer(status, JSON, &body);
        if let Ok(value) = format!("{};{fault}", self.code.query_code()).try_into() {
            response.headers_mut().insert(QUERY_ERROR, value);
        }
        response
    }
}

/// Reads the input of an operation.
///
/// # Errors
/// `Serialization` if a field has the wrong type, `MissingParameter` if one is missing.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        let message = error.to_string();
        let missing = message
            .strip_prefix("missing field `")
            .and_then(|it| it.split('`').next());
        match missing {
            Some(field) => Failure::new(
                Code::MissingParameter,
                format!("The request must contain the parameter {field}."),
            ),
            None => Failure::new(Code::Serialization, message),
        }
    })
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MessageAttribute {
    pub(super) data_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) string_value: Option<String>,
    /// Value encoded in Base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) binary_value: Option<String>,
}

/// User attributes by name, which is the order in which SQS hashes them.
pub(super) type MessageAttributes = BTreeMap<String, MessageAttribute>;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateQueue {
    pub(super) queue_name: String,
    #[serde(default)]
    pub(super) attributes: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetQueueUrl {
    pub(super) queue_name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListQueues {
    pub(super) queue_name_prefix: Option<String>,
    pub(super) max_results: Option<i64>,
    pub(super) next_token: Option<String>,
}

/// Input of operations that only name a queue.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OnQueue {
    pub(super) queue_url: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetQueueAttributes {
    pub(super) queue_url: String,
    pub(super) attribute_names: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetQueueAttributes {
    pub(super) queue_url: String,
    pub(super) attributes: BTreeMap<String, String>,
}

/// Message in a request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Outgoing {
    pub(super) message_body: String,
    pub(super) delay_seconds: Option<i64>,
    pub(super) message_attributes: Option<MessageAttributes>,
    /// SQS defines only `AWSTraceHeader`.
    pub(super) message_system_attributes: Option<MessageAttributes>,
}

/// Input of operations on a received message.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OnReceipt {
    pub(super) receipt_handle: String,
    /// Only for operations on the visibility.
    pub(super) visibility_timeout: Option<i64>,
}

/// Input of an operation on one `T` of a queue.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Single<T> {
    pub(super) queue_url: String,
    #[serde(flatten)]
    pub(super) what: T,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Batch<T> {
    pub(super) queue_url: String,
    pub(super) entries: Vec<Entry<T>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Entry<T> {
    pub(super) id: String,
    #[serde(flatten)]
    pub(super) what: T,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ReceiveMessage {
    pub(super) queue_url: String,
    pub(super) max_number_of_messages: Option<i64>,
    pub(super) visibility_timeout: Option<i64>,
    pub(super) wait_time_seconds: Option<i64>,
    /// Older name of the next field.
    #[serde(default)]
    pub(super) attribute_names: Vec<String>,
    #[serde(default)]
    pub(super) message_system_attribute_names: Vec<String>,
    #[serde(default)]
    pub(super) message_attribute_names: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_names_the_missing_field() {
        let failure = parse::<OnQueue>(b"{}").expect_err("QueueUrl is required");
        assert_eq!(failure.code, Code::MissingParameter);
        assert_eq!(
            failure.message,
            "The request must contain the parameter QueueUrl."
        );
        let failure = parse::<OnQueue>(br#"{"QueueUrl": 1}"#).expect_err("a number is no URL");
        assert_eq!(failure.code, Code::Serialization);
    }
}
