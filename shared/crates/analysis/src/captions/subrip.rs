//! Reader of SubRip. SubRip has no specification, so the reader accepts the input of common
//! players.
//!
//! A cue is a line of times and the lines below it, up to the number or the times of the next cue.
//! Blank lines inside belong to it.

mod markup;
mod times;

use markup::words;
pub(super) use markup::{begins_markup, is_kept};
use times::{Frames, Times};

use super::{Cue, Reading, RefusalReason, quoted, refusals::not_times};

/// Returns true if a line of the file is, or is meant to be, a cue's times.
pub(super) fn is_subrip(lines: &[&str]) -> bool {
    lines.iter().any(|line| times::parse(line).is_some())
        || (0..lines.len()).any(|at| is_meant_as_times(lines, at))
}

/// Returns true if a line of words would be read as a cue's times.
pub(super) fn is_times(line: &str) -> bool {
    times::parse(line).is_some() || is_meant_as_times(&["1", line], 1)
}

/// Line at which a cue begins.
struct Start<'a> {
    /// Index of the line with the times.
    at: usize,
    /// Index of the first line after the previous cue.
    above: usize,
    number: Option<u64>,
    /// Parsed times; `None` if they are unreadable.
    times: Option<Times<'a>>,
}

pub(super) fn read(lines: &[&str]) -> Reading {
    let starts = starts(lines);
    let frames = Frames::new(starts.iter().filter_map(|start| start.times.as_ref()));
    let mut reading = Reading::default();
    let head = starts.first().map_or(lines.len(), |first| first.above);
    if let Some(stray) = (0..head).find(|at| !lines[*at].trim().is_empty()) {
        let detail = format!("{} belongs to no cue", quoted(lines[stray]));
        reading.refuse(stray + 1, 0, RefusalReason::NotACue, detail);
    }
    // Start of a cue that ended before it started, because the clock of its recorder went back. The
    // next cue is accepted only if another cue continues it or nothing contradicts it.
    let mut fallen: Option<u64> = None;
    for (index, start) in starts.iter().enumerate() {
        let next = starts.get(index + 1);
        let end = next.map_or(lines.len(), |next| next.above);
        let line = start.at + 1;
        let Some(times) = &start.times else {
            let detail = not_times(lines[start.at]);
            reading.refuse(line, 0, RefusalReason::NotATime, detail);
            continue;
        };
        let (start_ms, end_ms) = times.milliseconds(frames);
        if end_ms < 0 || (end_ms == 0 && start_ms < 0) {
            let detail = "ends before the video begins".to_owned();
            reading.refuse(line, 0, RefusalReason::NotATime, detail);
            continue;
        }
        let (start_ms, end_ms) = (clipped(start_ms), clipped(end_ms));
        let following = next.and_then(|next| next.times.as_ref());
        let is_followed = following.is_some_and(|next| {
            let (next_start_ms, next_end_ms) = next.milliseconds(frames);
            clipped(next_start_ms) >= start_ms && next_end_ms >= next_start_ms
        });
        let before = fallen.take().filter(|at_ms| start_ms < *at_ms);
        if before.is_some() && !is_followed && is_covered(&reading, start_ms) {
            let detail = "the times fell back here, and no later cue confirms them".to_owned();
            reading.refuse(line, start_ms, RefusalReason::OutOfOrder, detail);
            continue;
        }
        if end_ms < start_ms {
            fallen = Some(start_ms);
        }
        let end = missing_times(lines, start, next, end).map_or(end, |stray| {
            let detail = format!("cue {} has no times", lines[stray].trim());
            reading.refuse(stray + 1, 0, RefusalReason::NotACue, detail);
            stray
        });
        let body = std::iter::once(times.text).chain(lines[start.at + 1..end].iter().copied());
        reading.add(Cue {
            line,
            start_ms,
            end_ms,
            turns: words(body),
        });
    }
    reading
}

fn clipped(at_ms: i64) -> u64 {
    u64::try_from(at_ms).unwrap_or_default()
}

/// Returns true if an accepted cue covers a time.
fn is_covered(reading: &Reading, at_ms: u64) -> bool {
    let mut cues = reading.cues.iter().rev().take(1000);
    cues.any(|cue| (cue.start_ms..cue.end_ms).contains(&at_ms))
}

fn starts<'a>(lines: &[&'a str]) -> Vec<Start<'a>> {
    let mut starts: Vec<Start<'a>> = Vec::new();
    for at in 0..lines.len() {
        let times = times::parse(lines[at]);
        if times.is_none() && !is_meant_as_times(lines, at) {
            continue;
        }
        let least = starts.last().map_or(0, |last| last.at + 1);
        let last_number = starts.last().and_then(|last| last.number);
        let (above, number) = number_above(lines, least, at, last_number);
        starts.push(Start {
            at,
            above,
            number,
            times,
        });
    }
    starts
}

/// Finds the number of the cue whose times are at a line. The number is in the line above, or above
/// blank lines if it is the expected next one.
fn number_above(
    lines: &[&str],
    least: usize,
    at: usize,
    last_number: Option<u64>,
) -> (usize, Option<u64>) {
    let is_blank = |index: &usize| lines[*index].trim().is_empty();
    let Some(above) = (least..at).rev().find(|index| !is_blank(index)) else {
        return (at, None);
    };
    match number(lines[above]) {
        Some(number) if above + 1 == at || last_number.is_some_and(|n| n + 1 == number) => {
            (above, Some(number))
        }
        // Above the first cue there is no other text.
        Some(number) if least == 0 => (above, Some(number)),
        _ => (at, None),
    }
}

/// Finds the number of a cue without times in the text of the previous cue. The number must be in
/// sequence, between a blank line and a line of words.
fn missing_times(
    lines: &[&str],
    start: &Start<'_>,
    next: Option<&Start<'_>>,
    end: usize,
) -> Option<usize> {
    let (own, next) = (start.number?, next?.number?);
    (start.at + 2..end.saturating_sub(1)).find(|at| {
        let is_between = number(lines[*at]).is_some_and(|n| n == own + 1 && n + 1 == next);
        is_between && lines[at - 1].trim().is_empty() && !lines[at + 1].trim().is_empty()
    })
}

fn number(line: &str) -> Option<u64> {
    let digits = line.trim_matches(|c: char| c.is_whitespace() || times::is_mark(c));
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok())?
}

/// Returns true if an unreadable line with an arrow is meant as times. It contains a clock, or a
/// cue number is above it. Other arrows are words.
fn is_meant_as_times(lines: &[&str], at: usize) -> bool {
    let Some((left, right)) = lines[at].split_once("-->") else {
        return false;
    };
    if times::begins_with_clock(left) && times::begins_with_clock(right) {
        return true;
    }
    let has_number = at > 0 && number(lines[at - 1]).is_some();
    let is_first = at < 2 || lines[at - 2].trim().is_empty();
    has_number && is_first && (times::begins_with_clock(left) || times::begins_with_clock(right))
}
