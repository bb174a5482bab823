//! Control surface: videos, playlists and faults.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::YouTube;
use crate::faults::{Armed, once};

/// Settings of YouTube, which has none.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {}

/// Properties of a video. Missing ones have defaults.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Video {
    pub(super) title: Option<String>,
    pub(super) channel: Option<String>,
    /// Duration in ISO 8601: `PT1H2M3S`.
    pub(super) duration: Option<String>,
    pub(super) privacy: Privacy,
    pub(super) missing: bool,
    pub(super) live: Broadcast,
    pub(super) age_restricted: bool,
    pub(super) embeddable: Option<bool>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Privacy {
    #[default]
    Public,
    Unlisted,
    Private,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Broadcast {
    #[default]
    None,
    Live,
    Upcoming,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Playlist {
    /// Ids in order. An id may occur twice.
    pub(super) videos: Vec<String>,
    #[serde(default)]
    pub(super) private: bool,
}

/// Calls that a fault can apply to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum On {
    #[default]
    Videos,
    PlaylistItems,
    Oembed,
}

#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) status: u16,
    pub(super) reason: Option<String>,
}

impl Fault {
    pub(super) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// Body of `POST /_control/faults`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FaultRequest {
    #[serde(default)]
    on: On,
    #[serde(default, rename = "match")]
    matching: Option<String>,
    status: u16,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default = "once")]
    times: Option<u32>,
}

impl From<FaultRequest> for Armed<On, Fault> {
    fn from(request: FaultRequest) -> Self {
        Self {
            on: request.on,
            matching: request.matching,
            times: request.times,
            fault: Fault {
                status: request.status,
                reason: request.reason,
            },
        }
    }
}

pub(super) async fn video(
    State(state): State<Arc<YouTube>>,
    Path(id): Path<String>,
    Json(video): Json<Video>,
) -> Response {
    let readable = |text: &String| text.starts_with('P') && text.len() > 2;
    if !super::is_video_id(&id) || !video.duration.as_ref().is_none_or(readable) {
        return (StatusCode::BAD_REQUEST, "no such id or duration").into_response();
    }
    state.state().videos.insert(id, video);
    Json(json!({})).into_response()
}

pub(super) async fn playlist(
    State(state): State<Arc<YouTube>>,
    Path(id): Path<String>,
    Json(playlist): Json<Playlist>,
) -> Response {
    let known = |id: &String| super::is_video_id(id);
    if !super::is_playlist_id(&id) || !playlist.videos.iter().all(known) {
        return (StatusCode::BAD_REQUEST, "no such id").into_response();
    }
    state.state().playlists.insert(id, playlist);
    Json(json!({})).into_response()
}
