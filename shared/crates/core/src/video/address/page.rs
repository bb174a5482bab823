//! Pages of YouTube that an address may lead to.

use super::{Address, Site};

/// Page that an address leads to. Texts in it are as they stand in the address, not yet ids.
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
    /// A playlist, by the id in the path, as in YouTube Music and YouTube Studio.
    PlaylistById(&'a str),
    /// Videos that are only put one after another (`watch_videos?video_ids=`).
    WatchVideos,
    /// A show, which has several playlists.
    Show,
    /// An album in YouTube Music.
    Album,
    /// A channel or a page of one.
    Channel,
    User,
    /// The current live stream of a channel.
    LiveStream,
    /// A part that a user cut from a video.
    Clip,
    /// A post of a channel.
    Post,
    Search,
    /// A feed of the visitor's own.
    Feed,
    /// A page that carries an address in this parameter. It is read in its place
    /// ([`Address::parse`]) unless the parameter is missing or too many stand inside one another.
    Carrier(&'static str),
    Other,
}

/// Parameters in which pages such as `signin` and `verify_age` carry the page behind them.
const CARRIERS: [&str; 5] = ["next", "next_url", "continue", "u", "url"];

/// Player pages whose query names the video.
const PLAYERS: [&str; 6] = [
    "watch",
    "watch_popup",
    "watch.php",
    "movie",
    "ytscreeningroom",
    "live_chat",
];

impl Address {
    /// The page that this is the address of.
    pub(in crate::video) fn page(&self) -> Page<'_> {
        let segments: Vec<&str> = self.segments.iter().map(String::as_str).collect();
        match self.site {
            Site::Watch => self.in_site(&segments),
            Site::Short => self.in_short(&segments),
            Site::Images => in_images(&segments),
            Site::Redirect(parameters) => self.in_redirect(parameters),
        }
    }

    fn in_site<'a>(&'a self, segments: &[&'a str]) -> Page<'a> {
        let Some((first, rest)) = segments.split_first() else {
            return Page::Home;
        };
        let kind = first.to_ascii_lowercase();
        match (kind.as_str(), rest) {
            ("watch", [id, ..]) if self.video_param().is_none() => Page::Video(id),
            (player, _) if PLAYERS.contains(&player) => Page::Watch,
            ("attribution_link", _) => Page::Carrier("u"),
            ("oembed", _) => Page::Carrier("url"),
            ("redirect", _) => Page::Carrier("q"),
            ("embed", ["videoseries" | "playlist", ..]) => Page::Playlist,
            ("embed", ["live_stream", ..]) => Page::LiveStream,
            ("embed", []) if self.param("list").is_some() => Page::Playlist,
            ("embed" | "e" | "v" | "vi" | "shorts" | "live" | "video" | "podcast", [id, ..]) => {
                Page::Video(id)
            }
            ("embed" | "e" | "v" | "vi" | "shorts" | "live" | "video", []) => Page::Watch,
            ("playlist", [id, ..]) => Page::PlaylistById(id),
            ("playlist", []) => Page::Playlist,
            ("watch_videos", _) => Page::WatchVideos,
            ("show", _) => Page::Show,
            ("browse", [page, ..]) => in_music(page),
            ("user", _) => self.in_profile(Page::User),
            ("channel" | "c", _) if self.param("lb").is_some() => Page::Post,
            ("channel" | "c", [.., "live"]) => Page::LiveStream,
            ("channel" | "c", _) => self.in_profile(Page::Channel),
            (handle, [.., "live"]) if handle.starts_with('@') => Page::LiveStream,
            (handle, _) if handle.starts_with('@') => self.in_profile(Page::Channel),
            ("clip", _) => Page::Clip,
            ("post", _) => Page::Post,
            ("results" | "search", _) => Page::Search,
            ("feed", _) => Page::Feed,
            (named, _) if named.starts_with("v=") || named.starts_with("vi=") => Page::Video(first),
            _ => self.in_other(),
        }
    }

    /// A page that has no meaning of its own here: what its parameters name.
    fn in_other(&self) -> Page<'_> {
        let carrier = CARRIERS.into_iter().find(|name| self.param(name).is_some());
        match (self.in_profile(Page::Other), carrier) {
            (Page::Video(id), _) => Page::Video(id),
            _ if self.video_param().is_some() => Page::Watch,
            (_, Some(name)) => Page::Carrier(name),
            _ if self.param("list").is_some() => Page::Playlist,
            _ => Page::Other,
        }
    }

    /// A user's page, which in its oldest form names a video behind the hash: `#p/a/u/1/ID`.
    fn in_profile<'a>(&'a self, otherwise: Page<'a>) -> Page<'a> {
        let player = self.fragment.split(['?', '&']).next().unwrap_or_default();
        match (player.starts_with("p/"), player.rsplit_once('/')) {
            (true, Some((_, id))) => Page::Video(id),
            _ => otherwise,
        }
    }

    fn in_short<'a>(&'a self, segments: &[&'a str]) -> Page<'a> {
        match *segments {
            [] => Page::Watch,
            [
                "watch" | "playlist" | "embed" | "shorts" | "live" | "v" | "channel" | "c",
                ..,
            ] => self.in_site(segments),
            [handle, ..] if handle.starts_with('@') => self.in_site(segments),
            [id, ..] => Page::Video(id),
        }
    }

    fn in_redirect(&self, parameters: &[&'static str]) -> Page<'_> {
        let leads = |name: &&&str| {
            self.param(name)
                .is_some_and(|value| value.contains(['/', '%']))
        };
        let name = parameters.iter().find(leads).or(parameters.first());
        name.map_or(Page::Other, |name| Page::Carrier(name))
    }
}

/// Pages of YouTube Music, by how their ids begin: `VL` a playlist, `MPSP` one of a podcast,
/// `MPED` an episode, `UC` a channel, `MPRE` an album.
fn in_music(page: &str) -> Page<'_> {
    if let Some(id) = page.strip_prefix("MPED") {
        Page::Video(id)
    } else if let Some(id) = page.strip_prefix("MPSP") {
        Page::PlaylistById(id)
    } else if page.starts_with("VL") {
        Page::PlaylistById(page)
    } else if page.starts_with("UC") {
        Page::Channel
    } else if page.starts_with("MPRE") {
        Page::Album
    } else {
        Page::Other
    }
}

fn in_images<'a>(segments: &[&'a str]) -> Page<'a> {
    match *segments {
        [kind, id, ..]
            if ["vi", "an", "sb"]
                .iter()
                .any(|start| kind.starts_with(start)) =>
        {
            Page::Video(id)
        }
        _ => Page::Other,
    }
}
