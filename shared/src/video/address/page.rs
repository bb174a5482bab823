//! Which page of YouTube an address is of.

use super::{Address, Site};

/// What an address leads to. Texts in it are as they stand in the address, not yet ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::video) enum Page<'a> {
    /// The start page, which plays a video that the query names.
    Home,
    /// The player: the query names the video.
    Watch,
    /// A video, by the id in the path.
    Video(&'a str),
    /// A playlist: the query names it.
    Playlist,
    /// A playlist in YouTube Music, by the id in the path.
    MusicPlaylist(&'a str),
    /// Videos that are only put one after another (`watch_videos?video_ids=`).
    WatchVideos,
    /// A show, which has several playlists.
    Show,
    /// An album in YouTube Music.
    Album,
    /// A channel or a page of one.
    Channel,
    /// A user's page.
    User,
    /// Whatever a channel streams at the moment.
    LiveStream,
    /// A part that somebody cut from a video.
    Clip,
    /// Search results.
    Search,
    /// A feed of the visitor's own.
    Feed,
    /// A page that carries an address in this parameter. It is read in its place
    /// ([`Address::read`]) unless the parameter is missing or too many stand inside one another.
    Carrier(&'static str),
    /// Anything else.
    Other,
}

impl Address {
    /// The page that this is the address of.
    pub(in crate::video) fn page(&self) -> Page<'_> {
        let segments: Vec<&str> = self.segments.iter().map(String::as_str).collect();
        match self.site {
            Site::Watch => self.in_site(&segments),
            Site::Short => in_short(&segments),
            Site::Images => in_images(&segments),
            Site::Consent => Page::Carrier("continue"),
        }
    }

    fn in_site<'a>(&'a self, segments: &[&'a str]) -> Page<'a> {
        match *segments {
            [] => Page::Home,
            ["watch" | "watch_popup" | "watch.php" | "movie" | "ytscreeningroom"] => Page::Watch,
            ["attribution_link"] => Page::Carrier("u"),
            ["oembed"] => Page::Carrier("url"),
            ["embed", "videoseries"] | ["playlist", ..] => Page::Playlist,
            ["embed", "live_stream"] => Page::LiveStream,
            ["watch" | "embed" | "e" | "v" | "vi" | "shorts" | "live", id] => Page::Video(id),
            ["watch_videos", ..] => Page::WatchVideos,
            ["show", ..] => Page::Show,
            // `VL` marks a playlist among the pages of YouTube Music, `UC` a channel, `MPRE` an
            // album.
            ["browse", page, ..] if page.starts_with("VL") => Page::MusicPlaylist(page),
            ["browse", page, ..] if page.starts_with("UC") => Page::Channel,
            ["browse", page, ..] if page.starts_with("MPRE") => Page::Album,
            ["user", ..] => self.in_user(),
            ["channel" | "c", ..] => Page::Channel,
            [handle, ..] if handle.starts_with('@') => Page::Channel,
            ["clip", ..] => Page::Clip,
            ["results" | "search", ..] => Page::Search,
            ["feed", ..] => Page::Feed,
            _ => Page::Other,
        }
    }

    /// A user's page, which in its oldest form names a video behind the hash: `#p/a/u/1/ID`.
    fn in_user(&self) -> Page<'_> {
        let player = self.fragment.split(['?', '&']).next().unwrap_or_default();
        match (player.starts_with("p/"), player.rsplit_once('/')) {
            (true, Some((_, id))) => Page::Video(id),
            _ => Page::User,
        }
    }
}

fn in_short<'a>(segments: &[&'a str]) -> Page<'a> {
    match *segments {
        ["watch"] => Page::Watch,
        ["playlist"] => Page::Playlist,
        [id] => Page::Video(id),
        _ => Page::Other,
    }
}

fn in_images<'a>(segments: &[&'a str]) -> Page<'a> {
    match *segments {
        ["vi" | "vi_webp" | "an_webp", id, _file] => Page::Video(id),
        _ => Page::Other,
    }
}
