//! Search by keywords in titles, key concepts, chapters, events and actions of all analyses.
//! Pure: what is found by which words ([`Document`]), what is searched for ([`Query`]), and in which
//! order it is shown ([`rank`]). [`crate::store::search`] keeps the inverted index.

mod document;
mod query;
mod rank;
mod words;

pub use document::{Document, Entry, Occurrence, Part};
pub use query::{Query, Word};
pub use rank::{B, Candidate, Corpus, K1, Posting, rank};
pub(crate) use words::head;
