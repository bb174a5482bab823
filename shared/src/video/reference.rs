//! Reading what a caller calls a video: an address in one of YouTube's many forms, or a bare id.
//!
//! The address is read by a URL parser, its host is compared with a list, and only then is the
//! path looked at. Nothing is searched for an id: eleven fitting characters stand in almost any
//! address.

mod refusal;
#[cfg(test)]
mod tests;

use url::{Host, Url, form_urlencoded};

use super::YouTubeId;
use super::id::{YOUTUBE_ID_LEN, is_id_byte};

pub use refusal::NotAVideo;

/// Longest text that is looked at, in bytes.
pub const MAX_BYTES: usize = 2048;

/// How many addresses may stand inside one another (`attribution_link?u=`, `continue=`).
const MAX_DEPTH: u8 = 2;

/// A YouTube video that somebody referred to.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// The video.
    pub id: YouTubeId,
    /// The second the address points at.
    pub start_s: Option<f64>,
}

/// Reads a reference to one YouTube video. `http` and `https` are understood, with the default
/// ports, and so are addresses without a scheme, `//host` ones, ones with HTML's `&amp;`, and bare
/// ids. Mirrors and shorteners of others are refused: where they lead is not known.
///
/// # Errors
/// [`NotAVideo`] says what the text is instead.
pub fn parse(input: &str) -> Result<Reference, NotAVideo> {
    let text = input.trim();
    if text.is_empty() {
        return Err(NotAVideo::Empty);
    }
    if text.len() > MAX_BYTES {
        return Err(NotAVideo::TooLong);
    }
    if let Ok(id) = YouTubeId::parse(text) {
        return Ok(Reference { id, start_s: None });
    }
    // URL parsers drop tabs and line breaks without a word; an address has none.
    if text.chars().any(char::is_control) {
        return Err(NotAVideo::NotAUrl);
    }
    parse_url(&absolute(&unescape_ampersands(text))?, MAX_DEPTH)
}

/// Undoes HTML's escaping of `&`, however often it was applied.
fn unescape_ampersands(text: &str) -> String {
    let mut text = text.to_owned();
    while text.contains("&amp;") {
        text = text.replace("&amp;", "&");
    }
    text
}

/// Gives an address without a scheme `https`.
fn absolute(text: &str) -> Result<Url, NotAVideo> {
    let completed = if text.starts_with("//") {
        format!("https:{text}")
    } else if has_scheme(text) {
        text.to_owned()
    } else if text
        .split(['/', '?', '#'])
        .next()
        .is_some_and(|host| host.contains('.'))
    {
        format!("https://{text}")
    } else {
        return Err(NotAVideo::NotAUrl);
    };
    Url::parse(&completed).map_err(|_| NotAVideo::NotAUrl)
}

/// Whether the text begins with a scheme. A dot is legal in one (RFC 3986, 3.1), but here it is
/// the mark of a host with a port.
fn has_scheme(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-'))
    })
}

fn parse_url(url: &Url, depth: u8) -> Result<Reference, NotAVideo> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(NotAVideo::UnsupportedScheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(NotAVideo::CredentialsInUrl);
    }
    let site = Site::of(url)?;
    if url.port().is_some() {
        return Err(NotAVideo::UnsupportedPort);
    }
    let location = Location::of(url);
    match site {
        Site::Watch => in_site(&location, depth),
        Site::Short => in_short(&location),
        Site::Images => in_images(&location),
        Site::Consent => nested(&location, "continue", depth),
    }
}

/// What kind of host an address names.
#[derive(Clone, Copy)]
enum Site {
    /// The site itself, its mobile and embedding variants.
    Watch,
    /// `youtu.be`.
    Short,
    /// Where the preview images lie, by id.
    Images,
    /// Where visitors in Europe are sent before the site.
    Consent,
}

impl Site {
    fn of(url: &Url) -> Result<Self, NotAVideo> {
        let Some(Host::Domain(domain)) = url.host() else {
            return Err(NotAVideo::UnsupportedHost);
        };
        match domain.strip_suffix('.').unwrap_or(domain) {
            "youtube.com"
            | "www.youtube.com"
            | "m.youtube.com"
            | "music.youtube.com"
            | "gaming.youtube.com"
            | "youtube-nocookie.com"
            | "www.youtube-nocookie.com"
            | "youtubekids.com"
            | "www.youtubekids.com"
            | "youtube.googleapis.com" => Ok(Self::Watch),
            "youtu.be" | "www.youtu.be" => Ok(Self::Short),
            "i.ytimg.com" | "i1.ytimg.com" | "i2.ytimg.com" | "i3.ytimg.com" | "i4.ytimg.com"
            | "img.youtube.com" => Ok(Self::Images),
            "consent.youtube.com" => Ok(Self::Consent),
            other if is_youtube_subdomain(other) => Err(NotAVideo::UnsupportedHost),
            other if looks_like_youtube(other) => Err(NotAVideo::LookalikeHost),
            _ => Err(NotAVideo::UnsupportedHost),
        }
    }
}

fn is_youtube_subdomain(domain: &str) -> bool {
    domain.ends_with(".youtube.com") || domain.ends_with(".ytimg.com")
}

/// Whether a foreign host bears the name, or what is left of the name in a host with letters of
/// other scripts (`xn--`).
fn looks_like_youtube(domain: &str) -> bool {
    ["youtube", "youtu.be", "ytimg"]
        .iter()
        .any(|name| domain.contains(name))
        || (domain.contains("xn--") && domain.contains("tu"))
}

/// The part of an address behind the host, taken apart.
struct Location {
    /// Path segments without empty ones.
    segments: Vec<String>,
    /// What stands behind an `&` in the path, then the query: `youtu.be/ID&t=9` is common.
    query: Vec<(String, String)>,
    fragment: String,
}

impl Location {
    fn of(url: &Url) -> Self {
        let (path, stray) = url.path().split_once('&').unwrap_or((url.path(), ""));
        Self {
            segments: path
                .split('/')
                .filter(|s| !s.is_empty())
                .map(str::to_owned)
                .collect(),
            query: pairs(stray)
                .chain(pairs(url.query().unwrap_or_default()))
                .collect(),
            fragment: url.fragment().unwrap_or_default().to_owned(),
        }
    }

    /// The first value of a query parameter, as YouTube takes it.
    fn param(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Query parameters, as they stand in the fragment of some older links (`#t=9`, `#!v=ID`).
    fn fragment_param(&self, name: &str) -> Option<String> {
        let form = self.fragment.strip_prefix('!').unwrap_or(&self.fragment);
        pairs(form)
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    fn start_s(&self) -> Option<f64> {
        ["t", "start", "time_continue"]
            .iter()
            .find_map(|name| self.param(name).and_then(seconds))
            .or_else(|| self.fragment_param("t").as_deref().and_then(seconds))
    }

    fn reference(&self, id: &str) -> Result<Reference, NotAVideo> {
        Ok(Reference {
            id: video_id(id)?,
            start_s: self.start_s(),
        })
    }
}

fn pairs(form: &str) -> impl Iterator<Item = (String, String)> {
    form_urlencoded::parse(form.as_bytes()).map(|(k, v)| (k.into_owned(), v.into_owned()))
}

fn video_id(text: &str) -> Result<YouTubeId, NotAVideo> {
    YouTubeId::parse(text).map_err(|_| {
        if text.len() < YOUTUBE_ID_LEN && text.bytes().all(is_id_byte) {
            NotAVideo::TruncatedId
        } else {
            NotAVideo::MalformedId
        }
    })
}

fn in_site(at: &Location, depth: u8) -> Result<Reference, NotAVideo> {
    let segments: Vec<&str> = at.segments.iter().map(String::as_str).collect();
    match segments[..] {
        [] | ["watch" | "watch_popup" | "watch.php" | "movie" | "ytscreeningroom"] => in_watch(at),
        ["attribution_link"] => nested(at, "u", depth),
        ["oembed"] => nested(at, "url", depth),
        ["embed", "videoseries"] => Err(NotAVideo::Playlist),
        ["embed", "live_stream"] => Err(NotAVideo::LiveStream),
        ["watch" | "embed" | "e" | "v" | "vi" | "shorts" | "live", id] => at.reference(id),
        ["playlist" | "show" | "watch_videos", ..] => Err(NotAVideo::Playlist),
        // `VL` marks a playlist among the pages of YouTube Music, `UC` a channel.
        ["browse", page, ..] if page.starts_with("VL") => Err(NotAVideo::Playlist),
        ["browse", page, ..] if page.starts_with("UC") => Err(NotAVideo::Channel),
        ["user", ..] => in_user(at),
        ["channel" | "c", ..] => Err(NotAVideo::Channel),
        [handle, ..] if handle.starts_with('@') => Err(NotAVideo::Channel),
        ["clip", ..] => Err(NotAVideo::Clip),
        ["results" | "search", ..] => Err(NotAVideo::Search),
        ["feed", ..] => Err(NotAVideo::Feed),
        _ => Err(NotAVideo::OtherPage),
    }
}

fn in_watch(at: &Location) -> Result<Reference, NotAVideo> {
    match at
        .param("v")
        .map(str::to_owned)
        .or_else(|| at.fragment_param("v"))
    {
        Some(id) => at.reference(&id),
        None if at.param("list").is_some() => Err(NotAVideo::Playlist),
        None if at.segments.is_empty() => Err(NotAVideo::OtherPage),
        None => Err(NotAVideo::MissingId),
    }
}

/// A user's page, which in its oldest form names a video behind the hash: `#p/a/u/1/ID`.
fn in_user(at: &Location) -> Result<Reference, NotAVideo> {
    let player = at.fragment.split(['?', '&']).next().unwrap_or_default();
    match (player.starts_with("p/"), player.rsplit_once('/')) {
        (true, Some((_, id))) => at.reference(id),
        _ => Err(NotAVideo::UserPage),
    }
}

fn in_short(at: &Location) -> Result<Reference, NotAVideo> {
    match &at.segments[..] {
        [page] if page == "watch" => in_watch(at),
        [id] => at.reference(id),
        _ => Err(NotAVideo::OtherPage),
    }
}

fn in_images(at: &Location) -> Result<Reference, NotAVideo> {
    match &at.segments[..] {
        [kind, id, _file] if matches!(kind.as_str(), "vi" | "vi_webp" | "an_webp") => {
            at.reference(id)
        }
        _ => Err(NotAVideo::OtherPage),
    }
}

/// The address that an address carries in a parameter, relative to the site or whole.
fn nested(at: &Location, name: &str, depth: u8) -> Result<Reference, NotAVideo> {
    let inner = at.param(name).ok_or(NotAVideo::MissingId)?;
    let depth = depth.checked_sub(1).ok_or(NotAVideo::OtherPage)?;
    let url = if inner.starts_with('/') && !inner.starts_with("//") {
        Url::parse(&format!("https://www.youtube.com{inner}")).map_err(|_| NotAVideo::NotAUrl)
    } else {
        absolute(inner)
    };
    parse_url(&url?, depth)
}

/// Reads `90`, `90s`, `1h2m3s`, `2m`, `1.5`. What is not a time is left aside: it does not make the
/// address less of a reference.
fn seconds(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut total = 0.0;
    for (unit, factor) in [('h', 3600.0), ('m', 60.0)] {
        if let Some((number, after)) = rest.split_once(unit) {
            total += whole(number)? * factor;
            rest = after;
        }
    }
    let rest = rest.strip_suffix('s').unwrap_or(rest);
    if rest.is_empty() {
        return (text.len() > 1).then_some(total);
    }
    let (whole_part, fraction) = rest.split_once('.').unwrap_or((rest, "0"));
    whole(whole_part)?;
    whole(fraction)?;
    rest.parse::<f64>().ok().map(|last| total + last)
}

/// A number of at most seven digits: seconds of over a hundred days are no place in a video.
fn whole(digits: &str) -> Option<f64> {
    let plain = (1..=7).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}
