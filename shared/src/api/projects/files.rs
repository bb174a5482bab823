//! `GET /v1/projects/{project_id}/files/{path}` and `…/archive`.

use std::time::Duration;

use http::{StatusCode, header};
use lambda_http::{Body, Request, RequestExt, Response};

use super::{
    super::{Answer, header_value, negotiate, path_parameter},
    find,
};
use eventrelay_core::error::Error;
use eventrelay_project::{Language, Made, Project, package::Manifest};
use eventrelay_store::project_blobs::{Kind, archive_key};
use eventrelay_workflow::context::Context;

/// Largest archive that is in a response; a larger one is fetched from the bucket. A response of a
/// function has 6 MB, in base 64.
const MAX_ARCHIVE_BYTES: u64 = 1_000_000;

/// Validity of the URL of an archive.
const REDIRECT_VALID: Duration = Duration::from_secs(300);

fn made(project: &Project) -> Result<&Made, Error> {
    let made = project.made.as_ref();
    made.ok_or(Error::NotFound { what: "file" })
}

/// `GET …/files/{path}`: a file as it is, never as what a browser would run.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Storage`].
pub async fn file(context: &Context, request: &Request) -> Answer {
    let project = find(context, request).await?.doc;
    let parameters = request.path_parameters();
    let path = path_parameter(&parameters, "path");
    let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    let blobs = &context.blobs;
    let manifest = &made(&project)?.manifest;
    let manifest: Manifest = blobs
        .document(&project.id, Kind::Manifest, manifest)
        .await?;
    let entry = manifest.files.into_iter().find(|entry| entry.path == path);
    let entry = entry.ok_or(Error::NotFound { what: "file" })?;
    let tag = format!("\"{}\"", entry.sha256);
    let response = || {
        Response::builder()
            .header(header::ETAG, &tag)
            .header(header::CACHE_CONTROL, "private, no-cache")
            .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
            .header(
                header::CONTENT_SECURITY_POLICY,
                "default-src 'none'; sandbox",
            )
    };
    if negotiate::has(request.headers(), &tag) {
        let unchanged = response().status(StatusCode::NOT_MODIFIED);
        return unchanged.body(Body::Empty).map_err(Error::internal);
    }
    let content = blobs.file(&project.id, &entry.sha256).await?;
    let (media_type, body) = match (entry.language, String::from_utf8(content)) {
        (Language::Binary, Ok(text)) => ("application/octet-stream", Body::Binary(text.into())),
        (_, Ok(text)) => ("text/plain; charset=utf-8", Body::Text(text)),
        (_, Err(error)) => ("application/octet-stream", Body::Binary(error.into_bytes())),
    };
    response()
        .header(header::CONTENT_TYPE, media_type)
        .body(body)
        .map_err(Error::internal)
}

/// `GET …/archive`: all files as a zip, or where to fetch it if it is large.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Storage`].
pub async fn archive(context: &Context, request: &Request) -> Answer {
    let project = find(context, request).await?.doc;
    let made = made(&project)?;
    let key = archive_key(&project.id, &made.archive);
    let tag = format!("\"{}\"", made.archive);
    let response = Response::builder()
        .header(header::ETAG, &tag)
        .header(header::CACHE_CONTROL, "private, no-cache");
    if negotiate::has(request.headers(), &tag) {
        let unchanged = response.status(StatusCode::NOT_MODIFIED);
        return unchanged.body(Body::Empty).map_err(Error::internal);
    }
    if made.archive_bytes > MAX_ARCHIVE_BYTES {
        let location = context.blobs.grant_download(&key, REDIRECT_VALID).await?;
        return Response::builder()
            .status(StatusCode::TEMPORARY_REDIRECT)
            .header(header::LOCATION, header_value(&location)?)
            .header(header::CACHE_CONTROL, "no-store")
            .body(Body::Empty)
            .map_err(Error::internal);
    }
    let zip = context.blobs.get(&key).await?;
    let zip = zip.ok_or_else(|| Error::internal("an archive is gone"))?;
    let name = eventrelay_project::plan::slug(&project.title);
    response
        .header(header::CONTENT_TYPE, "application/zip")
        .header(
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}.zip\""),
        )
        .body(Body::Binary(zip.to_vec()))
        .map_err(Error::internal)
}
