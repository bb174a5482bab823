//! `GET /oembed`: <https://oembed.com/>. Its errors are plain text.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, Uri};
use url::Url;

use super::{
    YouTube,
    control::{On, Privacy},
    videos,
};
use crate::request::query_value;

pub(super) async fn oembed(State(state): State<Arc<YouTube>>, uri: Uri) -> Response {
    if let Some(fault) = state.faults.take(On::Oembed, &uri.to_string(), "") {
        return plain(fault.status());
    }
    if query_value(&uri, "format").is_some_and(|format| format != "json") {
        return plain(StatusCode::NOT_IMPLEMENTED);
    }
    let Some(url) = query_value(&uri, "url") else {
        return plain(StatusCode::BAD_REQUEST);
    };
    let Some(id) = id_of(&url) else {
        return plain(StatusCode::NOT_FOUND);
    };
    let Some(video) = state.video(&id) else {
        return plain(StatusCode::BAD_REQUEST);
    };
    if video.missing {
        return plain(StatusCode::NOT_FOUND);
    }
    if video.privacy == Privacy::Private {
        return plain(StatusCode::FORBIDDEN);
    }
    if video.embeddable == Some(false) {
        return plain(StatusCode::UNAUTHORIZED);
    }
    Json(videos::response("oembed", &id, &video)).into_response()
}

/// Returns the id in the URL of a video, or `None` for any other URL.
fn id_of(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let mut path = url.path_segments()?;
    let first = path.next().unwrap_or_default();
    match url.host_str()? {
        "youtu.be" => Some(first.to_owned()),
        "www.youtube.com" | "youtube.com" | "m.youtube.com" => match first {
            "watch" => url
                .query_pairs()
                .find(|(name, _)| name == "v")
                .map(|(_, id)| id.into_owned()),
            "shorts" | "live" | "embed" | "v" => path.next().map(str::to_owned),
            _ => None,
        },
        _ => None,
    }
}

fn plain(status: StatusCode) -> Response {
    (status, status.canonical_reason().unwrap_or("Error")).into_response()
}
