//! Identifiers of videos.

use base64::alphabet::URL_SAFE;
use serde::{Deserialize, Serialize};

use crate::checked_text;

/// Length of a YouTube id in characters.
pub(super) const YOUTUBE_ID_LEN: usize = 11;

/// Length of a SHA-256 in hexadecimal digits.
const SHA256_HEX_LEN: usize = 64;

/// Text that is not an identifier of the asked kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    /// Not 11 characters of `A-Z a-z 0-9 _ -`.
    #[error("not a YouTube video id: 11 characters of A-Z, a-z, 0-9, _ and - are expected")]
    YouTube,
    /// Not 64 lower-case hexadecimal digits.
    #[error("not a SHA-256: 64 lower-case hexadecimal digits are expected")]
    ContentHash,
}

/// The id of a YouTube video, in its canonical spelling.
///
/// An id is 64 bits in base64url, so its last character carries two bits that mean nothing. YouTube
/// accepts all four spellings and redirects to the one where those bits are zero
/// (`DJztXj2GPfl` is `DJztXj2GPfk`, as yt-dlp's tests record). They are zeroed here, so that one
/// video has one key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct YouTubeId(Box<str>);

impl YouTubeId {
    /// Reads exactly 11 characters of the base64url alphabet.
    ///
    /// # Errors
    /// [`InvalidId::YouTube`] for any other text.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let alphabet = URL_SAFE.as_str();
        if text.len() != YOUTUBE_ID_LEN || !text.bytes().all(is_id_byte) {
            return Err(InvalidId::YouTube);
        }
        let (head, last) = text.split_at(YOUTUBE_ID_LEN - 1);
        let value = alphabet.find(last).ok_or(InvalidId::YouTube)? & !0b11;
        Ok(Self(format!("{head}{}", &alphabet[value..=value]).into()))
    }

    /// The canonical address of the video, the one form that Gemini is given.
    #[must_use]
    pub fn watch_url(&self) -> String {
        format!("https://www.youtube.com/watch?v={}", self.0)
    }
}

/// Returns whether a byte belongs to the alphabet of YouTube ids.
pub(super) fn is_id_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

checked_text!(YouTubeId, InvalidId, YouTubeId::parse);

/// The SHA-256 of an uploaded recording, so that the same bytes are the same video.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContentHash(Box<str>);

impl ContentHash {
    /// Reads exactly 64 lower-case hexadecimal digits. Upper case is refused: a second spelling
    /// would be a second key.
    ///
    /// # Errors
    /// [`InvalidId::ContentHash`] for any other text.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != SHA256_HEX_LEN || !text.bytes().all(digit) {
            return Err(InvalidId::ContentHash);
        }
        Ok(Self(text.into()))
    }
}

checked_text!(ContentHash, InvalidId, ContentHash::parse);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_four_spellings_of_a_video_are_one_id() {
        for spelling in ["DJztXj2GPfk", "DJztXj2GPfl", "DJztXj2GPfm", "DJztXj2GPfn"] {
            assert_eq!(YouTubeId::parse(spelling).unwrap().as_str(), "DJztXj2GPfk");
        }
        assert_eq!(
            YouTubeId::parse("__________-").unwrap().as_str(),
            "__________8"
        );
    }

    #[test]
    fn id_parser_refuses_other_texts() {
        for text in [
            "",
            "dQw4w9WgXc",
            "dQw4w9WgXcQQ",
            "dQw4w9WgXc!",
            "dQw4w9WgXé",
            "hello world",
        ] {
            assert_eq!(YouTubeId::parse(text), Err(InvalidId::YouTube), "{text:?}");
        }
        assert!(serde_json::from_str::<YouTubeId>("\"../../../etc\"").is_err());
    }

    #[test]
    fn a_hash_is_64_lower_case_digits() {
        assert!(ContentHash::parse(&"0f".repeat(32)).is_ok());
        for text in [
            "",
            &"0F".repeat(32),
            &"0g".repeat(32),
            &"0f".repeat(31),
            &"é".repeat(32),
        ] {
            assert_eq!(
                ContentHash::parse(text),
                Err(InvalidId::ContentHash),
                "{text:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn canonicalising_twice_changes_nothing(text in "[A-Za-z0-9_-]{11}") {
            let once = YouTubeId::parse(&text).unwrap();
            prop_assert_eq!(&once.as_str()[..10], &text[..10]);
            prop_assert!("AEIMQUYcgkosw048".contains(&once.as_str()[10..]));
            prop_assert_eq!(YouTubeId::parse(once.as_str()).unwrap(), once);
        }
    }
}
