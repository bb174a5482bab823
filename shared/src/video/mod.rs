//! Which video, and which playlist: identifiers, the key a video is stored under, the reading of
//! references, and what container a recording is in.

mod address;
pub mod container;
mod id;
mod key;
pub mod playlist;
pub mod reference;

pub use address::NotAnAddress;
pub use id::{ContentHash, InvalidId, YouTubeId};
pub use key::{NotAVideoKey, VideoKey};
pub use playlist::{NotAPlaylist, PlaylistId};
pub use reference::{NotAVideo, Reference};
