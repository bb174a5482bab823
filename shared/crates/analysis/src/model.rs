//! The analysis as a document: what a reader of the API gets, and what is stored.

use eventrelay_core::answer_class::AnswerClass;
use eventrelay_core::usage::Usage;
use eventrelay_core::video::Window;
use serde::{Deserialize, Serialize};

/// Version of the document's shape. A reader that meets another one treats the document as foreign.
pub const SCHEMA_VERSION: &str = "1";

/// A finished analysis of one video. All times are seconds from the beginning of the video.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Analysis {
    /// [`SCHEMA_VERSION`] at the time of writing.
    pub schema_version: String,
    /// What was analysed.
    pub video: Video,
    /// BCP 47 tag of the language the texts are written in.
    pub language: String,
    /// Everything below, as the model or the caller gave it.
    #[serde(flatten)]
    pub content: Content,
    /// Where each part of `content` comes from, by the part's field name.
    pub sources: std::collections::BTreeMap<String, Source>,
    /// What was left out because it contradicts the video, so that a gap is never silent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refused>,
    /// How the analysis was made.
    pub provenance: Provenance,
}

/// The analysed video.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "AnalysedVideo")
)]
pub struct Video {
    /// Video key: `yt:<id>` or `up:<sha256>`.
    pub id: String,
    /// `youtube` or `upload`.
    pub platform: String,
    /// Canonical watch URL; none for an upload.
    pub url: Option<String>,
    /// Title as the platform has it, else as the model gave it.
    pub title: String,
    /// Channel or author.
    pub channel: Option<String>,
    /// Length in seconds; none where nobody said it.
    pub duration_s: Option<f64>,
    /// The part that was analysed, where only a part was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
}

/// What a video says and shows. Also the shape of the model's answer, see `schema`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Content {
    /// Some sentences that stand for the whole.
    pub summary: String,
    /// The ideas the video turns on.
    #[serde(default)]
    pub key_concepts: Vec<KeyConcept>,
    /// Consecutive, in order, not overlapping.
    #[serde(default)]
    pub chapters: Vec<Chapter>,
    /// Spoken words, in order.
    #[serde(default)]
    pub transcript: Vec<Segment>,
    /// What happens, in order.
    #[serde(default)]
    pub events: Vec<Event>,
    /// What a viewer can do.
    #[serde(default)]
    pub actions: Vec<Action>,
    /// Products, languages, libraries and services that are named or shown.
    #[serde(default)]
    pub technologies: Vec<String>,
    /// How much a viewer must know; none where it cannot be told.
    #[serde(default)]
    pub difficulty: Option<Difficulty>,
    /// What a viewer should know or have before.
    #[serde(default)]
    pub prerequisites: Vec<String>,
    /// In which order to learn what the video teaches.
    #[serde(default)]
    pub learning_path: Vec<String>,
    /// Where to go on from here.
    #[serde(default)]
    pub related_topics: Vec<String>,
    /// How to build what the video shows; none where it shows nothing to build.
    #[serde(default)]
    pub build_plan: Option<BuildPlan>,
    /// What is to be seen.
    #[serde(default)]
    pub visual_elements: Vec<VisualElement>,
}

/// An idea and what it means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct KeyConcept {
    /// Its name.
    pub name: String,
    /// What the video says of it.
    pub explanation: String,
    /// Where it is first explained.
    #[serde(default)]
    pub at_s: Option<f64>,
}

/// A section of the video.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Chapter {
    /// Its heading.
    pub title: String,
    /// First second.
    pub start_s: f64,
    /// Last second.
    pub end_s: f64,
    /// What it is about.
    #[serde(default)]
    pub summary: String,
}

/// Some spoken words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Segment {
    /// First second.
    pub start_s: f64,
    /// Last second.
    pub end_s: f64,
    /// The words.
    pub text: String,
    /// Who speaks, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speaker: Option<String>,
}

/// Something that happens in the video.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Event {
    /// Stable within one analysis: `evt_` and the head of a hash of type, second and title.
    #[serde(default)]
    pub id: String,
    /// What kind of event.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// A line.
    pub title: String,
    /// Some sentences.
    #[serde(default)]
    pub description: String,
    /// When.
    pub at_s: f64,
    /// 0 to 1, as the model sees it.
    pub confidence: f64,
}

/// The kinds of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub enum EventKind {
    /// Something is done.
    Action,
    /// A subject begins.
    Topic,
    /// Something is learnt.
    Insight,
    /// A tool is used.
    Tool,
    /// Something to look up is named.
    Resource,
    /// Somebody or something is mentioned.
    Mention,
}

/// Something a viewer can do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Action {
    /// Stable within one analysis: `act_` and the head of a hash of category, second and title.
    #[serde(default)]
    pub id: String,
    /// A line in the imperative.
    pub title: String,
    /// Some sentences.
    #[serde(default)]
    pub description: String,
    /// What kind of work.
    pub category: ActionCategory,
    /// How much it matters.
    pub priority: Priority,
    /// How long it takes; none where it cannot be told.
    #[serde(default)]
    pub estimated_minutes: Option<u32>,
    /// Where the video says so.
    pub at_s: f64,
}

/// The kinds of actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub enum ActionCategory {
    /// Prepare an environment.
    Setup,
    /// Make something.
    Build,
    /// Publish it.
    Deploy,
    /// Study.
    Learn,
    /// Find out.
    Research,
    /// Adjust settings.
    Configure,
}

/// How much an action matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub enum Priority {
    /// The rest depends on it.
    High,
    /// It belongs to it.
    Medium,
    /// It can be left.
    Low,
}

/// How much a viewer must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub enum Difficulty {
    /// Nothing.
    Beginner,
    /// The basics.
    Intermediate,
    /// The field.
    Advanced,
}

/// How to build what the video shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct BuildPlan {
    /// What is built.
    pub title: String,
    /// `web`, `api`, `cli`, `ml`, `mobile` or `other`.
    pub project_type: String,
    /// Some sentences.
    pub summary: String,
    /// What it is built with.
    #[serde(default)]
    pub technologies: Vec<String>,
    /// In order, numbered from 1.
    pub steps: Vec<BuildStep>,
}

/// A step of a build plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct BuildStep {
    /// From 1.
    pub order: u32,
    /// `create`, `install`, `configure`, `implement`, `test` or `deploy`.
    pub action: String,
    /// What to do.
    pub description: String,
    /// The file it is about. Text of a model: never used as a path without validation.
    #[serde(default)]
    pub target_file: Option<String>,
    /// Where the video shows it.
    #[serde(default)]
    pub at_s: Option<f64>,
}

/// Something to be seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct VisualElement {
    /// What kind.
    #[serde(rename = "type")]
    pub kind: VisualKind,
    /// What it shows, or its text.
    pub content: String,
    /// When.
    pub at_s: f64,
    /// 0 to 1, as the model sees it.
    pub confidence: f64,
}

/// The kinds of visual elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub enum VisualKind {
    /// Source code.
    Code,
    /// A drawing.
    Diagram,
    /// A program's surface.
    Ui,
    /// A command line.
    Terminal,
    /// Other text.
    Text,
}

/// Where a part comes from and how far to trust it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Source {
    /// Who said it.
    pub source: Origin,
    /// 0 to 1; none where nobody said.
    pub confidence: Option<f64>,
}

/// Who said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "SourceOrigin")
)]
pub enum Origin {
    /// A transcript that came with the request.
    Caption,
    /// The model that watched the video.
    Model,
    /// Nobody: the part is empty.
    Missing,
}

/// An item that was left out; of a concept and of a build step only the time was, which they can do
/// without.
#[derive(Default, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Refused {
    /// The part it belonged to, by field name.
    pub part: String,
    /// The second it claimed; 0 where it was no number.
    pub at_s: f64,
    /// Why it cannot be true or cannot be used.
    pub reason: RefusalReason,
    /// Line of the transcript that came with the request, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The reason in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Why an item was left out.
#[derive(Default, Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub enum RefusalReason {
    /// Negative, not a number, or not readable.
    #[default]
    NotATime,
    /// After the end of the video.
    BeyondDuration,
    /// Outside the part that was asked for.
    OutsideWindow,
    /// Earlier than the item before it, or ending before it begins.
    OutOfOrder,
    /// Text of a transcript that belongs to no cue.
    NotACue,
    /// More items than are taken.
    TooMany,
}

impl Analysis {
    /// Whether a stand-in answered: no AI model was asked.
    #[must_use]
    pub fn answered_by_stand_in(&self) -> bool {
        self.provenance.model == AnswerClass::STAND_IN_MODEL
    }
}

/// How an analysis was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub struct Provenance {
    /// The model that answered, as it names itself.
    pub model: String,
    /// The pipeline that asked, see [`crate::PIPELINE_VERSION`].
    pub pipeline_version: String,
    /// SHA-256 of the prompt and the schema, hexadecimal.
    pub prompt_sha256: String,
    /// RFC 3339.
    pub analyzed_at: String,
    /// What it took.
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
    fn a_cost_of_which_a_part_is_not_known_is_not_known() {
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
