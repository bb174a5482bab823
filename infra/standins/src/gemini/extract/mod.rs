//! Content of a video, taken word for word from its transcript.
//!
//! There is no model. Word frequencies score the sentences, sections end where the words change or
//! a silence begins, and keywords determine kinds. Every title and sentence occurs in the
//! transcript. Every time is the start or the end of a cue. The same transcript always gives the
//! same content.

use serde_json::{Value, json};

use super::transcript::Cue;
use crate::json::data;

mod actions;
mod chapters;
mod concepts;
mod events;
mod language;
mod script;
mod technologies;
mod word_lists;

use script::{Script, first_best};
use word_lists::WORDS;

const SUMMARY_SENTENCES: usize = 3;
/// Number of sentences considered for a title, and its maximum words.
const TITLE_SENTENCES: usize = 6;
const TITLE_WORDS: usize = 12;
/// Maximum number of prerequisites.
const PREREQUISITES: usize = 5;

/// Returns the content of a transcript, with the field names of an analysis.
pub(super) fn content(cues: &[Cue]) -> Value {
    let script = Script::read(cues);
    let title = title(&script);
    let chapters = chapters::chapters(&script);
    let actions = actions::actions(&script);
    let technologies = technologies::technologies(&script);
    let concepts = concepts::concepts(&script);
    let events = events::events(&script, &chapters);
    let build_plan = actions::build_plan(&script, &actions, &title, &technologies);
    let mut content = json!({
        "title": title,
        "language": language::language(&script),
        "summary": summary(&script),
        "key_concepts": concepts.key,
        "chapters": chapters,
        "transcript": cues,
        "events": events,
        "actions": actions,
        "technologies": technologies,
        "difficulty": difficulty(&script, &technologies),
        "prerequisites": prerequisites(&script),
        "learning_path": concepts.path,
        "related_topics": concepts.related,
        "build_plan": build_plan,
        "visual_elements": [],
        "duration_s": cues.iter().map(|cue| cue.end_s).reduce(f64::max),
    });
    content["confidence"] = confidence(&content);
    content
}

/// Returns the content without a transcript.
pub(super) fn nothing() -> Value {
    data(include_str!("nothing.json"))
}

/// Returns the best short sentence near the beginning.
fn title(script: &Script) -> String {
    let beginning = &script.sentences[..script.sentences.len().min(TITLE_SENTENCES)];
    let short = beginning
        .iter()
        .filter(|sentence| sentence.words <= TITLE_WORDS);
    let best = first_best(short, |sentence| sentence.score);
    best.or(beginning.first())
        .map(|sentence| sentence.title())
        .unwrap_or_default()
        .to_owned()
}

/// Returns the sentences with the highest scores, in order.
fn summary(script: &Script) -> String {
    let mut order: Vec<usize> = (0..script.sentences.len()).collect();
    order.sort_by(|one, other| {
        let score = |index: &usize| script.sentences[*index].score;
        score(other).total_cmp(&score(one)).then(one.cmp(other))
    });
    let mut best: Vec<usize> = Vec::new();
    for index in order {
        let text = &script.sentences[index].text;
        if best
            .iter()
            .all(|other| script.sentences[*other].text != *text)
        {
            best.push(index);
        }
        if best.len() == SUMMARY_SENTENCES {
            break;
        }
    }
    best.sort_unstable();
    let texts: Vec<&str> = best
        .iter()
        .map(|index| script.sentences[*index].text.as_str())
        .collect();
    texts.join(" ")
}

fn difficulty(script: &Script, technologies: &[&str]) -> Option<&'static str> {
    let beginner = script.sentences_with(&WORDS.beginner).count();
    let advanced = script.sentences_with(&WORDS.advanced).count();
    if beginner == 0 && advanced == 0 {
        return (!technologies.is_empty()).then_some("intermediate");
    }
    Some(if beginner >= advanced {
        "beginner"
    } else {
        "advanced"
    })
}

fn prerequisites(script: &Script) -> Vec<&str> {
    script
        .sentences_with(&WORDS.prerequisite)
        .map(|sentence| sentence.title())
        .take(PREREQUISITES)
        .collect()
}

/// Returns a number for each part that is not empty. It is low, because nothing was understood.
fn confidence(content: &Value) -> Value {
    let parts = content.as_object().into_iter().flatten();
    let filled = parts.filter(|(_, part)| match part {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::String(text) => !text.is_empty(),
        _ => true,
    });
    filled
        .map(|(name, _)| {
            let verbatim = matches!(name.as_str(), "transcript" | "duration_s");
            (name.clone(), json!(if verbatim { 1.0 } else { 0.5 }))
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[cfg(test)]
mod tests;
