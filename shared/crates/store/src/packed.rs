//! A JSON document in gzip that can be served in parts without being decompressed or parsed.
//!
//! Each member of the document is deflated separately and ended by a full flush. Its bytes are
//! complete and refer to no earlier bytes (RFC 1951, section 3.2.4; zlib's `Z_FULL_FLUSH`). Any
//! concatenation of members is therefore a valid deflate stream. The checksum and the length that
//! gzip (RFC 1952) needs are combined from those of the parts. So the whole body and every
//! `?fields=` selection come from the same stored bytes.
//!
//! The first part, the head, opens the object and holds the members that identify the document.
//! Every selection contains it. Each other part is a comma and one member.

use bytes::{BufMut, Bytes, BytesMut};
use flate2::{Compress, Compression, FlushCompress};
use serde::{
    Deserialize, Serialize,
    de::{Deserializer, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use eventrelay_core::error::Error;

/// Members of the head, which identify the document.
const HEAD: [&str; 2] = ["schema_version", "video"];

/// RFC 1952, section 2.3: deflate, no flags, no time, no operating system.
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// `}` as the last deflate block of a stream, in the fixed code.
const TAIL: [u8; 3] = [0xab, 0x05, 0x00];
const TAIL_TEXT: &[u8] = b"}";

/// Part of a packed body, with the data that gzip needs about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(String, u32, u32, u32)", into = "(String, u32, u32, u32)")]
pub struct Part {
    /// Name of the member; empty for the head.
    pub name: String,
    /// Compressed length in bytes.
    pub packed_bytes: u32,
    pub size_bytes: u32,
    /// CRC-32 of the plain bytes.
    pub crc32: u32,
}

impl From<(String, u32, u32, u32)> for Part {
    fn from((name, packed_bytes, size_bytes, crc32): (String, u32, u32, u32)) -> Self {
        Self {
            name,
            packed_bytes,
            size_bytes,
            crc32,
        }
    }
}

impl From<Part> for (String, u32, u32, u32) {
    fn from(part: Part) -> Self {
        (part.name, part.packed_bytes, part.size_bytes, part.crc32)
    }
}

/// Parts of a packed body, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Directory(Vec<Part>);

/// Byte range of a packed body to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    pub offset: u64,
    pub length: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Packed {
    /// The whole document in gzip.
    pub gzip: Bytes,
    pub parts: Directory,
}

/// Packs a JSON object.
///
/// # Errors
/// [`Error::Internal`] when the text is no JSON object, or begins with other members than a head
/// has.
pub fn pack(json: &str) -> Result<Packed, Error> {
    let Members(members) = serde_json::from_str(json).map_err(Error::internal)?;
    let Some((head, rest)) = members.split_at_checked(HEAD.len()) else {
        return Err(Error::internal("a document without a head"));
    };
    if !head.iter().map(|(name, _)| name.as_str()).eq(HEAD) {
        return Err(Error::internal("a document with another head"));
    }
    let member = |(name, value): &(String, &RawValue)| {
        Ok::<_, Error>(format!(
            "{}:{}",
            serde_json::to_string(name).map_err(Error::internal)?,
            value.get()
        ))
    };
    let head = head.iter().map(member).collect::<Result<Vec<_>, _>>()?;
    let mut packer = Packer {
        deflate: Compress::new(Compression::default(), false),
        body: Vec::from(GZIP_HEADER),
        parts: Vec::with_capacity(rest.len() + 1),
    };
    packer.add(String::new(), &format!("{{{}", head.join(",")))?;
    for entry in rest {
        packer.add(entry.0.clone(), &format!(",{}", member(entry)?))?;
    }
    let parts = Directory(packer.parts);
    let mut body = packer.body;
    body.extend_from_slice(&parts.trailer(parts.0.iter()));
    Ok(Packed {
        gzip: body.into(),
        parts,
    })
}

struct Packer {
    deflate: Compress,
    body: Vec<u8>,
    parts: Vec<Part>,
}

impl Packer {
    fn add(&mut self, name: String, text: &str) -> Result<(), Error> {
        let start = self.body.len();
        let before = self.deflate.total_in();
        loop {
            // The buffer must have spare capacity at the end. Only then is the flush complete.
            self.body.reserve(text.len() / 2 + 64);
            let read = usize::try_from(self.deflate.total_in() - before).unwrap_or(usize::MAX);
            let left = text.as_bytes().get(read..).unwrap_or_default();
            self.deflate
                .compress_vec(left, &mut self.body, FlushCompress::Full)
                .map_err(Error::internal)?;
            let done = self.deflate.total_in() - before == text.len() as u64;
            if done && self.body.len() < self.body.capacity() {
                break;
            }
        }
        let length = |bytes: usize| u32::try_from(bytes).map_err(Error::internal);
        self.parts.push(Part {
            name,
            packed_bytes: length(self.body.len() - start)?,
            size_bytes: length(text.len())?,
            crc32: crc32fast::hash(text.as_bytes()),
        });
        Ok(())
    }
}

impl Directory {
    /// Returns the parts of a selection: the head, and the named members in document order. Unknown
    /// names are left out.
    fn select<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = (u64, &'a Part)> + Clone {
        let mut end = GZIP_HEADER.len() as u64;
        let placed = self.0.iter().map(move |part| {
            let start = end;
            end += u64::from(part.packed_bytes);
            (start, part)
        });
        placed.filter(|(_, part)| part.name.is_empty() || names.contains(&part.name.as_str()))
    }

    /// Returns the length of a selection before compression, in bytes.
    #[must_use]
    pub fn size_of(&self, names: &[&str]) -> u64 {
        let parts = self.select(names);
        parts
            .map(|(_, part)| u64::from(part.size_bytes))
            .sum::<u64>()
            + TAIL_TEXT.len() as u64
    }

    /// Returns the byte ranges of a selection, with adjacent parts merged.
    #[must_use]
    pub fn ranges(&self, names: &[&str]) -> Vec<Range> {
        let mut ranges: Vec<Range> = Vec::new();
        for (offset, part) in self.select(names) {
            let length = u64::from(part.packed_bytes);
            match ranges.last_mut() {
                Some(last) if last.offset + last.length == offset => last.length += length,
                _ => ranges.push(Range { offset, length }),
            }
        }
        ranges
    }

    /// Assembles the gzip body of a selection from the bytes of its [`Directory::ranges`].
    ///
    /// # Errors
    /// [`Error::Internal`] when the number of bytes differs from the ranges.
    pub fn assemble(&self, names: &[&str], pieces: &[Bytes]) -> Result<Bytes, Error> {
        let ranges = self.ranges(names);
        let fits = ranges.len() == pieces.len()
            && (ranges.iter().zip(pieces)).all(|(range, piece)| range.length == piece.len() as u64);
        if !fits {
            return Err(Error::internal(
                "a packed body that is not as its directory says",
            ));
        }
        let length = pieces.iter().map(Bytes::len).sum::<usize>();
        let mut body = BytesMut::with_capacity(GZIP_HEADER.len() + length + TAIL.len() + 8);
        body.put_slice(&GZIP_HEADER);
        pieces.iter().for_each(|piece| body.put_slice(piece));
        body.put_slice(&self.trailer(self.select(names).map(|(_, part)| part)));
        Ok(body.freeze())
    }

    /// Cuts the gzip body of a selection out of the whole packed body.
    ///
    /// # Errors
    /// [`Error::Internal`] when the body does not match this directory.
    pub fn cut(&self, names: &[&str], body: &Bytes) -> Result<Bytes, Error> {
        let piece = |range: Range| {
            let start = usize::try_from(range.offset).ok()?;
            let end = start.checked_add(usize::try_from(range.length).ok()?)?;
            (end <= body.len()).then(|| body.slice(start..end))
        };
        let pieces: Option<Vec<Bytes>> = self.ranges(names).into_iter().map(piece).collect();
        let short = || Error::internal("a packed body that is too short");
        self.assemble(names, &pieces.ok_or_else(short)?)
    }

    /// Returns the gzip trailer for these parts.
    fn trailer<'a>(&self, parts: impl Iterator<Item = &'a Part>) -> [u8; TAIL.len() + 8] {
        let mut checksum = crc32fast::Hasher::new();
        let mut size = 0_u64;
        for part in parts {
            let length = u64::from(part.size_bytes);
            checksum.combine(&crc32fast::Hasher::new_with_initial_len(part.crc32, length));
            size += length;
        }
        checksum.update(TAIL_TEXT);
        size += TAIL_TEXT.len() as u64;
        let mut trailer = [0; TAIL.len() + 8];
        trailer[..3].copy_from_slice(&TAIL);
        trailer[3..7].copy_from_slice(&checksum.finalize().to_le_bytes());
        // The length modulo 2^32.
        trailer[7..].copy_from_slice(&size.to_le_bytes()[..4]);
        trailer
    }
}

/// Members of a JSON object in their order, unparsed.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(InOrder).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn unpack(gzip: &[u8]) -> String {
        let mut text = String::new();
        // A single gzip member without trailing bytes, since browsers read no further.
        let mut decoder = flate2::bufread::GzDecoder::new(gzip);
        decoder.read_to_string(&mut text).unwrap();
        assert!(decoder.into_inner().is_empty());
        text
    }

    fn document(members: &[(String, Value)]) -> String {
        let mut text = json!({"schema_version": "1"}).to_string();
        text.pop();
        text.push_str(",\"video\":{\"id\":\"yt:x\"}");
        for (name, value) in members {
            text.push_str(&format!(",{}:{value}", json!(name)));
        }
        text + "}"
    }

    #[test]
    fn the_whole_is_the_document_to_the_letter() {
        let text = document(&[
            ("summary".to_owned(), json!("so it is ".repeat(500))),
            ("chapters".to_owned(), json!([])),
        ]);
        let packed = pack(&text).unwrap();
        assert_eq!(unpack(&packed.gzip), text);
        assert!(packed.gzip.len() < 300, "{}", packed.gzip.len());
    }

    #[test]
    fn a_selection_is_a_document_of_its_own() {
        let text = document(&[
            ("summary".to_owned(), json!("s")),
            ("chapters".to_owned(), json!([1, 2])),
            ("events".to_owned(), json!([{"a": "}"}])),
        ]);
        let packed = pack(&text).unwrap();
        let cut = packed
            .parts
            .cut(&["events", "summary", "other"], &packed.gzip)
            .unwrap();
        assert_eq!(
            unpack(&cut),
            r#"{"schema_version":"1","video":{"id":"yt:x"},"summary":"s","events":[{"a":"}"}]}"#
        );
        assert_eq!(packed.parts.ranges(&["events", "summary"]).len(), 2);
        assert_eq!(
            packed
                .parts
                .ranges(&["chapters", "summary", "events"])
                .len(),
            1
        );
        let none = packed.parts.cut(&[], &packed.gzip).unwrap();
        assert_eq!(
            unpack(&none),
            r#"{"schema_version":"1","video":{"id":"yt:x"}}"#
        );
    }

    #[test]
    fn pack_refuses_other_documents() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"video":1,"schema_version":2}"#,
            "{\"schema_version\":",
        ] {
            assert!(pack(text).is_err(), "{text}");
        }
        let packed = pack(&document(&[])).unwrap();
        assert!(packed.parts.cut(&[], &packed.gzip.slice(..20)).is_err());
        assert!(packed.parts.assemble(&[], &[]).is_err());
    }

    #[test]
    fn the_directory_survives_its_text() {
        let packed = pack(&document(&[("summary".to_owned(), json!("s"))])).unwrap();
        let text = serde_json::to_string(&packed.parts).unwrap();
        assert!(text.len() < 80, "{text}");
        assert_eq!(
            serde_json::from_str::<Directory>(&text).unwrap(),
            packed.parts
        );
    }

    proptest! {
        #[test]
        fn every_selection_unpacks_to_its_members(
            members in prop::collection::btree_map("[a-z]{1,8}", "\\PC{0,300}", 0..12),
            chosen in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let members: Vec<(String, Value)> = members
                .into_iter()
                .filter(|(name, _)| !HEAD.contains(&name.as_str()))
                .map(|(name, text)| (name, json!(text)))
                .collect();
            let packed = pack(&document(&members)).unwrap();
            prop_assert_eq!(unpack(&packed.gzip), document(&members));
            let names: Vec<&str> = if members.is_empty() { Vec::new() } else { chosen.iter().map(|index| members[index.index(members.len())].0.as_str()).collect() };
            let selected: Vec<_> = members
                .iter()
                .filter(|(name, _)| names.contains(&name.as_str()))
                .cloned()
                .collect();
            let cut = packed.parts.cut(&names, &packed.gzip).unwrap();
            let expected = document(&selected);
            prop_assert_eq!(packed.parts.size_of(&names), expected.len() as u64);
            prop_assert_eq!(unpack(&cut), expected);
        }
    }
}
