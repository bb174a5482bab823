//! `GET /youtube/v3/playlistItems`, without its filter by `id`:
//! <https://developers.google.com/youtube/v3/docs/playlistItems/list>.

use std::sync::Arc;

use axum::{Json, extract::State};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};
use http::{HeaderMap, Uri};
use serde_json::{Value, json};

use super::{
    YouTube,
    control::{On, Privacy, Video},
    errors::{DataError, Problem},
    query::{Query, etag},
    videos,
};

/// Default and maximum size of a page.
const PAGE: usize = 5;
const MAX_PAGE: usize = 50;

const PARTS: [&str; 4] = ["contentDetails", "id", "snippet", "status"];

/// A video as an entry of a playlist.
struct Entry<'a> {
    playlist: &'a str,
    position: usize,
    id: &'a str,
    video: Video,
}

pub(super) async fn list(
    State(state): State<Arc<YouTube>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<Value>, DataError> {
    let query = Query::admit(&state, On::PlaylistItems, &uri, &headers)?;
    let size = query.value("maxResults").map_or(Ok(PAGE), page_size)?;
    let parts = query.parts(&PARTS)?;
    let id = query.value("playlistId").ok_or(Problem::NoPlaylistId)?;
    let playlist = state.playlist(id).ok_or(Problem::NoPlaylist)?;
    if playlist.private {
        return Err(Problem::PrivatePlaylist.into());
    }
    let only = query.value("videoId");
    if only.is_some_and(|only| state.video(only).is_none_or(|video| video.missing)) {
        return Err(Problem::NoVideo.into());
    }
    let start = match query.value("pageToken") {
        Some(token) => position(token).ok_or(Problem::InvalidPageToken)?,
        None => 0,
    };
    let entries: Vec<Entry<'_>> = playlist
        .videos
        .iter()
        .enumerate()
        .filter(|(_, video)| only.is_none_or(|only| only == *video))
        .filter_map(|(position, video)| {
            Some(Entry {
                playlist: id,
                position,
                id: video,
                video: state.video(video)?,
            })
        })
        .collect();
    let items: Vec<Value> = entries
        .iter()
        .skip(start)
        .take(size)
        .map(|entry| entry.item(&parts))
        .collect();
    let mut answer = json!({
        "kind": "youtube#playlistItemListResponse",
        "etag": etag(&json!(items)),
        "items": items,
        "pageInfo": {"totalResults": entries.len(), "resultsPerPage": size},
    });
    let end = start.saturating_add(size);
    if size > 0 && end < entries.len() {
        answer["nextPageToken"] = json!(token(end));
    }
    if size > 0 && start > 0 {
        answer["prevPageToken"] = json!(token(start.saturating_sub(size)));
    }
    Ok(Json(answer))
}

fn page_size(text: &str) -> Result<usize, DataError> {
    match text.parse::<u32>().map(|size| size as usize) {
        Ok(size) if size <= MAX_PAGE => Ok(size),
        Ok(_) => Err(Problem::PageSizeNotInRange.with_value(text)),
        Err(_) => Err(Problem::PageSizeNotANumber.with_value(text)),
    }
}

/// Returns the token of the page that begins at a position. YouTube's tokens contain no more.
fn token(position: usize) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("PT:{position}"))
}

fn position(token: &str) -> Option<usize> {
    let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    text.strip_prefix("PT:")?.parse().ok()
}

impl Entry<'_> {
    fn item(&self, parts: &[&str]) -> Value {
        // Identifies the entry, because a playlist may contain a video twice.
        let entry = etag(&json!([self.position, self.id])).to_uppercase();
        let id = BASE64_STANDARD_NO_PAD.encode(format!("{}.{}", self.playlist, &entry[..16]));
        let mut item = json!({"kind": "youtube#playlistItem", "id": id});
        for part in parts {
            let value = match *part {
                "snippet" => self.snippet(),
                "contentDetails" => self.content_details(),
                "status" => json!({"privacyStatus": self.privacy()}),
                _ => continue,
            };
            item[*part] = value;
        }
        item["etag"] = json!(etag(&item));
        item
    }

    /// Returns whether other users than the owner can see the video.
    fn available(&self) -> bool {
        !self.video.missing && self.video.privacy != Privacy::Private
    }

    /// Returns the privacy status. The discovery document lacks the third value, which deleted
    /// videos have.
    fn privacy(&self) -> Value {
        if self.video.missing {
            json!("privacyStatusUnspecified")
        } else {
            json!(self.video.privacy)
        }
    }

    fn snippet(&self) -> Value {
        let mut snippet = json!({
            "publishedAt": "2026-01-02T00:00:00Z",
            "channelId": videos::CHANNEL_ID,
            "channelTitle": videos::CHANNEL,
            "playlistId": self.playlist,
            "position": self.position,
            "resourceId": {"kind": "youtube#video", "videoId": self.id},
        });
        if self.available() {
            let mut video = videos::response("snippet", self.id, &self.video);
            for name in ["title", "description", "thumbnails"] {
                snippet[name] = video[name].take();
            }
            snippet["videoOwnerChannelId"] = video["channelId"].take();
            snippet["videoOwnerChannelTitle"] = video["channelTitle"].take();
        } else {
            let (title, description) = if self.video.missing {
                ("Deleted video", "This video is unavailable.")
            } else {
                ("Private video", "This video is private.")
            };
            snippet["title"] = json!(title);
            snippet["description"] = json!(description);
            snippet["thumbnails"] = json!({});
        }
        snippet
    }

    fn content_details(&self) -> Value {
        let mut details = json!({"videoId": self.id});
        if self.available() {
            details["videoPublishedAt"] = json!(videos::PUBLISHED_AT);
        }
        details
    }
}
