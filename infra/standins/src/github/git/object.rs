//! An object and its name.

use std::{
    fmt,
    io::{self, Write as _},
    str::FromStr,
};

use bytes::Bytes;
use flate2::{Compression, write::ZlibEncoder};
use sha1::{Digest as _, Sha1};
use strum::IntoStaticStr;

/// SHA-1 of an object with its header.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::github) struct ObjectId([u8; 20]);

impl ObjectId {
    pub(super) const fn new(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    pub(super) const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Parses the 40 hexadecimal digits of a name. Abbreviations are refused.
impl FromStr for ObjectId {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 20];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

/// Type of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(const_into_str, serialize_all = "lowercase")]
pub(in crate::github) enum Kind {
    Blob,
    Tree,
    Commit,
}

#[derive(Clone, Debug)]
pub(in crate::github) struct Object {
    pub(in crate::github) kind: Kind,
    pub(in crate::github) data: Bytes,
}

impl Object {
    pub(super) fn id(&self) -> ObjectId {
        let mut hash = Sha1::new();
        hash.update(self.header());
        hash.update(&self.data);
        ObjectId(hash.finalize().into())
    }

    /// Returns the loose object, as a repository on disk stores it: header and data, compressed
    /// with zlib.
    pub(in crate::github) fn loose(&self) -> io::Result<Vec<u8>> {
        let mut file = ZlibEncoder::new(Vec::new(), Compression::fast());
        file.write_all(self.header().as_bytes())?;
        file.write_all(&self.data)?;
        file.finish()
    }

    fn header(&self) -> String {
        format!("{} {}\0", self.kind.into_str(), self.data.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blob_has_the_name_that_git_gives_it() {
        let object = |data: &'static str| Object {
            kind: Kind::Blob,
            data: data.into(),
        };
        // `git hash-object --stdin`
        let empty = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";
        assert_eq!(object("").id().to_string(), empty);
        let what = "bd9dbf5aae1a3862dd1526723246b20206e5fc37";
        assert_eq!(object("what is up, doc?").id().to_string(), what);
    }

    #[test]
    fn object_id_has_40_hexadecimal_digits() {
        let text = "bd9dbf5aae1a3862dd1526723246b20206e5fc37";
        assert_eq!(text.parse::<ObjectId>().unwrap().to_string(), text);
        for text in ["", "bd9dbf5", "xd9dbf5aae1a3862dd1526723246b20206e5fc37"] {
            assert!(text.parse::<ObjectId>().is_err(), "{text}");
        }
    }
}
