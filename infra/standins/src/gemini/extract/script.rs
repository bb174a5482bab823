//! A transcript as sentences with times, terms and scores.

use std::collections::{HashMap, HashSet};

use super::{super::transcript::Cue, word_lists::WORDS};

/// Seconds of silence that end a sentence.
const SILENCE_S: f64 = 2.0;
/// Maximum words of a sentence: until the end of a cue without and with punctuation in the
/// transcript, and anywhere.
const UNPUNCTUATED_WORDS: usize = 5;
const PUNCTUATED_WORDS: usize = 40;
const MAX_WORDS: usize = 60;
/// And after this many characters, which bounds scripts that have no blanks.
const MAX_CHARS: usize = 300;
/// A title is at most this long, in characters.
const TITLE_CHARS: usize = 140;
/// In a long transcript, a term in more than one of this many sentences is too common.
const COMMON: usize = 4;
const LONG: usize = 40;
/// Number of words of the most informative sentences.
const GOOD_WORDS: usize = 8;

/// A sentence of the transcript.
#[derive(Debug)]
pub(super) struct Sentence {
    /// Words separated by single blanks.
    pub(super) text: String,
    /// Start of its first cue.
    pub(super) at_s: f64,
    /// End of its last cue.
    pub(super) end_s: f64,
    /// Seconds of silence before it.
    pub(super) silence_s: f64,
    pub(super) words: usize,
    /// Indices of its specific terms in [`Script::terms`], in order.
    pub(super) terms: Vec<usize>,
    /// Relevance for the whole transcript.
    pub(super) score: f64,
    /// Lowercase words separated by single blanks, with a blank at both ends.
    normal: String,
}

/// A word that is specific to the transcript.
#[derive(Debug)]
pub(super) struct Term {
    /// Spelling of its first use.
    pub(super) name: String,
    pub(super) count: usize,
    /// Number of sentences that contain it.
    pub(super) sentences: usize,
    /// Index of the first of them.
    pub(super) first: usize,
}

#[derive(Debug)]
pub(super) struct Script {
    /// In order; `at_s` never decreases.
    pub(super) sentences: Vec<Sentence>,
    /// In order of first use.
    pub(super) terms: Vec<Term>,
}

impl Sentence {
    /// Returns whether the sentence contains one of the lowercase phrases as whole words.
    pub(super) fn has_any(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.has(phrase))
    }

    /// Returns whether the sentence contains the lowercase phrase as whole words.
    pub(super) fn has(&self, phrase: &str) -> bool {
        let mut rest = self.normal.as_str();
        while let Some(start) = rest.find(phrase) {
            let end = start + phrase.len();
            if rest[..start].ends_with(' ') && rest[end..].starts_with(' ') {
                return true;
            }
            rest = &rest[end..];
        }
        false
    }

    /// Returns its beginning, short enough for a title, without the full stop.
    pub(super) fn title(&self) -> &str {
        title_of(&self.text)
    }
}

/// Returns the beginning of a text, short enough for a title, without the full stop.
pub(super) fn title_of(text: &str) -> &str {
    let short = match text.char_indices().nth(TITLE_CHARS) {
        None => text,
        Some((end, _)) => {
            let cut = &text[..end];
            cut.rfind(' ')
                .filter(|blank| *blank > end / 2)
                .map_or(cut, |blank| &cut[..blank])
        }
    };
    let bare = short.trim_end_matches(['.', ',', ';', ':', '。', '、', ' ']);
    if bare.is_empty() { short } else { bare }
}

/// Returns the first item with the highest score.
pub(super) fn first_best<T, Score: PartialOrd>(
    items: impl Iterator<Item = T>,
    score: impl Fn(&T) -> Score,
) -> Option<T> {
    items.reduce(|best, next| {
        if score(&next) > score(&best) {
            next
        } else {
            best
        }
    })
}

impl Script {
    /// Returns the sentences that contain one of the lowercase phrases as whole words.
    pub(super) fn sentences_with(&self, phrases: &[&str]) -> impl Iterator<Item = &Sentence> {
        self.sentences
            .iter()
            .filter(move |sentence| sentence.has_any(phrases))
    }

    pub(super) fn read(cues: &[Cue]) -> Self {
        let mut sentences = split(cues);
        let terms = find_terms(&mut sentences);
        let weight = |index: usize| (1.0 + terms[index].count as f64).ln();
        let last = sentences.len().saturating_sub(1).max(1) as f64;
        for (position, sentence) in sentences.iter_mut().enumerate() {
            let unique: HashSet<usize> = sentence.terms.iter().copied().collect();
            let mut unique: Vec<usize> = unique.into_iter().collect();
            unique.sort_unstable();
            let sum: f64 = unique.into_iter().map(weight).sum();
            let length = sentence.words.max(GOOD_WORDS) as f64;
            let early = 1.0 + 0.2 * (1.0 - position as f64 / last);
            sentence.score = early * sum / length.powf(0.7);
        }
        Self { sentences, terms }
    }
}

/// Divides the cues into sentences without changing words.
fn split(cues: &[Cue]) -> Vec<Sentence> {
    let ends = cues
        .iter()
        .filter(|cue| cue.text.ends_with(is_terminal))
        .count();
    let cue_words = if ends * 5 >= cues.len() {
        PUNCTUATED_WORDS
    } else {
        UNPUNCTUATED_WORDS
    };
    let mut splitter = Splitter::default();
    for (index, cue) in cues.iter().enumerate() {
        if splitter
            .last_end_s
            .is_some_and(|end| cue.start_s - end >= SILENCE_S)
        {
            splitter.flush();
        }
        splitter.feed(cue, cues.get(index + 1));
        if splitter.words() >= cue_words {
            splitter.flush();
        }
    }
    splitter.flush();
    splitter.sentences
}

#[derive(Default)]
struct Splitter {
    sentences: Vec<Sentence>,
    text: String,
    chars: usize,
    blanks: usize,
    started_s: f64,
    silence_s: f64,
    last_end_s: Option<f64>,
}

impl Splitter {
    fn words(&self) -> usize {
        self.blanks + 1
    }

    fn feed(&mut self, cue: &Cue, next: Option<&Cue>) {
        if !self.text.is_empty() {
            self.text.push(' ');
            self.blanks += 1;
        }
        let silence_s = self
            .last_end_s
            .map_or(0.0, |end| (cue.start_s - end).max(0.0));
        self.last_end_s = Some(cue.end_s);
        let mut first_in_cue = true;
        for (at, char) in cue.text.char_indices() {
            if self.text.is_empty() {
                if !char.is_alphanumeric() && !matches!(char, '"' | '“' | '«' | '¿' | '¡') {
                    continue;
                }
                self.started_s = cue.start_s;
                self.silence_s = if first_in_cue { silence_s } else { 0.0 };
            }
            first_in_cue = false;
            self.text.push(char);
            self.chars += 1;
            self.blanks += usize::from(char == ' ');
            let rest = &cue.text[at + char.len_utf8()..];
            let ends = match char {
                '。' | '！' | '？' | '।' | '॥' | '۔' => true,
                '.' | '!' | '?' | '…' | '؟' => {
                    let goes_on = match rest.trim_start() {
                        "" => next.map_or("", |cue| &cue.text),
                        rest => rest,
                    };
                    (rest.is_empty() || rest.starts_with(char::is_whitespace))
                        && !goes_on.starts_with(char::is_lowercase)
                        && !(char == '.' && self.ends_in_abbreviation())
                }
                ' ' => self.chars >= MAX_CHARS || self.words() > MAX_WORDS,
                _ => self.chars >= MAX_CHARS && self.blanks == 0,
            };
            if ends {
                self.flush();
            }
        }
    }

    fn ends_in_abbreviation(&self) -> bool {
        let word = self
            .text
            .trim_end_matches('.')
            .rsplit(' ')
            .next()
            .unwrap_or_default();
        let word = word.to_lowercase();
        let letter = word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
        letter || WORDS.abbreviations.contains(word.as_str())
    }

    fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        self.chars = 0;
        self.blanks = 0;
        let text = text.trim();
        if !text.chars().any(char::is_alphanumeric) {
            return;
        }
        let words: Vec<String> = words(text).map(|word| word.to_lowercase()).collect();
        let end_s = self.last_end_s.unwrap_or(self.started_s);
        self.sentences.push(Sentence {
            text: text.to_owned(),
            at_s: self.started_s,
            end_s,
            silence_s: self.silence_s,
            words: words.len(),
            terms: Vec::new(),
            score: 0.0,
            normal: format!(" {} ", words.join(" ")),
        });
    }
}

fn is_terminal(char: char) -> bool {
    matches!(
        char,
        '.' | '!' | '?' | '…' | '。' | '！' | '？' | '।' | '۔' | '؟'
    )
}

/// Returns the words of a text, or pairs of characters for scripts without blanks.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| {
        !(char.is_alphanumeric() || matches!(char, '\'' | '’' | '+' | '#' | '.' | '-' | '_' | '/'))
    })
    .map(|word| word.trim_matches(['\'', '’', '.', '-', '_', '/']))
    .filter(|word| !word.is_empty())
    .flat_map(pairs)
}

fn pairs(word: &str) -> Vec<&str> {
    if !word.chars().any(is_unspaced) {
        return vec![word];
    }
    let starts: Vec<usize> = word
        .char_indices()
        .map(|(at, _)| at)
        .chain([word.len()])
        .collect();
    if starts.len() <= 3 {
        return vec![word];
    }
    starts
        .windows(3)
        .step_by(2)
        .map(|pair| &word[pair[0]..pair[2]])
        .collect()
}

/// Returns whether a script does not separate words: Han, Kana, Thai, Lao, Khmer, Burmese.
fn is_unspaced(char: char) -> bool {
    matches!(u32::from(char),
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF | 0x3040..=0x30FF | 0x3400..=0x9FFF
        | 0xF900..=0xFAFF | 0x20000..=0x3FFFF)
}

/// Finds the specific words and stores them in the sentences.
fn find_terms(sentences: &mut [Sentence]) -> Vec<Term> {
    let mut index: HashMap<String, usize> = HashMap::new();
    let mut terms: Vec<Term> = Vec::new();
    for (position, sentence) in sentences.iter_mut().enumerate() {
        let mut seen: HashSet<usize> = HashSet::new();
        for word in words(&sentence.text) {
            let key = word.to_lowercase().replace('’', "'");
            let letters = key.chars().filter(|char| char.is_alphabetic()).count();
            let long_enough = letters >= 3 || (letters >= 2 && key.chars().any(is_unspaced));
            if !long_enough || WORDS.stopwords.contains(key.as_str()) {
                continue;
            }
            let number = *index.entry(key).or_insert_with(|| {
                terms.push(Term {
                    name: word.to_owned(),
                    count: 0,
                    sentences: 0,
                    first: position,
                });
                terms.len() - 1
            });
            terms[number].count += 1;
            if seen.insert(number) {
                terms[number].sentences += 1;
            }
            sentence.terms.push(number);
        }
    }
    // Words in most sentences are unspecific in every language.
    if sentences.len() >= LONG {
        let limit = sentences.len() / COMMON;
        for sentence in sentences.iter_mut() {
            sentence
                .terms
                .retain(|term| terms[*term].sentences <= limit);
        }
    }
    terms
}
