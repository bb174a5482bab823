//! Everything that is no route of the API.

use lambda_http::Request;

use super::Answer;
use crate::{context::Context, error::Error};

/// Says so. The gateway sends here what no route of `template.yaml` takes.
///
/// # Errors
/// Always [`Error::NotFound`].
pub async fn refuse(_: &Context, _: &Request) -> Answer {
    Err(Error::NotFound {
        what: "resource, or no such method on it",
    })
}
