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
use eventrelay_analysis::text;
use eventrelay_core::{
    error::Error,
    video::{ContentHash, MediaType, VideoKey},
};
use eventrelay_store::blobs::Recording;
use eventrelay_workflow::context::Context;

/// Largest file that the Files API takes (2 GB, contracts of the Files API).
const MAX_FILE_BYTES: u64 = 2_000_000_000;

/// Characters of a file name.
const MAX_NAME_LENGTH: usize = 255;

/// Maximum length of a media type with its parameters, in characters.
const MAX_MEDIA_TYPE: usize = 255;

/// Validity of an upload grant.
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
        // A file that was put under a wrong type is put again. Another name of the type is not wrong.
        uploaded: uploaded.is_some_and(|there| {
            there.size_bytes == recording.size_bytes
                && MediaType::parse(&there.content_type)
                    == MediaType::parse(&recording.content_type)
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

/// Reads the hash and the metadata of the recording to upload.
pub(crate) fn read(request: &Request) -> Result<(ContentHash, Recording), Error> {
    let mut fields = Fields::new(request)?;
    let file_name = required("file_name", fields.string("file_name", MAX_NAME_LENGTH)?)?;
    if file_name.contains(char::is_control) {
        return Err(Error::invalid(
            "file_name",
            "must not have control characters",
        ));
    }
    let file_name = text::line(&file_name, MAX_NAME_LENGTH);
    if file_name.is_empty() {
        return Err(Error::invalid("file_name", "has nothing to be seen"));
    }
    let content_type = fields.string("content_type", MAX_MEDIA_TYPE)?;
    let content_type = media_type(&required("content_type", content_type)?)?;
    let size_bytes = required("size_bytes", fields.size("size_bytes", MAX_FILE_BYTES)?)?;
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

/// Returns the media type as the caller wrote it.
///
/// It is signed into the upload grant. A client may therefore send its own header, as a browser does
/// for a `Blob`, or that of `upload.headers`. When the upload is used, Gemini's media type is derived
/// from it.
fn media_type(text: &str) -> Result<String, Error> {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    if MediaType::parse(text).is_none() {
        let known: Vec<&str> = MediaType::all().map(MediaType::as_str).collect();
        let reason = format!(
            "is not a type that can be read. It must be one of {}, or another name of one, such as \
             video/quicktime, video/x-matroska, audio/mpeg or audio/x-m4a; parameters are ignored",
            known.join(", ")
        );
        return Err(Error::invalid("content_type", reason));
    }
    // It becomes a header of the upload.
    if !text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() || byte == b' ')
    {
        return Err(Error::invalid(
            "content_type",
            "must have ASCII characters only, without line breaks",
        ));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_type_is_kept_as_the_caller_wrote_it() {
        for text in [
            "video/mp4",
            "Video/MP4",
            "video/webm;codecs=vp9,opus",
            "video/webm; codecs=\"vp8, opus\"",
            "audio/x-m4a",
        ] {
            assert_eq!(media_type(&format!(" {text}\n")).unwrap(), text);
        }
    }

    #[test]
    fn media_type_that_is_unknown_is_refused_with_the_list() {
        let error = media_type("text/html").unwrap_err();
        for known in MediaType::all() {
            assert!(
                error.detail().contains(known.as_str()),
                "{}",
                error.detail()
            );
        }
        for text in [
            "video/mp4; x=\u{e9}",
            "video/mp4\u{3000}",
            "video/mp4;\r\nx-y: z",
            "video/mp4;\tx",
        ] {
            assert!(media_type(text).is_err(), "{text:?}");
        }
    }
}
