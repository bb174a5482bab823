//! Analysis document of the API and of the store.

use eventrelay_core::answer_class::AnswerClass;
use eventrelay_core::usage::Usage;
use eventrelay_core::video::Window;
use serde::{Deserialize, Serialize};

/// Version of the document's shape. A reader does not interpret documents of other versions.
pub const SCHEMA_VERSION: &str = "1";

/// A finished analysis of one video. All times are seconds from the beginning of the video.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Analysis {
    /// [`SCHEMA_VERSION`] at the time of writing.
    pub schema_version: String,
    /// Analysed video.
    pub video: Video,
    /// BCP 47 tag of the language of the texts.
    pub language: String,
    /// Content from the model or from the caller.
    #[serde(flatten)]
    pub content: Content,
    /// Source of each part of `content`, by the part's field name.
    pub sources: std::collections::BTreeMap<String, Source>,
    /// Items left out because they contradict the video, so that every gap is visible.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refused>,
    /// Model, prompt and usage of the analysis.
    pub provenance: Provenance,
}

/// Identity and metadata of the analysed video.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "AnalysedVideo")
)]
pub struct Video {
    /// Video key: `yt:<id>` or `up:<sha256>`.
    pub id: String,
    /// Platform: `youtube` or `upload`.
    pub platform: String,
    /// Canonical watch URL; null for an upload.
    pub url: Option<String>,
    /// Title from the platform, else from the model.
    pub title: String,
    /// Channel or author of the video.
    pub channel: Option<String>,
    /// Duration in seconds; null if unknown.
    pub duration_s: Option<f64>,
    /// Analysed part, if the request named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
}

/// Content of a video. The model answers in the same shape, see `schema`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Content {
    /// Summary of the whole video in some sentences.
    pub summary: String,
    /// Central ideas of the video.
    #[serde(default)]
    pub key_concepts: Vec<KeyConcept>,
    /// Consecutive chapters in order, without overlap.
    #[serde(default)]
    pub chapters: Vec<Chapter>,
    /// Spoken words, in order.
    #[serde(default)]
    pub transcript: Vec<Segment>,
    /// Events of the video in order.
    #[serde(default)]
    pub events: Vec<Event>,
    /// Actions a viewer can take.
    #[serde(default)]
    pub actions: Vec<Action>,
    /// Products, languages, libraries and services named or shown.
    #[serde(default)]
    pub technologies: Vec<String>,
    /// Prior knowledge a viewer needs; null if unknown.
    #[serde(default)]
    pub difficulty: Option<Difficulty>,
    /// Knowledge or equipment a viewer should have before.
    #[serde(default)]
    pub prerequisites: Vec<String>,
    /// Topics in the order in which to learn them.
    #[serde(default)]
    pub learning_path: Vec<String>,
    /// Topics for further study.
    #[serde(default)]
    pub related_topics: Vec<String>,
    /// Plan to build the shown project; null if the video shows none.
    #[serde(default)]
    pub build_plan: Option<BuildPlan>,
    /// Code, diagrams, interfaces and texts shown in the video.
    #[serde(default)]
    pub visual_elements: Vec<VisualElement>,
}

/// Idea with its explanation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct KeyConcept {
    /// Name of the concept.
    pub name: String,
    /// Explanation given by the video.
    pub explanation: String,
    /// Second at which the concept is first explained.
    #[serde(default)]
    pub at_s: Option<f64>,
}

/// Section of the video.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Chapter {
    /// Heading of the chapter.
    pub title: String,
    /// Start in seconds from the beginning of the video.
    pub start_s: f64,
    /// End in seconds from the beginning of the video.
    pub end_s: f64,
    /// Subject of the chapter.
    #[serde(default)]
    pub summary: String,
}

/// Words spoken in one stretch of the video.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Segment {
    /// Start in seconds from the beginning of the video.
    pub start_s: f64,
    /// End in seconds from the beginning of the video.
    pub end_s: f64,
    /// Spoken words as text.
    pub text: String,
    /// Name of the speaker, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speaker: Option<String>,
}

/// Event in the video.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Event {
    /// Id that is stable within one analysis: `evt_` and the head of a hash of type, second and
    /// title.
    #[serde(default)]
    pub id: String,
    /// Kind of the event.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// Title in one line.
    pub title: String,
    /// Description in some sentences.
    #[serde(default)]
    pub description: String,
    /// Time in seconds from the beginning of the video.
    pub at_s: f64,
    /// Confidence of the model, from 0 to 1.
    pub confidence: f64,
}

/// Kinds of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub enum EventKind {
    /// An action is carried out.
    Action,
    /// A new topic begins.
    Topic,
    /// An insight is presented.
    Insight,
    /// A tool is used.
    Tool,
    /// A resource to look up is named.
    Resource,
    /// A person or thing is mentioned.
    Mention,
}

/// Action a viewer can take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Action {
    /// Id that is stable within one analysis: `act_` and the head of a hash of category, second and
    /// title.
    #[serde(default)]
    pub id: String,
    /// Title in one line, in the imperative.
    pub title: String,
    /// Description in some sentences.
    #[serde(default)]
    pub description: String,
    /// Kind of work.
    pub category: ActionCategory,
    /// Importance of the action.
    pub priority: Priority,
    /// Estimated duration in minutes; null if unknown.
    #[serde(default)]
    pub estimated_minutes: Option<u32>,
    /// Second at which the video names the action.
    pub at_s: f64,
}

/// Kinds of actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub enum ActionCategory {
    /// Preparation of an environment.
    Setup,
    /// Construction of a program or component.
    Build,
    /// Publication of a program or service.
    Deploy,
    /// Study of a subject.
    Learn,
    /// Research of an open question.
    Research,
    /// Adjustment of settings.
    Configure,
}

/// Importance of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub enum Priority {
    /// Other actions depend on it.
    High,
    /// Part of the main work.
    Medium,
    /// Optional action.
    Low,
}

/// Prior knowledge a viewer needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub enum Difficulty {
    /// No prior knowledge is needed.
    Beginner,
    /// Knowledge of the basics is needed.
    Intermediate,
    /// Experience in the field is needed.
    Advanced,
}

/// Plan to build the project that the video shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct BuildPlan {
    /// Title of the project.
    pub title: String,
    /// Type of the project: `web`, `api`, `cli`, `ml`, `mobile` or `other`.
    pub project_type: String,
    /// Summary in some sentences.
    pub summary: String,
    /// Technologies the project is built with.
    #[serde(default)]
    pub technologies: Vec<String>,
    /// Steps in order, numbered from 1.
    pub steps: Vec<BuildStep>,
}

/// A step of a build plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct BuildStep {
    /// Position in the plan, from 1.
    pub order: u32,
    /// Type of the step: `create`, `install`, `configure`, `implement`, `test` or `deploy`.
    pub action: String,
    /// Description of the work.
    pub description: String,
    /// File that the step changes. Text of a model: never used as a path without validation.
    #[serde(default)]
    pub target_file: Option<String>,
    /// Second at which the video shows the step.
    #[serde(default)]
    pub at_s: Option<f64>,
}

/// Element visible in the video.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct VisualElement {
    /// Kind of the element.
    #[serde(rename = "type")]
    pub kind: VisualKind,
    /// Description of the element, or its text.
    pub content: String,
    /// Time in seconds from the beginning of the video.
    pub at_s: f64,
    /// Confidence of the model, from 0 to 1.
    pub confidence: f64,
}

/// Kinds of visual elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub enum VisualKind {
    /// Source code on screen.
    Code,
    /// Diagram or other drawing.
    Diagram,
    /// User interface of a program.
    Ui,
    /// Terminal with a command line.
    Terminal,
    /// Any other visible text.
    Text,
}

/// Source of a part and its confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Source {
    /// Origin of the part.
    pub source: Origin,
    /// Confidence from 0 to 1; null if unknown.
    pub confidence: Option<f64>,
}

/// Origin of a part of the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "SourceOrigin")
)]
pub enum Origin {
    /// Transcript from the request.
    Caption,
    /// The model that watched the video.
    Model,
    /// No source: the part is empty.
    Missing,
}

/// Item that was left out. A concept or a build step stays and loses only its time.
#[derive(Default, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Refused {
    /// Field name of the part.
    pub part: String,
    /// Claimed second; 0 if it was not a number.
    pub at_s: f64,
    /// Reason for leaving the item out.
    pub reason: RefusalReason,
    /// Line of the transcript from the request, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Description of the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Reasons for leaving an item out.
#[derive(Default, Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub enum RefusalReason {
    /// The time is negative, not a number, or unreadable.
    #[default]
    NotATime,
    /// The time is after the end of the video.
    BeyondDuration,
    /// The time is outside the requested part.
    OutsideWindow,
    /// The time is before the previous item's, or the end is before the start.
    OutOfOrder,
    /// Text of a transcript outside any cue.
    NotACue,
    /// The transcript has more items than the limit.
    TooMany,
}

impl Analysis {
    /// Returns true if a stand-in answered instead of an AI model.
    #[must_use]
    pub fn answered_by_stand_in(&self) -> bool {
        self.provenance.model == AnswerClass::STAND_IN_MODEL
    }
}

/// Model, prompt and usage of an analysis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Provenance {
    /// Name of the model that answered, as the model reports it.
    pub model: String,
    /// Version of the pipeline, see [`crate::PIPELINE_VERSION`].
    pub pipeline_version: String,
    /// SHA-256 of the prompt and the schema, hexadecimal.
    pub prompt_sha256: String,
    /// Time of the analysis in RFC 3339.
    pub analyzed_at: String,
    /// Resource usage of the analysis.
    pub usage: Usage,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_without_line_and_detail_is_read() {
        let stored = r#"{"part": "events", "at_s": 7.5, "reason": "beyond_duration"}"#;
        let refused: Refused = serde_json::from_str(stored).unwrap();
        assert_eq!((refused.line, refused.detail.as_deref()), (None, None));
        assert_eq!(serde_json::to_value(&refused).unwrap()["at_s"], 7.5);
        assert_eq!(serde_json::to_value(&refused).unwrap().get("line"), None);
    }

    #[test]
    fn usage_sum_with_unknown_cost_has_unknown_cost() {
        let paid = |cost_usd| Usage {
            model_calls: 1,
            cost_usd,
            billed_ms: 5,
            ..Usage::default()
        };
        let (cheap, dear, unknown) = (paid(Some(0.25)), paid(Some(0.5)), paid(None));
        assert_eq!(cheap.plus(dear).cost_usd, Some(0.75));
        assert_eq!(Usage::default().plus(cheap), cheap);
        assert_eq!(cheap.plus(Usage::default()), cheap);
        assert_eq!(cheap.plus(unknown).cost_usd, None);
        assert_eq!(unknown.plus(cheap).model_calls, 2);
    }
}
