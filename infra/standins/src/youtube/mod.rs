//! YouTube, as far as EventRelay calls it: `videos.list` and `playlistItems.list` of the Data API
//! v3, and oEmbed.
//!
//! Sources: the discovery document of `youtube.v3` (names and types of responses),
//! <https://developers.google.com/youtube/v3/docs/errors>, and <https://oembed.com/>.
//!
//! Every well-formed video id exists, and its title names the stand-in, unless the control surface
//! says otherwise. Playlists exist only if the control surface defines them.
//!
//! # Control surface
//! - `PUT /_control/videos/{id}` `{"title"?, "channel"?, "duration"?, "privacy"?, "missing"?,
//!   "live"?, "age_restricted"?, "embeddable"?}`: defines a video; see `control::Video`.
//! - `PUT /_control/playlists/{id}` `{"videos": ["id", …], "private"?}`: defines a playlist. It
//!   shows private and missing videos as YouTube does.
//! - `POST /_control/faults` `{"on"?, "match"?, "status", "reason"?, "times"?}`: the next calls of
//!   `videos` (or `playlist_items`, `oembed`) fail with this status and reason.
//! - `GET /_control/calls`: lists calls.
//! - `DELETE /_control`: resets everything.

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

/// Returns whether a text has the form of a video id: 11 characters of the URL-safe base64
/// alphabet.
pub(crate) fn is_video_id(text: &str) -> bool {
    text.len() == 11 && text.bytes().all(in_alphabet)
}

/// Returns whether a text has the form of a playlist id, which is a longer one of the same
/// alphabet.
fn is_playlist_id(text: &str) -> bool {
    (12..=64).contains(&text.len()) && text.bytes().all(in_alphabet)
}

fn in_alphabet(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}
