//! Conditional writes.

use crate::sdk_error::storage_error;
use aws_sdk_dynamodb::{
    Client,
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    operation::put_item::PutItemError,
    types::{Put, ReturnValuesOnConditionCheckFailure},
};

use eventrelay_core::error::Error;

/// Maximum attempts of a write that other writers precede.
pub(super) const MAX_ATTEMPTS: u32 = 8;

/// Repeats `attempt` until it returns a result. An attempt reads rows and writes what follows from
/// them on the condition that they are unchanged; it returns `None` if another writer was faster.
///
/// # Errors
/// Those of the attempt; `contended` if the rows change all the time.
pub async fn retry_until_unchanged<T, F>(
    contended: fn() -> Error,
    mut attempt: impl FnMut() -> F,
) -> Result<T, Error>
where
    F: Future<Output = Result<Option<T>, Error>>,
{
    for _ in 0..MAX_ATTEMPTS {
        if let Some(result) = attempt().await? {
            return Ok(result);
        }
    }
    Err(contended())
}

/// Returns the error of a row that changes all the time.
#[must_use]
pub fn contended() -> Error {
    Error::Storage {
        transient: true,
        source: "a row is changing all the time".into(),
    }
}

/// Returns the output of a write, or `None` if its condition does not hold.
///
/// # Errors
/// [`Error::Storage`].
pub(super) fn if_held<O, E>(
    written: Result<O, SdkError<E, HttpResponse>>,
) -> Result<Option<O>, Error>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match written {
        Ok(output) => Ok(Some(output)),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(None),
        Err(error) => Err(storage_error(error)),
    }
}

/// Writes an item under its condition. Returns `false` if the condition does not hold.
///
/// A retry by the SDK whose first response was lost also returns `false`. The row then holds the
/// item.
///
/// # Errors
/// [`Error::Storage`].
pub(super) async fn put(client: &Client, put: Put) -> Result<bool, Error> {
    let written = client
        .put_item()
        .table_name(put.table_name)
        .set_item(Some(put.item.clone()))
        .set_condition_expression(put.condition_expression)
        .set_expression_attribute_values(put.expression_attribute_values)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .send()
        .await;
    match written {
        Ok(_) => Ok(true),
        Err(SdkError::ServiceError(error)) => match error.err() {
            PutItemError::ConditionalCheckFailedException(failed) => {
                Ok(failed.item.as_ref() == Some(&put.item))
            }
            _ => Err(storage_error(SdkError::ServiceError(error))),
        },
        Err(error) => Err(storage_error(error)),
    }
}
