//! The control surface: settings, faults, and what happened.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::{
    Gemini,
    errors::{ApiError, Quota, Refusal},
    lock,
    project::{FileFault, Load, PlanFault, Question},
};
use crate::{faults::Armed, server};

/// What a run can set.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// How long a file is PROCESSING after the last byte.
    pub(super) processing: Duration,
    /// How long an answer takes.
    pub(super) generate: Duration,
    /// How long a piece of an upload takes.
    pub(super) upload: Duration,
    /// How long it takes to say how a file is.
    pub(super) look: Duration,
    /// Seconds of every video; none where nobody said it.
    pub(super) video_duration_s: Option<f64>,
    /// Whether orders in a transcript or a title are obeyed.
    pub(super) obeys: bool,
    /// The one key that is valid; none where any is.
    pub(super) api_key: Option<String>,
    /// Name of the model in the answers; `stand-in` if none.
    pub(super) model_version: Option<String>,
    /// How large plans of software are.
    pub(super) load: Load,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            processing: Duration::from_secs(1),
            generate: Duration::ZERO,
            upload: Duration::ZERO,
            look: Duration::ZERO,
            video_duration_s: None,
            obeys: false,
            api_key: None,
            model_version: None,
            load: Load::default(),
        }
    }
}

/// A change of [`Settings`]: what is not given stays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    processing_ms: Option<u64>,
    generate_ms: Option<u64>,
    upload_ms: Option<u64>,
    look_ms: Option<u64>,
    #[serde(default, deserialize_with = "given")]
    video_duration_s: Option<Option<f64>>,
    obeys: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    api_key: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    model_version: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    project_files: Option<Option<usize>>,
    #[serde(default, deserialize_with = "given")]
    project_chain: Option<Option<usize>>,
}

/// A plan of more files than this helps nobody.
const MOST_PROJECT_FILES: usize = 1000;

/// Tells a null from a field that is not there.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// The calls that a fault can strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum On {
    UploadStart,
    UploadChunk,
    GetFile,
    DeleteFile,
    Generate,
}

/// What can go wrong.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub(super) enum Fault {
    /// This status with this body, or with Google's plain error of the status.
    Status {
        status: u16,
        #[serde(default)]
        body: Option<Value>,
    },
    /// 429 that is over in seconds.
    RateLimited { retry_delay_s: f64 },
    /// 429 that is over at midnight.
    DailyQuota {},
    /// 503.
    Overloaded {},
    /// The connection breaks.
    Reset {},
    /// The call takes longer, then goes on.
    Slow { ms: u64 },
    /// The file becomes FAILED.
    ProcessingFailed {},
    /// The file stays PROCESSING.
    StuckProcessing {},
    /// `promptFeedback.blockReason`, no candidates.
    Blocked { reason: String },
    /// `finishReason` SAFETY, no content.
    Safety {},
    /// `finishReason` MAX_TOKENS, the text is cut in the middle.
    Truncated {},
    /// STOP with no text at all.
    Empty {},
    /// STOP with text that is not JSON.
    Malformed {},
    /// JSON of another shape than was asked for.
    NotSchema {},
    /// Exactly this text.
    Text { text: String },
    /// The key or the project behind it is refused, in the words that users of the API report.
    AccessRefused { reason: Refusal },
    /// As for a private video: 403, or 400.
    InaccessibleVideo {
        #[serde(default = "forbidden")]
        status: u16,
    },
    /// A file of a project that is wrong.
    #[serde(untagged)]
    File(FileFault),
    /// A plan of a project that is wrong.
    #[serde(untagged)]
    Plan(PlanFault),
}

fn forbidden() -> u16 {
    403
}

impl Fault {
    /// Whether the fault makes sense on such a call.
    fn applies_to(&self, on: On) -> bool {
        match self {
            Self::Status { status, .. } => StatusCode::from_u16(*status).is_ok(),
            Self::RateLimited { retry_delay_s } => *retry_delay_s >= 0.0,
            Self::DailyQuota {}
            | Self::Overloaded {}
            | Self::Reset {}
            | Self::Slow { .. }
            | Self::AccessRefused { .. } => true,
            Self::ProcessingFailed {} | Self::StuckProcessing {} => {
                !matches!(on, On::Generate | On::DeleteFile)
            }
            Self::InaccessibleVideo { status } => on == On::Generate && matches!(status, 400 | 403),
            _ => on == On::Generate,
        }
    }
}

/// What is left to do for a call after its faults.
pub(super) enum Struck {
    /// Answer this.
    Response(Response),
    /// Go on, with this fault in the answer.
    Answer(Fault),
    /// Break the connection.
    Reset,
    /// Go on as ever.
    Nothing,
}

/// What a call says that faults look at.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said<'a> {
    pub(super) path: &'a str,
    pub(super) body: &'a str,
    pub(super) model: &'a str,
    /// What is asked about software.
    pub(super) question: Option<&'a Question>,
}

/// Lets the faults that are meant for a call happen.
pub(super) async fn strike(state: &Gemini, on: On, said: Said<'_>) -> Struck {
    let Said {
        path, body, model, ..
    } = said;
    let strikes = |armed: &Armed<On, Fault>| match &armed.fault {
        Fault::File(fault) => fault.strikes(said.question, armed.times.is_none()),
        Fault::Plan(_) => PlanFault::strikes(said.question),
        _ => true,
    };
    while let Some(fault) = state.faults.take_where(on, path, body, strikes) {
        let error = match fault {
            Fault::Slow { ms } => {
                server::pause(Duration::from_millis(ms)).await;
                continue;
            }
            Fault::Reset {} => return Struck::Reset,
            Fault::Status { status, body } => return Struck::Response(plain(status, body)),
            Fault::RateLimited { retry_delay_s } => {
                ApiError::quota(Quota::PerMinute, model, retry_delay_s)
            }
            Fault::DailyQuota {} => ApiError::quota(Quota::PerDay, model, 34.07),
            Fault::Overloaded {} => ApiError::overloaded(),
            Fault::AccessRefused { reason } => ApiError::refusal(reason),
            Fault::InaccessibleVideo { status } => {
                return Struck::Response(plain(status, None));
            }
            other => return Struck::Answer(other),
        };
        return Struck::Response(error.into_response());
    }
    Struck::Nothing
}

fn plain(status: u16, body: Option<Value>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match body {
        None => ApiError::of_status(status).into_response(),
        Some(Value::String(text)) => (status, text).into_response(),
        Some(json) => (status, Json(json)).into_response(),
    }
}

pub(super) async fn settings(
    State(state): State<Arc<Gemini>>,
    Json(change): Json<Change>,
) -> Response {
    let length = change.video_duration_s;
    if length.flatten().is_some_and(|seconds| seconds <= 0.0) {
        return (StatusCode::BAD_REQUEST, "video_duration_s must be above 0").into_response();
    }
    let files = change.project_files;
    if files
        .flatten()
        .is_some_and(|files| files > MOST_PROJECT_FILES)
    {
        return (StatusCode::BAD_REQUEST, "project_files is at most 1000").into_response();
    }
    let mut settings = lock(&state.settings);
    let settings = &mut *settings;
    let times = [
        (change.processing_ms, &mut settings.processing),
        (change.generate_ms, &mut settings.generate),
        (change.upload_ms, &mut settings.upload),
        (change.look_ms, &mut settings.look),
    ];
    for (ms, time) in times {
        *time = ms.map_or(*time, Duration::from_millis);
    }
    if let Some(length) = length {
        settings.video_duration_s = length;
    }
    if let Some(obeys) = change.obeys {
        settings.obeys = obeys;
    }
    if let Some(key) = change.api_key {
        settings.api_key = key;
    }
    if let Some(name) = change.model_version {
        settings.model_version = name;
    }
    if let Some(files) = files {
        settings.load.files = files;
    }
    if let Some(chain) = change.project_chain {
        settings.load.chain = chain;
    }
    let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Json(json!({
        "processing_ms": ms(settings.processing),
        "generate_ms": ms(settings.generate),
        "upload_ms": ms(settings.upload),
        "look_ms": ms(settings.look),
        "video_duration_s": settings.video_duration_s,
        "obeys": settings.obeys,
        "project_files": settings.load.files,
        "project_chain": settings.load.chain,
    }))
    .into_response()
}

pub(super) async fn arm(
    State(state): State<Arc<Gemini>>,
    Json(armed): Json<Armed<On, Fault>>,
) -> Response {
    if !armed.fault.applies_to(armed.on) {
        let message = format!("{:?} cannot happen on {:?}", armed.fault, armed.on);
        return (StatusCode::BAD_REQUEST, message).into_response();
    }
    state.faults.arm(armed);
    Json(json!({})).into_response()
}

pub(super) async fn calls(State(state): State<Arc<Gemini>>) -> Json<Value> {
    Json(state.calls.to_json())
}

pub(super) async fn files(State(state): State<Arc<Gemini>>) -> Json<Value> {
    Json(lock(&state.files).all_to_json(&state.base_url))
}

pub(super) async fn questions(State(state): State<Arc<Gemini>>) -> Json<Value> {
    Json(state.questions.to_json())
}

pub(super) async fn disarm(State(state): State<Arc<Gemini>>) -> Json<Value> {
    state.faults.clear();
    Json(json!({}))
}

pub(super) async fn reset(State(state): State<Arc<Gemini>>) -> Json<Value> {
    state.calls.clear();
    state.questions.clear();
    state.faults.clear();
    *lock(&state.settings) = Settings::default();
    *lock(&state.files) = super::files::Files::default();
    lock(&state.uploads).clear();
    Json(json!({}))
}
