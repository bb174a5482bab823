//! Main concepts of a transcript: its most frequent terms.

use std::{cmp::Reverse, collections::HashMap};

use serde_json::{Value, json};

use super::script::{Script, first_best};

/// Maximum number of each.
const KEY: usize = 8;
const RELATED: usize = 6;
/// Minimum frequency of a concept.
const OFTEN: usize = 2;

/// Concepts, grouped by their use.
pub(super) struct Concepts {
    /// `key_concepts`: name, explanation, `at_s`.
    pub(super) key: Vec<Value>,
    /// Names of the key concepts, in order of introduction.
    pub(super) path: Vec<String>,
    /// Next most frequent terms.
    pub(super) related: Vec<String>,
}

struct Candidate {
    name: String,
    score: usize,
    terms: Vec<usize>,
    first: usize,
}

pub(super) fn concepts(script: &Script) -> Concepts {
    let mut candidates = pairs(script);
    let often = |index: &usize| {
        let term = &script.terms[*index];
        term.count >= OFTEN && term.sentences > 1 && is_telling(script, *index)
    };
    candidates.extend(
        (0..script.terms.len())
            .filter(often)
            .map(|index| Candidate {
                name: script.terms[index].name.clone(),
                score: script.terms[index].count,
                terms: vec![index],
                first: script.terms[index].first,
            }),
    );
    candidates.sort_by_key(|candidate| {
        (
            Reverse(candidate.score),
            candidate.first,
            Reverse(candidate.terms.len()),
        )
    });
    let mut taken: Vec<usize> = Vec::new();
    candidates.retain(|candidate| {
        let new = candidate.terms.iter().all(|term| !taken.contains(term));
        if new && taken.len() < 4 * (KEY + RELATED) {
            taken.extend(&candidate.terms);
        }
        new
    });
    let related: Vec<String> = candidates
        .iter()
        .skip(KEY)
        .take(RELATED)
        .map(|candidate| candidate.name.clone())
        .collect();
    candidates.truncate(KEY);
    let key = candidates
        .iter()
        .map(|candidate| concept(script, candidate))
        .collect();
    candidates.sort_by_key(|candidate| candidate.first);
    let path = candidates
        .into_iter()
        .map(|candidate| candidate.name)
        .collect();
    Concepts { key, path, related }
}

/// Returns whether the term is specific enough. Terms in most sentences are not.
fn is_telling(script: &Script, term: usize) -> bool {
    script.sentences[script.terms[term].first]
        .terms
        .contains(&term)
}

/// Returns pairs of terms that occur together more than once, in their first spelling.
fn pairs(script: &Script) -> Vec<Candidate> {
    let mut found: HashMap<(usize, usize), usize> = HashMap::new();
    let mut candidates: Vec<Candidate> = Vec::new();
    for (index, sentence) in script.sentences.iter().enumerate() {
        for pair in sentence.terms.windows(2) {
            let (one, other) = (pair[0], pair[1]);
            let name = format!("{} {}", script.terms[one].name, script.terms[other].name);
            if one == other || !sentence.text.contains(&name) {
                continue;
            }
            let position = *found.entry((one, other)).or_insert_with(|| {
                candidates.push(Candidate {
                    name,
                    score: 0,
                    terms: vec![one, other],
                    first: index,
                });
                candidates.len() - 1
            });
            candidates[position].score += 1;
        }
    }
    candidates.retain_mut(|candidate| {
        let often = candidate.score >= OFTEN;
        candidate.score *= 2;
        often
    });
    candidates
}

/// Returns a concept, which the best sentence that contains it explains.
fn concept(script: &Script, candidate: &Candidate) -> Value {
    let has = |terms: &[usize]| candidate.terms.iter().all(|term| terms.contains(term));
    let explaining = script
        .sentences
        .iter()
        .filter(|sentence| has(&sentence.terms));
    let best = first_best(explaining, |sentence| sentence.score);
    let first = &script.sentences[candidate.first];
    json!({
        "name": candidate.name,
        "explanation": best.unwrap_or(first).text,
        "at_s": first.at_s,
    })
}
