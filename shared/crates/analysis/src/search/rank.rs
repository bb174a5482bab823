//! Selection and order of the documents that match a query.
//!
//! BM25F as in Robertson, Zaragoza and Taylor, "Simple BM25 extension to multiple weighted fields"
//! (CIKM 2004, <https://doi.org/10.1145/1031171.1031181>). A word in a title counts as several
//! occurrences, and saturation applies to the sum over all parts. With one score per part, a word
//! in five parts would beat five words in one part.

use std::collections::HashMap;

/// Saturation of repeated words: a higher value saturates later.
///
/// The range 1.2 to 2 is good in most settings (Robertson and Zaragoza, "The Probabilistic
/// Relevance Framework: BM25 and Beyond", 2009, chapter 3, <https://doi.org/10.1561/1500000019>).
pub const K1: f64 = 1.2;

/// Length normalization from 0 to 1; the same source recommends 0.5 to 0.8.
///
/// This is the lowest value, because a long analysis belongs to a long video: it has more content,
/// not more words for the same content.
pub const B: f64 = 0.5;

/// Statistics over all documents. They may be approximate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Corpus {
    pub documents: u64,
    /// Sum of the document lengths, see [`super::Document::length`].
    pub length: u64,
}

/// Index entry of a term in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Name of the document.
    pub document: String,
    pub frequency: u32,
    /// Length of the whole document.
    pub length: u32,
    pub entries: Vec<u16>,
}

/// Document that contains all words.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    pub document: String,
    /// Relevance score; comparable within one query only.
    pub score: f64,
    /// Positions of the matching entries, best first: by number of matched words, then by position.
    pub entries: Vec<u16>,
}

/// Ranks the documents that appear in every list, best first. Each list has the postings of one
/// query word. The result does not depend on the order inside the lists. Without lists the result
/// is empty.
#[must_use]
pub fn rank(words: Vec<Vec<Posting>>, corpus: Corpus) -> Vec<Candidate> {
    let mut words: Vec<HashMap<String, Posting>> = words.into_iter().map(merge).collect();
    words.sort_by_key(HashMap::len);
    let weights: Vec<f64> = words
        .iter()
        .map(|word| inverse_frequency(corpus, word.len()))
        .collect();
    let Some((rarest, others)) = words.split_first() else {
        return Vec::new();
    };
    let mut candidates: Vec<Candidate> = rarest
        .iter()
        .filter_map(|(document, posting)| {
            let mut postings = vec![posting];
            for word in others {
                postings.push(word.get(document)?);
            }
            let score = { postings.iter().zip(&weights) }
                .map(|(posting, weight)| weight * saturated(posting, corpus))
                .sum();
            Some(Candidate {
                document: document.clone(),
                score,
                entries: best_entries(&postings),
            })
        })
        .collect();
    candidates.sort_by(|a, b| {
        let by_score = b.score.total_cmp(&a.score);
        by_score.then_with(|| a.document.cmp(&b.document))
    });
    candidates
}

/// Merges terms with the same prefix into one word for a prefix search.
fn merge(postings: Vec<Posting>) -> HashMap<String, Posting> {
    let mut merged: HashMap<String, Posting> = HashMap::with_capacity(postings.len());
    for posting in postings {
        match merged.get_mut(&posting.document) {
            Some(known) => {
                known.frequency = known.frequency.saturating_add(posting.frequency);
                known.entries.extend(posting.entries);
                known.entries.sort_unstable();
                known.entries.dedup();
            }
            None => {
                merged.insert(posting.document.clone(), posting);
            }
        }
    }
    merged
}

/// Inverse document frequency as in Lucene, which is positive even for a word in every document.
fn inverse_frequency(corpus: Corpus, containing: usize) -> f64 {
    let containing = containing as f64;
    let documents = (corpus.documents as f64).max(containing);
    (1.0 + (documents - containing + 0.5) / (containing + 0.5)).ln()
}

/// Weight of a word within a document, from 0 to 1.
fn saturated(posting: &Posting, corpus: Corpus) -> f64 {
    let relative_length = match corpus.documents {
        0 => 1.0,
        documents => f64::from(posting.length) * documents as f64 / corpus.length.max(1) as f64,
    };
    let frequency = f64::from(posting.frequency);
    frequency / (frequency + K1 * (1.0 - B + B * relative_length))
}

fn best_entries(postings: &[&Posting]) -> Vec<u16> {
    let mut words_of: HashMap<u16, usize> = HashMap::new();
    for entry in postings.iter().flat_map(|posting| &posting.entries) {
        *words_of.entry(*entry).or_default() += 1;
    }
    let mut entries: Vec<(u16, usize)> = words_of.into_iter().collect();
    entries.sort_by_key(|(entry, words)| (std::cmp::Reverse(*words), *entry));
    entries.into_iter().map(|(entry, _)| entry).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CORPUS: Corpus = Corpus {
        documents: 100,
        length: 10_000,
    };

    fn posting(document: &str, frequency: u32, length: u32, entries: &[u16]) -> Posting {
        Posting {
            document: document.to_owned(),
            frequency,
            length,
            entries: entries.to_vec(),
        }
    }

    fn order(words: Vec<Vec<Posting>>) -> Vec<String> {
        let ranked = rank(words, CORPUS).into_iter();
        ranked.map(|candidate| candidate.document).collect()
    }

    #[test]
    fn all_words_must_be_found() {
        let rust = vec![posting("a", 1, 100, &[]), posting("b", 1, 100, &[])];
        let web = vec![posting("b", 1, 100, &[]), posting("c", 1, 100, &[])];
        assert_eq!(order(vec![rust.clone(), web.clone()]), ["b"]);
        assert_eq!(order(vec![rust, web, vec![]]), [""; 0]);
        assert_eq!(order(vec![]), [""; 0]);
    }

    #[test]
    fn the_better_document_comes_first() {
        let often_or_rarely = vec![
            posting("rarely", 1, 100, &[]),
            posting("often", 6, 100, &[]),
        ];
        assert_eq!(order(vec![often_or_rarely]), ["often", "rarely"]);
        let long_or_short = vec![posting("long", 2, 900, &[]), posting("short", 2, 50, &[])];
        assert_eq!(order(vec![long_or_short]), ["short", "long"]);
        let equal = vec![posting("b", 1, 100, &[]), posting("a", 1, 100, &[])];
        assert_eq!(order(vec![equal]), ["a", "b"]);
    }

    #[test]
    fn the_rarer_word_decides() {
        let common = |document: &str, frequency| posting(document, frequency, 100, &[]);
        let mut everywhere: Vec<_> = (0..90).map(|n| common(&format!("other {n}"), 1)).collect();
        everywhere.extend([common("x", 4), common("y", 1)]);
        let rare = vec![common("x", 1), common("y", 4)];
        assert_eq!(order(vec![everywhere, rare]), ["y", "x"]);
    }

    #[test]
    fn rank_merges_terms_of_prefix() {
        let terms = vec![posting("a", 2, 100, &[3]), posting("a", 1, 100, &[1, 3])];
        let ranked = rank(vec![terms], CORPUS);
        let one = rank(vec![vec![posting("a", 3, 100, &[1, 3])]], CORPUS);
        assert_eq!(ranked, one);
    }

    #[test]
    fn the_entry_with_most_words_comes_first() {
        let rust = vec![posting("a", 1, 100, &[0, 4, 7])];
        let web = vec![posting("a", 1, 100, &[2, 7])];
        assert_eq!(rank(vec![rust, web], CORPUS)[0].entries, [7, 0, 2, 4]);
    }

    #[test]
    fn rank_with_empty_corpus_gives_finite_score() {
        for corpus in [
            Corpus::default(),
            Corpus {
                documents: 1,
                length: 0,
            },
        ] {
            let ranked = rank(vec![vec![posting("a", 1, 100, &[])]], corpus);
            assert!(ranked[0].score.is_finite() && ranked[0].score > 0.0);
        }
    }

    proptest! {
        #[test]
        fn more_of_a_word_is_never_worse(
            frequency in 1..10_000u32, more in 1..10_000u32, length in 1..100_000u32,
            documents in 0..1_000_000u64, total in 0..1_000_000_000u64,
        ) {
            let corpus = Corpus { documents, length: total };
            let score = |frequency| rank(vec![vec![posting("a", frequency, length, &[])]], corpus)[0].score;
            prop_assert!(score(frequency + more) >= score(frequency));
            prop_assert!(score(frequency) > 0.0);
        }

        #[test]
        fn a_rarer_word_never_counts_less(documents in 0..1_000_000u64, containing in 0..1_000_000usize) {
            let corpus = Corpus { documents, length: 0 };
            prop_assert!(inverse_frequency(corpus, containing) >= inverse_frequency(corpus, containing + 1));
        }
    }
}
