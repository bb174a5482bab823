//! S3: `s3s` implements the protocol and the signatures. Objects are rows of an index in SQLite,
//! and larger bodies are files.
//!
//! `s3s-fs` is not used: it renames a body into place before it compares the checksum, writes the
//! metadata afterwards in further files, and cannot store `a` beside `a/b`. Here one transaction
//! checks the conditions and writes the row that makes an object visible.
//!
//! Buckets, objects, conditional and ranged reads and listings are implemented. Multipart uploads,
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
/// If the folder cannot be written, another runtime uses it, or no port is free.
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
