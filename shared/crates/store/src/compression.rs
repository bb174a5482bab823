//! Gzip (RFC 1952): bodies are compressed once for all readers.

use std::io::{Read, Write};

use bytes::Bytes;
use flate2::{Compression, bufread::GzDecoder, write::GzEncoder};

use eventrelay_core::error::Error;

/// Compresses a body once, for all its readers.
#[must_use]
pub fn gzip(body: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 2), Compression::default());
    // Writing to memory does not fail.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default().into()
}

/// Decompresses a body for a client that does not accept gzip, up to `limit` bytes.
///
/// # Errors
/// [`Error::TooLarge`] past the limit, [`Error::Internal`] when it is no gzip.
pub fn gunzip(body: &[u8], limit: u64) -> Result<Vec<u8>, Error> {
    // RFC 1952, section 2.3.1: the trailer has the length. It is only a capacity hint.
    let length = body.last_chunk().map_or(0, |end| u32::from_le_bytes(*end));
    let length = usize::try_from(u64::from(length).min(limit)).unwrap_or_default();
    let mut plain = Vec::with_capacity(length);
    let read = GzDecoder::new(body).take(limit + 1).read_to_end(&mut plain);
    match read.map_err(Error::internal)? as u64 {
        length if length > limit => Err(Error::TooLarge { what: "body" }),
        _ => Ok(plain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compresses_and_back() {
        let body = "so it is ".repeat(1000);
        let packed = gzip(body.as_bytes());
        assert!(packed.len() < body.len() / 10);
        assert_eq!(gunzip(&packed, body.len() as u64).unwrap(), body.as_bytes());
    }

    #[test]
    fn a_bomb_does_not_go_off() {
        let packed = gzip(&vec![0; 1_000_000]);
        assert!(matches!(gunzip(&packed, 1000), Err(Error::TooLarge { .. })));
        assert!(gunzip(b"not gzip", 1000).is_err());
    }
}
