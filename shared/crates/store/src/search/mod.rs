//! The inverted index of [`eventrelay_analysis::search`], and what is found in it. [`Search`] is all that the rest
//! of the crate knows of it.
//!
//! | `pk` | `sk` | what |
//! |---|---|---|
//! | `t#<head of the term>` | `<term> <video> <etag>` | a posting: weighted frequency (`f`), length of the document (`l`), positions of entries (`e`) |
//! | `d#<video>` | `<etag>` | a document: its entries and its terms (`gzip`), its length |
//! | `corpus` | a digit | how many documents there are, and the sum of their lengths |
//!
//! `etag` is the head of the analysis' entity tag. Terms contain no space, so that a word is all that
//! begins with `<term> ` and a beginning is all that begins with it: one query each, and no
//! dictionary of terms.
//!
//! A document row is written before its postings and deleted after them. Whatever was written when
//! a process died, the row is there and names it, and the next try or [`Search::forget`] ends it.

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

/// Postings that are read for one word of a query.
pub const MAX_POSTINGS: usize = 10_000;

/// Entries that are shown of a document.
pub const MAX_MATCHES: usize = 5;

/// Documents that contain all words of a query.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Best first. May be fewer than were asked for although there are more.
    pub hits: Vec<Hit>,
    /// Whether all postings of all words were read: else there may be more, and better ones.
    pub complete: bool,
    /// Offset at which to go on; none at the end.
    pub next: Option<usize>,
}

/// An analysis that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    pub video: VideoKey,
    /// The newest analysis of it, which is the one that was found.
    pub analysis: StoredAnalysis,
    /// How well it fits; comparable within one query only.
    pub score: f64,
    /// Its texts that contain words of the query, best first, [`MAX_MATCHES`] at most.
    pub matches: Vec<Entry>,
}

/// The index. Clones share what they remember.
#[derive(Clone, Debug)]
pub struct Search {
    client: Client,
    table: String,
    videos_table: String,
    corpus: Arc<Mutex<Option<(Instant, Corpus)>>>,
}

impl Search {
    /// The index in `table` of the analyses that are current in `videos_table`.
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
