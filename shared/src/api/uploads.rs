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
    analysis::text,
    context::Context,
    error::Error,
    store::blobs::Recording,
    video::{ContentHash, VideoKey, container},
};

/// Largest file that the Files API takes (2 GB, contracts of the Files API).
const LARGEST_FILE: u64 = 2_000_000_000;

/// Characters of a file name.
const LONGEST_NAME: usize = 255;

/// How long a grant is good for.
const VALID: Duration = Duration::from_secs(3600);

#[derive(Serialize)]
#[cfg_attr(feature = "contract", derive(schemars::JsonSchema))]
pub(super) struct Upload {
    upload_id: String,
    video_id: String,
    /// The file is there already: there is nothing to put.
    uploaded: bool,
    upload: Put,
}

#[derive(Serialize)]
#[cfg_attr(
    feature = "contract",
    derive(schemars::JsonSchema),
    schemars(rename = "UploadRequest")
)]
struct Put {
    #[cfg_attr(feature = "contract", schemars(extend("enum" = ["PUT"])))]
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
    let (hash, recording) = read(request)?;
    let uploaded = context.blobs.recording(&hash).await?;
    let grant = context.blobs.grant_upload(&hash, &recording, VALID).await?;
    let body = Upload {
        upload_id: hash.as_str().to_owned(),
        video_id: VideoKey::Upload(hash).to_string(),
        // Put under a wrong type before, it is put again.
        uploaded: uploaded.is_some_and(|there| {
            (there.size_bytes, &there.content_type)
                == (recording.size_bytes, &recording.content_type)
        }),
        upload: Put {
            method: "PUT",
            url: grant.url,
            headers: grant.headers.into_iter().collect(),
            expires_at: ((context.clock)() + VALID).rfc3339(),
        },
    };
    json(StatusCode::CREATED, &body)
}

/// What is going to be put.
pub(crate) fn read(request: &Request) -> Result<(ContentHash, Recording), Error> {
    let mut fields = Fields::of(request)?;
    let file_name = required("file_name", fields.string("file_name", LONGEST_NAME)?)?;
    if file_name.contains(char::is_control) {
        return Err(Error::invalid(
            "file_name",
            "must not have control characters",
        ));
    }
    let file_name = text::line(&file_name, LONGEST_NAME);
    if file_name.is_empty() {
        return Err(Error::invalid("file_name", "has nothing to be seen"));
    }
    let content_type = required("content_type", fields.string("content_type", 127)?)?;
    let content_type = content_type.to_ascii_lowercase();
    if !container::is_media_type(&content_type) {
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
    Ok((hash, recording))
}
