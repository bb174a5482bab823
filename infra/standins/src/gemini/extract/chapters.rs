//! Chapters of a transcript.

use std::collections::HashMap;

use serde::Serialize;

use super::{
    script::{Script, Sentence, first_best},
    word_lists::WORDS,
};

/// Number of sentences that are compared on each side of a possible border.
const WINDOW: usize = 6;
/// Maximum chapters of a video.
const MAX_CHAPTERS: f64 = 20.0;
/// Maximum words of a title, if its sentences allow it.
const TITLE_WORDS: usize = 10;
/// Minimum words of a summary, if its sentences allow it.
const SUMMARY_WORDS: usize = 5;
/// Maximum seconds of silence that count.
const MAX_SILENCE_S: f64 = 8.0;

/// A section of consecutive sentences.
#[derive(Debug, Serialize)]
pub(super) struct Chapter {
    pub(super) title: String,
    pub(super) start_s: f64,
    pub(super) end_s: f64,
    pub(super) summary: String,
    /// Index of the first sentence.
    #[serde(skip)]
    pub(super) first: usize,
}

/// Returns the chapters of a transcript, which cover it in order and without overlap.
pub(super) fn chapters(script: &Script) -> Vec<Chapter> {
    let sentences = &script.sentences;
    let (Some(first), Some(last)) = (sentences.first(), sentences.last()) else {
        return Vec::new();
    };
    let length_s = (last.end_s - first.at_s).max(0.0);
    let wanted = ((length_s / 60.0).sqrt().round() + 1.0).min(MAX_CHAPTERS);
    let spacing_s = length_s / (wanted * 2.0);

    let mut borders: Vec<(f64, usize)> = (1..sentences.len())
        .filter(|border| sentences[*border].at_s > sentences[border - 1].at_s)
        .map(|border| (strength(sentences, border), border))
        .collect();
    borders.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
    let mut starts = vec![0];
    for (_, border) in borders {
        if starts.len() as f64 >= wanted {
            break;
        }
        let at_s = sentences[border].at_s;
        let far = |other: &usize| (sentences[*other].at_s - at_s).abs() >= spacing_s;
        if starts.iter().all(far) && last.end_s - at_s >= spacing_s {
            starts.push(border);
        }
    }
    starts.sort_unstable();
    let ends = starts.iter().skip(1).copied().chain([sentences.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|(start, end)| chapter(script, *start, end))
        .collect()
}

/// Returns the strength of a border before this sentence.
fn strength(sentences: &[Sentence], border: usize) -> f64 {
    let before = &sentences[border.saturating_sub(WINDOW)..border];
    let after = &sentences[border..sentences.len().min(border + WINDOW)];
    let silence = sentences[border].silence_s.min(MAX_SILENCE_S) / MAX_SILENCE_S;
    let opening = if sentences[border].has_any(&WORDS.chapter_openings) {
        0.4
    } else {
        0.0
    };
    1.0 - similarity(before, after) + silence + opening
}

fn term_counts(sentences: &[Sentence]) -> HashMap<usize, u32> {
    let mut counts = HashMap::new();
    for term in sentences.iter().flat_map(|sentence| &sentence.terms) {
        *counts.entry(*term).or_default() += 1;
    }
    counts
}

/// Returns the cosine similarity of the terms of two groups of sentences.
fn similarity(one: &[Sentence], other: &[Sentence]) -> f64 {
    let (one, other) = (term_counts(one), term_counts(other));
    let square =
        |counts: &HashMap<usize, u32>| counts.values().map(|count| count * count).sum::<u32>();
    let product: u32 = one
        .iter()
        .map(|(term, count)| count * other.get(term).copied().unwrap_or(0))
        .sum();
    let norm = f64::from(square(&one)).sqrt() * f64::from(square(&other)).sqrt();
    if norm == 0.0 {
        0.0
    } else {
        f64::from(product) / norm
    }
}

fn chapter(script: &Script, start: usize, end: usize) -> Chapter {
    let sentences = &script.sentences[start..end];
    let counts = term_counts(sentences);
    // A term characterises a chapter if it is more frequent in it than elsewhere.
    let own = |sentence: &Sentence| {
        let weights = sentence.terms.iter().map(|term| {
            let count = f64::from(counts[term]);
            count / script.terms[*term].count as f64 * (1.0 + count).ln()
        });
        weights.sum::<f64>() / (sentence.words.max(5) as f64).sqrt()
    };
    let best = |least: usize, most: usize| {
        let fitting = sentences.iter();
        let fitting = fitting.filter(|sentence| (least..=most).contains(&sentence.words));
        first_best(
            fitting.map(|sentence| (own(sentence), sentence)),
            |scored| scored.0,
        )
        .map(|(_, sentence)| sentence)
    };
    let any = best(0, usize::MAX).unwrap_or(&sentences[0]);
    let title = best(0, TITLE_WORDS).unwrap_or(any);
    let summary = best(SUMMARY_WORDS, usize::MAX).unwrap_or(any);
    let start_s = sentences[0].at_s;
    let spoken_s = sentences
        .iter()
        .map(|sentence| sentence.end_s)
        .fold(start_s, f64::max);
    let next_s = script.sentences.get(end).map(|next| next.at_s);
    Chapter {
        title: title.title().to_owned(),
        start_s,
        end_s: next_s.map_or(spoken_s, |next| spoken_s.min(next)),
        summary: summary.text.clone(),
        first: start,
    }
}
