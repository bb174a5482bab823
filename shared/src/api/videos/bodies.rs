//! The bytes of an analysis: from beside its row, from memory, or from the bucket.

use bytes::Bytes;

use super::asked::{Asked, Shape};
use eventrelay_analysis::Analysis;
use eventrelay_core::{
    clock::Timestamp,
    error::Error,
    telemetry::{Layer, note_lookup},
};
use eventrelay_store::{
    blobs::{self, Form, MAX_DOCUMENT_BYTES},
    compression, packed,
    videos::Found,
};
use eventrelay_workflow::context::Context;

/// Returns the requested body in gzip, or `None` if its blob is missing.
pub(super) async fn gzip(
    context: &Context,
    asked: &Asked,
    found: &Found,
    now: Timestamp,
) -> Result<Option<Bytes>, Error> {
    let names = match &asked.shape {
        Shape::Whole(Form::Json) => return whole(context, asked, found, now).await,
        Shape::Whole(form) => {
            return Box::pin(rendered(context, asked, found, *form, now)).await;
        }
        Shape::Fields(names) => names,
    };
    let key = blobs::analysis_key(&asked.video, &found.analysis.etag, Form::Json);
    let at_hand = found
        .body
        .clone()
        .or_else(|| context.memory.blob(&key, now));
    let is_known = found.parts != packed::Directory::default();
    match at_hand {
        Some(body) if is_known => found.parts.cut(names, &body).map(Some),
        None if is_known => {
            let ranges = found.parts.ranges(names);
            let pieces = Box::pin(context.blobs.get_ranges(&key, &ranges)).await?;
            note_lookup(Layer::Bucket, pieces.is_some());
            pieces
                .map(|pieces| found.parts.assemble(names, &pieces))
                .transpose()
        }
        // Stored before parts were: taken apart here.
        _ => {
            let Some(body) = whole(context, asked, found, now).await? else {
                return Ok(None);
            };
            let text = String::from_utf8(compression::gunzip(&body, MAX_DOCUMENT_BYTES)?);
            let packed = packed::pack(&text.map_err(Error::internal)?)?;
            packed.parts.cut(names, &packed.gzip).map(Some)
        }
    }
}

async fn whole(
    context: &Context,
    asked: &Asked,
    found: &Found,
    now: Timestamp,
) -> Result<Option<Bytes>, Error> {
    match &found.body {
        Some(body) => Ok(Some(body.clone())),
        None => {
            let key = blobs::analysis_key(&asked.video, &found.analysis.etag, Form::Json);
            blob(context, &key, now).await
        }
    }
}

async fn blob(context: &Context, key: &str, now: Timestamp) -> Result<Option<Bytes>, Error> {
    if let Some(blob) = context.memory.blob(key, now) {
        return Ok(Some(blob));
    }
    let blob = Box::pin(context.blobs.get(key)).await?;
    note_lookup(Layer::Bucket, blob.is_some());
    if let Some(blob) = &blob {
        context.memory.keep_blob(key, blob, now);
    }
    Ok(blob)
}

/// Another form than the document itself; made from that where it has gone.
async fn rendered(
    context: &Context,
    asked: &Asked,
    found: &Found,
    form: Form,
    now: Timestamp,
) -> Result<Option<Bytes>, Error> {
    let key = blobs::analysis_key(&asked.video, &found.analysis.etag, form);
    if let Some(stored) = blob(context, &key, now).await? {
        return Ok(Some(stored));
    }
    let Some(document) = whole(context, asked, found, now).await? else {
        return Ok(None);
    };
    let document = compression::gunzip(&document, MAX_DOCUMENT_BYTES)?;
    let analysis: Analysis = serde_json::from_slice(&document).map_err(Error::internal)?;
    let gzip = compression::gzip(form.render(&analysis).as_bytes());
    context
        .blobs
        .put_gzip(&key, form.content_type(), gzip.clone())
        .await?;
    Ok(Some(gzip))
}
