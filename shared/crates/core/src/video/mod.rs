//! Videos and playlists: identifiers, storage keys, the parsing of references, and containers of
//! recordings.

mod address;
mod argument;
pub mod container;
mod id;
mod key;
pub mod media_type;
pub mod playlist;
pub mod reference;
mod window;

pub use address::NotAnAddress;
pub use argument::Argument;
pub use id::{ContentHash, InvalidId, YouTubeId};
pub use key::{NotAVideoKey, VideoKey};
pub use media_type::MediaType;
pub use playlist::{NotAPlaylist, PlaylistId};
pub use reference::{NotAVideo, Reference};
pub use window::{Resolution, Window};
