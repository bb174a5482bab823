//! What of an analysis is searched.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::words;
use crate::Analysis;

/// Most characters of an entry.
const ENTRY_CHARS: usize = 400;
/// Most entries.
const ENTRIES: usize = 2_000;
/// Most bytes of all entries and all terms together: even if nothing of it can be compressed, the
/// row stays below the 400 kB of a DynamoDB item.
const BYTES: usize = 300_000;
/// Most terms. A usual analysis has about 700, and each is a row.
const TERMS: usize = 8_000;
/// Most entries that are remembered for a term.
const ENTRIES_OF_TERM: usize = 12;

/// The parts of an analysis that are searched, those that tell most first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "SearchPart")
)]
pub enum Part {
    /// The title of the video.
    Title,
    /// A concept and its explanation.
    KeyConcepts,
    /// A chapter and its summary.
    Chapters,
    /// An event and its description.
    Events,
    /// An action and its description.
    Actions,
}

impl Part {
    /// How many times a word counts that stands there.
    #[must_use]
    pub fn weight(self) -> u32 {
        match self {
            Self::Title => 6,
            Self::KeyConcepts => 3,
            Self::Chapters => 2,
            Self::Events | Self::Actions => 1,
        }
    }
}

/// A text that can be found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Where it stands.
    pub part: Part,
    /// The second of the video; none for the title and for what has none.
    pub at_s: Option<f64>,
    /// The text in one line: a heading, and behind a colon what is said of it.
    pub text: String,
}

/// A term in a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Occurrence {
    /// How often it stands there, each time multiplied by [`Part::weight`].
    pub frequency: u32,
    /// Positions of the first entries it stands in, ascending.
    pub entries: Vec<u16>,
}

/// An analysis as the index has it. The same analysis gives the same document.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    entries: Vec<Entry>,
    terms: BTreeMap<String, Occurrence>,
    length: u32,
}

impl Document {
    /// Takes from an analysis what is searched. Of a very long one all texts are cut alike, so that
    /// each is found by its beginning at least.
    #[must_use]
    pub fn new(analysis: &Analysis) -> Self {
        let entries = entries(analysis);
        let mut most = ENTRY_CHARS;
        loop {
            match Self::fitting(&entries, most) {
                Some(document) => return document,
                // Ends at 0: nothing of all fits.
                None => most = most * 3 / 4,
            }
        }
    }

    /// Made of the first characters of all texts; none when that is too much.
    fn fitting(entries: &[Entry], most: usize) -> Option<Self> {
        let cut = |entry: &Entry| Entry {
            text: cut(&entry.text, most),
            ..*entry
        };
        let mut document = Self {
            entries: entries.iter().map(cut).collect(),
            terms: BTreeMap::new(),
            length: 0,
        };
        let mut bytes: usize = document.entries.iter().map(|entry| entry.text.len()).sum();
        if bytes > BYTES {
            return None;
        }
        for (position, entry) in (0..).zip(&document.entries) {
            let weight = entry.part.weight();
            for term in words::terms(&entry.text) {
                if !document.terms.contains_key(&term) {
                    bytes += term.len();
                    if bytes > BYTES || document.terms.len() >= TERMS {
                        return None;
                    }
                }
                document.length += weight;
                let occurrence = document.terms.entry(term).or_default();
                occurrence.frequency += weight;
                let entries = &mut occurrence.entries;
                if entries.len() < ENTRIES_OF_TERM && entries.last() != Some(&position) {
                    entries.push(position);
                }
            }
        }
        Some(document)
    }

    /// Its texts, in the order of their parts.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Its terms, in their own order.
    pub fn terms(&self) -> impl Iterator<Item = (&str, &Occurrence)> {
        self.terms
            .iter()
            .map(|(term, occurrence)| (term.as_str(), occurrence))
    }

    /// Number of its words, each multiplied by [`Part::weight`].
    #[must_use]
    pub fn length(&self) -> u32 {
        self.length
    }
}

/// What is searched, in the order of its parts.
fn entries(analysis: &Analysis) -> Vec<Entry> {
    let content = &analysis.content;
    let entry = |part, at_s, heading: &str, text: &str| Entry {
        part,
        at_s,
        text: line(heading, text),
    };
    let title = entry(Part::Title, None, &analysis.video.title, "");
    let concepts = content
        .key_concepts
        .iter()
        .map(|one| entry(Part::KeyConcepts, one.at_s, &one.name, &one.explanation));
    let chapters = content
        .chapters
        .iter()
        .map(|one| entry(Part::Chapters, Some(one.start_s), &one.title, &one.summary));
    let events = content
        .events
        .iter()
        .map(|one| entry(Part::Events, Some(one.at_s), &one.title, &one.description));
    let actions = content
        .actions
        .iter()
        .map(|one| entry(Part::Actions, Some(one.at_s), &one.title, &one.description));
    std::iter::once(title)
        .chain(concepts)
        .chain(chapters)
        .chain(events)
        .chain(actions)
        .filter(|entry| !entry.text.is_empty())
        .take(ENTRIES)
        .collect()
}

fn line(heading: &str, text: &str) -> String {
    let parts = [heading.trim(), text.trim()];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let joined = parts.join(": ");
    let line = joined.split_whitespace().collect::<Vec<_>>().join(" ");
    cut(&line, ENTRY_CHARS)
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => text[..end].trim_end().to_owned(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
