//! Calls with a key that may have been rotated since it was read.

use secrecy::SecretString;

use eventrelay_core::error::{Error, Service, Source};
use eventrelay_store::secrets::Secret;

/// Refusal of a request because of its key or of the permissions of the key. The text is for the
/// log.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct KeyRefused(Source);

/// Returns the error of a request that was refused because of its key.
pub(super) fn key_refused(service: Service, source: impl Into<Source>) -> Error {
    let source = Box::new(KeyRefused(source.into()));
    Error::UpstreamRejected { service, source }
}

/// Makes a call with the key of a secret. If the service refuses the key and the secret holds
/// another one by then, the call is retried once.
pub(super) async fn with_key<T>(
    secret: &Secret,
    call: impl AsyncFn(&SecretString) -> Result<T, Error>,
) -> Result<T, Error> {
    let key = secret.get().await?;
    match call(&key).await {
        Err(error) if is_key_refused(&error) => match secret.renewed(&key).await {
            Some(key) => call(&key).await,
            None => Err(error),
        },
        outcome => outcome,
    }
}

fn is_key_refused(error: &Error) -> bool {
    match error {
        Error::UpstreamRejected { source, .. } => source.is::<KeyRefused>(),
        Error::AccessRefused { fault, .. } => fault.is_of_key(),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
