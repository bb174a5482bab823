//! Keeps the search on the analyses that are current in the index.

use eventrelay_analysis::search::Document;
use eventrelay_core::{error::Error, video::VideoKey};
use eventrelay_store::{
    StoredAnalysis,
    blobs::{self, Blobs, Form, MAX_DOCUMENT_BYTES},
    compression,
    search::Search,
    videos::Videos,
};

/// Puts the current analysis of a video into the search and takes the others out. Returns whether
/// it was missing. May be done again.
///
/// What is in the search is listed before the entry is read, so that an analysis that comes between
/// the two is not removed.
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

/// What the search is to know of an analysis; none where its blob is gone.
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
