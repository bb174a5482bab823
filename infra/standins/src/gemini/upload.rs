//! Resumable uploads. Bytes are counted and hashed as they arrive, but not stored.
//!
//! The protocol is that of Google's upload servers, as the official SDKs use it. The documentation
//! of Google Photos describes it:
//! <https://developers.google.com/photos/library/guides/resumable-uploads>.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Json,
    body::{Body, BodyDataStream},
    extract::{ConnectInfo, State},
    response::{IntoResponse, Response},
};
use futures_util::StreamExt as _;
use http::{HeaderMap, Uri};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;

use super::{
    Gemini,
    control::{Fault, On, Said, strike},
    errors::ApiError,
    files::{Fate, File},
    version_of, wire,
};
use crate::{
    request::{digest, query_value},
    server::{self, Cut},
};

/// Divisor of the size of all chunks but the last, in bytes.
const GRANULARITY: u64 = 256 * 1024;
/// <https://ai.google.dev/gemini-api/docs/files>: 2 GB per file.
const MAX_SIZE: u64 = 2 * 1024 * 1024 * 1024;
/// Maximum body of a start, which is a small JSON object.
const MAX_START_BODY: usize = 64 * 1024;
/// Maximum concurrent uploads. Above it, finished ones are dropped.
const MAX_SESSIONS: usize = 10_000;

/// An upload in progress.
pub(super) type Session = Arc<Mutex<Upload>>;

#[derive(Debug)]
pub(super) struct Upload {
    version: &'static str,
    id: String,
    display_name: Option<String>,
    mime_type: String,
    declared: Option<u64>,
    received: u64,
    hasher: Sha256,
    complete: bool,
    fate: Fate,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Start {
    file: StartFile,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct StartFile {
    name: Option<String>,
    display_name: Option<String>,
    mime_type: Option<String>,
    size_bytes: Option<serde_json::Value>,
}

/// `POST /upload/{version}/files`: a start, or a command to the upload URL of a start.
pub(super) async fn upload(
    State(state): State<Arc<Gemini>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let answer = match query_value(&uri, "upload_id") {
        None => start(&state, &cut, &uri, &headers, body).await,
        Some(id) => {
            let mut pieces = body.into_data_stream();
            let answer = command(&state, &cut, &uri, &headers, &mut pieces, &id).await;
            // Otherwise a caller that is still sending would see a broken pipe instead of the
            // response.
            if !cut.is_armed() {
                while let Some(Ok(_)) = pieces.next().await {}
            }
            answer
        }
    };
    answer.unwrap_or_else(IntoResponse::into_response)
}

async fn start(
    state: &Gemini,
    cut: &Cut,
    uri: &Uri,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let too_large = || ApiError::invalid_argument("Request payload size exceeds the limit.");
    let body = axum::body::to_bytes(body, MAX_START_BODY)
        .await
        .map_err(|_| too_large())?;
    let text = String::from_utf8_lossy(&body);
    let said = Said {
        body: &text,
        ..Said::default()
    };
    let fault = match strike(state, cut, On::UploadStart, uri, said).await {
        Ok(fault) => fault,
        Err(response) => return Ok(response),
    };
    let fate = fault
        .as_ref()
        .and_then(Fate::from_fault)
        .unwrap_or_default();
    let protocol = header(headers, "x-goog-upload-protocol");
    ApiError::check(
        protocol == Some("resumable"),
        "Upload protocol must be resumable.",
    )?;
    let command = header(headers, "x-goog-upload-command");
    ApiError::check(command == Some("start"), "Upload command must be start.")?;
    let file = start_file(&body)?;
    let declared = declared_size(headers, &file)?;
    let mime_type = file
        .mime_type
        .or_else(|| header(headers, "x-goog-upload-header-content-type").map(str::to_owned))
        .ok_or_else(|| ApiError::invalid_argument("Unable to determine the MIME type."))?;
    let id = match &file.name {
        Some(name) => own_id(state, name)?,
        None => unique(12),
    };
    let version = version_of(uri);
    let upload = Upload {
        version,
        id,
        display_name: file.display_name,
        mime_type,
        declared,
        received: 0,
        hasher: Sha256::new(),
        complete: false,
        fate,
    };
    let upload_id = unique(32);
    {
        let uploads = &mut state.state().uploads;
        if uploads.len() >= MAX_SESSIONS {
            uploads.retain(|_, session| session.try_lock().map_or(true, |one| !one.complete));
        }
        if uploads.len() >= MAX_SESSIONS {
            return Err(ApiError::overloaded());
        }
        uploads.insert(upload_id.clone(), Arc::new(Mutex::new(upload)));
    }
    let url = format!(
        "{}/upload/{version}/files?upload_id={upload_id}&upload_protocol=resumable",
        state.base_url
    );
    let headers = [
        ("x-goog-upload-url", url),
        ("x-goog-upload-status", "active".to_owned()),
        ("x-goog-upload-chunk-granularity", GRANULARITY.to_string()),
    ];
    Ok((headers, "").into_response())
}

fn start_file(body: &[u8]) -> Result<StartFile, ApiError> {
    if body.is_empty() {
        return Ok(StartFile::default());
    }
    let request = wire::parse("CreateFileRequest", body).map_err(|all| ApiError::bad_json(&all))?;
    let start: Start = serde_json::from_value(request)
        .map_err(|error| ApiError::invalid_argument(error.to_string()))?;
    Ok(start.file)
}

fn declared_size(headers: &HeaderMap, file: &StartFile) -> Result<Option<u64>, ApiError> {
    let number = |text: &str| {
        text.parse::<u64>()
            .map_err(|_| ApiError::invalid_argument("The size of the upload is not a number."))
    };
    let in_header = header(headers, "x-goog-upload-header-content-length");
    let in_header = in_header.map(number).transpose()?;
    let in_body = match &file.size_bytes {
        Some(serde_json::Value::String(text)) => Some(number(text)?),
        Some(other) => Some(number(&other.to_string())?),
        None => None,
    };
    if let (Some(one), Some(other)) = (in_header, in_body)
        && one != other
    {
        return Err(ApiError::invalid_argument(format!(
            "The sizes of the upload differ: {one} in the header, {other} in the body."
        )));
    }
    let size = in_header.or(in_body);
    let fits = size.is_none_or(|size| size <= MAX_SIZE);
    ApiError::check(fits, "The file is larger than 2 GB.")?;
    Ok(size)
}

/// Checks a name that the caller chose: `files/` and up to 40 lowercase letters, digits or dashes.
fn own_id(state: &Gemini, name: &str) -> Result<String, ApiError> {
    let id = name.strip_prefix("files/").unwrap_or_default();
    let inner = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    let edges = !id.starts_with('-') && !id.ends_with('-');
    let is_valid = (1..=40).contains(&id.len()) && id.bytes().all(inner) && edges;
    ApiError::check(is_valid, format!("Invalid file name: {name}"))?;
    if state.state().files.get(id).is_some() {
        return Err(ApiError::file_exists(id));
    }
    Ok(id.to_owned())
}

async fn command(
    state: &Gemini,
    cut: &Cut,
    uri: &Uri,
    headers: &HeaderMap,
    pieces: &mut BodyDataStream,
    upload_id: &str,
) -> Result<Response, ApiError> {
    let fault = match strike(state, cut, On::UploadChunk, uri, Said::default()).await {
        Ok(fault) => fault,
        Err(response) => return Ok(response),
    };
    let break_off = matches!(fault, Some(Fault::Reset {}));
    let fate = fault.as_ref().and_then(Fate::from_fault);
    server::pause(Duration::from_millis(state.settings().upload_ms)).await;
    let session = state.state().uploads.get(upload_id).map(Arc::clone);
    let session = session.ok_or_else(|| ApiError::not_found("Upload not found."))?;
    let mut upload = session.lock().await;
    upload.fate = fate.unwrap_or(upload.fate);

    let command = header(headers, "x-goog-upload-command").unwrap_or_default();
    let (bytes, finalize) = match command.replace(' ', "").as_str() {
        "query" => return Ok(upload.status()),
        "upload" => (true, false),
        "finalize" => (false, true),
        "upload,finalize" => (true, true),
        _ => {
            let message = format!("Unknown upload command: {command}");
            return Err(ApiError::invalid_argument(message));
        }
    };
    ApiError::check(!upload.complete, "Upload has already been terminated.")?;
    if bytes {
        let offset = header(headers, "x-goog-upload-offset").and_then(|text| text.parse().ok());
        let offset: u64 = offset
            .ok_or_else(|| ApiError::invalid_argument("The upload's offset is not a number."))?;
        let received = upload.received;
        let message =
            format!("The upload's offset is {offset} but {received} bytes have been received.");
        ApiError::check(offset == received, message)?;
        let whole = upload.receive(pieces, finalize, break_off).await?;
        if !whole || break_off {
            return Ok(cut.now());
        }
    }
    if !finalize {
        return Ok(upload.status());
    }
    if let Some(declared) = upload.declared {
        let received = upload.received;
        let message = format!("The upload was declared as {declared} bytes but has {received}.");
        ApiError::check(declared == received, message)?;
    }
    upload.complete = true;
    let settings = state.settings();
    let file = File {
        id: upload.id.clone(),
        version: upload.version,
        display_name: upload.display_name.clone(),
        mime_type: upload.mime_type.clone(),
        size_bytes: upload.received,
        sha256: upload.hasher.clone().finalize().into(),
        created: Timestamp::now(),
        uploaded: Instant::now(),
        processing: Duration::from_millis(settings.processing_ms),
        fate: upload.fate,
        video_duration_s: settings.video_duration_s,
    };
    let answer = json!({"file": file.to_json(&state.base_url)});
    state.state().files.insert(file);
    Ok(([("x-goog-upload-status", "final")], Json(answer)).into_response())
}

impl Upload {
    /// Receives the bytes of a chunk. Returns false if the connection breaks, and keeps the bytes
    /// up to there. A refused chunk changes nothing.
    async fn receive(
        &mut self,
        pieces: &mut BodyDataStream,
        last: bool,
        break_off: bool,
    ) -> Result<bool, ApiError> {
        let (hasher, received) = (self.hasher.clone(), self.received);
        let mut whole = true;
        while let Some(piece) = pieces.next().await {
            let Ok(piece) = piece else {
                whole = false;
                break;
            };
            self.hasher.update(&piece);
            self.received += piece.len() as u64;
            if self.received > self.declared.unwrap_or(MAX_SIZE) {
                (self.hasher, self.received) = (hasher, received);
                return Err(ApiError::invalid_argument(
                    "The upload is larger than it was declared.",
                ));
            }
            if break_off {
                break;
            }
        }
        let size = self.received - received;
        if whole && !break_off && !last && !size.is_multiple_of(GRANULARITY) {
            (self.hasher, self.received) = (hasher, received);
            return Err(ApiError::invalid_argument(format!(
                "A chunk that is not the last must be a multiple of {GRANULARITY} bytes; this one \
                 has {size}."
            )));
        }
        Ok(whole)
    }

    /// Response with the state of the upload.
    fn status(&self) -> Response {
        let status = if self.complete { "final" } else { "active" };
        let headers = [
            ("x-goog-upload-status", status.to_owned()),
            ("x-goog-upload-size-received", self.received.to_string()),
            ("x-goog-upload-chunk-granularity", GRANULARITY.to_string()),
        ];
        (headers, "").into_response()
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Returns a new id of lowercase hexadecimal digits.
fn unique(length: usize) -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let now = Timestamp::now().as_nanosecond().to_string();
    let number = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
    let mut id = digest(&[&now, &number]);
    id.truncate(length);
    id
}
