//! Parser of references to videos: an address in one of YouTube's many forms, a text that contains
//! one, or a bare id.

mod refusal;
#[cfg(test)]
mod tests;

use super::YouTubeId;
use super::address::{self, Address, Page, leading_id};
use super::id::YOUTUBE_ID_LEN;

pub use super::address::MAX_BYTES;
pub use refusal::NotAVideo;

/// Reference to a YouTube video.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    pub id: YouTubeId,
    /// The second that the address points at. It says where to begin to watch, so it limits no
    /// analysis.
    pub start_s: Option<f64>,
}

/// Parses a reference to one YouTube video: an address, a text around one, or a bare id.
///
/// An address may lack its scheme, be escaped once too often, or have invisible characters. It may
/// be a page that leads to the video: consent, sign-in or redirect. Short links of other services
/// are refused, since they do not show where they lead.
///
/// # Errors
/// [`NotAVideo`] says what the text is instead.
pub fn parse(input: &str) -> Result<Reference, NotAVideo> {
    let is_same = |one: &Reference, other: &Reference| one.id == other.id;
    address::read(input, bare, named, is_same)
}

/// A bare id, also with the parameters that were copied with it.
fn bare(text: &str) -> Option<Result<Reference, NotAVideo>> {
    let id = text.split(['?', '&']).next().unwrap_or_default();
    let id = YouTubeId::parse(id).ok()?;
    Some(Ok(Reference { id, start_s: None }))
}

fn named(at: &Address) -> Result<Reference, NotAVideo> {
    match at.page() {
        Page::Home | Page::Watch => watched(at),
        Page::Video(id) => reference(at, id),
        Page::Playlist if at.video_param().is_some() => watched(at),
        Page::WatchVideos => match at.param("video_ids") {
            Some(ids) if !ids.contains(',') => reference(at, ids),
            _ => Err(NotAVideo::Playlist),
        },
        Page::Playlist | Page::PlaylistById(_) | Page::Show | Page::Album => {
            Err(NotAVideo::Playlist)
        }
        Page::Channel => Err(NotAVideo::Channel),
        Page::User => Err(NotAVideo::UserPage),
        Page::LiveStream => Err(NotAVideo::LiveStream),
        Page::Clip => Err(NotAVideo::Clip),
        Page::Post => Err(NotAVideo::Post),
        Page::Search => Err(NotAVideo::Search),
        Page::Feed => Err(NotAVideo::Feed),
        Page::Carrier(name) if at.param(name).is_none_or(str::is_empty) => {
            Err(NotAVideo::MissingId)
        }
        Page::Carrier(_) | Page::Other => Err(NotAVideo::OtherPage),
    }
}

/// Parses the video that the player's query names.
fn watched(at: &Address) -> Result<Reference, NotAVideo> {
    let stated = at.video_param().map(str::to_owned);
    match stated.or_else(|| at.fragment_param("v")) {
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

/// The id at the beginning of a text. `v=` and `vi=` before it come from a `?` that is missing.
fn video_id(text: &str) -> Result<YouTubeId, NotAVideo> {
    let text = ["v=", "vi="]
        .iter()
        .find_map(|name| text.strip_prefix(name))
        .unwrap_or(text);
    let (id, _) = leading_id(text);
    YouTubeId::parse(id).map_err(|_| match id.len() {
        0 if text.trim().is_empty() => NotAVideo::MissingId,
        0 => NotAVideo::MalformedId,
        length if length < YOUTUBE_ID_LEN => NotAVideo::TruncatedId,
        _ => NotAVideo::OverlongId,
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
