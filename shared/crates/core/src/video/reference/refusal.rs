//! Refusals of texts that are no reference to one video.

use strum::IntoStaticStr;

use super::super::NotAnAddress;

/// Kind of a text that is not a reference to one YouTube video.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum NotAVideo {
    /// No address on YouTube at all, and no bare id.
    #[error(transparent)]
    #[strum(transparent)]
    Address(#[from] NotAnAddress),
    /// A playlist without one of its videos.
    #[error("this is a playlist; give the address of one of its videos")]
    Playlist,
    /// A channel or a page of one, also its current live stream.
    #[error("this is a channel; give the address of one of its videos")]
    Channel,
    /// A page of a user.
    #[error("this is a user's page; give the address of a video")]
    UserPage,
    /// A clip: which video it is cut from stands only in its page.
    #[error("this is a clip; give the address of the video it is cut from")]
    Clip,
    /// A post of a channel.
    #[error("this is a post of a channel; give the address of the video in it")]
    Post,
    #[error("these are search results; give the address of one of the videos")]
    Search,
    /// A feed of the visitor's own.
    #[error("this is a feed; give the address of one of the videos")]
    Feed,
    /// The current live stream of a channel.
    #[error("this is a channel's current live stream; give the address of the video")]
    LiveStream,
    /// Any other page of YouTube: home, hashtags, courses, news.
    #[error("this page of YouTube is not a video; give the address of a video")]
    OtherPage,
    /// A page that plays a video, without the id of one.
    #[error(
        "the address lacks the id of the video, such as watch?v=ID; copy it again from the address \
         bar"
    )]
    MissingId,
    /// An id with characters missing.
    #[error("the id of the video is cut short: an id has 11 characters; copy the address again")]
    TruncatedId,
    /// An id with characters too many.
    #[error("the id of the video is too long: an id has 11 characters; copy the address again")]
    OverlongId,
    /// Something else in the place of the id.
    #[error("the id of the video is malformed: it has 11 characters of A-Z, a-z, 0-9, _ and -")]
    MalformedId,
}

impl NotAVideo {
    /// Stable name for programs.
    #[must_use]
    pub fn kind(self) -> &'static str {
        self.into()
    }
}
