//! What errors of parts mean for the whole.

use aws_sdk_dynamodb::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};

use super::Error;
use crate::analysis::{DraftError, Unusable};

/// Codes of DynamoDB, S3 and SQS that mean "later" although the status is 400.
const THROTTLED: [&str; 7] = [
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
    "RequestTimeout",
];

impl From<DraftError> for Error {
    fn from(error: DraftError) -> Self {
        match error {
            DraftError::Empty => Self::AnswerEmpty,
            other => Self::AnswerMalformed {
                source: Box::new(other),
            },
        }
    }
}

impl From<Unusable> for Error {
    fn from(error: Unusable) -> Self {
        Self::AnswerMalformed {
            source: Box::new(error),
        }
    }
}

/// For what the caller has not already understood, such as a failed condition.
impl<E> From<SdkError<E, HttpResponse>> for Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        let transient = match &error {
            SdkError::ServiceError(e) => {
                e.raw().status().is_server_error()
                    || e.raw().status().as_u16() == 429
                    || e.err().code().is_some_and(|code| THROTTLED.contains(&code))
            }
            SdkError::ConstructionFailure(_) => false,
            _ => true,
        };
        Self::Storage {
            transient,
            source: Box::new(error),
        }
    }
}
