//! Blobs of projects in the bucket.
//!
//! | name behind `projects/` and the project's id | what |
//! |---|---|
//! | `plan-` SHA-256 | the plan |
//! | `report-` SHA-256 | what validation says of the files |
//! | `manifest-` SHA-256 | the files' paths, sizes and hashes |
//! | `archive-` SHA-256 | all of them, zip |
//! | `files/` SHA-256 | a file |
//! | `drafts/` plan / number and round | what a file is until it is packed |
//! | `made/` SHA-256 of the question | a paid answer: of a file until it is settled, of a plan as long as the project |
//!
//! All except archives are stored in gzip.

use bytes::Bytes;
use futures_util::{
    future::try_join,
    stream::{self, StreamExt, TryStreamExt},
};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use super::{
    blobs::{Blobs, MAX_DOCUMENT_BYTES},
    compression::{gunzip, gzip},
};
use eventrelay_core::error::Error;
use eventrelay_project::{
    MAX_FILE_BYTES, ProjectFile, ProjectId,
    package::{Manifest, unpack},
};

const AT_ONCE: usize = 16;

/// Kinds of content-addressed documents of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    Plan,
    Report,
    Manifest,
}

/// Key prefix of a project.
#[must_use]
pub fn prefix(project: &ProjectId) -> String {
    format!("projects/{project}/")
}

fn document_key(project: &ProjectId, kind: Kind, etag: &str) -> String {
    format!("{}{kind}-{etag}.json.gz", prefix(project))
}

/// Key of an archive.
#[must_use]
pub fn archive_key(project: &ProjectId, etag: &str) -> String {
    format!("{}archive-{etag}.zip", prefix(project))
}

/// Key of a file, by the SHA-256 of its bytes.
#[must_use]
pub fn file_key(project: &ProjectId, sha256: &str) -> String {
    format!("{}files/{sha256}.gz", prefix(project))
}

/// Key of a paid answer, by the hash of its question.
#[must_use]
pub fn made_key(project: &ProjectId, question: &str) -> String {
    format!("{}made/{question}.json.gz", prefix(project))
}

/// Key of the draft of a file of a plan after a round.
#[must_use]
pub fn draft_key(project: &ProjectId, plan: &str, number: u32, round: u32) -> String {
    let plan = &plan[..plan.len().min(16)];
    format!("{}drafts/{plan}/{number}-{round}.json.gz", prefix(project))
}

/// Returns the SHA-256 in hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

const JSON: &str = "application/json";

impl Blobs {
    /// Stores a document under its entity tag and returns the tag.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn put_document(
        &self,
        project: &ProjectId,
        kind: Kind,
        document: &impl Serialize,
    ) -> Result<String, Error> {
        let text = serde_json::to_vec(document).map_err(Error::internal)?;
        let etag = sha256(&text);
        let key = document_key(project, kind, &etag);
        self.put_gzip(&key, JSON, gzip(&text)).await?;
        Ok(etag)
    }

    /// Returns a document that a row refers to.
    ///
    /// # Errors
    /// [`Error::Storage`]; [`Error::Internal`] when it is missing or of another version.
    pub async fn document<D: DeserializeOwned>(
        &self,
        project: &ProjectId,
        kind: Kind,
        etag: &str,
    ) -> Result<D, Error> {
        let found = self.json(&document_key(project, kind, etag)).await?;
        found.ok_or_else(|| Error::internal("a document of a project is gone"))
    }

    /// Returns a JSON value, or `None` if it is missing or of a shape that this version does not
    /// know.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn json<D: DeserializeOwned>(&self, key: &str) -> Result<Option<D>, Error> {
        let Some(packed) = self.get(key).await? else {
            return Ok(None);
        };
        let text = gunzip(&packed, MAX_DOCUMENT_BYTES)?;
        Ok(serde_json::from_slice(&text).ok())
    }

    /// Stores a value.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn put_json(&self, key: &str, value: &impl Serialize) -> Result<(), Error> {
        let text = serde_json::to_vec(value).map_err(Error::internal)?;
        self.put_gzip(key, JSON, gzip(&text)).await
    }

    /// Returns a file of a project.
    ///
    /// # Errors
    /// [`Error::Storage`]; [`Error::Internal`] when it is missing.
    pub async fn file(&self, project: &ProjectId, sha256: &str) -> Result<Vec<u8>, Error> {
        let found = self.get(&file_key(project, sha256)).await?;
        let packed = found.ok_or_else(|| Error::internal("a file of a project is gone"))?;
        gunzip(&packed, MAX_FILE_BYTES as u64)
    }

    /// Returns the files of a manifest with their bytes. Takes one read if there is an archive,
    /// else one read per file.
    ///
    /// # Errors
    /// As [`Blobs::file`].
    pub async fn files(
        &self,
        project: &ProjectId,
        manifest: &str,
        archive: Option<&str>,
    ) -> Result<Vec<ProjectFile>, Error> {
        let packed = async {
            match archive {
                Some(etag) => self.get(&archive_key(project, etag)).await,
                None => Ok(None),
            }
        };
        let manifest = self.document::<Manifest>(project, Kind::Manifest, manifest);
        let (manifest, packed) = try_join(Box::pin(manifest), Box::pin(packed)).await?;
        if let Some(files) = packed.and_then(|packed| unpack(&packed, &manifest)) {
            return Ok(files);
        }
        stream::iter(manifest.files)
            .map(async |entry| {
                let content = self.file(project, &entry.sha256).await?;
                Ok(entry.file(content))
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await
    }

    /// Stores a file of a project.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn put_file(
        &self,
        project: &ProjectId,
        sha256: &str,
        content: &[u8],
    ) -> Result<(), Error> {
        let key = file_key(project, sha256);
        self.put_gzip(&key, "application/octet-stream", gzip(content))
            .await
    }

    /// Stores an archive under its entity tag and returns the tag.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub async fn put_archive(&self, project: &ProjectId, zip: Vec<u8>) -> Result<String, Error> {
        let etag = sha256(&zip);
        let key = archive_key(project, &etag);
        self.put(&key, "application/zip", Bytes::from(zip)).await?;
        Ok(etag)
    }
}
