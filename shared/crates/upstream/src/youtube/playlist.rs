//! Which videos a playlist has, page by page:
//! <https://developers.google.com/youtube/v3/docs/playlistItems/list>. Only the Data API tells; a
//! page costs one unit of its daily quota.

use http::Method;
use serde::Deserialize;
use serde_json::Value;

use super::{LIST_UNITS, SERVICE, TIMEOUT, YouTube, data_api_error, reason, with_path};
use crate::client::{Answer, Request};
use eventrelay_core::error::Error;
use eventrelay_core::video::{PlaylistId, YouTubeId};

/// The largest page that there is.
const PAGE: usize = 50;
/// A description has at most 5000 bytes, which may become six times as many in JSON, and every one
/// of them comes along.
const LIMIT: usize = 2 * 1024 * 1024;
/// Tokens of pages have about 20 characters; they go into messages of ours.
const TOKEN_BYTES: usize = 512;

/// Some of a playlist's videos, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaylistPage {
    /// The videos, each as often as it stands in the playlist. Unlisted ones are among them.
    pub videos: Vec<YouTubeId>,
    /// How many entries were left out: private and deleted videos, and what cannot be read.
    pub unavailable: u32,
    /// What to ask for the next page with, at most 512 printable ASCII characters; none at the end
    /// of the playlist.
    pub next: Option<String>,
    /// How many entries the whole playlist has, unavailable ones included, as far as YouTube says.
    pub total: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireList {
    /// Each is read by itself: one that cannot be must not take the others with it.
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
    /// Up to 50 videos of a playlist: the first ones, or those behind the page that gave this
    /// token ([`PlaylistPage::next`]).
    ///
    /// # Errors
    /// [`Error::NotConfigured`] without a key of the Data API; [`Error::PlaylistNotFound`] where
    /// there is no such playlist for us; [`Error::DailyQuotaSpent`]; [`Error::UpstreamRejected`]
    /// among others for a token that YouTube does not take; [`Error::RateLimited`],
    /// [`Error::Unavailable`], [`Error::UpstreamMalformed`] where YouTube did not say.
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

/// What an answer says, where `asked` is the token that it was asked for with.
fn page(list: WireList, asked: Option<&str>) -> Result<PlaylistPage, Error> {
    let malformed = |what: &str| Error::UpstreamMalformed {
        service: SERVICE,
        source: what.into(),
    };
    if list.items.len() > PAGE {
        return Err(malformed("a page of more entries than were asked for"));
    }
    let next = list.next_page_token.filter(|token| !token.is_empty());
    if let Some(token) = &next {
        if token.len() > TOKEN_BYTES || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(malformed("a token of a page that is none"));
        }
        // Whoever follows it never comes to an end.
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

/// The video of an entry, if there is one that others than its owner can see. A private video is
/// `private` here and a deleted one `privacyStatusUnspecified`.
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

/// What an error means; those that are not of playlists mean what they mean for a video.
fn playlist_error(answer: &Answer) -> Error {
    match reason(answer).as_str() {
        // The second is what a private playlist is answered with.
        "playlistNotFound" | "playlistItemsNotAccessible" => Error::PlaylistNotFound,
        _ => data_api_error(answer),
    }
}

#[cfg(test)]
mod tests;
