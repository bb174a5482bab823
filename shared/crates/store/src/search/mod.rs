//! Inverted index of [`eventrelay_analysis::search`].
//!
//! [`Search`] is its only interface for the rest of the crate.
//!
//! | `pk` | `sk` | what |
//! |---|---|---|
//! | `t#<head of the term>` | `<term> <video> <etag>` | a posting: weighted frequency (`f`), length of the document (`l`), positions of entries (`e`) |
//! | `d#<video>` | `<etag>` | a document: its entries and its terms (`gzip`), its length |
//! | `corpus` | a digit | how many documents there are, and the sum of their lengths |
//!
//! `etag` is a prefix of the analysis' entity tag. Terms contain no space. So the key prefix
//! `<term> ` selects a whole word and the key prefix `<term>` selects all words with that prefix.
//! Each takes one query, without a dictionary of terms.
//!
//! A document row is written before its postings and deleted after them. After a crash, the row
//! still names every posting that was written. The next attempt or [`Search::forget`] completes the
//! operation.

mod find;
mod rows;
mod write;

use std::{
    sync::{Arc, Mutex},
    time::Instant,
};

use aws_sdk_dynamodb::Client;

use super::StoredAnalysis;
use eventrelay_analysis::search::{Corpus, Entry};
use eventrelay_core::video::VideoKey;

/// Maximum postings read per word of a query.
pub const MAX_POSTINGS: usize = 10_000;

/// Maximum matches shown per document.
pub const MAX_MATCHES: usize = 5;

/// Result of a search: documents that contain all words of a query.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Hits, best first. There may be fewer than requested although more exist.
    pub hits: Vec<Hit>,
    /// Indicates that all postings of all words were read. Otherwise more and better hits may
    /// exist.
    pub complete: bool,
    /// Offset of the next page, or `None` at the end.
    pub next: Option<usize>,
}

/// Analysis that matches a query.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    pub video: VideoKey,
    /// Current analysis of the video, which is the one that matched.
    pub analysis: StoredAnalysis,
    /// Score, comparable within one query only.
    pub score: f64,
    /// Texts that contain words of the query, best first, [`MAX_MATCHES`] at most.
    pub matches: Vec<Entry>,
}

/// Search index. Clones share their cache.
#[derive(Clone, Debug)]
pub struct Search {
    client: Client,
    table: String,
    videos_table: String,
    corpus: Arc<Mutex<Option<(Instant, Corpus)>>>,
}

impl Search {
    /// Creates a client of the index in `table` over the current analyses in `videos_table`.
    #[must_use]
    pub fn new(client: Client, table: String, videos_table: String) -> Self {
        Self {
            client,
            table,
            videos_table,
            corpus: Arc::default(),
        }
    }
}
