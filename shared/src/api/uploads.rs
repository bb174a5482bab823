//! `/v1/uploads`.

use std::{collections::BTreeMap, time::Duration};

use http::StatusCode;
use lambda_http::Request;
use serde::Serialize;

use super::{
    Answer,
    fields::{Fields, required},
    json,
};
use crate::{
    context::Context,
    error::Error,
    store::blobs::Recording,
    video::{ContentHash, VideoKey},
};

/// Largest file that the Files API takes (2 GB, contracts of the Files API).
const LARGEST_FILE: u64 = 2_000_000_000;

/// How long a grant is good for.
const VALID: Duration = Duration::from_secs(3600);

/// Media types that Gemini watches or listens to
/// (<https://ai.google.dev/gemini-api/docs/video-understanding>, …/audio).
const MEDIA_TYPES: [&str; 21] = [
    "video/mp4",
    "video/mpeg",
    "video/quicktime",
    "video/mov",
    "video/avi",
    "video/x-msvideo",
    "video/x-flv",
    "video/webm",
    "video/wmv",
    "video/x-ms-wmv",
    "video/3gpp",
    "video/x-matroska",
    "audio/mpeg",
    "audio/mp3",
    "audio/mp4",
    "audio/wav",
    "audio/x-wav",
    "audio/aac",
    "audio/ogg",
    "audio/flac",
    "audio/webm",
];

#[derive(Serialize)]
struct Upload {
    upload_id: String,
    video_id: String,
    /// The file is there already: there is nothing to put.
    uploaded: bool,
    upload: Put,
}

#[derive(Serialize)]
struct Put {
    method: &'static str,
    url: String,
    headers: BTreeMap<String, String>,
    expires_at: String,
}

/// `POST`: permission to put one file, of exactly this content, size and type, into the bucket.
/// The id of an upload is its content's hash, so the same file is the same upload.
///
/// # Errors
/// [`Error::InvalidInput`], [`Error::Storage`].
pub async fn create(context: &Context, request: &Request) -> Answer {
    let mut fields = Fields::of(request)?;
    let file_name = required("file_name", fields.string("file_name", 255)?)?;
    if file_name.chars().any(char::is_control) {
        return Err(Error::invalid(
            "file_name",
            "must not have control characters",
        ));
    }
    let content_type = required("content_type", fields.string("content_type", 127)?)?;
    let content_type = content_type.trim().to_ascii_lowercase();
    if !MEDIA_TYPES.contains(&content_type.as_str()) {
        return Err(Error::invalid(
            "content_type",
            "is not a type of video or audio we can read",
        ));
    }
    let size_bytes = required("size_bytes", fields.size("size_bytes", LARGEST_FILE)?)?;
    let sha256 = required("sha256", fields.string("sha256", 64)?)?;
    let hash = ContentHash::parse(&sha256.to_ascii_lowercase())
        .map_err(|_| Error::invalid("sha256", "must be 64 hexadecimal digits"))?;
    fields.end()?;

    let recording = Recording {
        size_bytes,
        content_type,
        file_name,
    };
    let uploaded = context.blobs.recording(&hash).await?;
    let grant = context.blobs.grant_upload(&hash, &recording, VALID).await?;
    let body = Upload {
        upload_id: hash.as_str().to_owned(),
        video_id: VideoKey::Upload(hash).to_string(),
        uploaded: uploaded.is_some_and(|there| there.size_bytes == recording.size_bytes),
        upload: Put {
            method: "PUT",
            url: grant.url,
            headers: grant.headers.into_iter().collect(),
            expires_at: ((context.clock)() + VALID).rfc3339(),
        },
    };
    json(StatusCode::CREATED, &body)
}
