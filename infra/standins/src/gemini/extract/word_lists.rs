//! Words and phrases by which the parts of a transcript are recognised.

use std::{collections::HashSet, sync::LazyLock};

use serde::Deserialize;

/// Text in lowercase that matches whole words.
type Phrase = &'static str;

/// The lists in `word_lists.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'static"))]
pub(super) struct WordLists {
    /// Verb, category of the action, action of a build step.
    pub(super) verbs: Vec<(Phrase, &'static str, &'static str)>,
    /// Words that may precede an imperative.
    pub(super) lead_ins: HashSet<Phrase>,
    /// Phrases that make the next verb an instruction.
    pub(super) instructing: Vec<Phrase>,
    pub(super) high_priority: Vec<Phrase>,
    pub(super) low_priority: Vec<Phrase>,
    pub(super) file_extensions: HashSet<&'static str>,
    pub(super) project_types: Vec<ProjectType>,
    pub(super) chapter_openings: Vec<Phrase>,
    /// If several kinds match, the one with the most phrases wins, then the earlier one.
    pub(super) event_kinds: Vec<EventKind>,
    pub(super) beginner: Vec<Phrase>,
    pub(super) advanced: Vec<Phrase>,
    pub(super) prerequisite: Vec<Phrase>,
    /// Language, and its most frequent words separated by blanks.
    pub(super) function_words: Vec<(&'static str, &'static str)>,
    pub(super) stopwords: HashSet<Phrase>,
    /// Words whose full stop does not end a sentence.
    pub(super) abbreviations: HashSet<Phrase>,
    /// Names that match in any letter case.
    pub(super) technologies: Vec<&'static str>,
    /// Names that are also ordinary words, which match only in this spelling.
    pub(super) ordinary_technologies: HashSet<&'static str>,
}

#[derive(Deserialize)]
pub(super) struct EventKind {
    pub(super) name: &'static str,
    pub(super) phrases: Vec<Phrase>,
}

#[derive(Deserialize)]
pub(super) struct ProjectType {
    pub(super) name: &'static str,
    pub(super) technologies: Vec<&'static str>,
    pub(super) phrases: Vec<Phrase>,
}

pub(super) static WORDS: LazyLock<WordLists> = LazyLock::new(|| {
    serde_json::from_str(include_str!("word_lists.json"))
        .expect("word_lists.json is a part of this crate")
});
