//! Conversion of AWS SDK failures to errors of the system.

use aws_sdk_dynamodb::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};

use eventrelay_core::error::Error;

/// Error codes of DynamoDB, S3 and SQS that are transient although their status is 400.
const THROTTLED: [&str; 7] = [
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
    "RequestTimeout",
];

/// Returns [`Error::Storage`] for a failure that the caller does not handle itself, as it does a
/// failed condition.
pub(super) fn storage_error<E>(error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let transient = match &error {
        SdkError::ServiceError(e) => {
            e.raw().status().is_server_error()
                || e.raw().status().as_u16() == 429
                || e.err().code().is_some_and(|code| THROTTLED.contains(&code))
        }
        SdkError::ConstructionFailure(_) => false,
        _ => true,
    };
    Error::Storage {
        transient,
        source: Box::new(error),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::{error::ErrorMetadata, operation::get_item::GetItemError};
    use aws_sdk_s3::primitives::SdkBody;

    use super::*;
    use eventrelay_core::error::Disposition::{Permanent, Transient};

    #[test]
    fn sdk_failure_is_transient_if_the_service_says_so() {
        let service = |status: u16, code: &str| {
            let meta = ErrorMetadata::builder().code(code).build();
            let raw = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
            storage_error(SdkError::service_error(GetItemError::generic(meta), raw)).disposition()
        };
        assert_eq!(service(500, "InternalServerError"), Transient);
        assert_eq!(service(400, "ThrottlingException"), Transient);
        assert_eq!(service(400, "ValidationException"), Permanent);
        let timeout: SdkError<GetItemError, HttpResponse> = SdkError::timeout_error("slow");
        assert_eq!(storage_error(timeout).disposition(), Transient);
    }
}
