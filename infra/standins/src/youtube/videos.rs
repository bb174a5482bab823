//! `GET /youtube/v3/videos`: <https://developers.google.com/youtube/v3/docs/videos/list>.

use std::{collections::HashSet, sync::Arc};

use axum::{Json, extract::State};
use http::{HeaderMap, Uri};
use serde_json::{Value, json};

use super::{
    YouTube,
    control::{Broadcast, On, Privacy, Video},
    errors::{DataError, Problem},
    query::{Query, etag},
};

const MAX_IDS: usize = 50;
/// Default length of a video.
const DURATION: &str = "PT1H";
/// The channel of all videos.
pub(super) const CHANNEL_ID: &str = "UCstandinstandinstandin0";
pub(super) const CHANNEL: &str = "EventRelay stand-in";
pub(super) const DESCRIPTION: &str = "This video does not exist: a stand-in made this answer.";
pub(super) const PUBLISHED_AT: &str = "2026-01-01T00:00:00Z";

/// Parts that the reference lists for all callers. Empty parts are omitted.
const PARTS: [&str; 11] = [
    "contentDetails",
    "id",
    "liveStreamingDetails",
    "localizations",
    "paidProductPlacementDetails",
    "player",
    "recordingDetails",
    "snippet",
    "statistics",
    "status",
    "topicDetails",
];

pub(super) async fn list(
    State(state): State<Arc<YouTube>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Json<Value>, DataError> {
    let query = Query::admit(&state, On::Videos, &uri, &headers)?;
    let parts = query.parts(&PARTS)?;
    let ids = query.values("id");
    if ids.is_empty() {
        return Err(Problem::MissingFilter.into());
    }
    if ids.len() > MAX_IDS {
        return Err(Problem::TooManyIds.into());
    }
    let mut seen = HashSet::new();
    let items: Vec<Value> = ids
        .into_iter()
        .filter(|id| seen.insert(*id))
        .filter_map(|id| Some((id, state.video(id)?)))
        .filter(|(_, video)| !video.missing && video.privacy != Privacy::Private)
        .map(|(id, video)| item(id, &video, &parts))
        .collect();
    let results = json!({"totalResults": items.len(), "resultsPerPage": items.len()});
    let answer = json!({
        "kind": "youtube#videoListResponse",
        "etag": etag(&json!(items)),
        "items": items,
        "pageInfo": results,
    });
    Ok(Json(answer))
}

fn item(id: &str, video: &Video, parts: &[&str]) -> Value {
    let mut item = json!({"kind": "youtube#video", "id": id});
    for part in parts {
        let value = match *part {
            "snippet" => snippet(id, video),
            "contentDetails" => content_details(video),
            "statistics" => json!({
                "viewCount": "1000",
                "likeCount": "10",
                "favoriteCount": "0",
                "commentCount": "1",
            }),
            "status" => json!({
                "uploadStatus": if video.live == Broadcast::None { "processed" } else { "uploaded" },
                "privacyStatus": video.privacy,
                "license": "youtube",
                "embeddable": video.embeddable.unwrap_or(true),
                "publicStatsViewable": true,
                "madeForKids": false,
            }),
            _ => continue,
        };
        item[*part] = value;
    }
    item["etag"] = json!(etag(&item));
    item
}

fn snippet(id: &str, video: &Video) -> Value {
    let title = title(id, video);
    json!({
        "publishedAt": PUBLISHED_AT,
        "channelId": CHANNEL_ID,
        "title": title,
        "description": DESCRIPTION,
        "thumbnails": thumbnails(id),
        "channelTitle": channel(video),
        "categoryId": "28",
        "liveBroadcastContent": video.live,
        "localized": {"title": title, "description": DESCRIPTION},
    })
}

fn content_details(video: &Video) -> Value {
    let duration = match video.live {
        Broadcast::None => video.duration.as_deref().unwrap_or(DURATION),
        Broadcast::Live | Broadcast::Upcoming => "P0D",
    };
    let rating = if video.age_restricted {
        json!({"ytRating": "ytAgeRestricted"})
    } else {
        json!({})
    };
    json!({
        "duration": duration,
        "dimension": "2d",
        "definition": "hd",
        "caption": "false",
        "licensedContent": false,
        "contentRating": rating,
        "projection": "rectangular",
    })
}

pub(super) fn title(id: &str, video: &Video) -> String {
    video
        .title
        .clone()
        .unwrap_or_else(|| format!("Stand-in video {id}"))
}

pub(super) fn channel(video: &Video) -> &str {
    video.channel.as_deref().unwrap_or(CHANNEL)
}

pub(super) fn thumbnails(id: &str) -> Value {
    let thumbnail = |name: &str, width: u32, height: u32| {
        let url = format!("https://i.ytimg.com/vi/{id}/{name}.jpg");
        json!({"url": url, "width": width, "height": height})
    };
    json!({
        "default": thumbnail("default", 120, 90),
        "medium": thumbnail("mqdefault", 320, 180),
        "high": thumbnail("hqdefault", 480, 360),
    })
}
