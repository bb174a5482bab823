//! Git object ids (<https://git-scm.com/book/en/v2/Git-Internals-Git-Objects>).

use eventrelay_core::checked_text;
use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};

/// Hexadecimal digits of a SHA-1 or SHA-256 object id.
const LENGTHS: [usize; 2] = [40, 64];

/// Git object id: a hash in lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectId(String);

/// Error for a text that is not an object id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the id of an object of git")]
pub struct NotAnObjectId;

impl ObjectId {
    /// Computes the id of a file's content.
    #[must_use]
    pub fn of_blob(content: &[u8]) -> Self {
        let hash = Sha1::new()
            .chain_update(format!("blob {}\0", content.len()))
            .chain_update(content);
        Self(hex::encode(hash.finalize()))
    }

    fn read(text: &str) -> Result<Self, NotAnObjectId> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_id = LENGTHS.contains(&text.len()) && text.bytes().all(is_digit);
        is_id.then(|| Self(text.to_owned())).ok_or(NotAnObjectId)
    }
}

checked_text!(ObjectId, NotAnObjectId, ObjectId::read);

/// Computes the hexadecimal SHA-1 of a content, Netlify's file identifier.
#[must_use]
pub fn sha1(content: &[u8]) -> String {
    hex::encode(Sha1::digest(content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_has_the_id_that_git_gives_it() {
        // Expected values come from `git hash-object`.
        for (content, id) in [
            ("", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"),
            (
                "what is up, doc?",
                "bd9dbf5aae1a3862dd1526723246b20206e5fc37",
            ),
        ] {
            assert_eq!(ObjectId::of_blob(content.as_bytes()).as_str(), id);
        }
        assert_eq!(sha1(b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    }

    #[test]
    fn an_id_is_hexadecimal_digits_and_nothing_else() {
        let id = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";
        assert_eq!(id.parse::<ObjectId>().unwrap().as_str(), id);
        assert!("ab".repeat(32).parse::<ObjectId>().is_ok());
        let upper = id.to_uppercase();
        for text in ["", "main", "../../x", &id[1..], &upper, &format!("{id}/")] {
            assert_eq!(text.parse::<ObjectId>(), Err(NotAnObjectId), "{text}");
        }
        assert!(serde_json::from_str::<ObjectId>(r#""main""#).is_err());
    }
}
