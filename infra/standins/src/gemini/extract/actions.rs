//! Instructions to the viewer: sentences in the imperative.

use std::collections::HashSet;

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    script::{Script, Sentence, first_best, title_of, words},
    word_lists::{ProjectType, WORDS},
};

/// Maximum actions of a video.
const MAX_ACTIONS: usize = 40;

/// An instruction to the viewer.
#[derive(Debug, Serialize)]
pub(super) struct Action {
    title: String,
    description: String,
    category: &'static str,
    priority: &'static str,
    estimated_minutes: Option<u32>,
    at_s: f64,
    #[serde(skip)]
    step: &'static str,
    /// Relevance of its sentence.
    #[serde(skip)]
    score: f64,
}

/// Returns the instruction in a sentence from its verb on, with category and step.
pub(super) fn verb(text: &str) -> Option<(&str, &'static str, &'static str)> {
    let lower = text.to_lowercase();
    // Lowercase letters of another length would shift the position of a phrase.
    let spoken = if lower.len() == text.len() {
        lower.as_str()
    } else {
        text
    };
    let mut after_phrase = WORDS.instructing.iter().filter_map(|phrase| {
        let start = spoken.find(phrase)?;
        let whole = !text.get(..start)?.ends_with(char::is_alphanumeric);
        let after = text.get(start + phrase.len()..)?;
        instruction(after).filter(|_| whole && after.starts_with(' '))
    });
    instruction(text).or_else(|| after_phrase.next())
}

/// Returns the text from its first word that is no lead-in, if that word is a known verb.
fn instruction(text: &str) -> Option<(&str, &'static str, &'static str)> {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|char: char| !char.is_alphanumeric());
        let length = rest
            .find(|char: char| !(char.is_alphanumeric() || matches!(char, '\'' | '’')))
            .unwrap_or(rest.len());
        let word = rest.get(..length)?.to_lowercase().replace('’', "'");
        if word.is_empty() {
            return None;
        }
        if let Some((_, category, step)) = WORDS.verbs.iter().find(|(verb, ..)| *verb == word) {
            let object = words(&rest[length..]).next()?;
            return (object != "sure").then_some((rest, *category, *step));
        }
        if !WORDS.lead_ins.contains(word.as_str()) {
            return None;
        }
        rest = &rest[length..];
    }
}

/// Returns the actions of a transcript, in order.
pub(super) fn actions(script: &Script) -> Vec<Action> {
    let mut titles: HashSet<String> = HashSet::new();
    let mut actions = Vec::new();
    for sentence in &script.sentences {
        let Some((from_verb, category, step)) = verb(&sentence.text) else {
            continue;
        };
        let title = title_of(from_verb);
        if actions.len() == MAX_ACTIONS || !titles.insert(title.to_lowercase()) {
            continue;
        }
        actions.push(Action {
            title: title.to_owned(),
            description: sentence.text.clone(),
            category,
            priority: priority(sentence, category),
            estimated_minutes: None,
            at_s: sentence.at_s,
            step,
            score: sentence.score,
        });
    }
    actions
}

fn priority(sentence: &Sentence, category: &str) -> &'static str {
    if sentence.has_any(&WORDS.high_priority) {
        "high"
    } else if sentence.has_any(&WORDS.low_priority) {
        "low"
    } else if category == "setup" {
        "high"
    } else {
        "medium"
    }
}

/// Returns the actions that make something as a plan, or `None` without any.
pub(super) fn build_plan(
    script: &Script,
    actions: &[Action],
    title: &str,
    technologies: &[&str],
) -> Value {
    let makes = |action: &&Action| !matches!(action.category, "learn" | "research");
    let steps: Vec<&Action> = actions.iter().filter(makes).collect();
    if !steps
        .iter()
        .any(|action| matches!(action.category, "build" | "deploy"))
    {
        return Value::Null;
    }
    let telling = first_best(steps.iter(), |action| action.score);
    let summary = telling.map(|action| &action.description);
    let steps: Vec<Value> = steps
        .iter()
        .zip(1..)
        .map(|(action, order)| {
            json!({
                "order": order,
                "action": action.step,
                "description": action.description,
                "target_file": file_in(&action.description),
                "at_s": action.at_s,
            })
        })
        .collect();
    json!({
        "title": title,
        "project_type": project_type(script, technologies),
        "summary": summary,
        "technologies": technologies,
        "steps": steps,
    })
}

fn file_in(text: &str) -> Option<&str> {
    words(text).find(|word| {
        let named = word.rsplit_once('.').is_some_and(|(stem, extension)| {
            !stem.is_empty() && WORDS.file_extensions.contains(extension)
        });
        named || matches!(*word, "Dockerfile" | "Makefile")
    })
}

fn project_type(script: &Script, technologies: &[&str]) -> &'static str {
    let hits = |kind: &ProjectType| {
        let named = kind.technologies.iter();
        let named = named.filter(|name| technologies.contains(name)).count();
        named * 2 + script.sentences_with(&kind.phrases).count()
    };
    let counted = WORDS
        .project_types
        .iter()
        .map(|kind| (hits(kind), kind.name));
    let best = first_best(counted, |(hits, _)| *hits).filter(|(hits, _)| *hits > 0);
    best.map_or("other", |(_, name)| name)
}
