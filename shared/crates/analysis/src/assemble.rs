//! Builds the stored analysis from the model's answer and the known facts of the video.
//!
//! Items that contradict the video are dropped and listed. Texts that are too long are cut. Values
//! that no source gave stay missing.

mod plan;
#[cfg(test)]
mod tests;
mod times;

use eventrelay_core::error::Error;
use eventrelay_core::usage::Usage;
use eventrelay_core::video::Window;
use std::collections::{BTreeMap, HashSet};

use sha2::{Digest, Sha256};

use super::text::{block, line, list, name, same};
use super::*;
use eventrelay_core::video::VideoKey;
use times::{Times, milliseconds};

/// Maximum characters of a title.
pub(super) const TITLE_CHARS: usize = 300;
/// Maximum characters of a name, a channel or a file.
const NAME_CHARS: usize = 200;
/// Maximum characters of a description or an explanation.
const TEXT_CHARS: usize = 4_000;
/// Maximum characters of a summary or of a visual element.
const LONG_CHARS: usize = 12_000;

const KEY_CONCEPTS: usize = 100;
const CHAPTERS: usize = 200;
const EVENTS: usize = 500;
const ACTIONS: usize = 200;
const VISUAL_ELEMENTS: usize = 300;
/// Maximum names in a plain list.
const NAMES: usize = 100;

/// Longest plausible duration in seconds: twice the 24 hours a stream may run.
const MAX_DURATION_S: f64 = 172_800.0;

/// Title of a video whose platform and model gave none.
const UNTITLED: &str = "Untitled";

/// Facts about a video and its analysis that do not come from the model's answer.
#[derive(Clone, Debug)]
pub struct Facts {
    pub key: VideoKey,
    /// Title on the platform.
    pub title: Option<String>,
    /// Channel or author on the platform.
    pub channel: Option<String>,
    /// Duration in seconds from the platform or the file. Only this duration bounds times.
    pub duration_s: Option<f64>,
    /// Requested part of the video; the whole video if `None`.
    pub window: Option<Window>,
    /// Transcript from the request. It replaces the model's.
    pub transcript: Option<Captions>,
    /// BCP 47 tag of the requested language.
    pub language: Option<String>,
    /// Name of the model that answered, as the model reports it.
    pub model: String,
    /// SHA-256 of the prompt, see [`super::prompt::Prompt`].
    pub prompt_sha256: String,
    /// Time of the analysis in RFC 3339.
    pub analyzed_at: String,
    /// Resource usage of the analysis.
    pub usage: Usage,
}

/// Reason why an answer cannot become an analysis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// The answer is empty.
    #[error("the model's answer says nothing of the video")]
    Empty,
    /// Every item of the answer contradicts the video.
    #[error("everything in the model's answer contradicts the video")]
    AllRefused,
}

impl From<Unusable> for Error {
    fn from(error: Unusable) -> Self {
        Error::AnswerMalformed {
            source: Box::new(error),
        }
    }
}

/// Builds the analysis. Deterministic: the same arguments give the same analysis.
///
/// # Errors
/// [`Unusable`] if nothing of the answer remains. A transcript from the request does not count as
/// an answer.
pub fn assemble(draft: Draft, facts: Facts) -> Result<Analysis, Unusable> {
    let duration_s = facts.duration_s.and_then(sane_duration);
    let given_end_s = facts.transcript.as_ref().map(Captions::end_s);
    let mut times = Times::new(duration_s, given_end_s, facts.window);
    let title = [
        facts.title.as_deref(),
        draft.title.as_deref(),
        Some(UNTITLED),
    ];
    let titles = title
        .into_iter()
        .flatten()
        .map(|title| line(title, TITLE_CHARS));
    let title = { titles }
        .find(|title| !title.is_empty())
        .unwrap_or_default();

    let mut answer = draft.content;
    if facts.transcript.is_some() {
        answer.transcript.clear();
    }
    let mut content = checked(answer, &title, &mut times);
    if content == Content::default() {
        return Err(if times.refused.is_empty() {
            Unusable::Empty
        } else {
            Unusable::AllRefused
        });
    }
    let given = facts.transcript.is_some();
    if let Some(transcript) = facts.transcript {
        content.transcript = given_transcript(transcript, &mut times);
    }
    let claimed = draft
        .duration_s
        .and_then(sane_duration)
        .filter(|end| *end >= times.latest);
    let languages = [facts.language.as_deref(), draft.language.as_deref()];
    Ok(Analysis {
        schema_version: SCHEMA_VERSION.to_owned(),
        video: Video {
            id: facts.key.to_string(),
            platform: facts.key.platform().to_owned(),
            url: facts.key.watch_url(),
            title,
            channel: facts
                .channel
                .map(|c| line(&c, NAME_CHARS))
                .filter(|c| !c.is_empty()),
            duration_s: duration_s
                .or(claimed)
                .or(given_end_s.and_then(sane_duration)),
            window: facts.window,
        },
        language: { languages.into_iter().flatten() }
            .find_map(text::language_tag)
            // RFC 5646, 4.1: the tag of an undetermined language.
            .unwrap_or_else(|| "und".to_owned()),
        sources: sources(&content, given, &draft.confidence),
        content,
        refused: times.refused,
        provenance: Provenance {
            model: line(&facts.model, NAME_CHARS),
            pipeline_version: PIPELINE_VERSION.to_owned(),
            prompt_sha256: facts.prompt_sha256,
            analyzed_at: facts.analyzed_at,
            usage: facts.usage,
        },
    })
}

/// Returns a plausible duration in seconds, rounded to the millisecond.
fn sane_duration(seconds: f64) -> Option<f64> {
    Some(milliseconds(seconds)).filter(|length| *length > 0.0 && *length <= MAX_DURATION_S)
}

/// Cleans, bounds and orders the content. Equals [`Content::default`] if nothing remains.
fn checked(answer: Content, title: &str, times: &mut Times) -> Content {
    Content {
        summary: block(&answer.summary, LONG_CHARS),
        key_concepts: key_concepts(answer.key_concepts, times),
        chapters: chapters(answer.chapters, times),
        transcript: transcript(answer.transcript, times),
        events: events(answer.events, times),
        actions: actions(answer.actions, times),
        technologies: list(&answer.technologies, NAMES, NAME_CHARS),
        difficulty: answer.difficulty,
        prerequisites: list(&answer.prerequisites, NAMES, TITLE_CHARS),
        learning_path: list(&answer.learning_path, NAMES, TITLE_CHARS),
        related_topics: list(&answer.related_topics, NAMES, TITLE_CHARS),
        build_plan: answer
            .build_plan
            .and_then(|plan| plan::checked(plan, title, times)),
        visual_elements: visual_elements(answer.visual_elements, times),
    }
}

fn key_concepts(concepts: Vec<KeyConcept>, times: &mut Times) -> Vec<KeyConcept> {
    let mut kept: Vec<KeyConcept> = Vec::new();
    for concept in concepts.into_iter().take(KEY_CONCEPTS) {
        let name = line(&concept.name, NAME_CHARS);
        if !name.is_empty() && !kept.iter().any(|other| same(&other.name, &name)) {
            kept.push(KeyConcept {
                name,
                explanation: block(&concept.explanation, TEXT_CHARS),
                at_s: concept
                    .at_s
                    .and_then(|at_s| times.moment("key_concepts", at_s)),
            });
        }
    }
    kept
}

fn chapters(chapters: Vec<Chapter>, times: &mut Times) -> Vec<Chapter> {
    let mut kept: Vec<Chapter> = Vec::new();
    for chapter in chapters.into_iter().take(CHAPTERS) {
        let title = line(&chapter.title, TITLE_CHARS);
        let span = times.span("chapters", chapter.start_s, chapter.end_s);
        let Some((start_s, end_s)) = span.filter(|_| !title.is_empty()) else {
            continue;
        };
        if let Some(before) = kept.last_mut() {
            if start_s <= before.start_s {
                times.refuse("chapters", chapter.start_s, RefusalReason::OutOfOrder);
                continue;
            }
            before.end_s = before.end_s.min(start_s);
        }
        kept.push(Chapter {
            title,
            start_s,
            end_s,
            summary: block(&chapter.summary, TEXT_CHARS),
        });
    }
    kept
}

fn transcript(segments: Vec<Segment>, times: &mut Times) -> Vec<Segment> {
    let mut kept: Vec<Segment> = Vec::new();
    for segment in segments.into_iter().take(captions::MAX_CUES) {
        let words = line(&segment.text, usize::MAX);
        let span = times.span("transcript", segment.start_s, segment.end_s);
        let Some((start_s, end_s)) = span.filter(|_| !words.is_empty()) else {
            continue;
        };
        if kept.last().is_some_and(|before| start_s < before.start_s) {
            times.refuse("transcript", segment.start_s, RefusalReason::OutOfOrder);
            continue;
        }
        kept.extend(captions::split(Segment {
            start_s,
            end_s,
            text: words,
            speaker: segment.speaker.and_then(speaker),
        }));
    }
    kept
}

/// Drops the cues of a given transcript that begin after the end of the video.
///
/// A given transcript covers the whole video, whichever part was requested. Its last words may stay
/// on screen after the end. Neither is a contradiction.
fn given_transcript(given: Captions, times: &mut Times) -> Vec<Segment> {
    let Captions {
        segments,
        lines,
        refused,
    } = given;
    times.refused.extend(refused);
    let mut kept = Vec::with_capacity(segments.len());
    for (segment, line) in segments.into_iter().zip(lines) {
        if times.is_beyond_duration(segment.start_s) {
            times.refuse_cue(segment.start_s, line);
        } else if segment.end_s >= times.begin() && segment.start_s <= times.window_end() {
            let start_s = milliseconds(segment.start_s.max(times.begin()).min(times.end()));
            kept.push(Segment {
                start_s,
                end_s: milliseconds(segment.end_s.min(times.end())).max(start_s),
                text: segment.text,
                speaker: segment.speaker.and_then(speaker),
            });
        }
    }
    kept
}

fn speaker(name: String) -> Option<String> {
    Some(line(&name, NAME_CHARS)).filter(|name| !name.is_empty())
}

fn events(events: Vec<Event>, times: &mut Times) -> Vec<Event> {
    let mut seen = HashSet::new();
    let mut kept: Vec<Event> = Vec::new();
    for event in events.into_iter().take(EVENTS) {
        let title = line(&event.title, TITLE_CHARS);
        let at_s = times.moment("events", event.at_s);
        let Some(at_s) = at_s.filter(|_| !title.is_empty()) else {
            continue;
        };
        let id = id("evt", &name(&event.kind), at_s, &title);
        if seen.insert(id.clone()) {
            kept.push(Event {
                id,
                title,
                description: block(&event.description, TEXT_CHARS),
                at_s,
                confidence: fraction(event.confidence),
                ..event
            });
        }
    }
    kept.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    kept
}

fn actions(actions: Vec<Action>, times: &mut Times) -> Vec<Action> {
    let mut seen = HashSet::new();
    let mut kept: Vec<Action> = Vec::new();
    for action in actions.into_iter().take(ACTIONS) {
        let title = line(&action.title, TITLE_CHARS);
        let at_s = times.moment("actions", action.at_s);
        let Some(at_s) = at_s.filter(|_| !title.is_empty()) else {
            continue;
        };
        let id = id("act", &name(&action.category), at_s, &title);
        if seen.insert(id.clone()) {
            let description = block(&action.description, TEXT_CHARS);
            kept.push(Action {
                id,
                title,
                description,
                at_s,
                ..action
            });
        }
    }
    kept.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    kept
}

fn visual_elements(elements: Vec<VisualElement>, times: &mut Times) -> Vec<VisualElement> {
    let mut kept: Vec<VisualElement> = Vec::new();
    for element in elements.into_iter().take(VISUAL_ELEMENTS) {
        let content = block(&element.content, LONG_CHARS);
        let at_s = times.moment("visual_elements", element.at_s);
        let Some(at_s) = at_s.filter(|_| !content.is_empty()) else {
            continue;
        };
        let confidence = fraction(element.confidence);
        let element = VisualElement {
            kind: element.kind,
            content,
            at_s,
            confidence,
        };
        let again = |other: &VisualElement| {
            (other.kind, other.at_s, &other.content) == (element.kind, at_s, &element.content)
        };
        if !kept.iter().any(again) {
            kept.push(element);
        }
    }
    kept.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    kept
}

/// Builds an id from twelve hash digits, so that a finding keeps its id in a repeated analysis.
fn id(prefix: &str, kind: &str, at_s: f64, title: &str) -> String {
    let hash = hex::encode(Sha256::digest(format!("{kind}\n{}\n{title}", at_s.floor())));
    format!("{prefix}_{}", &hash[..12])
}

fn fraction(confidence: f64) -> f64 {
    if confidence.is_nan() {
        0.0
    } else {
        confidence.clamp(0.0, 1.0)
    }
}

/// Lists the source of every part.
fn sources(
    content: &Content,
    given: bool,
    confidence: &BTreeMap<String, f64>,
) -> BTreeMap<String, Source> {
    let empty = [
        ("summary", content.summary.is_empty()),
        ("key_concepts", content.key_concepts.is_empty()),
        ("chapters", content.chapters.is_empty()),
        ("transcript", content.transcript.is_empty()),
        ("events", content.events.is_empty()),
        ("actions", content.actions.is_empty()),
        ("technologies", content.technologies.is_empty()),
        ("difficulty", content.difficulty.is_none()),
        ("prerequisites", content.prerequisites.is_empty()),
        ("learning_path", content.learning_path.is_empty()),
        ("related_topics", content.related_topics.is_empty()),
        ("build_plan", content.build_plan.is_none()),
        ("visual_elements", content.visual_elements.is_empty()),
    ];
    let source = |(part, empty): (&str, bool)| {
        let (source, confidence) = match (empty, given && part == "transcript") {
            (true, _) => (Origin::Missing, None),
            (false, true) => (Origin::Caption, Some(1.0)),
            (false, false) => (Origin::Model, confidence.get(part).copied().map(fraction)),
        };
        (part.to_owned(), Source { source, confidence })
    };
    empty.into_iter().map(source).collect()
}
