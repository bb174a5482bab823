//! Bodies in S3. A key never changes its meaning.
//!
//! | prefix | name | what |
//! |---|---|---|
//! | `media/` | SHA-256 of the file | uploaded recordings, as they are |
//! | `transcripts/` | SHA-256 of the text | transcripts that came with a request, in their stored form, in gzip |
//! | `analyses/` | video key / SHA-256 of the JSON body | the forms of an analysis, in gzip |
//! | `analyses/` | video key / job id | paid answer of a job, in gzip, until the job is settled |
//! | `projects/` | project id / … | see [`super::project_blobs`] |

use crate::Page;
use crate::sdk_error::storage_error;
use std::time::Duration;

use aws_sdk_s3::{
    Client,
    error::SdkError,
    presigning::PresigningConfig,
    primitives::ByteStream,
    types::{Delete, ObjectIdentifier},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;

use super::{file_name, packed::Range};
use eventrelay_analysis::{Analysis, captions, markdown};
use eventrelay_core::{
    clock::Timestamp,
    error::Error,
    ids::JobId,
    video::{ContentHash, VideoKey},
};

/// Maximum decompressed size of our own documents, in bytes. Analyses are far below it.
pub const MAX_DOCUMENT_BYTES: u64 = 64 * 1024 * 1024;

/// Representations in which an analysis is stored, so that a read does not render them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Json,
    /// The document in Markdown.
    Markdown,
    /// The transcript as WebVTT.
    Vtt,
    /// The transcript as SubRip.
    Srt,
}

impl Form {
    pub const ALL: [Self; 4] = [Self::Json, Self::Markdown, Self::Vtt, Self::Srt];

    /// Renders an analysis in this format.
    #[must_use]
    pub fn render(self, analysis: &Analysis) -> String {
        let transcript = &analysis.content.transcript;
        match self {
            Self::Json => serde_json::to_string(analysis).unwrap_or_default(),
            Self::Markdown => markdown::render(analysis),
            Self::Vtt => captions::to_vtt(transcript),
            Self::Srt => captions::to_srt(transcript),
        }
    }

    /// File name extension of the blob, and value of `?format=`.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Markdown => "md",
            Self::Vtt => "vtt",
            Self::Srt => "srt",
        }
    }

    /// Media type with its character set.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Markdown => "text/markdown; charset=utf-8",
            Self::Vtt => "text/vtt; charset=utf-8",
            Self::Srt => "application/x-subrip; charset=utf-8",
        }
    }
}

/// Key of an analysis in one format.
#[must_use]
pub fn analysis_key(video: &VideoKey, etag: &str, form: Form) -> String {
    format!("analyses/{video}/{etag}.{}.gz", form.extension())
}

/// Key of an answer that a job has paid for and not stored yet.
#[must_use]
pub fn made_key(video: &VideoKey, job: &JobId) -> String {
    format!("analyses/{video}/{job}.made.gz")
}

/// Key of an uploaded recording.
#[must_use]
pub fn media_key(hash: &ContentHash) -> String {
    format!("{MEDIA}{}", hash.as_str())
}

/// Returns the hash of the recording with this object key, or `None` if the object is no recording.
#[must_use]
pub fn media_hash(key: &str) -> Option<ContentHash> {
    ContentHash::parse(key.strip_prefix(MEDIA)?).ok()
}

/// Key of a transcript from a request, by the SHA-256 of its stored form.
#[must_use]
pub fn transcript_key(sha256: &str) -> String {
    format!("transcripts/{sha256}.vtt.gz")
}

/// Key prefix of uploaded recordings.
const MEDIA: &str = "media/";

/// Object in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub key: String,
    /// Time of the upload.
    pub modified_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    pub size_bytes: u64,
    /// Media type that was signed into its upload URL.
    pub content_type: String,
    /// Name that the caller gave it.
    pub file_name: String,
}

/// Presigned upload of one recording.
#[derive(Clone, Debug)]
pub struct UploadGrant {
    pub url: String,
    /// Headers that the upload must send unchanged.
    pub headers: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub struct Blobs {
    client: Client,
    bucket: String,
}

impl Blobs {
    /// Creates a client of `bucket`.
    #[must_use]
    pub fn new(client: Client, bucket: String) -> Self {
        Self { client, bucket }
    }

    /// Opens a connection before the first request needs it.
    pub async fn warm(&self) {
        let _ = self.client.head_bucket().bucket(&self.bucket).send().await;
    }

    /// Stores compressed bytes.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn put_gzip(&self, key: &str, content_type: &str, gzip: Bytes) -> Result<(), Error> {
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type(content_type)
            .content_encoding("gzip")
            .body(ByteStream::from(gzip))
            .send()
            .await
            .map_err(storage_error)?;
        Ok(())
    }

    /// Stores bytes without compression.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn put(&self, key: &str, content_type: &str, body: Bytes) -> Result<(), Error> {
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type(content_type)
            .body(ByteStream::from(body))
            .send()
            .await
            .map_err(storage_error)?;
        Ok(())
    }

    /// Returns the bytes as stored, or `None` if there is no such blob.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, Error> {
        let read = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key)
            .send()
            .await;
        match read {
            Ok(object) => Ok(Some(collect(object.body).await?)),
            Err(SdkError::ServiceError(error)) if error.err().is_no_such_key() => Ok(None),
            Err(error) => Err(storage_error(error)),
        }
    }

    /// Returns `length` bytes from `offset` on, or fewer at the end of the blob.
    ///
    /// # Errors
    /// [`Error::UploadMissing`] when the blob is gone, [`Error::Storage`] else.
    pub async fn get_range(&self, key: &str, offset: u64, length: u64) -> Result<Bytes, Error> {
        let range = format!("bytes={offset}-{}", offset + length - 1);
        let read = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key)
            .range(range)
            .send()
            .await;
        match read {
            Ok(object) => collect(object.body).await,
            Err(SdkError::ServiceError(error)) if error.err().is_no_such_key() => {
                Err(Error::UploadMissing)
            }
            Err(error) => Err(storage_error(error)),
        }
    }

    /// Returns ranges of a blob, read concurrently, or `None` if there is no such blob.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn get_ranges(
        &self,
        key: &str,
        ranges: &[Range],
    ) -> Result<Option<Vec<Bytes>>, Error> {
        let parts = ranges
            .iter()
            .map(|range| self.get_range(key, range.offset, range.length));
        match futures_util::future::try_join_all(parts).await {
            Ok(parts) => Ok(Some(parts)),
            Err(Error::UploadMissing) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns a presigned URL that reads a blob for `valid`.
    ///
    /// # Errors
    /// [`Error::Internal`] when it cannot be signed.
    pub async fn grant_download(&self, key: &str, valid: Duration) -> Result<String, Error> {
        let presigned = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key)
            .presigned(PresigningConfig::expires_in(valid).map_err(Error::internal)?)
            .await
            .map_err(storage_error)?;
        Ok(presigned.uri().to_owned())
    }

    /// Deletes blobs. Deleting a missing blob is no error.
    ///
    /// # Errors
    /// [`Error::Storage`]. Some may be gone then.
    pub async fn delete(&self, keys: Vec<String>) -> Result<(), Error> {
        for chunk in keys.chunks(MAX_DELETES) {
            let objects = chunk
                .iter()
                .map(|key| ObjectIdentifier::builder().key(key).build())
                .collect::<Result<Vec<_>, _>>()
                .map_err(Error::internal)?;
            let delete = Delete::builder()
                .set_objects(Some(objects))
                .quiet(true)
                .build()
                .map_err(Error::internal)?;
            let deleted = self
                .client
                .delete_objects()
                .bucket(&self.bucket)
                .delete(delete)
                .send()
                .await
                .map_err(storage_error)?;
            if let Some(failed) = deleted.errors().first() {
                return Err(Error::Storage {
                    transient: true,
                    source: format!("not deleted: {}", failed.code().unwrap_or_default()).into(),
                });
            }
        }
        Ok(())
    }

    /// Returns the keys of all analyses of a video in all formats, and of its recording.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn keys_of(&self, video: &VideoKey) -> Result<Vec<String>, Error> {
        let mut keys = self.keys_under(&format!("analyses/{video}/")).await?;
        if let VideoKey::Upload(hash) = video
            && self.recording(hash).await?.is_some()
        {
            keys.push(media_key(hash));
        }
        Ok(keys)
    }

    /// Returns all keys with this prefix.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn keys_under(&self, prefix: &str) -> Result<Vec<String>, Error> {
        let mut pages = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(prefix)
            .into_paginator()
            .send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let objects = page.map_err(storage_error)?.contents.unwrap_or_default();
            keys.extend(objects.into_iter().filter_map(|object| object.key));
        }
        Ok(keys)
    }

    /// Returns a page of the uploaded recordings, ordered by key and starting behind `after`. A page
    /// that is not full need not be the last one.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn list_media(
        &self,
        after: Option<&str>,
        limit: u16,
    ) -> Result<Page<Stored, String>, Error> {
        let listed = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(MEDIA)
            .set_start_after(after.map(str::to_owned))
            .max_keys(i32::from(limit))
            .send()
            .await
            .map_err(storage_error)?;
        let objects = listed.contents.unwrap_or_default();
        let last = objects.last().and_then(|object| object.key.clone());
        let next = last.filter(|_| listed.is_truncated == Some(true));
        let stored = objects.into_iter().filter_map(|object| {
            let modified_at = object.last_modified?.to_millis().ok()?;
            Some(Stored {
                key: object.key?,
                modified_at: Timestamp(u64::try_from(modified_at).ok()?),
            })
        });
        Ok(Page {
            items: stored.collect(),
            next,
        })
    }

    /// Returns the metadata of an uploaded recording, or `None` if it was never uploaded.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn recording(&self, hash: &ContentHash) -> Result<Option<Recording>, Error> {
        let key = media_key(hash);
        match self
            .client
            .head_object()
            .bucket(&self.bucket)
            .key(key)
            .send()
            .await
        {
            Ok(head) => Ok(Some(Recording {
                size_bytes: head
                    .content_length
                    .and_then(|n| n.try_into().ok())
                    .unwrap_or(0),
                content_type: head.content_type.unwrap_or_default(),
                file_name: head
                    .metadata
                    .and_then(|metadata| {
                        metadata.get(FILE_NAME).map(|name| file_name::decode(name))
                    })
                    .unwrap_or_default(),
            })),
            Err(SdkError::ServiceError(error)) if error.err().is_not_found() => Ok(None),
            Err(error) => Err(storage_error(error)),
        }
    }

    /// Presigns the upload of one recording. The length, the hash and the media type are signed, so
    /// S3 refuses any other body.
    ///
    /// # Errors
    /// [`Error::Internal`] when it cannot be signed.
    pub async fn grant_upload(
        &self,
        hash: &ContentHash,
        recording: &Recording,
        valid: Duration,
    ) -> Result<UploadGrant, Error> {
        let digest = hex::decode(hash.as_str()).map_err(Error::internal)?;
        let length = i64::try_from(recording.size_bytes).map_err(Error::internal)?;
        let presigned = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(media_key(hash))
            .content_type(&recording.content_type)
            .content_length(length)
            .checksum_sha256(STANDARD.encode(digest))
            .metadata(FILE_NAME, file_name::encode(&recording.file_name))
            .presigned(PresigningConfig::expires_in(valid).map_err(Error::internal)?)
            .await
            .map_err(storage_error)?;
        // In Lambda the SDK adds the trace header of the invocation. It is not the uploader's, and
        // the signature does not cover it.
        let headers = presigned
            .headers()
            .filter(|(name, _)| !name.eq_ignore_ascii_case("x-amzn-trace-id"))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Ok(UploadGrant {
            url: presigned.uri().to_owned(),
            headers,
        })
    }
}

/// Maximum objects per `DeleteObjects`
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>).
const MAX_DELETES: usize = 1000;

/// User metadata key of the file name that the caller gave.
const FILE_NAME: &str = "file-name";

async fn collect(body: ByteStream) -> Result<Bytes, Error> {
    let storage = |source| Error::Storage {
        transient: true,
        source: Box::new(source),
    };
    Ok(body.collect().await.map_err(storage)?.into_bytes())
}
