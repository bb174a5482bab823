//! Events of a transcript, found by keywords.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{
    actions,
    chapters::Chapter,
    script::{Script, first_best},
    technologies,
    word_lists::WORDS,
};

/// Maximum events per minute and per video. A short video may have `MIN_EVENTS`.
const PER_MINUTE: f64 = 3.0;
const MAX_EVENTS: usize = 60;
const MIN_EVENTS: usize = 12;

/// Returns the events of a transcript, in order.
pub(super) fn events(script: &Script, chapters: &[Chapter]) -> Vec<Value> {
    let openings: HashSet<usize> = chapters.iter().map(|chapter| chapter.first).collect();
    let mut found: Vec<(f64, usize, &str)> = Vec::new();
    for (index, sentence) in script.sentences.iter().enumerate() {
        let is_action = actions::verb(&sentence.text).is_some();
        let counted = WORDS.event_kinds.iter().map(|kind| {
            let said = kind.phrases.iter().filter(|phrase| sentence.has(phrase));
            let bonus = if is_action && kind.name == "action" {
                2
            } else {
                0
            };
            (said.count() + bonus, kind.name)
        });
        let mut best = first_best(counted, |(hits, _)| *hits).filter(|(hits, _)| *hits > 0);
        if best.is_none() && technologies::names_one(&sentence.text) {
            best = Some((1, "tool"));
        }
        match best {
            Some((hits, kind)) => {
                let confidence = (0.4 + 0.1 * hits as f64).min(0.9);
                found.push((confidence, index, kind));
            }
            None if openings.contains(&index) => found.push((0.3, index, "topic")),
            None => {}
        }
    }
    let length_s = script
        .sentences
        .last()
        .map_or(0.0, |sentence| sentence.end_s);
    let most = ((length_s / 60.0 * PER_MINUTE).round() as usize).clamp(MIN_EVENTS, MAX_EVENTS);
    found.sort_by(|one, other| {
        let score = |event: &(f64, usize, &str)| script.sentences[event.1].score;
        let by_confidence = other.0.total_cmp(&one.0);
        let by_score = score(other).total_cmp(&score(one));
        by_confidence.then(by_score).then(one.1.cmp(&other.1))
    });
    let mut titles: HashSet<&str> = HashSet::new();
    found.retain(|(_, index, _)| titles.insert(script.sentences[*index].title()));
    found.truncate(most);
    found.sort_by_key(|(_, index, _)| *index);
    found
        .into_iter()
        .map(|(confidence, index, kind)| {
            let sentence = &script.sentences[index];
            json!({
                "type": kind,
                "title": sentence.title(),
                "description": sentence.text,
                "at_s": sentence.at_s,
                "confidence": (confidence * 100.0).round() / 100.0,
            })
        })
        .collect()
}
