//! The documents that we read and write, at the sizes that they have.

use std::collections::BTreeMap;

use anyhow::Context as _;
use aws_lambda_events::apigw::ApiGatewayV2httpRequest;
use eventrelay::{
    analysis::{
        Action, ActionCategory, Analysis, Chapter, Content, Event, EventKind, Origin,
        PIPELINE_VERSION, Priority, Provenance, SCHEMA_VERSION, Segment, Source, Video,
    },
    job::Job,
    usage::Usage,
};
use eventrelay_tests::{events, words::sentence};
use fastrand::Rng;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::libraries::Case;

/// Length of what a model answers on a talk of half an hour.
const ANSWER_KB: u16 = 60;

/// All of them, the analyses at these sizes.
pub(crate) fn all(sizes_kb: &[u16]) -> anyhow::Result<Vec<Case>> {
    let mut cases: Vec<Case> = sizes_kb
        .iter()
        .map(|size| Case::new::<Analysis>(format!("analysis, {size} kB"), analysis(*size)))
        .collect();
    let content = serde_json::to_string(&made(ANSWER_KB).content)?;
    cases.push(Case::new::<Answer>("answer of Gemini", answer(&content)?));
    cases.push(Case::new::<Value>("the text in it, as a `Value`", content));
    cases.push(Case::new::<ApiGatewayV2httpRequest>(
        "event of API Gateway",
        event()?,
    ));
    cases.push(Case::new::<Job>("job, as in its row", job().to_string()));
    Ok(cases)
}

/// An analysis of about so many kilobytes.
pub(crate) fn analysis(size_kb: u16) -> String {
    // Its types can be written as JSON.
    serde_json::to_string(&made(size_kb)).unwrap_or_default()
}

fn made(size_kb: u16) -> Analysis {
    let wanted = usize::from(size_kb) * 1000;
    let rng = &mut Rng::with_seed(wanted as u64);
    let mut analysis = frame(rng);
    let length = |value: Result<String, serde_json::Error>| value.unwrap_or_default().len() + 1;
    let mut written = length(serde_json::to_string(&analysis));
    let mut at_s = 0.0;
    while written < wanted {
        at_s += f64::from(rng.u32(20..120)) / 10.0;
        let content = &mut analysis.content;
        written += match rng.u8(0..20) {
            0 => {
                content.chapters.push(chapter(rng, at_s));
                length(serde_json::to_string(&content.chapters.last()))
            }
            1 | 2 => {
                content.events.push(occurrence(rng, at_s));
                length(serde_json::to_string(&content.events.last()))
            }
            3 => {
                content.actions.push(action(rng, at_s));
                length(serde_json::to_string(&content.actions.last()))
            }
            _ => {
                content.transcript.push(segment(rng, at_s));
                length(serde_json::to_string(&content.transcript.last()))
            }
        };
    }
    analysis
}

fn frame(rng: &mut Rng) -> Analysis {
    let source = Source {
        source: Origin::Model,
        confidence: Some(0.93),
    };
    let parts = ["actions", "chapters", "events", "summary", "transcript"];
    Analysis {
        schema_version: SCHEMA_VERSION.to_owned(),
        video: Video {
            id: "yt:dQw4w9WgXcQ".to_owned(),
            platform: "youtube".to_owned(),
            url: Some("https://www.youtube.com/watch?v=dQw4w9WgXcQ".to_owned()),
            title: sentence(rng, 6),
            channel: Some(sentence(rng, 2)),
            duration_s: Some(1800.5),
            window: None,
        },
        language: "en".to_owned(),
        content: Content {
            summary: sentence(rng, 80),
            technologies: (0..6).map(|_| sentence(rng, 1)).collect(),
            prerequisites: (0..3).map(|_| sentence(rng, 6)).collect(),
            ..Content::default()
        },
        sources: parts.map(|part| (part.to_owned(), source)).into(),
        refused: Vec::new(),
        provenance: Provenance {
            model: "gemini-3.8-flash".to_owned(),
            pipeline_version: PIPELINE_VERSION.to_owned(),
            prompt_sha256: "5e".repeat(32),
            analyzed_at: "2026-11-26T10:00:00Z".to_owned(),
            usage: Usage {
                input_tokens: 523_456,
                output_tokens: 9_876,
                thinking_tokens: 1_234,
                model_calls: 1,
                cost_usd: Some(0.061_234),
                billed_ms: 1_234,
            },
        },
    }
}

fn chapter(rng: &mut Rng, at_s: f64) -> Chapter {
    Chapter {
        title: sentence(rng, 5),
        start_s: at_s,
        end_s: at_s + 65.25,
        summary: sentence(rng, 20),
    }
}

fn segment(rng: &mut Rng, at_s: f64) -> Segment {
    Segment {
        start_s: at_s,
        end_s: at_s + 4.0,
        // People quote others, and speak other languages than English.
        text: match rng.u8(0..12) {
            0 => format!("\"{}\", he said", sentence(rng, 11)),
            1 => format!("{} – déjà vu", sentence(rng, 11)),
            _ => sentence(rng, 14),
        },
        speaker: None,
    }
}

fn occurrence(rng: &mut Rng, at_s: f64) -> Event {
    Event {
        id: format!("evt_{:016x}", rng.u64(..)),
        kind: EventKind::Insight,
        title: sentence(rng, 6),
        description: sentence(rng, 20),
        at_s,
        confidence: f64::from(rng.u32(50..100)) / 100.0,
    }
}

fn action(rng: &mut Rng, at_s: f64) -> Action {
    Action {
        id: format!("act_{:016x}", rng.u64(..)),
        title: sentence(rng, 6),
        description: sentence(rng, 20),
        category: ActionCategory::Build,
        priority: Priority::Medium,
        estimated_minutes: Some(10),
        at_s,
    }
}

/// The members of a response of Gemini that EventRelay reads. Copies the private type of
/// `shared/src/upstream/gemini/generate.rs`.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Answer {
    candidates: Vec<Candidate>,
    usage_metadata: BTreeMap<String, u64>,
    model_version: Option<String>,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Candidate {
    content: Parts,
    finish_reason: Option<String>,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Parts {
    parts: Vec<Part>,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Part {
    text: String,
    thought: bool,
}

/// As Gemini sends it: indented, and what the model says is a text in it, all quotes escaped.
fn answer(text: &str) -> anyhow::Result<String> {
    let answer = json!({
        "candidates": [{
            "content": {"parts": [{"text": text}], "role": "model"},
            "finishReason": "STOP",
            "index": 0,
        }],
        "usageMetadata": {
            "promptTokenCount": 523_456, "candidatesTokenCount": 9_876, "totalTokenCount": 534_566,
            "thoughtsTokenCount": 1_234,
        },
        "modelVersion": "gemini-3.8-flash",
        "responseId": "q1Z0aYj2",
    });
    Ok(serde_json::to_string_pretty(&answer)?)
}

/// As Lambda hands it over: in one line.
fn event() -> anyhow::Result<String> {
    let triggers = events::triggers()?;
    let http = triggers
        .iter()
        .find(|one| (one.function.as_str(), one.name.as_str()) == ("GetVideo", "Http"));
    Ok(http.context("no event of GetVideo")?.event()?.to_string())
}

/// A job whose analysis is on its way.
fn job() -> Value {
    json!({
        "id": events::JOB,
        "video": "yt:dQw4w9WgXcQ",
        "request": {"language": "en", "window": null, "transcript": null, "force": false},
        "media": {"kind": "upload", "size_bytes": 150_000_000, "content_type": "video/mp4",
            "file_name": "talk.mp4"},
        "state": {"stage": "analysing", "file": {
            "uri": "https://generativelanguage.googleapis.com/v1beta/files/abc123",
            "mime_type": "video/mp4"}},
        "created_at": 1_795_680_000_000_u64,
        "updated_at": 1_795_680_012_345_u64,
        "deadline": 1_795_687_200_000_u64,
        "due_at": 1_795_680_013_345_u64,
        "attempts": 1,
        "uploads": 1,
        "facts": {"title": "A talk on small web servers", "channel": "Ada", "duration_s": 1800.5},
        "gemini_file": "files/abc123",
        "usage": {"input_tokens": 0, "output_tokens": 0, "thinking_tokens": 0, "model_calls": 0,
            "cost_usd": null, "billed_ms": 812},
        "submitted_by": "18bb5a356a18d195",
        "trace": "1-5759e988-bd862e3fe1be46a994272793",
        "settled": false,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::Effort;

    #[test]
    fn analyses_have_the_length_that_is_asked_for() {
        for size in [4, 20, 60] {
            let wanted = usize::from(size) * 1000;
            let length = analysis(size).len();
            assert!(wanted.abs_diff(length) < 600, "{length}");
        }
    }

    #[test]
    fn every_library_reads_and_writes_every_document() {
        let effort = Effort {
            rounds: 1,
            turn: Duration::from_micros(1),
        };
        let cases = all(&[4]).unwrap();
        assert_eq!(cases.len(), 5);
        for case in cases {
            let document = case.measured(effort).unwrap();
            let times = document.read_us.iter().chain(&document.write_us);
            assert!(times.clone().all(|us| *us > 0.0), "{document:?}");
            assert_eq!(times.count(), 7);
        }
    }

    #[test]
    fn every_compression_shrinks_and_can_be_measured() {
        let effort = Effort {
            rounds: 1,
            turn: Duration::from_micros(1),
        };
        let body = crate::compression::measured(&analysis(20), effort).unwrap();
        assert!(body.packed.iter().all(|one| one.bytes < 10_000), "{body:?}");
        assert!(body.repacked_us() > 0.0);
    }
}
