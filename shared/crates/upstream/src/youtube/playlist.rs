//! Videos of a playlist, page by page:
//! <https://developers.google.com/youtube/v3/docs/playlistItems/list>. Only the Data API lists
//! them, and a page costs one unit of its daily quota.

use http::Method;
use serde::Deserialize;
use serde_json::Value;

use super::{LIST_UNITS, SERVICE, TIMEOUT, YouTube, data_api_error, reason, with_path};
use crate::client::{Answer, Request, malformed};
use eventrelay_core::error::Error;
use eventrelay_core::video::{PlaylistId, YouTubeId};

const PAGE: usize = 50;
/// Maximum response size. A description has at most 5000 bytes, which may be six times as many in
/// JSON, and every entry has one.
const LIMIT: usize = 2 * 1024 * 1024;
/// Maximum length of a page token, which our messages contain. Tokens have about 20 characters.
const TOKEN_BYTES: usize = 512;

/// Page of a playlist's videos, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaylistPage {
    /// Videos, including unlisted ones and duplicates.
    pub videos: Vec<YouTubeId>,
    /// Number of omitted entries: private, deleted and unreadable ones.
    pub unavailable: u32,
    /// Token of the next page, at most 512 printable ASCII characters, or `None` at the end of the
    /// playlist.
    pub next: Option<String>,
    /// Number of entries of the whole playlist, including unavailable ones, if YouTube states it.
    pub total: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireList {
    /// Each entry is parsed separately, so that an unreadable one does not fail the others.
    #[serde(default)]
    items: Vec<Value>,
    #[serde(default)]
    next_page_token: Option<String>,
    #[serde(default)]
    page_info: Value,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireItem {
    snippet: WireSnippet,
    content_details: WireDetails,
    status: WireStatus,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireSnippet {
    resource_id: WireResource,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireResource {
    kind: String,
    video_id: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireDetails {
    video_id: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WireStatus {
    privacy_status: String,
}

impl YouTube {
    /// Returns up to 50 videos of a playlist: the first ones, or those of the page with this token
    /// ([`PlaylistPage::next`]).
    ///
    /// # Errors
    /// [`Error::NotConfigured`] without a key of the Data API. [`Error::PlaylistNotFound`] if we
    /// see no such playlist. [`Error::DailyQuotaSpent`]. [`Error::UpstreamRejected`] also if
    /// YouTube refuses the token. [`Error::RateLimited`], [`Error::Unavailable`],
    /// [`Error::UpstreamMalformed`] if YouTube gave no information.
    pub async fn playlist_page(
        &self,
        playlist: &PlaylistId,
        page_token: Option<&str>,
    ) -> Result<PlaylistPage, Error> {
        let key = self.key.as_ref().ok_or(Error::NotConfigured {
            what: "a key of the YouTube Data API",
        })?;
        let mut url = with_path(&self.base_url, &["youtube", "v3", "playlistItems"])?;
        url.query_pairs_mut()
            .append_pair("part", "snippet,contentDetails,status")
            .append_pair("playlistId", playlist.as_str())
            .append_pair("maxResults", &PAGE.to_string());
        if let Some(token) = page_token {
            url.query_pairs_mut().append_pair("pageToken", token);
        }
        let request = Request::new(SERVICE, Method::GET, url, TIMEOUT, LIMIT);
        let answer = self.ask(key, LIST_UNITS, request, playlist_error).await?;
        page(answer.json(SERVICE)?, page_token)
    }
}

/// Converts a response to a page. `asked` is the token of the request.
fn page(list: WireList, asked: Option<&str>) -> Result<PlaylistPage, Error> {
    let malformed = |what: &str| malformed(SERVICE, what);
    if list.items.len() > PAGE {
        return Err(malformed("a page of more entries than were asked for"));
    }
    let next = list.next_page_token.filter(|token| !token.is_empty());
    if let Some(token) = &next {
        if token.len() > TOKEN_BYTES || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(malformed("a token of a page that is none"));
        }
        // Following this token would never end.
        if asked == Some(token) {
            return Err(malformed("a page that is followed by itself"));
        }
    }
    let total = list.page_info.pointer("/totalResults");
    let mut page = PlaylistPage {
        videos: Vec::with_capacity(list.items.len()),
        unavailable: 0,
        next,
        total: total.and_then(Value::as_u64),
    };
    for item in list.items {
        match video(item) {
            Some(id) => page.videos.push(id),
            None => page.unavailable += 1,
        }
    }
    Ok(page)
}

/// Returns the video of an entry, if other users can see it. A private video is `private` here and
/// a deleted one `privacyStatusUnspecified`.
fn video(item: Value) -> Option<YouTubeId> {
    let item: WireItem = serde_json::from_value(item).ok()?;
    if !matches!(item.status.privacy_status.as_str(), "public" | "unlisted") {
        return None;
    }
    let resource = item.snippet.resource_id;
    let id = match item.content_details.video_id {
        id if id.is_empty() && resource.kind == "youtube#video" => resource.video_id,
        id => id,
    };
    YouTubeId::parse(&id).ok()
}

/// Maps an error response to an error. Errors that are not about playlists have the same meaning as
/// for a video.
fn playlist_error(answer: &Answer) -> Error {
    match reason(answer).as_str() {
        // The second is the response for a private playlist.
        "playlistNotFound" | "playlistItemsNotAccessible" => Error::PlaylistNotFound,
        _ => data_api_error(answer),
    }
}

#[cfg(test)]
mod tests;
