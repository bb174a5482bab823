//! Files API: resumable uploads of recordings, and the management of files. The API deletes a file
//! after 48 hours.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method};
use serde::{Deserialize, Serialize};
use url::Url;

use super::errors::{Asked, seconds};
use super::{CONTROL_LIMIT, CONTROL_TIMEOUT, Gemini, SERVICE};
use crate::client::{Answer, Request};
use eventrelay_core::clock::Timestamp;
use eventrelay_core::error::Error;

/// Timeout of [`Gemini::upload_chunk`], for chunks of 8 MiB as the official SDKs send.
pub const CHUNK_TIMEOUT: Duration = Duration::from_secs(60);
/// Maximum page size (<https://ai.google.dev/api/files#method:-files.list>).
const FILES_IN_PAGE: &str = "100";
/// Maximum size of a page. Each of its files is below 2 kB.
const LIST_LIMIT: usize = 1024 * 1024;
/// Domain of Google's upload servers.
const GOOGLE: &str = "googleapis.com";

/// Maximum length of names and URIs. The API's own have about 80 and 20 bytes, and upload URLs
/// about 300.
const MAX_URI_LENGTH: usize = 1024;
const MAX_MEDIA_TYPE_LENGTH: usize = 127;
const MAX_UPLOAD_URL_LENGTH: usize = 4096;

const COMMAND: &str = "x-goog-upload-command";
const STATUS: &str = "x-goog-upload-status";

/// Metadata of an upload.
#[derive(Clone, Copy, Debug)]
pub struct UploadStart<'a> {
    /// Name of the file: `files/` and up to 40 lower-case letters, digits and inner dashes. The
    /// caller chooses it, and so finds the file even if the response was lost
    /// (<https://ai.google.dev/api/files#File>).
    pub name: &'a str,
    /// Name shown in the list of files, at most 512 characters.
    pub display_name: &'a str,
    /// Media type, such as `video/mp4`.
    pub mime_type: &'a str,
    /// Total size in bytes.
    pub size_bytes: u64,
}

/// Upload in progress. Its URL grants write access, so `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct UploadSession {
    url: Url,
}

impl UploadSession {
    /// Returns the URL, to be stored for [`Gemini::resume_upload`].
    pub fn url(&self) -> &Url {
        &self.url
    }
}

impl std::fmt::Debug for UploadSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UploadSession")
            .field("host", &self.url.host_str())
            .finish_non_exhaustive()
    }
}

/// Result of a chunk.
#[derive(Clone, Debug, PartialEq)]
pub enum ChunkOutcome {
    /// The chunk was stored, and more chunks are expected.
    Active,
    /// The chunk was the last one of this file.
    Final(Box<File>),
}

/// Processing state of a file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum FileState {
    Processing,
    Active,
    Failed,
    /// A state that this version does not know.
    Other(String),
}

impl From<String> for FileState {
    fn from(state: String) -> Self {
        match state.as_str() {
            "PROCESSING" => Self::Processing,
            "ACTIVE" => Self::Active,
            "FAILED" => Self::Failed,
            _ => Self::Other(state),
        }
    }
}

/// File at the API (<https://ai.google.dev/api/files#File>).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "WireFile")]
pub struct File {
    /// `files/` and an id.
    pub name: String,
    /// URI by which a request to a model refers to it.
    pub uri: String,
    pub mime_type: String,
    pub state: FileState,
    /// Reason of the failure in the API's words, for the log only.
    pub error: Option<String>,
    /// Length in seconds, known after processing.
    pub duration_s: Option<f64>,
    pub size_bytes: Option<u64>,
    /// Name that the uploader gave it.
    pub display_name: Option<String>,
    /// Time of the upload.
    pub created_at: Option<Timestamp>,
    /// Time of the last change. For a processed file, the end of processing.
    pub updated_at: Option<Timestamp>,
}

/// Page of the project's files.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FilePage {
    /// Files of the page. A file that cannot be parsed is not ours and is skipped.
    #[serde(default, deserialize_with = "readable")]
    pub files: Vec<File>,
    /// Token of the next page. Absent or empty on the last page.
    #[serde(default)]
    pub next_page_token: Option<String>,
}

fn readable<'de, D: serde::Deserializer<'de>>(list: D) -> Result<Vec<File>, D::Error> {
    let files = Vec::<serde_json::Value>::deserialize(list)?.into_iter();
    let read = files.filter_map(|file| serde_json::from_value(file).ok());
    Ok(read.collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireFile {
    name: String,
    #[serde(default)]
    uri: String,
    #[serde(default)]
    mime_type: String,
    state: Option<FileState>,
    error: Option<WireStatus>,
    video_metadata: Option<WireVideo>,
    /// An int64, which is a string in JSON.
    size_bytes: Option<String>,
    display_name: Option<String>,
    create_time: Option<String>,
    update_time: Option<String>,
}

#[derive(Deserialize)]
struct WireStatus {
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireVideo {
    video_duration: Option<String>,
}

#[derive(Deserialize)]
struct WireUploaded {
    file: File,
}

impl TryFrom<WireFile> for File {
    type Error = &'static str;

    /// Validates the length of every kept field, because the fields are stored in job rows and sent
    /// in requests.
    fn try_from(wire: WireFile) -> Result<Self, Self::Error> {
        if file_id(&wire.name).is_none() {
            return Err("the name of a file that is none");
        }
        if wire.uri.len() > MAX_URI_LENGTH || wire.mime_type.len() > MAX_MEDIA_TYPE_LENGTH {
            return Err("a file whose description is too long");
        }
        let duration = wire.video_metadata.and_then(|video| video.video_duration);
        Ok(Self {
            name: wire.name,
            uri: wire.uri,
            mime_type: wire.mime_type,
            // An absent field is the enumeration's zero value.
            state: wire
                .state
                .unwrap_or_else(|| FileState::Other("STATE_UNSPECIFIED".to_owned())),
            error: wire.error.map(|status| status.message),
            duration_s: duration
                .as_deref()
                .and_then(seconds)
                .map(|d| d.as_secs_f64()),
            size_bytes: wire.size_bytes.and_then(|size| size.parse().ok()),
            display_name: wire.display_name,
            created_at: time(wire.create_time.as_deref()),
            updated_at: time(wire.update_time.as_deref()),
        })
    }
}

fn time(text: Option<&str>) -> Option<Timestamp> {
    text.and_then(Timestamp::parse_rfc3339)
}

/// Returns the id in a file's name. Ids are lower-case letters, digits and inner dashes. No other
/// text may reach a path.
fn file_id(name: &str) -> Option<&str> {
    let is_id_byte = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let id = name.strip_prefix("files/")?;
    ((1..=64).contains(&id.len()) && id.bytes().all(is_id_byte)).then_some(id)
}

#[derive(Serialize)]
struct WireStart<'a> {
    file: WireStartFile<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireStartFile<'a> {
    name: &'a str,
    display_name: &'a str,
    mime_type: &'a str,
    size_bytes: u64,
}

impl Gemini {
    /// Starts an upload.
    ///
    /// # Errors
    /// As every call of the API ([`eventrelay_core::error`]). [`Error::UpstreamMalformed`] if the
    /// upload URL is missing, or has neither the origin of our base URL nor one of Google's.
    pub async fn start_upload(&self, start: &UploadStart<'_>) -> Result<UploadSession, Error> {
        let url = self.url(["upload", self.version.as_str(), "files"])?;
        let mime_type = HeaderValue::from_str(start.mime_type)
            .map_err(|_| Error::invalid("media_type", "is not a media type"))?;
        let mut request = Request::new(SERVICE, Method::POST, url, CONTROL_TIMEOUT, CONTROL_LIMIT)
            .header(
                "x-goog-upload-protocol",
                HeaderValue::from_static("resumable"),
            )
            .header(COMMAND, HeaderValue::from_static("start"))
            .header(
                "x-goog-upload-header-content-length",
                start.size_bytes.into(),
            )
            .header("x-goog-upload-header-content-type", mime_type);
        // Not every name is a valid header value. The body contains it in any case.
        if let Ok(name) = HeaderValue::from_str(start.display_name) {
            request = request.header("x-goog-upload-file-name", name);
        }
        let request = request.json(&WireStart {
            file: WireStartFile {
                name: start.name,
                display_name: start.display_name,
                mime_type: start.mime_type,
                size_bytes: start.size_bytes,
            },
        })?;
        let answer = self.call_with_key(Asked::StartUpload, request).await?;
        let url = answer
            .header("x-goog-upload-url")
            .ok_or_else(|| malformed("no upload URL"))?;
        self.resume_upload(url)
    }

    /// Returns an upload that was started before, by its URL.
    ///
    /// # Errors
    /// [`Error::UpstreamMalformed`] if the URL has neither the origin of our base URL nor one of
    /// Google's. A response must not direct us to another host.
    pub fn resume_upload(&self, url: &str) -> Result<UploadSession, Error> {
        if url.len() > MAX_UPLOAD_URL_LENGTH {
            return Err(malformed("the upload URL is too long"));
        }
        let url = Url::parse(url).map_err(|_| malformed("the upload URL is not a URL"))?;
        let google = url.scheme() == "https"
            && url.port().is_none()
            && url
                .domain()
                .and_then(|d| d.strip_suffix(GOOGLE))
                .is_some_and(|d| d.ends_with('.'));
        let plain = url.username().is_empty() && url.password().is_none();
        if !plain || !(google || url.origin() == self.base_url.origin()) {
            return Err(malformed("the upload URL leads elsewhere"));
        }
        Ok(UploadSession { url })
    }

    /// Sends the bytes from `offset` on. All chunks but the last must be multiples of 256 KiB.
    ///
    /// # Errors
    /// As every call. [`Error::FileGone`] if the upload is unknown: start a new one. After any
    /// other failure, [`Gemini::query_upload`] returns the offset to resume at.
    pub async fn upload_chunk(
        &self,
        session: &UploadSession,
        offset: u64,
        chunk: Bytes,
        last: bool,
    ) -> Result<ChunkOutcome, Error> {
        let command = if last { "upload, finalize" } else { "upload" };
        let request = upload_request(session, CHUNK_TIMEOUT, command)
            .header("x-goog-upload-offset", offset.into())
            .body(chunk);
        let answer = self.call(Asked::File, request).await?;
        match answer.header(STATUS) {
            Some("active") if !last => Ok(ChunkOutcome::Active),
            Some("final") => {
                let file = answer.json::<WireUploaded>(SERVICE)?.file;
                Ok(ChunkOutcome::Final(Box::new(file)))
            }
            Some("active") => Err(malformed("an upload goes on after its last chunk")),
            _ => Err(malformed("an upload is neither active nor final")),
        }
    }

    /// Returns the number of bytes received, or `None` if the upload has ended, finished or not.
    /// The caller must then start a new one.
    ///
    /// # Errors
    /// As [`Gemini::upload_chunk`].
    pub async fn query_upload(&self, session: &UploadSession) -> Result<Option<u64>, Error> {
        let request = upload_request(session, CONTROL_TIMEOUT, "query").idempotent();
        let answer = self.call(Asked::File, request).await?;
        if answer.header(STATUS) != Some("active") {
            return Ok(None);
        }
        let received = answer.header("x-goog-upload-size-received").map(str::parse);
        received
            .and_then(Result::ok)
            .map(Some)
            .ok_or_else(|| malformed("an active upload without its size"))
    }

    /// Returns a file by its name, `files/ID`.
    ///
    /// # Errors
    /// [`Error::FileGone`] if it does not exist, else as every call.
    pub async fn get_file(&self, name: &str) -> Result<File, Error> {
        self.file_call(Method::GET, name).await?.json(SERVICE)
    }

    /// Returns a page of the project's files, starting at `page_token`.
    ///
    /// # Errors
    /// As every call.
    pub async fn list_files(&self, page_token: Option<&str>) -> Result<FilePage, Error> {
        let mut url = self.url([self.version.as_str(), "files"])?;
        let mut query = url.query_pairs_mut();
        query.append_pair("pageSize", FILES_IN_PAGE);
        if let Some(token) = page_token {
            query.append_pair("pageToken", token);
        }
        drop(query);
        let request = Request::new(SERVICE, Method::GET, url, CONTROL_TIMEOUT, LIST_LIMIT);
        let answer = self.call_with_key(Asked::Files, request).await?;
        // Parsed as an object, since a JSON array would be accepted as a page without files.
        let page: serde_json::Map<String, serde_json::Value> = answer.json(SERVICE)?;
        let page = serde_json::from_value::<FilePage>(page.into());
        let page = page.map_err(|error| Error::UpstreamMalformed {
            service: SERVICE,
            source: error.into(),
        })?;
        Ok(FilePage {
            next_page_token: page.next_page_token.filter(|token| !token.is_empty()),
            ..page
        })
    }

    /// Deletes a file. Deleting a missing file is no error.
    ///
    /// # Errors
    /// As every call.
    pub async fn delete_file(&self, name: &str) -> Result<(), Error> {
        match self.file_call(Method::DELETE, name).await {
            Ok(_) | Err(Error::FileGone) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn file_call(&self, method: Method, name: &str) -> Result<Answer, Error> {
        let id = file_id(name);
        let id = id.ok_or_else(|| Error::internal("the name of a file at Gemini is not one"))?;
        let url = self.url([self.version.as_str(), "files", id])?;
        let request = Request::new(SERVICE, method, url, CONTROL_TIMEOUT, CONTROL_LIMIT);
        self.call_with_key(Asked::File, request).await
    }
}

/// Creates a request of an upload. Its URL is the credential, so the request has no key.
fn upload_request(session: &UploadSession, timeout: Duration, command: &'static str) -> Request {
    Request::new(
        SERVICE,
        Method::POST,
        session.url.clone(),
        timeout,
        CONTROL_LIMIT,
    )
    .header(COMMAND, HeaderValue::from_static(command))
}

fn malformed(what: &'static str) -> Error {
    Error::UpstreamMalformed {
        service: SERVICE,
        source: what.into(),
    }
}

#[cfg(test)]
mod tests;
