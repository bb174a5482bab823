//! Search by keywords in titles, key concepts, chapters, events and actions of all analyses.
//!
//! Pure: the indexed words ([`Document`]), the search terms ([`Query`]), and the order of results
//! (`rank`). `eventrelay_store::search` stores the inverted index.
//!
//! # Ranking
//!
//! A document must contain all words of a query. Its score is BM25F, a sum over the words. Each
//! word adds its rarity `ln(1 + (N - n + 0.5) / (n + 0.5))`, where `n` of `N` documents contain it,
//! times `tf / (tf + k1 * (1 - b + b * length / average length))` with [`K1`] and [`B`]. `tf` and
//! `length` weight words by their part ([`Part::weight`]): title 6, key concept 3, chapter 2, event
//! or action 1. All words that match the prefix `word*` count as one word. `N` and the average
//! length come from counters that may be slightly off, which does not change the order.
//!
//! # Cost
//!
//! An analysis of 2000 words has about 700 different terms, and a term is a row. Indexing it takes
//! about 700 writes in 28 batches, four at a time; removal takes as many. At $0.625 per million
//! writes (DynamoDB on demand, us-east-1) that is $0.0005 each, against some cents for the analysis
//! itself. A document row has 5 to 10 kB, and at most 8000 terms are indexed.
//!
//! A query makes two rounds of reads, regardless of the number of results. The first reads the
//! postings of its words in parallel. The second reads the documents and the video index entries of
//! one result page. A posting has about 60 bytes and half a read unit is 4 kB, so a word in 1000
//! documents takes 8 read units. A word in 10,000 documents, where reading stops, takes 75:
//! $0.00001 at $0.125 per million. A page of ten results adds about 15.
//!
//! # Limits
//!
//! A query reads every posting of every word, even if it shows few results. For a word in a third
//! of all analyses:
//!
//! | analyses | postings of it | pages of 1 MB, one after the other | read units |
//! |---|---|---|---|
//! | 3,000 | 1,000 | 1 | 8 |
//! | 30,000 | 10,000 | 1 | 75 |
//! | 300,000 | 100,000 | 6 | 750 |
//! | 3,000,000 | 1,000,000 | 60 | 7,500 |
//!
//! Up to about 30,000 analyses every query is answered in full, in two rounds. Beyond that, queries
//! with only common words return `complete: false`. A higher bound would add latency before it adds
//! cost. A page takes tens of milliseconds to fetch and as long to parse, and pages are sequential.
//! At 300,000 analyses that is most of a second for one such word.
//!
//! At that size, move to OpenSearch. It stores a posting in a byte or two, skips those that cannot
//! reach the first page, and supports stemming, phrases and fuzzy matching. It starts at about $350
//! a month for two OCUs that never scale to zero. DynamoDB answers ten million queries for that
//! price, so OpenSearch does not pay off below that size.
//!
//! The interface is `eventrelay_store::search::Search`: `put`, `remove`, `forget` and `find`. No
//! other code knows how postings are stored.

mod document;
mod query;
mod rank;
mod words;

pub use document::{Document, Entry, Occurrence, Part};
pub use query::{Query, Word};
pub use rank::{B, Candidate, Corpus, K1, Posting, rank};
pub use words::head;
