//! Control surface: settings and faults.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, Uri};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Gemini,
    errors::{ApiError, Quota, Refusal},
    project::{FileFault, PlanFault, Question},
    questions,
};
use crate::{
    call_faults::plain,
    faults::Armed,
    server::{self, Cut},
};

/// Largest plan of software.
pub(super) const MAX_PROJECT_FILES: usize = 1000;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// Time that a file is PROCESSING after the last byte.
    pub(super) processing_ms: u64,
    /// Delay of an answer.
    pub(super) generate_ms: u64,
    /// Delay of a chunk of an upload.
    pub(super) upload_ms: u64,
    /// Delay of the state of a file.
    pub(super) look_ms: u64,
    /// Length of every video; `None` if it is unknown.
    pub(super) video_duration_s: Option<f64>,
    /// True if the model obeys instructions in a transcript or a title.
    pub(super) obeys: bool,
    /// The valid key; `None` accepts every key but `invalid`.
    pub(super) api_key: Option<String>,
    /// Name of the model in answers; `None` means `stand-in`.
    pub(super) model_version: Option<String>,
    /// Files of a plan; `None` means those of the sample.
    pub(super) project_files: Option<usize>,
    /// Files beyond those of the sample that depend on the previous file; `None` means half.
    pub(super) project_chain: Option<usize>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            processing_ms: 1000,
            generate_ms: 0,
            upload_ms: 0,
            look_ms: 0,
            video_duration_s: None,
            obeys: false,
            api_key: None,
            model_version: None,
            project_files: None,
            project_chain: None,
        }
    }
}

/// Calls that a fault can apply to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum On {
    UploadStart,
    UploadChunk,
    GetFile,
    DeleteFile,
    Generate,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub(super) enum Fault {
    /// This status with this body, or with Google's error for the status.
    Status {
        status: u16,
        #[serde(default)]
        body: Option<Value>,
    },
    /// 429 of the limit per minute.
    RateLimited {
        retry_delay_s: f64,
    },
    /// 429 of the limit per day.
    DailyQuota {},
    Overloaded {},
    Reset {},
    Slow {
        ms: u64,
    },
    ProcessingFailed {},
    StuckProcessing {},
    /// `promptFeedback.blockReason` and no candidates.
    Blocked {
        reason: String,
    },
    /// `finishReason` SAFETY, no content.
    Safety {},
    /// `finishReason` MAX_TOKENS, with truncated text.
    Truncated {},
    /// `finishReason` STOP without text.
    Empty {},
    /// STOP with text that is not JSON.
    Malformed {},
    /// JSON that does not fit the schema.
    NotSchema {},
    Text {
        text: String,
    },
    /// Refused key or project, with messages that users of the API report.
    AccessRefused {
        reason: Refusal,
    },
    /// Error for a private video: 403 or 400.
    InaccessibleVideo {
        #[serde(default = "forbidden")]
        status: u16,
    },
    #[serde(untagged)]
    File(FileFault),
    #[serde(untagged)]
    Plan(PlanFault),
}

fn forbidden() -> u16 {
    403
}

impl Fault {
    /// Returns whether the fault can happen on such a call.
    pub(super) fn applies_to(&self, on: On) -> bool {
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

/// Parts of a call to a model that faults match.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said<'a> {
    pub(super) body: &'a str,
    pub(super) model: &'a str,
    pub(super) question: Option<&'a Question>,
}

/// Applies the faults that are planned for a call. Returns the fault for its answer.
///
/// # Errors
/// The response that ends the call.
pub(super) async fn strike(
    state: &Gemini,
    cut: &Cut,
    on: On,
    uri: &Uri,
    said: Said<'_>,
) -> Result<Option<Fault>, Response> {
    let Said { body, model, .. } = said;
    let path = uri.to_string();
    let strikes = |armed: &Armed<On, Fault>| match &armed.fault {
        Fault::File(fault) => fault.strikes(said.question, armed.times.is_none()),
        Fault::Plan(_) => PlanFault::strikes(said.question),
        _ => true,
    };
    while let Some(fault) = state.faults.take_where(on, &path, body, strikes) {
        let error = match fault {
            Fault::Slow { ms } => {
                server::pause(Duration::from_millis(ms)).await;
                continue;
            }
            // The connection of a chunk breaks while its bytes arrive.
            Fault::Reset {} if on != On::UploadChunk => return Err(cut.now()),
            Fault::Status { status, body } => {
                return Err(plain(status, body, error_of_status));
            }
            Fault::RateLimited { retry_delay_s } => {
                ApiError::quota(Quota::PerMinute, model, retry_delay_s)
            }
            Fault::DailyQuota {} => ApiError::quota(Quota::PerDay, model, 34.07),
            Fault::Overloaded {} => ApiError::overloaded(),
            Fault::AccessRefused { reason } => ApiError::refusal(reason),
            Fault::InaccessibleVideo { status } => {
                return Err(plain(status, None, error_of_status));
            }
            other => return Ok(Some(other)),
        };
        return Err(error.into_response());
    }
    Ok(None)
}

fn error_of_status(status: StatusCode) -> Response {
    ApiError::of_status(status).into_response()
}

pub(super) async fn files(State(state): State<Arc<Gemini>>) -> Json<Value> {
    Json(state.state().files.all_to_json(&state.base_url))
}

pub(super) async fn questions(State(state): State<Arc<Gemini>>) -> Json<Value> {
    let questions = &state.state().questions;
    Json(questions.iter().map(questions::Question::to_json).collect())
}
