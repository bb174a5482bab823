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

use std::{collections::HashMap, sync::Arc};

use axum::{
    Router,
    routing::{get, put},
};
use http::StatusCode;

use crate::{
    faults::Armed,
    server::Running,
    standin::{Service, StandIn},
};

mod control;
mod errors;
mod oembed;
mod playlist_items;
mod query;
mod videos;

use control::{Fault, FaultRequest, On, Playlist, Settings, Video};

/// Starts a stand-in of YouTube on a port of 127.0.0.1; 0 chooses a free port.
///
/// # Errors
/// If the port is not available.
pub async fn start(port: u16) -> anyhow::Result<Running> {
    YouTube::start(port).await
}

type YouTube = StandIn<World>;

#[derive(Debug, Default)]
struct World {
    videos: HashMap<String, Video>,
    playlists: HashMap<String, Playlist>,
}

impl Service for World {
    type Settings = Settings;
    type On = On;
    type Fault = Fault;
    type FaultRequest = FaultRequest;

    fn api(_: &Arc<YouTube>) -> Router<Arc<YouTube>> {
        Router::new()
            .route("/youtube/v3/videos", get(videos::list))
            .route("/youtube/v3/playlistItems", get(playlist_items::list))
            .route("/oembed", get(oembed::oembed))
    }

    fn extras() -> Router<Arc<YouTube>> {
        Router::new()
            .route("/_control/videos/{id}", put(control::video))
            .route("/_control/playlists/{id}", put(control::playlist))
    }

    fn is_possible(armed: &Armed<On, Fault>) -> bool {
        StatusCode::from_u16(armed.fault.status).is_ok()
    }
}

impl YouTube {
    /// Returns the video of an id, or `None` if the id is malformed.
    fn video(&self, id: &str) -> Option<Video> {
        let videos = &self.state().videos;
        is_video_id(id).then(|| videos.get(id).cloned().unwrap_or_default())
    }

    fn playlist(&self, id: &str) -> Option<Playlist> {
        self.state().playlists.get(id).cloned()
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
