//! Captions: readers and writers of WebVTT (<https://www.w3.org/TR/webvtt1/>, section 6) and
//! SubRip.
//!
//! A file is read cue by cue. An unusable cue is listed with its line, and the rest is kept.
//! [`read`] also merges rolling captions; [`Captions::align`] detects a programme that starts at
//! 01:00:00.

mod cue_text;
mod decode;
mod offset;
mod references;
mod refusals;
mod rolling;
mod split;
mod stored;
mod subrip;
#[cfg(test)]
mod tests;
mod webvtt;
mod write;

pub use decode::decode;
pub use split::MAX_TEXT_CHARS;
pub(super) use split::split;
pub use write::{to_srt, to_vtt};

use super::{RefusalReason, Refused, Segment};
use cue_text::Turn;
use eventrelay_core::error::Error;
use refusals::Refusals;

/// Maximum size of a caption file, in bytes of UTF-8.
pub const MAX_BYTES: usize = 4 << 20;

/// Maximum number of cues of a file. Later cues are refused.
pub const MAX_CUES: usize = 100_000;

/// Latest time of a cue, in milliseconds: 10,000 hours.
const MAX_TIME_MS: u64 = 10_000 * 3_600_000;

/// Reason why a whole caption file was refused. Lines count from 1.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CaptionError {
    /// The file is larger than [`MAX_BYTES`].
    #[error("the captions have {size_bytes} bytes; the maximum is {MAX_BYTES} bytes (4 MiB)")]
    TooLarge {
        /// Size of the file.
        size_bytes: usize,
    },
    /// The file is neither WebVTT nor SubRip.
    #[error(
        "line {line}: {looks_like}, neither WebVTT nor SubRip; convert the captions to .vtt or .srt"
    )]
    UnknownFormat {
        /// The first line that is not blank.
        line: usize,
        /// The format that the file seems to have.
        looks_like: &'static str,
    },
    /// No cue is usable.
    #[error("no cue can be used, {refused} were refused; the first: {first}")]
    NothingUsable {
        /// Number of refused cues.
        refused: usize,
        /// The first refusal with its line.
        first: String,
    },
    /// The cues have no words.
    #[error("the captions hold no text; a cue is a line `start --> end` and lines of words below")]
    NoText,
    /// Every cue begins after the end of the video.
    #[error(
        "the first cue begins at second {first_s}, but the video ends at second {duration_s}: the \
         times have an offset; subtract about {first_s} s from every time"
    )]
    Offset {
        /// Start of the first cue.
        first_s: f64,
        /// Duration of the video.
        duration_s: f64,
    },
}

impl From<CaptionError> for Error {
    fn from(error: CaptionError) -> Self {
        Error::TranscriptInvalid(Box::new(error))
    }
}

/// Usable content of a caption file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Captions {
    /// Spoken words, in order of their start.
    pub segments: Vec<Segment>,
    /// Source line of each entry in `segments`.
    pub lines: Vec<u32>,
    /// Dropped cues with their lines.
    pub refused: Vec<Refused>,
}

impl Captions {
    /// Latest end of a segment, in seconds.
    #[must_use]
    pub fn end_s(&self) -> f64 {
        let ends = self.segments.iter().map(|segment| segment.end_s);
        ends.fold(0.0, f64::max)
    }
}

/// A cue before it becomes segments.
#[derive(Debug)]
struct Cue {
    /// Line of the times, from 1.
    line: usize,
    start_ms: u64,
    end_ms: u64,
    turns: Vec<Turn>,
}

/// Cues of a file with its refusals.
#[derive(Debug, Default)]
struct Reading {
    cues: Vec<Cue>,
    refusals: Refusals,
}

impl Reading {
    /// Adds a cue, or refuses it if its times contradict each other or the file has too many.
    fn add(&mut self, cue: Cue) {
        let Cue {
            line,
            start_ms,
            end_ms,
            ..
        } = cue;
        if end_ms < start_ms {
            let detail = "ends before it starts".to_owned();
            self.refuse(line, start_ms, RefusalReason::OutOfOrder, detail);
        } else if self.cues.len() == MAX_CUES {
            let detail = format!("only {MAX_CUES} cues are read");
            self.refuse(line, start_ms, RefusalReason::TooMany, detail);
        } else if !cue.turns.is_empty() {
            self.cues.push(cue);
        }
    }

    fn refuse(&mut self, line: usize, at_ms: u64, reason: RefusalReason, detail: String) {
        self.refusals.push(line, at_ms, reason, detail);
    }
}

/// Reads captions as [`parse`] does, and stores lines that roll up the screen once.
///
/// # Errors
/// [`CaptionError`] if nothing of the file can be used.
pub fn read(text: &str) -> Result<Captions, CaptionError> {
    let reading = read_cues(text)?;
    collect(rolling::merge(reading.cues), reading.refusals)
}

/// Reads the cues of captions in order of their start.
///
/// The format is WebVTT if the file begins with `WEBVTT`, else SubRip. Markup is dropped, speakers
/// are kept.
///
/// # Errors
/// [`CaptionError`] if nothing of the file can be used.
pub fn parse(text: &str) -> Result<Captions, CaptionError> {
    let reading = read_cues(text)?;
    let placed = reading.cues.into_iter().flat_map(segments_of);
    collect(placed.collect(), reading.refusals)
}

fn collect(placed: Vec<(Segment, usize)>, refusals: Refusals) -> Result<Captions, CaptionError> {
    let mut captions = Captions {
        refused: refusals.into_list(),
        ..Captions::default()
    };
    for (segment, line) in placed {
        for part in split(segment) {
            captions.segments.push(part);
            captions.lines.push(u32::try_from(line).unwrap_or(u32::MAX));
        }
    }
    if captions.segments.is_empty() {
        return Err(CaptionError::NoText);
    }
    Ok(captions)
}

/// Turns each speaker's words of a cue into a segment.
fn segments_of(cue: Cue) -> impl Iterator<Item = (Segment, usize)> {
    let Cue {
        line,
        start_ms,
        end_ms,
        turns,
    } = cue;
    turns.into_iter().map(move |turn| {
        let segment = Segment {
            start_s: seconds(start_ms),
            end_s: seconds(end_ms),
            text: turn.text(),
            speaker: turn.speaker,
        };
        (segment, line)
    })
}

fn read_cues(text: &str) -> Result<Reading, CaptionError> {
    if text.len() > MAX_BYTES {
        return Err(CaptionError::TooLarge {
            size_bytes: text.len(),
        });
    }
    let text = normalized(text);
    let lines: Vec<&str> = text.split('\n').collect();
    let Some(first) = lines.iter().position(|line| !line.trim().is_empty()) else {
        return Err(CaptionError::NoText);
    };
    let mut reading = if webvtt::is_signature(lines[first]) {
        webvtt::read(&lines, first)
    } else if subrip::is_subrip(&lines) {
        subrip::read(&lines)
    } else {
        return Err(CaptionError::UnknownFormat {
            line: first + 1,
            looks_like: looks_like(&lines, first),
        });
    };
    if reading.cues.is_empty() {
        return Err(match reading.refusals.first() {
            Some(first) => CaptionError::NothingUsable {
                refused: reading.refusals.count(),
                first,
            },
            None => CaptionError::NoText,
        });
    }
    reading.cues.sort_by_key(|cue| cue.start_ms);
    Ok(reading)
}

/// Removes a byte order mark and normalizes line ends to a line feed. A file written twice in text
/// mode ends its lines with CR CR LF.
fn normalized(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let doubled = text.matches("\r\r\n").count();
    let text = if doubled > 0 && doubled == text.matches('\n').count() {
        text.replace("\r\r\n", "\n")
    } else {
        text.replace("\r\n", "\n")
    };
    text.replace('\r', "\n").replace('\0', "\u{fffd}")
}

/// Names the format of a file that is neither WebVTT nor SubRip.
fn looks_like(lines: &[&str], first: usize) -> &'static str {
    let line = lines[first].trim();
    let lower = line.get(..64).unwrap_or(line).to_ascii_lowercase();
    let is_digit = |at: usize| line.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    match line.as_bytes().first() {
        _ if lower.starts_with("<!doctype html") || lower.starts_with("<html") => "a web page",
        _ if lower.starts_with("<sami") => "SAMI",
        Some(b'<') => "XML such as TTML",
        _ if lower.starts_with("[script info]") => "SubStation Alpha (.ass)",
        _ if lower.starts_with("scenarist_scc") => "Scenarist captions (.scc)",
        Some(b'[') if is_digit(1) => "lyrics (.lrc)",
        Some(b'{') if is_digit(1) => "MicroDVD (.sub)",
        Some(b'{' | b'[') => "JSON",
        Some(b'0'..=b'9') if line.matches(':').count() == 4 && line.contains(',') => {
            "SubViewer (.sbv)"
        }
        _ => "text without the times of cues",
    }
}

/// Shortens a caller's text for an error message.
fn quoted(text: &str) -> String {
    format!("`{}`", super::text::line(text, 60))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds of 10,000 hours are exact"
)]
fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}
