//! Refusals of texts that are no reference to a playlist.

use strum::IntoStaticStr;

use super::super::NotAnAddress;

/// Kind of a text that is no reference to a YouTube playlist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum NotAPlaylist {
    /// No address on YouTube at all, and no bare id.
    #[error(transparent)]
    #[strum(transparent)]
    Address(#[from] NotAnAddress),
    /// A video, and no playlist that it is played from.
    #[error("this is a single video; give the address of a playlist")]
    Video,
    /// A channel or a page of one.
    #[error("this is a channel; give the address of one of its playlists")]
    Channel,
    /// The page of an album: which playlist it is stands only in the page.
    #[error("this is the page of an album; give the address that its playlist is played at")]
    Album,
    /// A mix, generated for each visitor and endless (`RD…`).
    #[error("this is a mix, which YouTube makes for each visitor; give the address of a playlist")]
    Mix,
    /// The visitor's own: watch later (`WL`), liked videos (`LL`, `LM`), history (`HL`).
    #[error("this is a list that only its owner can see; give the address of a public playlist")]
    #[strum(to_string = "personal_list")]
    Personal,
    /// Videos that were put one after another for one visit (`TL…`, `watch_videos`).
    #[error("this list was made for one visit; give the address of a playlist")]
    #[strum(to_string = "temporary_list")]
    Temporary,
    /// Any other page of YouTube: home, search results, feeds, clips.
    #[error("this page of YouTube is not a playlist")]
    OtherPage,
    /// The place for the id is there, the id is not.
    #[error("the address lacks the id of the playlist")]
    MissingId,
    /// Something else in the place of the id.
    #[error(
        "the id of the playlist is malformed: it begins with two capital letters, such as PL, and \
         has 12 to 64 characters of A-Z, a-z, 0-9, _ and -"
    )]
    MalformedId,
}

impl NotAPlaylist {
    /// A stable name for programs.
    #[must_use]
    pub fn kind(self) -> &'static str {
        self.into()
    }
}
