//! Playlist ids, and the parsing of references to playlists.

mod refusal;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::YouTubeId;
use super::address::{self, Address, Page, leading_id};
use super::id::{YOUTUBE_ID_LEN, is_id_byte};
use crate::checked_text;

pub use super::address::MAX_BYTES;
pub use refusal::NotAPlaylist;

/// Minimum length of a playlist id, longer than the id of a video.
///
/// Nothing is promised about the length of playlist ids
/// (<https://youtube-eng.googleblog.com/2012/08/playlists-now-with-more-pl_22.html>); the shortest
/// known ones have 13 characters, the longest 43.
const MIN_LEN: usize = YOUTUBE_ID_LEN + 1;
const MAX_LEN: usize = 64;

/// Id of a YouTube playlist that the Data API may know: one that a user put together (`PL`), a
/// channel's uploads (`UU`) or favourites (`FL`), an album (`OLAK5uy_`) and so on.
///
/// Kinds of playlists are told apart by how their ids begin, always with two capital letters
/// (<https://wiki.archiveteam.org/index.php/YouTube/Technical_details> lists them).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PlaylistId(Box<str>);

impl PlaylistId {
    /// Reads an id: 12 to 64 characters of `A-Z a-z 0-9 _ -`, the first two capital letters.
    ///
    /// # Errors
    /// [`NotAPlaylist::Mix`], [`NotAPlaylist::Personal`], [`NotAPlaylist::Temporary`],
    /// [`NotAPlaylist::Channel`] for ids of lists that only their owner can read or that are none, else
    /// [`NotAPlaylist::MalformedId`].
    pub fn parse(text: &str) -> Result<Self, NotAPlaylist> {
        let kind = |of: &[&str]| of.iter().any(|start| text.starts_with(start));
        if text.is_empty() || !text.bytes().all(is_id_byte) {
            return Err(NotAPlaylist::MalformedId);
        }
        // Playlists by the editors of YouTube Music have ids like a mix, but are the same for all
        // users.
        if kind(&["RD"]) && !kind(&["RDCLAK5uy_"]) {
            return Err(NotAPlaylist::Mix);
        }
        if kind(&["WL", "LL", "LM", "HL"]) {
            return Err(NotAPlaylist::Personal);
        }
        if kind(&["TL"]) {
            return Err(NotAPlaylist::Temporary);
        }
        if kind(&["UC"]) {
            return Err(NotAPlaylist::Channel);
        }
        let capitals = text.bytes().take(2).all(|b| b.is_ascii_uppercase());
        // `VL` is a prefix that pages put before an id. No id begins with it.
        if !capitals || kind(&["VL"]) || !(MIN_LEN..=MAX_LEN).contains(&text.len()) {
            return Err(NotAPlaylist::MalformedId);
        }
        Ok(Self(text.into()))
    }

    /// The canonical address of the playlist.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://www.youtube.com/playlist?list={}", self.0)
    }
}

checked_text!(PlaylistId, NotAPlaylist, PlaylistId::parse);

/// Reads a reference to a YouTube playlist: its own address, that of a video played from it, or a
/// bare id. Texts and addresses are read as [`super::reference::parse`] reads them.
///
/// # Errors
/// [`NotAPlaylist`] says what the text is instead.
pub fn parse(input: &str) -> Result<PlaylistId, NotAPlaylist> {
    address::read(input, bare, at_address, PlaylistId::eq)
}

fn bare(text: &str) -> Option<Result<PlaylistId, NotAPlaylist>> {
    if YouTubeId::parse(text).is_ok() {
        return Some(Err(NotAPlaylist::Video));
    }
    let id = text.split(['?', '&']).next().unwrap_or_default();
    match named(id) {
        // Most likely no id that went wrong, but an address.
        Err(NotAPlaylist::MalformedId) => None,
        decided => Some(decided),
    }
}

fn at_address(at: &Address) -> Result<PlaylistId, NotAPlaylist> {
    let query = |name| {
        let stated = at.param(name).map(str::to_owned);
        let value = stated.or_else(|| at.fragment_param(name));
        value.filter(|value| !value.is_empty())
    };
    match (at.page(), query("list")) {
        (Page::PlaylistById(id), _) => named(id),
        (
            Page::Home
            | Page::Watch
            | Page::Video(_)
            | Page::Playlist
            | Page::WatchVideos
            | Page::Show,
            Some(id),
        ) => named(&id),
        (Page::Video(_), None) => Err(NotAPlaylist::Video),
        (Page::Home | Page::Watch, None)
            if at.video_param().is_some_and(|v| !v.is_empty()) || query("v").is_some() =>
        {
            Err(NotAPlaylist::Video)
        }
        (Page::Watch | Page::Playlist, None) => Err(NotAPlaylist::MissingId),
        (Page::WatchVideos, None) => Err(NotAPlaylist::Temporary),
        (Page::Album, _) => Err(NotAPlaylist::Album),
        (Page::Channel | Page::User | Page::LiveStream, _) => Err(NotAPlaylist::Channel),
        (Page::Carrier(name), _) if at.param(name).is_none_or(str::is_empty) => {
            Err(NotAPlaylist::MissingId)
        }
        (
            Page::Home
            | Page::Show
            | Page::Clip
            | Page::Post
            | Page::Search
            | Page::Feed
            | Page::Carrier(_)
            | Page::Other,
            _,
        ) => Err(NotAPlaylist::OtherPage),
    }
}

/// An id as it stands in an address. Pages of YouTube Music put `VL` before it. The length of an id
/// is not fixed, so only a mark that cannot be part of a damaged id ends it.
fn named(text: &str) -> Result<PlaylistId, NotAPlaylist> {
    let (id, rest) = leading_id(text);
    let is_end = |c: char| {
        c.is_whitespace()
            || "/?#&\\\"'`)]}>.,;:*".contains(c)
            || (!c.is_ascii() && !c.is_alphanumeric())
    };
    let is_whole = rest.chars().next().is_none_or(is_end);
    let id = if is_whole { id } else { text };
    PlaylistId::parse(id.strip_prefix("VL").unwrap_or(id))
}
