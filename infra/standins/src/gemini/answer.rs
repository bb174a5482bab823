//! Answers to requests: the text, and the `GenerateContentResponse` around it.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    control::{Fault, Settings},
    extract, obey,
    project::{self, Load, Question},
    request::{GenerateContent, PromptTokens},
    schema_fill,
};

/// `modelVersion`, which tells these answers from those of a model.
const MODEL_VERSION: &str = "stand-in";
const BYTES_PER_TOKEN: usize = 4;
/// Maximum tokens of an answer: `outputTokenLimit` of the models.
const MAX_OUTPUT_TOKENS: u64 = 65_536;
/// Minimum bytes of text in a chunk of a stream.
const PIECE: usize = 1024;
/// Maximum chunks of a stream.
const PIECES: usize = 16;

/// An answer before it is divided into responses.
pub(super) struct Answer {
    /// `None` if there are no candidates.
    candidate: Option<Candidate>,
    block_reason: Option<String>,
    /// Parts before the text.
    calls: Vec<Value>,
    prompt: PromptTokens,
    response_id: String,
    model_version: String,
}

struct Candidate {
    /// `None` if the candidate has no content.
    text: Option<String>,
    finish_reason: &'static str,
}

/// Returns the number of tokens of a text.
pub(super) fn text_tokens(text: &str) -> u64 {
    text.len().div_ceil(BYTES_PER_TOKEN) as u64
}

pub(super) fn details(tokens: PromptTokens) -> Value {
    let mut details = vec![json!({"modality": "TEXT", "tokenCount": tokens.text})];
    if tokens.video > 0 {
        details.push(json!({"modality": "VIDEO", "tokenCount": tokens.video}));
    }
    Value::Array(details)
}

/// Returns the answer to a request, with a fault if one is given. The same request gets the same
/// answer.
pub(super) fn answer(
    request: &GenerateContent,
    question: Option<&Question>,
    settings: &Settings,
    body: &[u8],
    fault: Option<&Fault>,
) -> Answer {
    let mut response_id = hex::encode(Sha256::digest(body));
    response_id.truncate(22);
    let load = Load {
        files: settings.project_files,
        chain: settings.project_chain,
    };
    let (schema, instruction) = (request.schema(), request.instruction());
    let text = || match question {
        Some(question) => project::answer(question, schema, instruction, load, fault),
        None => text(request),
    };
    let candidate = |text: Option<&str>, finish_reason| {
        let text = text.map(str::to_owned);
        Some(Candidate {
            text,
            finish_reason,
        })
    };
    let (mut block_reason, mut calls) = (None, Vec::new());
    let candidate = match fault {
        Some(Fault::Blocked { reason }) => {
            block_reason = Some(reason.clone());
            None
        }
        Some(Fault::Safety {}) => candidate(None, "SAFETY"),
        Some(Fault::Empty {}) => candidate(None, "STOP"),
        Some(Fault::Malformed {}) => {
            candidate(Some("Here is what you asked for:\n{\"title\": "), "STOP")
        }
        Some(Fault::NotSchema {}) => {
            candidate(Some(r#"{"not": ["what", "was", "asked", "for"]}"#), "STOP")
        }
        Some(Fault::Text { text }) => candidate(Some(text), "STOP"),
        Some(Fault::Truncated {}) => {
            let text = text();
            let half = &text[..text.floor_char_boundary(text.len() / 2)];
            candidate(Some(half), "MAX_TOKENS")
        }
        _ => {
            let mut text = text();
            if settings.obeys {
                let obeyed = obey::obey(&request.said(), text);
                (text, calls) = (obeyed.text, obeyed.calls);
            }
            let max_output_tokens = request.generation_config.max_output_tokens;
            Some(within_limit(text, max_output_tokens))
        }
    };
    Answer {
        candidate,
        block_reason,
        calls,
        prompt: request.prompt_tokens(settings.video_duration_s),
        response_id,
        model_version: settings
            .model_version
            .clone()
            .unwrap_or_else(|| MODEL_VERSION.to_owned()),
    }
}

fn within_limit(mut text: String, max_output_tokens: Option<u64>) -> Candidate {
    let mut finish_reason = "STOP";
    let tokens = max_output_tokens.map_or(MAX_OUTPUT_TOKENS, |most| most.min(MAX_OUTPUT_TOKENS));
    if text_tokens(&text) > tokens {
        let bytes = usize::try_from(tokens)
            .unwrap_or(usize::MAX)
            .saturating_mul(BYTES_PER_TOKEN);
        text.truncate(text.floor_char_boundary(bytes));
        finish_reason = "MAX_TOKENS";
    }
    Candidate {
        text: Some(text),
        finish_reason,
    }
}

/// Returns the text of the answer in the requested form, from the transcript if the request has
/// one.
fn text(request: &GenerateContent) -> String {
    let cues = request.transcript().filter(|cues| !cues.is_empty());
    let mut content = match &cues {
        Some(cues) => extract::content(cues),
        None => extract::nothing(),
    };
    // The caller has the transcript, so the answer does not repeat it unless the schema requires
    // it.
    if !request
        .schema()
        .is_some_and(|schema| schema_fill::requires(schema, "transcript"))
    {
        content["transcript"] = json!([]);
    }
    if let Some(schema) = request.schema() {
        return schema_fill::fill(schema, &content).to_string();
    }
    if request.generation_config.response_mime_type == "application/json" {
        return content.to_string();
    }
    let part = |name: &str| content[name].as_str().unwrap_or_default();
    format!("{}\n\n{}", part("title"), part("summary"))
}

impl Answer {
    pub(super) fn whole(&self) -> Value {
        let text = self.text();
        self.response(text, text.map_or(0, text_tokens), true)
    }

    /// Returns the responses of a stream. The last one has the finish reason.
    pub(super) fn pieces(&self) -> Vec<Value> {
        let Some(text) = self.text() else {
            return vec![self.whole()];
        };
        let size = PIECE.max(text.len().div_ceil(PIECES));
        let mut pieces = Vec::new();
        let mut rest = text;
        let mut tokens = 0;
        while rest.len() > size {
            let (piece, next) = rest.split_at(rest.ceil_char_boundary(size));
            tokens += text_tokens(piece);
            pieces.push(self.response(Some(piece), tokens, false));
            rest = next;
        }
        pieces.push(self.response(Some(rest), text_tokens(text), true));
        pieces
    }

    fn text(&self) -> Option<&str> {
        self.candidate.as_ref()?.text.as_deref()
    }

    fn response(&self, text: Option<&str>, written: u64, last: bool) -> Value {
        let mut usage = json!({
            "promptTokenCount": self.prompt.total(),
            "totalTokenCount": self.prompt.total() + written,
            "promptTokensDetails": details(self.prompt),
        });
        let mut response = Map::new();
        if let Some(candidate) = &self.candidate {
            let mut one = json!({"index": 0});
            match text {
                Some(text) => {
                    let mut parts = if last { self.calls.clone() } else { Vec::new() };
                    parts.push(json!({"text": text}));
                    one["content"] = json!({"parts": parts, "role": "model"});
                    usage["candidatesTokenCount"] = json!(written);
                }
                None if candidate.finish_reason == "STOP" => {
                    one["content"] = json!({"role": "model"});
                }
                None => {}
            }
            if last {
                one["finishReason"] = json!(candidate.finish_reason);
            }
            if candidate.finish_reason == "SAFETY" {
                one["safetyRatings"] = json!([dangerous()]);
            }
            response.insert("candidates".into(), json!([one]));
        }
        if let Some(reason) = &self.block_reason {
            response.insert("promptFeedback".into(), json!({"blockReason": reason}));
        }
        response.insert("usageMetadata".into(), usage);
        response.insert("modelVersion".into(), json!(self.model_version));
        response.insert("responseId".into(), json!(self.response_id));
        Value::Object(response)
    }
}

fn dangerous() -> Value {
    json!({
        "category": "HARM_CATEGORY_DANGEROUS_CONTENT",
        "probability": "HIGH",
        "blocked": true,
    })
}
