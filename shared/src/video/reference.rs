//! Reading what a caller calls a video: an address in one of YouTube's many forms, or a bare id.

mod refusal;
#[cfg(test)]
mod tests;

use super::YouTubeId;
use super::address::{self, Address, Page};
use super::id::{YOUTUBE_ID_LEN, is_id_byte};

pub use super::address::MAX_BYTES;
pub use refusal::NotAVideo;

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
    let text = address::text(input)?;
    if let Ok(id) = YouTubeId::parse(text) {
        return Ok(Reference { id, start_s: None });
    }
    let at = Address::read(text)?;
    match at.page() {
        Page::Home | Page::Watch => watched(&at),
        Page::Video(id) => reference(&at, id),
        Page::Playlist | Page::MusicPlaylist(_) | Page::WatchVideos | Page::Show => {
            Err(NotAVideo::Playlist)
        }
        Page::Channel => Err(NotAVideo::Channel),
        Page::User => Err(NotAVideo::UserPage),
        Page::LiveStream => Err(NotAVideo::LiveStream),
        Page::Clip => Err(NotAVideo::Clip),
        Page::Search => Err(NotAVideo::Search),
        Page::Feed => Err(NotAVideo::Feed),
        Page::Carrier(name) if at.param(name).is_none() => Err(NotAVideo::MissingId),
        Page::Carrier(_) | Page::Album | Page::Other => Err(NotAVideo::OtherPage),
    }
}

/// What the player's query names.
fn watched(at: &Address) -> Result<Reference, NotAVideo> {
    match at
        .param("v")
        .map(str::to_owned)
        .or_else(|| at.fragment_param("v"))
    {
        Some(id) => reference(at, &id),
        None if at.param("list").is_some() => Err(NotAVideo::Playlist),
        None if at.page() == Page::Home => Err(NotAVideo::OtherPage),
        None => Err(NotAVideo::MissingId),
    }
}

fn reference(at: &Address, id: &str) -> Result<Reference, NotAVideo> {
    Ok(Reference {
        id: video_id(id)?,
        start_s: start_s(at),
    })
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

fn start_s(at: &Address) -> Option<f64> {
    ["t", "start", "time_continue"]
        .iter()
        .find_map(|name| at.param(name).and_then(seconds))
        .or_else(|| at.fragment_param("t").as_deref().and_then(seconds))
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
