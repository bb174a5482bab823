//! Conversion of the rows of the index to items and back.

use std::{fmt, str::FromStr};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use serde::{Deserialize, Serialize};

use super::super::{
    compression,
    item::{Item, get_n, get_s, n, s},
};
use eventrelay_analysis::search::{Corpus, Document, Entry, Occurrence, Posting, head};
use eventrelay_core::{error::Error, video::VideoKey};

/// Length of the entity tag prefix that identifies an analysis of a video.
const ETAG_CHARS: usize = 16;

/// Maximum decompressed size of our own rows.
const MAX_BYTES: u64 = 2_000_000;

/// Shards of the corpus counters, for more writes than one row takes.
const SHARDS: u8 = 4;

/// Key of the document of one analysis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DocumentKey {
    pub(super) video: VideoKey,
    etag: String,
}

impl DocumentKey {
    /// Creates the key for this entity tag or a prefix of it.
    pub(super) fn new(video: &VideoKey, etag: &str) -> Result<Self, Error> {
        let etag = etag
            .get(..ETAG_CHARS)
            .filter(|etag| etag.bytes().all(|b| b.is_ascii_hexdigit()))
            .ok_or_else(|| Error::internal("the entity tag is no SHA-256"))?;
        Ok(Self {
            video: video.clone(),
            etag: etag.to_owned(),
        })
    }

    /// Returns whether the key belongs to the analysis with this entity tag.
    pub(super) fn is_of(&self, etag: &str) -> bool {
        etag.starts_with(&self.etag)
    }

    pub(super) fn item(&self) -> Item {
        key(partition(&self.video), self.etag.clone())
    }

    pub(super) fn posting(&self, term: &str) -> Item {
        key(partition_of(term), format!("{term} {self}"))
    }

    /// Returns the key of its counter shard.
    pub(super) fn counters(&self) -> Item {
        let digit = self.etag.bytes().next().unwrap_or_default();
        counters(digit % SHARDS)
    }
}

/// Formats the key as in the sort key of a posting, behind the term.
impl fmt::Display for DocumentKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.video, self.etag)
    }
}

impl FromStr for DocumentKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let foreign = || Error::internal("not the name of a document");
        let (video, etag) = text.split_once(' ').ok_or_else(foreign)?;
        Self::new(&video.parse().map_err(|_| foreign())?, etag)
    }
}

/// Content of a document row.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Stored {
    pub(super) entries: Vec<Entry>,
    /// All terms that have a posting. Another version of the tokenizer may have made them.
    pub(super) terms: Vec<String>,
}

/// Partition of all documents of a video.
pub(super) fn partition(video: &VideoKey) -> String {
    format!("d#{video}")
}

/// Partition of all postings of a term and of terms with the same prefix.
pub(super) fn partition_of(term: &str) -> String {
    format!("t#{}", head(term))
}

/// Key of the newest analysis of a video, in the table of videos.
pub(super) fn current(video: &VideoKey) -> Item {
    key(video.to_string(), "current".to_owned())
}

/// Returns the primary key of an item as text.
pub(super) fn name(item: &Item) -> String {
    let part = |name| get_s(item, name).unwrap_or_default();
    format!("{} {}", part("pk"), part("sk"))
}

pub(super) fn document(key: &DocumentKey, document: &Document) -> Result<Item, Error> {
    let stored = Stored {
        entries: document.entries().to_vec(),
        terms: document.terms().map(|(term, _)| term.to_owned()).collect(),
    };
    let json = serde_json::to_vec(&stored).map_err(Error::internal)?;
    let mut item = key.item();
    item.insert("gzip".to_owned(), b(compression::gzip(&json).to_vec()));
    item.insert("length".to_owned(), n(document.length()));
    Ok(item)
}

pub(super) fn read_document(item: &Item) -> Result<Stored, Error> {
    let gzip = get_b(item, "gzip").ok_or_else(|| Error::internal("a document without content"))?;
    let json = compression::gunzip(gzip, MAX_BYTES)?;
    serde_json::from_slice(&json).map_err(Error::internal)
}

/// Returns the document length of a row.
pub(super) fn length(item: &Item) -> i64 {
    get_n(item, "length").unwrap_or_default()
}

/// Parses the key of a document row, whose sort key is the entity tag.
pub(super) fn read_key(video: &VideoKey, item: &Item) -> Result<DocumentKey, Error> {
    DocumentKey::new(video, get_s(item, "sk").unwrap_or_default())
}

/// Returns whether two document rows have the same content.
pub(super) fn is_same(one: &Item, other: &Item) -> bool {
    get_b(one, "gzip") == get_b(other, "gzip")
}

pub(super) fn posting(key: &DocumentKey, length: u32, term: &str, occurrence: &Occurrence) -> Item {
    let entries = occurrence
        .entries
        .iter()
        .copied()
        .flat_map(u16::to_be_bytes);
    let mut item = key.posting(term);
    item.insert("f".to_owned(), n(occurrence.frequency));
    item.insert("l".to_owned(), n(length));
    item.insert("e".to_owned(), b(entries.collect()));
    item
}

/// Parses a posting, or returns `None` if the row is none.
pub(super) fn read_posting(item: &Item) -> Option<Posting> {
    let (_, document) = get_s(item, "sk")?.split_once(' ')?;
    let entries = get_b(item, "e")?.chunks_exact(2);
    Some(Posting {
        document: document.to_owned(),
        frequency: get_n(item, "f")?,
        length: get_n(item, "l")?,
        entries: entries.map(|e| u16::from_be_bytes([e[0], e[1]])).collect(),
    })
}

/// Keys of all counters.
pub(super) fn all_counters() -> Vec<Item> {
    (0..SHARDS).map(counters).collect()
}

/// Adds up the counters. One may be negative if a document was counted with another tag or never.
pub(super) fn read_corpus(items: &[Item]) -> Corpus {
    let sum = |name: &str| {
        let counted = items.iter().filter_map(|item| get_n::<i64>(item, name));
        counted.sum::<i64>().try_into().unwrap_or(0)
    };
    Corpus {
        documents: sum("documents"),
        length: sum("length"),
    }
}

fn counters(shard: u8) -> Item {
    key("corpus".to_owned(), shard.to_string())
}

fn key(pk: String, sk: String) -> Item {
    Item::from([("pk".to_owned(), s(pk)), ("sk".to_owned(), s(sk))])
}

fn b(bytes: Vec<u8>) -> AttributeValue {
    AttributeValue::B(Blob::new(bytes))
}

fn get_b<'a>(item: &'a Item, name: &str) -> Option<&'a [u8]> {
    item.get(name)?.as_b().ok().map(AsRef::as_ref)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ETAG: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn document_of(events: &[String]) -> Document {
        let events: Vec<_> = { events.iter() }
            .map(|text| json!({"type": "topic", "title": text, "at_s": 1.0, "confidence": 1.0}))
            .collect();
        let analysis = json!({
            "schema_version": "1",
            "video": {"id": "yt:dQw4w9WgXcQ", "platform": "youtube", "title": "Rust"},
            "language": "en", "summary": "", "events": events, "sources": {},
            "provenance": {
                "model": "", "pipeline_version": "", "prompt_sha256": "", "analyzed_at": "",
                "usage": {"input_tokens": 0, "output_tokens": 0, "thinking_tokens": 0, "model_calls": 0},
            },
        });
        Document::new(&serde_json::from_value(analysis).unwrap())
    }

    fn a_key() -> DocumentKey {
        DocumentKey::new(&"yt:dQw4w9WgXcQ".parse().unwrap(), ETAG).unwrap()
    }

    #[test]
    fn rows_are_read_as_they_were_written() {
        let document = document_of(&["More Rust".to_owned()]);
        let row = self::document(&a_key(), &document).unwrap();
        let stored = read_document(&row).unwrap();
        assert_eq!(stored.entries, document.entries());
        assert_eq!(stored.terms, ["more", "rust"]);
        assert_eq!(length(&row), i64::from(document.length()));
        assert_eq!(read_key(&a_key().video, &row).unwrap(), a_key());

        let (term, occurrence) = document.terms().nth(1).unwrap();
        let item = posting(&a_key(), document.length(), term, occurrence);
        assert_eq!(get_s(&item, "pk"), Some("t#ru"));
        assert_eq!(
            get_s(&item, "sk"),
            Some("rust yt:dQw4w9WgXcQ 0123456789abcdef")
        );
        let read = read_posting(&item).unwrap();
        assert_eq!(read.document.parse::<DocumentKey>().unwrap(), a_key());
        assert_eq!((read.frequency, read.length), (7, 8));
        assert_eq!(read.entries, [0, 1]);
    }

    #[test]
    fn document_key_identifies_analysis_by_etag_prefix() {
        assert!(a_key().is_of(ETAG));
        assert!(!a_key().is_of(&ETAG.replace('7', "8")));
        assert!(!a_key().is_of(""));
        let video = a_key().video;
        assert_eq!(DocumentKey::new(&video, &ETAG[..16]).unwrap(), a_key());
        for wrong in ["", "0123", "no hexadecimal digits"] {
            assert!(DocumentKey::new(&video, wrong).is_err(), "{wrong}");
        }
        for foreign in ["", "yt:dQw4w9WgXcQ", "x 0123456789abcdef"] {
            assert!(foreign.parse::<DocumentKey>().is_err(), "{foreign}");
        }
    }

    #[test]
    fn counters_are_added_up() {
        let row = |documents: i64, length: i64| {
            Item::from([
                ("documents".to_owned(), n(documents)),
                ("length".to_owned(), n(length)),
            ])
        };
        let (documents, length) = (3, 70);
        let corpus = Corpus { documents, length };
        assert_eq!(read_corpus(&[row(4, 90), row(-1, -20)]), corpus);
        assert_eq!(read_corpus(&[row(-1, -20)]), Corpus::default());
        assert!(all_counters().contains(&a_key().counters()));
    }

    /// Incompressible text: random characters of four bytes.
    #[test]
    fn the_largest_document_fits_into_a_row() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut text = || -> String {
            (0..400)
                .map(|_| random.char('\u{20000}'..='\u{2a6df}'))
                .collect()
        };
        let events: Vec<String> = (0..2_000).map(|_| text()).collect();
        let row = document(&a_key(), &document_of(&events)).unwrap();
        let gzip = get_b(&row, "gzip").unwrap().len();
        assert!((50_000..390_000).contains(&gzip), "{gzip}");
        assert!(read_document(&row).is_ok());
    }
}
