//! Search by keywords in titles, key concepts, chapters, events and actions of all analyses.
//! Pure: what is found by which words ([`Document`]), what is searched for ([`Query`]), and in which
//! order it is shown (`rank`). `eventrelay_store::search` keeps the inverted index.
//!
//! # Ranking
//!
//! A document must contain all words of a query. Its score is BM25F: of each word its rarity,
//! `ln(1 + (N - n + 0.5) / (n + 0.5))` where `n` of `N` documents contain it, times `tf / (tf + k1 *
//! (1 - b + b * length / average length))` with [`K1`] and [`B`], added up. `tf` and `length` count
//! words by where they stand ([`Part::weight`]): in the title 6, in a key concept 3, in a chapter 2,
//! in an event or an action 1. All words with the beginning `word*` are one word. `N` and the average
//! length come from counters that may be a little off: a document more or less changes no order.
//!
//! # What it costs
//!
//! An analysis of 2000 words has some 700 different terms, and a term is a row. So to put it takes
//! about 700 writes in 28 batches, four at a time, and to remove it takes as many. At $0.625 per
//! million writes (DynamoDB on demand, us-east-1) that is $0.0005 each, against some cents for the
//! analysis itself. A document row has 5 to 10 kB, and at most 8000 terms are taken.
//!
//! A query makes two rounds of reads, however many results it has: the postings of its words side
//! by side, then the documents and the entries of the index of videos for one page of results. A
//! posting has about 60 bytes and half a read unit is 4 kB, so a word in 1000 documents takes 8 read
//! units and one in 10,000 documents, which is where reading stops, takes 75: $0.00001 at $0.125 per
//! million. A page of ten results adds about 15.
//!
//! # When it is outgrown
//!
//! Every posting of every word of a query is read, however few results are shown. Where a word is in
//! a third of all analyses,
//!
//! | analyses | postings of it | pages of 1 MB, one after the other | read units |
//! |---|---|---|---|
//! | 3,000 | 1,000 | 1 | 8 |
//! | 30,000 | 10,000 | 1 | 75 |
//! | 300,000 | 100,000 | 6 | 750 |
//! | 3,000,000 | 1,000,000 | 60 | 7,500 |
//!
//! Up to about 30,000 analyses every query is answered in full, in two rounds. Beyond that, queries
//! of common words alone say `complete: false`, and to raise the bound makes them slow before it makes
//! them dear: a page takes tens of milliseconds to come and as long to parse, and the next one is
//! asked for by the end of the last. At 300,000 analyses that is most of a second for one such word.
//! That is the time to move to OpenSearch, which keeps a posting in a byte or two, skips those that
//! cannot reach the first page, and knows word stems, phrases and misspellings. It starts at some
//! $350 a month for two OCUs that never sleep, for which DynamoDB answers ten million queries: who
//! is smaller gains nothing by it.
//!
//! The seam is `eventrelay_store::search::Search`: `put`, `remove`, `forget` and `find`. Nothing else
//! knows where postings are.

mod document;
mod query;
mod rank;
mod words;

pub use document::{Document, Entry, Occurrence, Part};
pub use query::{Query, Word};
pub use rank::{B, Candidate, Corpus, K1, Posting, rank};
pub use words::head;
