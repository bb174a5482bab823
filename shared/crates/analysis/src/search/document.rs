//! Searchable content of an analysis.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::words;
use crate::Analysis;

/// Maximum characters of an entry.
const ENTRY_CHARS: usize = 400;
/// Maximum entries of a document.
const ENTRIES: usize = 2_000;
/// Maximum bytes of all entries and terms together. Even without compression, the row stays below
/// the 400 kB of a DynamoDB item.
const BYTES: usize = 300_000;
/// Maximum terms. A typical analysis has about 700, and each is a row.
const TERMS: usize = 8_000;
/// Maximum entries that are stored for a term.
const ENTRIES_OF_TERM: usize = 12;

/// Searchable parts of an analysis, in order of weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "SearchPart")
)]
pub enum Part {
    /// Title of the video.
    Title,
    /// Concept with its explanation.
    KeyConcepts,
    /// Chapter with its summary.
    Chapters,
    /// Event with its description.
    Events,
    /// Action with its description.
    Actions,
}

impl Part {
    /// Weight of a word in this part.
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

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Part of the analysis that contains the text.
    pub part: Part,
    /// Second of the video; `None` for the title and for entries without a time.
    pub at_s: Option<f64>,
    /// Text in one line: a heading, and its description after a colon.
    pub text: String,
}

/// Term in a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Occurrence {
    /// Number of occurrences, each multiplied by [`Part::weight`].
    pub frequency: u32,
    /// Positions of the first entries with the term, ascending.
    pub entries: Vec<u16>,
}

/// Analysis in its indexed form. The same analysis gives the same document.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    entries: Vec<Entry>,
    terms: BTreeMap<String, Occurrence>,
    length: u32,
}

impl Document {
    /// Extracts the searchable texts of an analysis. In a very long analysis all texts are cut to
    /// the same length, so that each is found at least by its beginning.
    #[must_use]
    pub fn new(analysis: &Analysis) -> Self {
        let entries = entries(analysis);
        let mut most = ENTRY_CHARS;
        loop {
            match Self::fitting(&entries, most) {
                Some(document) => return document,
                // Ends at 0, where the document is empty and fits.
                None => most = most * 3 / 4,
            }
        }
    }

    /// Builds the document from the first characters of all texts; `None` if it is too large.
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

    /// Entries in the order of their parts.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Terms in their own order.
    pub fn terms(&self) -> impl Iterator<Item = (&str, &Occurrence)> {
        self.terms
            .iter()
            .map(|(term, occurrence)| (term.as_str(), occurrence))
    }

    /// Number of words, each multiplied by [`Part::weight`].
    #[must_use]
    pub fn length(&self) -> u32 {
        self.length
    }
}

/// Searchable texts in the order of their parts.
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
