//! What EventRelay asks YouTube for: `videos.list` and `playlistItems.list` of the Data API v3, and
//! oEmbed.
//!
//! Sources: the discovery document of `youtube.v3` (names and types of the answers),
//! <https://developers.google.com/youtube/v3/docs/errors>, and <https://oembed.com/>.
//!
//! Every id of the right form exists here and says in its title that it is a stand-in, unless the
//! control surface says otherwise. Playlists exist only where the control surface says so.
//!
//! # Control surface
//! - `PUT /_control/videos/{id}` `{"title"?, "channel"?, "duration"?, "privacy"?, "missing"?, "live"?,
//!   "age_restricted"?, "embeddable"?}`: what a video is like; see `control::Video`.
//! - `PUT /_control/playlists/{id}` `{"videos": ["id", …], "private"?}`: a playlist. A video of it
//!   that is private or missing stands in it as YouTube shows such a video.
//! - `POST /_control/faults` `{"on"?, "match"?, "status", "reason"?, "times"?}`: the next calls of
//!   `videos` (or `playlist_items`, `oembed`) fail with this status and reason.
//! - `GET /_control/calls`: what was called.
//! - `DELETE /_control`: back to the beginning.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router, middleware,
    routing::{delete, get, post, put},
};

use crate::{
    calls::{self, Calls},
    faults::Faults,
    server::{self, Running},
};

mod control;
mod errors;
mod oembed;
mod playlist_items;
mod query;
mod videos;

use control::{Fault, On, Playlist, Video};

/// Starts a stand-in of YouTube on a port of 127.0.0.1; 0 takes a free one.
///
/// # Errors
/// When the port cannot be taken.
pub async fn start(port: u16) -> anyhow::Result<Running> {
    let bound = server::bind(port).await?;
    let state = Arc::new(YouTube {
        calls: Calls::new(),
        faults: Faults::new(),
        videos: Mutex::new(HashMap::new()),
        playlists: Mutex::new(HashMap::new()),
    });
    let router = Router::new()
        .route("/youtube/v3/videos", get(videos::list))
        .route("/youtube/v3/playlistItems", get(playlist_items::list))
        .route("/oembed", get(oembed::oembed))
        .route("/_control", delete(control::reset))
        .route("/_control/videos/{id}", put(control::video))
        .route("/_control/playlists/{id}", put(control::playlist))
        .route("/_control/faults", post(control::arm))
        .route("/_control/calls", get(control::calls))
        .layer(middleware::from_fn_with_state(
            state.calls.clone(),
            calls::record,
        ))
        .with_state(state);
    Ok(bound.serve(router))
}

/// Everything a stand-in remembers.
struct YouTube {
    calls: Calls,
    faults: Faults<On, Fault>,
    videos: Mutex<HashMap<String, Video>>,
    playlists: Mutex<HashMap<String, Playlist>>,
}

impl YouTube {
    /// The video of an id; none where the id has not the form of one.
    fn video(&self, id: &str) -> Option<Video> {
        let videos = self.videos.lock().unwrap_or_else(PoisonError::into_inner);
        is_video_id(id).then(|| videos.get(id).cloned().unwrap_or_default())
    }

    /// The playlist of an id, if there is one.
    fn playlist(&self, id: &str) -> Option<Playlist> {
        let playlists = self.playlists.lock();
        let playlists = playlists.unwrap_or_else(PoisonError::into_inner);
        playlists.get(id).cloned()
    }
}

/// Whether a text has the form of a video id: 11 characters of the URL-safe base64 alphabet.
pub(crate) fn is_video_id(text: &str) -> bool {
    text.len() == 11 && text.bytes().all(in_alphabet)
}

/// Whether a text has the form of a playlist id: such characters, and more of them.
fn is_playlist_id(text: &str) -> bool {
    (12..=64).contains(&text.len()) && text.bytes().all(in_alphabet)
}

fn in_alphabet(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}
