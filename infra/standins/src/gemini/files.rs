//! Files API without the upload. It stores metadata, never bytes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Json,
    extract::{ConnectInfo, Path, Query, State},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::Uri;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use strum::IntoStaticStr;

use super::{
    Gemini,
    control::{Fault, On, Said, strike},
    errors::ApiError,
};
use crate::server::{self, Cut};

/// Google deletes files after two days: <https://ai.google.dev/gemini-api/docs/files>.
const RETENTION: Duration = Duration::from_secs(48 * 3600);
/// Default and maximum of `pageSize`: <https://ai.google.dev/api/files#method:-files.list>.
const PAGE_SIZE: usize = 10;
const MAX_PAGE_SIZE: usize = 100;

/// State of a file after its processing time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Fate {
    #[default]
    Active,
    Failed,
    Stuck,
}

impl Fate {
    /// Returns the fate that a fault causes, if it causes one.
    pub(super) fn from_fault(fault: &Fault) -> Option<Self> {
        match fault {
            Fault::ProcessingFailed {} => Some(Self::Failed),
            Fault::StuckProcessing {} => Some(Self::Stuck),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(const_into_str, serialize_all = "UPPERCASE")]
pub(super) enum FileState {
    Processing,
    Active,
    Failed,
}

/// A file whose upload is complete.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) id: String,
    /// API version of the upload, which the `uri` contains.
    pub(super) version: &'static str,
    pub(super) display_name: Option<String>,
    pub(super) mime_type: String,
    pub(super) size_bytes: u64,
    pub(super) sha256: [u8; 32],
    pub(super) created: Timestamp,
    pub(super) uploaded: Instant,
    pub(super) processing: Duration,
    pub(super) fate: Fate,
    pub(super) video_duration_s: Option<f64>,
}

impl File {
    pub(super) fn state(&self) -> FileState {
        if self.uploaded.elapsed() < self.processing {
            return FileState::Processing;
        }
        match self.fate {
            Fate::Active => FileState::Active,
            Fate::Failed => FileState::Failed,
            Fate::Stuck => FileState::Processing,
        }
    }

    pub(super) fn to_json(&self, base_url: &str) -> Value {
        let state = self.state();
        let updated = match state {
            FileState::Processing => self.created,
            FileState::Active | FileState::Failed => self.created + self.processing,
        };
        let mut file = json!({
            "name": format!("files/{}", self.id),
            "mimeType": self.mime_type,
            "sizeBytes": self.size_bytes.to_string(),
            "createTime": self.created.to_string(),
            "updateTime": updated.to_string(),
            "expirationTime": (self.created + RETENTION).to_string(),
            "sha256Hash": STANDARD.encode(self.sha256),
            "uri": format!("{base_url}/{}/files/{}", self.version, self.id),
            "state": state.into_str(),
            "source": "UPLOADED",
        });
        if let Some(name) = &self.display_name {
            file["displayName"] = json!(name);
        }
        if state == FileState::Failed {
            file["error"] = json!({"code": 13, "message": "The file failed to be processed."});
        }
        if let (FileState::Active, Some(seconds)) = (state, self.video_duration_s) {
            file["videoMetadata"] = json!({"videoDuration": format!("{seconds}s")});
        }
        file
    }
}

/// All files, in upload order.
#[derive(Debug, Default)]
pub(super) struct Files {
    uploads: u64,
    files: Vec<(u64, File)>,
}

impl Files {
    pub(super) fn insert(&mut self, file: File) {
        self.uploads += 1;
        self.files.push((self.uploads, file));
    }

    pub(super) fn get(&self, id: &str) -> Option<&File> {
        self.live()
            .find(|(_, file)| file.id == id)
            .map(|(_, file)| file)
    }

    fn doom(&mut self, id: &str, fate: Fate) {
        if let Some((_, file)) = self.files.iter_mut().find(|(_, file)| file.id == id) {
            file.fate = fate;
            file.processing = file.processing.min(file.uploaded.elapsed());
        }
    }

    fn remove(&mut self, id: &str) -> bool {
        let before = self.files.len();
        self.files.retain(|(_, file)| file.id != id);
        self.files.len() < before
    }

    fn live(&self) -> impl Iterator<Item = &(u64, File)> {
        let now = Timestamp::now();
        self.files
            .iter()
            .filter(move |(_, file)| now < file.created + RETENTION)
    }

    pub(super) fn all_to_json(&self, base_url: &str) -> Value {
        self.live()
            .map(|(_, file)| file.to_json(base_url))
            .collect()
    }
}

pub(super) async fn get(
    State(state): State<Arc<Gemini>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    uri: Uri,
    Path(id): Path<String>,
) -> Result<Json<Value>, Response> {
    let fault = strike(&state, &cut, On::GetFile, &uri, Said::default()).await?;
    if let Some(fate) = fault.as_ref().and_then(Fate::from_fault) {
        state.state().files.doom(&id, fate);
    }
    server::pause(Duration::from_millis(state.settings().look_ms)).await;
    let files = &state.state().files;
    let file = files.get(&id);
    let file = file.ok_or_else(|| ApiError::no_such_file(&id).into_response())?;
    Ok(Json(file.to_json(&state.base_url)))
}

pub(super) async fn delete(
    State(state): State<Arc<Gemini>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    uri: Uri,
    Path(id): Path<String>,
) -> Result<Json<Value>, Response> {
    strike(&state, &cut, On::DeleteFile, &uri, Said::default()).await?;
    if !state.state().files.remove(&id) {
        return Err(ApiError::no_such_file(&id).into_response());
    }
    Ok(Json(json!({})))
}

/// Query of a page.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    page_size: Option<usize>,
    page_token: Option<String>,
}

pub(super) async fn list(
    State(state): State<Arc<Gemini>>,
    page: Result<Query<Page>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Value>, ApiError> {
    let invalid = || ApiError::invalid_argument("Request contains an invalid argument.");
    let Query(page) = page.map_err(|_| invalid())?;
    let after = match page.page_token.as_deref() {
        None | Some("") => 0,
        Some(token) => number_of(token).ok_or_else(invalid)?,
    };
    let size = match page.page_size {
        None | Some(0) => PAGE_SIZE,
        Some(size) => size.min(MAX_PAGE_SIZE),
    };
    let files = &state.state().files;
    let mut rest = files
        .live()
        .filter(|(number, _)| *number > after)
        .peekable();
    let mut items = Vec::new();
    let mut last = after;
    for (number, file) in rest.by_ref().take(size) {
        items.push(file.to_json(&state.base_url));
        last = *number;
    }
    let mut answer = json!({});
    if !items.is_empty() {
        answer["files"] = Value::Array(items);
    }
    if rest.peek().is_some() {
        answer["nextPageToken"] = json!(STANDARD.encode(last.to_string()));
    }
    Ok(Json(answer))
}

fn number_of(token: &str) -> Option<u64> {
    let bytes = STANDARD.decode(token).ok()?;
    std::str::from_utf8(&bytes).ok()?.parse().ok()
}
