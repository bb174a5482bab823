//! Conditional writes.

use crate::sdk_error::storage_error;
use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::put_item::PutItemError,
    types::{Put, ReturnValuesOnConditionCheckFailure},
};

use eventrelay_core::error::Error;

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
