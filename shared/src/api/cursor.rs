//! Cursors: signed positions in a listing.
//!
//! A signature (HMAC-SHA-256, RFC 2104) binds a cursor to its listing. It cannot be forged, or used
//! with another listing.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Serialize, de::DeserializeOwned};
use sha2::Sha256;

use eventrelay_core::error::Error;
use eventrelay_workflow::context::Context;

/// Maximum length of our cursors.
const MAX_LENGTH: usize = 1024;

/// Length of a signature in bytes.
const SIGNATURE: usize = 16;

/// Cursors of one listing.
pub(super) struct Cursors<'a> {
    context: &'a Context,
    scope: String,
}

impl<'a> Cursors<'a> {
    /// Cursors of the listing that `scope` names.
    pub(super) fn new(context: &'a Context, scope: impl Into<String>) -> Self {
        Self {
            context,
            scope: scope.into(),
        }
    }

    /// Returns the position that the caller's cursor names.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for a cursor of another listing, [`Error::Storage`].
    pub(super) async fn position<P: DeserializeOwned>(
        &self,
        cursor: Option<&str>,
    ) -> Result<Option<P>, Error> {
        match cursor {
            Some(text) => decode(self.context.cursor_key().await?, &self.scope, text).map(Some),
            None => Ok(None),
        }
    }

    /// Returns the cursor of the next page.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub(super) async fn text(&self, next: Option<impl Serialize>) -> Result<Option<String>, Error> {
        match next {
            Some(next) => encode(self.context.cursor_key().await?, &self.scope, &next).map(Some),
            None => Ok(None),
        }
    }
}

/// The text of a position in the listing that `scope` names.
fn encode(key: &[u8; 64], scope: &str, position: &impl Serialize) -> Result<String, Error> {
    let position = serde_json::to_vec(position).map_err(Error::internal)?;
    let mut bytes = sign(key, scope, &position).finalize().into_bytes()[..SIGNATURE].to_vec();
    bytes.extend_from_slice(&position);
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The position that a text names in the listing that `scope` names.
fn decode<T: DeserializeOwned>(key: &[u8; 64], scope: &str, text: &str) -> Result<T, Error> {
    let refused = || Error::invalid("cursor", "is none of this listing");
    if text.len() > MAX_LENGTH {
        return Err(refused());
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| refused())?;
    let (signature, position) = bytes.split_at_checked(SIGNATURE).ok_or_else(refused)?;
    let mac = sign(key, scope, position);
    mac.verify_truncated_left(signature)
        .map_err(|_| refused())?;
    serde_json::from_slice(position).map_err(|_| refused())
}

fn sign(key: &[u8; 64], scope: &str, position: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new(key.into());
    mac.update(&(scope.len() as u64).to_be_bytes());
    mac.update(scope.as_bytes());
    mac.update(position);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: [u8; 64] = [7; 64];

    #[test]
    fn cursor_of_another_listing_is_refused() {
        let text = encode(&KEY, "videos?", &("a", 1)).unwrap();
        assert_eq!(
            decode::<(String, u8)>(&KEY, "videos?", &text).unwrap(),
            ("a".to_owned(), 1)
        );
        assert!(decode::<(String, u8)>(&KEY, "videos?status=done", &text).is_err());
        assert!(decode::<(String, u8)>(&[8; 64], "videos?", &text).is_err());
        let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
        for at in 0..bytes.len() {
            let mut forged = bytes.clone();
            forged[at] ^= 1;
            let forged = URL_SAFE_NO_PAD.encode(forged);
            assert!(decode::<(String, u8)>(&KEY, "videos?", &forged).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused(text in "\\PC{0,200}") {
            prop_assert!(decode::<(String, u8)>(&KEY, "", &text).is_err());
        }
    }
}
