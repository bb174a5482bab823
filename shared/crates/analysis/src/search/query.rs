//! Search query.

use std::fmt;

use super::words::{self, Unit};
use eventrelay_core::error::Error;

/// Maximum characters of a query.
const MAX_LENGTH: usize = 200;
/// Maximum words, not counting stop words.
const WORDS: usize = 8;
/// Maximum terms. A word of a script without spaces has several, and each is a separate read.
const TERMS: usize = 16;

/// Condition that a document must satisfy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    Exact(String),
    /// A term with this prefix.
    Prefix(String),
}

/// Words that must all be found. Its `Display` form parses to the same query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    words: Vec<Word>,
}

impl Query {
    /// Parses a query: words separated by white space or punctuation, and `word*` as a prefix. Stop
    /// words (`the`, `of`) are ignored unless there are no others.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for the field `q`.
    pub fn parse(q: &str) -> Result<Self, Error> {
        if q.chars().count() > MAX_LENGTH {
            return refuse("must not be longer than 200 characters");
        }
        let mut words: Vec<Vec<Word>> = Vec::new();
        for token in q.split_whitespace() {
            let units = words::units(token);
            let last = units.len();
            for (number, unit) in (1..).zip(units) {
                words.push(if token.ends_with('*') && number == last {
                    prefix(unit)?
                } else {
                    exact(unit)
                });
            }
        }
        let says_something = |word: &Vec<Word>| match &word[..] {
            [Word::Exact(word)] => !words::is_stop_word(word),
            _ => true,
        };
        if words.iter().any(says_something) {
            words.retain(says_something);
        }
        let mut distinct: Vec<Word> = Vec::new();
        for word in words.iter().flatten() {
            if !distinct.contains(word) {
                distinct.push(word.clone());
            }
        }
        match (words.len(), distinct.len()) {
            (0, _) => refuse("must contain a word"),
            (1..=WORDS, 1..=TERMS) => Ok(Self { words: distinct }),
            (1..=WORDS, _) => refuse("must not be longer: its words are too long"),
            _ => refuse("must not have more than 8 words"),
        }
    }

    /// Words of the query, at least one.
    #[must_use]
    pub fn words(&self) -> &[Word] {
        &self.words
    }
}

impl fmt::Display for Query {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, word) in self.words.iter().enumerate() {
            let gap = if position == 0 { "" } else { " " };
            match word {
                Word::Exact(term) => write!(formatter, "{gap}{term}")?,
                Word::Prefix(beginning) => write!(formatter, "{gap}{beginning}*")?,
            }
        }
        Ok(())
    }
}

fn refuse<T>(reason: &'static str) -> Result<T, Error> {
    Err(Error::invalid("q", reason))
}

fn exact(unit: Unit) -> Vec<Word> {
    match unit {
        Unit::Word(word) => vec![Word::Exact(word)],
        Unit::Run(run) => pairs(&run),
    }
}

fn prefix(unit: Unit) -> Result<Vec<Word>, Error> {
    match unit {
        Unit::Word(word) if word.chars().nth(1).is_none() => {
            refuse("must have two characters before an asterisk")
        }
        Unit::Word(word) => Ok(vec![Word::Prefix(word)]),
        // Longer runs contain a run anyway.
        Unit::Run(run) => Ok(pairs(&run)),
    }
}

/// Splits a run into pairs that contain each character once. That takes half as many reads as all
/// pairs, and few documents contain these pairs without the ones between.
fn pairs(run: &[char]) -> Vec<Word> {
    if let [alone] = run {
        return vec![Word::Prefix(alone.to_string())];
    }
    let whole = run.chunks_exact(2);
    let odd = Some(&run[run.len() - 2..]).filter(|_| run.len() % 2 == 1);
    whole
        .chain(odd)
        .map(|pair| Word::Exact(String::from_iter(pair)))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(q: &str) -> String {
        Query::parse(q).unwrap().to_string()
    }

    fn refused(q: &str) -> String {
        match Query::parse(q).unwrap_err() {
            Error::InvalidInput { field, reason } if field == "q" => reason.into_owned(),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_query_is_words_that_must_all_be_found() {
        for (q, expected) in [
            (" Rust  WEB\tservers ", "rust web servers"),
            ("how to build a web server in rust", "build web server rust"),
            ("to be or not to be", "not"),
            ("the of", "the of"),
            ("the* theory", "the* theory"),
            ("rust, rust; \"rust\"", "rust"),
            ("Kube*", "kube*"),
            ("front-end* C++* node.js", "front end* c++* node.js"),
            ("wo*rd * ** x", "wo rd x"),
            ("機械学習 東京都", "機械 学習 東京 京都"),
            ("機械*", "機械"),
            ("水", "水*"),
            ("水*", "水*"),
            ("AI入門", "ai 入門"),
        ] {
            assert_eq!(written(q), expected, "{q}");
        }
    }

    #[test]
    fn parse_refuses_empty_and_oversized_queries() {
        assert_eq!(refused(""), "must contain a word");
        assert_eq!(refused(" ?! * "), "must contain a word");
        assert!(refused("c*").contains("two characters"));
        assert!(refused(&"x".repeat(201)).contains("200"));
        assert!(refused("a1 a2 a3 a4 a5 a6 a7 a8 a9").contains("8 words"));
        let long: String = ('一'..).take(60).collect();
        assert!(refused(&long).contains("too long"));
        assert_eq!(written("a1 a2 a3 a4 a5 a6 a7 a8 the").split(' ').count(), 8);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,80}") {
            if let Ok(query) = Query::parse(&text) {
                prop_assert!((1..=TERMS).contains(&query.words().len()));
            }
        }

        #[test]
        fn query_round_trips_through_display(text in "([a-z+#.*機械水ガ]{1,6} ){1,5}") {
            if let Ok(query) = Query::parse(&text) {
                let again = Query::parse(&query.to_string());
                // In text form, the pairs of a run are words.
                if query.words().len() <= WORDS {
                    prop_assert_eq!(again.unwrap(), query);
                }
            }
        }
    }
}
