//! `generateContent`: takes a video and an instruction and returns a JSON document.

use std::time::Duration;

use http::Method;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::errors::Asked;
use super::{Gemini, SERVICE};
use crate::client::Request;
use crate::guard::MeteredCall;
use eventrelay_core::{
    clock::Timestamp,
    error::Error,
    limit::{Cap, Estimate, Target, TokenUsage},
    telemetry::{self, Metric},
    usage::Usage,
};

/// Maximum size of a response. The largest output of any model is 65,536 tokens, a few hundred
/// kilobytes, plus thoughts and the envelope.
const ANSWER_LIMIT: usize = 8 * 1024 * 1024;

/// Maximum output tokens of the configured models (contract of the models of 2026).
pub const MAX_OUTPUT_TOKENS: u64 = 65_536;

/// Maximum plausible token count of a call. The largest context of any model is below ten million
/// tokens. A count that quotas and costs depend on is not trusted unchecked.
const MAX_TOKENS: u64 = 1 << 32;

/// Video that the model analyses.
#[derive(Clone, Copy, Debug)]
pub enum Media<'a> {
    /// Public YouTube video, by its canonical watch URL. The API fetches it itself.
    YouTube(&'a str),
    /// Uploaded file that is active.
    File { uri: &'a str, mime_type: &'a str },
}

/// Part of the video to analyse.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub start: Duration,
    /// End, or `None` for the end of the video.
    pub end: Option<Duration>,
}

/// Resolution of the frames: more tokens, and so cost, for more detail.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum MediaResolution {
    /// About 100 tokens per second of video before Gemini 3.
    #[serde(rename = "MEDIA_RESOLUTION_LOW")]
    Low,
    #[serde(rename = "MEDIA_RESOLUTION_MEDIUM")]
    Medium,
    /// About 300 tokens per second of video before Gemini 3.
    #[serde(rename = "MEDIA_RESOLUTION_HIGH")]
    High,
}

/// Amount of thinking before the answer. Models before Gemini 3 do not support it.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ThinkingLevel {
    Minimal,
    Low,
    Medium,
    /// Unlimited thinking.
    High,
}

/// Request to a model.
#[derive(Clone, Copy, Debug)]
pub struct GenerateRequest<'a> {
    /// Model id, without `models/`.
    pub model: &'a str,
    /// Video to analyse, if any. It goes before the texts, as the API's documentation advises.
    pub media: Option<Media<'a>>,
    /// Part of the video, or `None` for all of it.
    pub window: Option<Window>,
    pub system: &'a str,
    /// Texts of the prompt, in order.
    pub texts: &'a [&'a str],
    /// JSON Schema that the answer must satisfy.
    pub json_schema: &'a Value,
    /// `None` uses the model's default.
    pub media_resolution: Option<MediaResolution>,
    /// `None` uses the model's default.
    pub thinking_level: Option<ThinkingLevel>,
    /// Estimated tokens, counted against quotas and budgets until the actual ones are known.
    pub estimate: Estimate,
    /// Cost cap, which limits thoughts and answer together.
    pub cap: Option<Cap>,
    /// API key whose budget pays.
    pub key_id: Option<&'a str>,
    /// Indicates that the request was throttled before and comes at its reserved time.
    pub has_reservation: bool,
}

/// Result of a request and its usage. An unusable answer is charged as well.
#[derive(Debug)]
pub struct Answered {
    /// Answer, or [`Error::PromptBlocked`], [`Error::AnswerTruncated`], [`Error::AnswerEmpty`],
    /// [`Error::AnswerMalformed`].
    pub outcome: Result<Generated, Error>,
    pub usage: Usage,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// Document as the model wrote it, not yet validated against the schema.
    pub text: String,
    /// Version of the model that answered, as reported by it.
    pub model_version: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireRequest<'a> {
    contents: [WireContent<'a>; 1],
    system_instruction: WireContent<'a>,
    generation_config: WireConfig<'a>,
}

#[derive(Serialize)]
struct WireContent<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    parts: Vec<WirePart<'a>>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct WirePart<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_data: Option<WireFileData<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    video_metadata: Option<WireWindow>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireFileData<'a> {
    file_uri: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireWindow {
    start_offset: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_offset: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireConfig<'a> {
    max_output_tokens: u64,
    response_mime_type: &'static str,
    response_json_schema: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    media_resolution: Option<MediaResolution>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_config: Option<WireThinking>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireThinking {
    thinking_level: ThinkingLevel,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WireAnswer {
    candidates: Vec<WireCandidate>,
    prompt_feedback: WireFeedback,
    usage_metadata: WireUsage,
    model_version: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireCandidate {
    content: WireAnswerContent,
    finish_reason: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireAnswerContent {
    parts: Vec<WireAnswerPart>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireAnswerPart {
    text: String,
    thought: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireFeedback {
    block_reason: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireUsage {
    prompt_token_count: u64,
    candidates_token_count: u64,
    thoughts_token_count: u64,
}

impl WireAnswer {
    fn usage(&self) -> TokenUsage {
        TokenUsage {
            prompt: self.usage_metadata.prompt_token_count.min(MAX_TOKENS),
            candidates: self.usage_metadata.candidates_token_count.min(MAX_TOKENS),
            thoughts: self.usage_metadata.thoughts_token_count.min(MAX_TOKENS),
        }
    }
}

impl Gemini {
    /// Sends a request to a model and waits for the answer, at most for `timeout`.
    ///
    /// # Errors
    /// Those of every call of the API ([`eventrelay_core::error`]), and in particular
    /// [`Error::VideoInaccessible`], [`Error::FileGone`], [`Error::TooLarge`],
    /// [`Error::CostAboveCap`] and [`Error::BudgetSpent`]. After [`Error::ModelGone`] and [`Error::DailyQuotaSpent`] another model may succeed.
    pub async fn generate(
        &self,
        question: &GenerateRequest<'_>,
        timeout: Duration,
    ) -> Result<Answered, Error> {
        let model = question.model;
        let price = self.guard.price_of(model);
        let most_output =
            question
                .estimate
                .output_within(question.cap, price, MAX_OUTPUT_TOKENS)?;
        let asked = match question.media {
            Some(Media::YouTube(_)) => Asked::WatchYouTube { model },
            _ => Asked::Generate { model },
        };
        let method = format!("{model}:generateContent");
        let url = self.url([self.version.as_str(), "models", &method])?;
        let request = Request::new(SERVICE, Method::POST, url, timeout, ANSWER_LIMIT)
            .json(&wire_request(question, most_output))?;
        let call = async {
            let answer = self.send_with_key(asked, request).await?;
            let answer = answer.json::<WireAnswer>(SERVICE)?;
            let actual = answer.usage().cost(price);
            Ok((answer, actual))
        };
        let metered = MeteredCall {
            target: Target::Model(model),
            estimate: question.estimate.tokens().cost(price),
            key_id: question.key_id,
            has_reservation: question.has_reservation,
        };
        let answer = self.guard.call_metered(metered, call).await?;
        let usage = answer.usage().usage(price);
        record_usage(model, &usage);
        Ok(Answered {
            outcome: decode(answer),
            usage,
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "tokens of one call")]
fn record_usage(model: &str, usage: &Usage) {
    let values = [
        (Metric::InputTokens, usage.input_tokens as f64),
        (Metric::OutputTokens, usage.output_tokens as f64),
        (Metric::ThinkingTokens, usage.thinking_tokens as f64),
        (Metric::Cost, usage.cost_usd.unwrap_or(0.0)),
    ];
    telemetry::metrics(&[model], &values, Timestamp::now());
}

fn wire_request<'a>(question: &GenerateRequest<'a>, max_output_tokens: u64) -> WireRequest<'a> {
    let text = |text: &&'a str| WirePart {
        text: Some(text),
        ..WirePart::default()
    };
    let media = question.media.map(|media| WirePart {
        file_data: Some(match media {
            Media::YouTube(url) => WireFileData {
                file_uri: url,
                mime_type: None,
            },
            Media::File { uri, mime_type } => WireFileData {
                file_uri: uri,
                mime_type: Some(mime_type),
            },
        }),
        video_metadata: question.window.map(|window| WireWindow {
            start_offset: offset(window.start),
            end_offset: window.end.map(offset),
        }),
        ..WirePart::default()
    });
    let parts = media
        .into_iter()
        .chain(question.texts.iter().map(text))
        .collect();
    WireRequest {
        contents: [WireContent {
            role: Some("user"),
            parts,
        }],
        system_instruction: WireContent {
            role: None,
            parts: vec![text(&question.system)],
        },
        generation_config: WireConfig {
            max_output_tokens,
            response_mime_type: "application/json",
            response_json_schema: question.json_schema,
            media_resolution: question.media_resolution,
            thinking_config: question
                .thinking_level
                .map(|thinking_level| WireThinking { thinking_level }),
        },
    }
}

/// Formats a `google.protobuf.Duration` in JSON. Milliseconds are finer than any video's frames.
fn offset(at: Duration) -> String {
    match at.subsec_millis() {
        0 => format!("{}s", at.as_secs()),
        millis => format!("{}.{millis:03}s", at.as_secs()),
    }
}

/// Decodes an answer.
///
/// `STOP` with a text is an answer. With any other finish reason, known or new, the text counts
/// only if it is a complete JSON document, which a truncated one is not. Reaching the output limit
/// is always a failure, since the model was not done.
pub(super) fn decode(answer: WireAnswer) -> Result<Generated, Error> {
    if let Some(reason) = answer.prompt_feedback.block_reason {
        return Err(Error::prompt_blocked(&reason));
    }
    let candidate = answer.candidates.into_iter().next().unwrap_or_default();
    let reason = candidate.finish_reason.unwrap_or_default();
    let spoken = candidate
        .content
        .parts
        .into_iter()
        .filter(|part| !part.thought);
    let text: String = spoken.map(|part| part.text).collect();
    let complete = || serde_json::from_str::<IgnoredAny>(&text).is_ok();
    match reason.as_str() {
        "MAX_TOKENS" | "CONTINUATION" => return Err(Error::AnswerTruncated),
        "STOP" if !text.trim().is_empty() => {}
        _ if complete() => {}
        blocked if is_refusal(blocked) => return Err(Error::prompt_blocked(blocked)),
        _ if text.trim().is_empty() => return Err(Error::AnswerEmpty),
        other => {
            let reason: String = other.chars().filter(|c| !c.is_control()).take(40).collect();
            return Err(Error::AnswerMalformed {
                source: format!("finished with {reason}").into(),
            });
        }
    }
    Ok(Generated {
        text,
        model_version: answer.model_version,
    })
}

/// Returns whether the model stopped because of the content (`Candidate.FinishReason`).
fn is_refusal(reason: &str) -> bool {
    matches!(
        reason,
        "SAFETY"
            | "RECITATION"
            | "LANGUAGE"
            | "BLOCKLIST"
            | "PROHIBITED_CONTENT"
            | "SPII"
            | "IMAGE_SAFETY"
            | "IMAGE_PROHIBITED_CONTENT"
            | "IMAGE_RECITATION"
            | "MODEL_ARMOR"
            | "ESCALATION"
    )
}

#[cfg(test)]
mod tests;
