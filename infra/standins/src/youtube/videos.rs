//! `GET /youtube/v3/videos`: <https://developers.google.com/youtube/v3/docs/videos/list>.

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock},
};

use axum::{Json, extract::State};
use http::{HeaderMap, Uri};
use serde_json::{Value, json};

use super::{
    YouTube,
    control::{Broadcast, On, Privacy, Video},
    errors::{DataError, Problem},
    query::{Query, etag},
};
use crate::json::{data, filled};

const MAX_IDS: usize = 50;
/// Default length of a video.
const DURATION: &str = "PT1H";
/// The channel of all videos.
pub(super) const CHANNEL_ID: &str = "UCstandinstandinstandin0";
pub(super) const CHANNEL: &str = "EventRelay stand-in";
pub(super) const PUBLISHED_AT: &str = "2026-01-01T00:00:00Z";

/// Members of responses that are constant or consist of placeholders.
static RESPONSES: LazyLock<Value> = LazyLock::new(|| data(include_str!("responses.json")));

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
            "snippet" => {
                let mut snippet = response("snippet", id, video);
                snippet["liveBroadcastContent"] = json!(video.live);
                snippet
            }
            "contentDetails" => content_details(id, video),
            "statistics" => response("statistics", id, video),
            "status" => {
                let mut status = response("status", id, video);
                let is_live = video.live != Broadcast::None;
                status["uploadStatus"] = json!(if is_live { "uploaded" } else { "processed" });
                status["privacyStatus"] = json!(video.privacy);
                status["embeddable"] = json!(video.embeddable.unwrap_or(true));
                status
            }
            _ => continue,
        };
        item[*part] = value;
    }
    item["etag"] = json!(etag(&item));
    item
}

fn content_details(id: &str, video: &Video) -> Value {
    let mut details = response("content_details", id, video);
    details["duration"] = json!(match video.live {
        Broadcast::None => video.duration.as_deref().unwrap_or(DURATION),
        Broadcast::Live | Broadcast::Upcoming => "P0D",
    });
    details["contentRating"] = if video.age_restricted {
        json!({"ytRating": "ytAgeRestricted"})
    } else {
        json!({})
    };
    details
}

/// Returns a part of `responses.json` that describes a video.
pub(super) fn response(name: &str, id: &str, video: &Video) -> Value {
    let own_title = format!("Stand-in video {id}");
    let placeholders = [
        ("@id@", id),
        ("@title@", video.title.as_deref().unwrap_or(&own_title)),
        ("@channel@", video.channel.as_deref().unwrap_or(CHANNEL)),
    ];
    filled(RESPONSES[name].clone(), &placeholders)
}
