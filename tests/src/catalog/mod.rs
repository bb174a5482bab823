//! Synthetic videos that benchmarks write into the index.

pub mod body;
pub mod fill;

use std::sync::Arc;

use eventrelay::video::{VideoKey, YouTubeId};

use body::Body;

/// The four bits that the last character of an id carries.
const LAST: &[u8; 16] = b"AEIMQUYcgkosw048";
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A lookup and its expected response.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// Path of the URL.
    pub path: Box<str>,
    /// Length of the body as it is, in bytes.
    pub plain: usize,
    /// Length of the body in gzip, in bytes.
    pub gzip: usize,
}

/// Many lookups, in the order of their videos' numbers.
pub type Lookups = Arc<[Lookup]>;

/// Returns the id of a video by its number: unique, and distributed like real ids.
pub fn id(number: u64) -> YouTubeId {
    // The finalizer of SplitMix64 maps numbers one to one.
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    let head = (0..10).map(|position| ALPHABET[(bits >> (4 + 6 * position) & 63) as usize]);
    let text: String = head
        .chain([LAST[(bits & 15) as usize]])
        .map(char::from)
        .collect();
    YouTubeId::parse(&text).unwrap_or_else(|error| unreachable!("{text}: {error}"))
}

/// The key of a video by its number.
pub fn key(number: u64) -> VideoKey {
    VideoKey::YouTube(id(number))
}

/// The body of a video by its number.
pub fn body(number: u64) -> Body {
    body::body(id(number).as_str(), body::LENGTH)
}

/// The lookup of a video that has this body.
pub fn lookup(number: u64, body: &Body) -> Lookup {
    Lookup {
        path: path(number).into(),
        plain: body.plain.len(),
        gzip: body.packed.gzip.len(),
    }
}

/// The path of a video by its number.
pub fn path(number: u64) -> String {
    format!("/v1/videos/{}", key(number))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_canonical_and_differ() {
        let ids: HashSet<String> = (0..10_000).map(|number| id(number).to_string()).collect();
        assert_eq!(ids.len(), 10_000);
        assert_eq!(path(7), format!("/v1/videos/yt:{}", id(7)));
    }
}
