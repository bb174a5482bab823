//! S3: the wire protocol and the signatures are `s3s`; the objects are an index in SQLite and a file
//! for each body that is not small.
//!
//! `s3s-fs` is not used because it renames a body into place before it compares the checksum,
//! writes the metadata after the body in further files, and cannot hold `a` beside `a/b`. Here the
//! row that makes an object visible is written last, in one transaction, on which conditional
//! writes are decided as well.
//!
//! Buckets, objects, conditional and ranged reads and listing are there; multipart uploads,
//! versions, copies and policies answer `NotImplemented`.

mod body;
mod index;
mod listing;
mod operations;
#[cfg(test)]
mod tests;
mod upload;

use std::path::Path;

use anyhow::Context as _;
use aws_sdk_sqs::config::Credentials;
use axum::{Router, error_handling::HandleError, http::StatusCode};
use s3s::{HttpError, auth::SimpleAuth, service::S3ServiceBuilder};
use tokio::{sync::watch, task::JoinSet};

use self::{index::Index, operations::Objects};
use super::{Clock, serve};

/// Starts S3 on the folder `s3` in `data` and returns its base URL.
///
/// # Errors
/// When the folder cannot be written, another runtime uses it, or no port is free.
pub(super) async fn start(
    data: &Path,
    credentials: &Credentials,
    clock: Clock,
    shutdown: &watch::Receiver<bool>,
    tasks: &mut JoinSet<()>,
) -> anyhow::Result<String> {
    let folder = data.join("s3");
    let index = Index::open(&folder).with_context(|| format!("cannot use {}", folder.display()))?;
    let mut service = S3ServiceBuilder::new(Objects { index, clock });
    service.set_auth(SimpleAuth::from_single(
        credentials.access_key_id(),
        credentials.secret_access_key(),
    ));
    let service = HandleError::new(service.build(), internal_error);
    serve(Router::new().fallback_service(service), shutdown, tasks).await
}

async fn internal_error(error: HttpError) -> StatusCode {
    tracing::error!(?error, "S3 request failed");
    StatusCode::INTERNAL_SERVER_ERROR
}
