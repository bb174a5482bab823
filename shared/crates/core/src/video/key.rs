//! The key a video is stored under.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ContentHash, YouTubeId};

/// One video, wherever it comes from. Written `yt:<id>` or `up:<sha256>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum VideoKey {
    /// A public video on YouTube.
    YouTube(YouTubeId),
    /// A recording that was uploaded here.
    Upload(ContentHash),
}

impl VideoKey {
    /// Name of the platform as documents carry it.
    #[must_use]
    pub fn platform(&self) -> &'static str {
        match self {
            Self::YouTube(_) => "youtube",
            Self::Upload(_) => "upload",
        }
    }

    /// The public address of the video; an upload has none.
    #[must_use]
    pub fn watch_url(&self) -> Option<String> {
        match self {
            Self::YouTube(id) => Some(id.watch_url()),
            Self::Upload(_) => None,
        }
    }
}

/// Text that is not a video key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a video key: yt:<11-character id> or up:<SHA-256> is expected")]
pub struct NotAVideoKey;

impl FromStr for VideoKey {
    type Err = NotAVideoKey;

    /// Reads what [`fmt::Display`] writes, and the bare id or hash alone: they differ in length.
    fn from_str(text: &str) -> Result<Self, NotAVideoKey> {
        let youtube = text.strip_prefix("yt:").map(YouTubeId::parse);
        let upload = text.strip_prefix("up:").map(ContentHash::parse);
        match (youtube, upload) {
            (Some(id), _) => id.map(Self::YouTube),
            (_, Some(hash)) => hash.map(Self::Upload),
            (None, None) => YouTubeId::parse(text)
                .map(Self::YouTube)
                .or_else(|_| ContentHash::parse(text).map(Self::Upload)),
        }
        .map_err(|_| NotAVideoKey)
    }
}

impl fmt::Display for VideoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::YouTube(id) => write!(f, "yt:{id}"),
            Self::Upload(hash) => write!(f, "up:{hash}"),
        }
    }
}

impl TryFrom<String> for VideoKey {
    type Error = NotAVideoKey;

    fn try_from(text: String) -> Result<Self, NotAVideoKey> {
        text.parse()
    }
}

impl From<VideoKey> for String {
    fn from(key: VideoKey) -> Self {
        key.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_is_read_with_and_without_its_prefix() {
        let hash = "a1".repeat(32);
        for (text, written) in [
            ("yt:dQw4w9WgXcQ", "yt:dQw4w9WgXcQ".to_owned()),
            ("dQw4w9WgXcR", "yt:dQw4w9WgXcQ".to_owned()),
            (hash.as_str(), format!("up:{hash}")),
        ] {
            assert_eq!(text.parse::<VideoKey>().unwrap().to_string(), written);
        }
    }

    #[test]
    fn key_parser_refuses_other_texts() {
        let hash = "a1".repeat(32);
        for text in [
            "",
            "yt:",
            "up:",
            "yt:dQw4w9WgXc",
            "up:dQw4w9WgXcQ",
            "YT:dQw4w9WgXcQ",
            "yt:yt:x",
        ] {
            assert_eq!(text.parse::<VideoKey>(), Err(NotAVideoKey), "{text:?}");
        }
        assert!(format!("yt:{hash}").parse::<VideoKey>().is_err());
    }

    #[test]
    fn in_json_a_key_is_a_string() {
        let key: VideoKey = "yt:dQw4w9WgXcQ".parse().unwrap();
        let json = serde_json::to_string(&key).unwrap();
        assert_eq!(json, "\"yt:dQw4w9WgXcQ\"");
        assert_eq!(serde_json::from_str::<VideoKey>(&json).unwrap(), key);
        assert!(serde_json::from_str::<VideoKey>("\"yt:no\"").is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(text in "[A-Za-z0-9_-]{11}|[0-9a-f]{64}") {
            let key: VideoKey = text.parse().unwrap();
            prop_assert_eq!(key.to_string().parse::<VideoKey>().unwrap(), key);
        }

        #[test]
        fn any_text_is_read_or_refused(text in any::<String>()) {
            let _ = text.parse::<VideoKey>();
        }
    }
}
