//! Keeps the search in step with the current analyses of the index.

use eventrelay_analysis::search::Document;
use eventrelay_core::{error::Error, video::VideoKey};
use eventrelay_store::{
    StoredAnalysis,
    blobs::{self, Blobs, Form, MAX_DOCUMENT_BYTES},
    compression,
    search::Search,
    videos::Videos,
};

/// Adds the current analysis of a video to the search and removes its other analyses. Returns
/// whether it was missing. Idempotent.
///
/// The search is listed before the entry is read, so that an analysis added between the two reads
/// stays.
///
/// # Errors
/// [`Error::Storage`]; then it is to be done again.
pub(crate) async fn make_searchable(
    videos: &Videos,
    search: &Search,
    blobs: &Blobs,
    video: &VideoKey,
) -> Result<bool, Error> {
    let known = search.documents(video).await?;
    let entry = videos.entry(video).await?;
    let current = entry.and_then(|entry| entry.analysis);
    let is_current = |tag: &String| {
        let current = current.as_ref();
        current.is_some_and(|current| current.etag.starts_with(tag.as_str()))
    };
    let mut was_missing = false;
    if let Some(current) = &current
        && !known.iter().any(is_current)
        && let Some(document) = document(blobs, video, current).await?
    {
        search.put(video, &current.etag, &document).await?;
        was_missing = true;
    }
    for tag in known.iter().filter(|tag| !is_current(tag)) {
        search.remove(video, tag).await?;
    }
    Ok(was_missing)
}

/// Returns the searchable document of an analysis, or `None` if its blob is gone.
async fn document(
    blobs: &Blobs,
    video: &VideoKey,
    stored: &StoredAnalysis,
) -> Result<Option<Document>, Error> {
    let key = blobs::analysis_key(video, &stored.etag, Form::Json);
    let Some(packed) = blobs.get(&key).await? else {
        return Ok(None);
    };
    let text = compression::gunzip(&packed, MAX_DOCUMENT_BYTES)?;
    let analysis = serde_json::from_slice(&text).map_err(Error::internal)?;
    Ok(Some(Document::new(&analysis)))
}
