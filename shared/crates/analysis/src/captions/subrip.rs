//! Reader of SubRip, which no specification describes: what players accept is accepted.
//!
//! A cue is a line of times and the lines below it, up to the number or the times of the next cue.
//! Blank lines inside belong to it.

mod markup;
mod times;

use markup::words;
pub(super) use markup::{begins_markup, is_kept};
use times::{Frames, Times};

use super::{Cue, Reading, RefusalReason, quoted, refusals::not_times};

/// Whether a file has a line that is, or is meant to be, the times of a cue.
pub(super) fn is_subrip(lines: &[&str]) -> bool {
    lines.iter().any(|line| times::parse(line).is_some())
        || (0..lines.len()).any(|at| is_meant_as_times(lines, at))
}

/// Whether a line of words would be read as the times of a cue.
pub(super) fn is_times(line: &str) -> bool {
    times::parse(line).is_some() || is_meant_as_times(&["1", line], 1)
}

/// A line at which a cue begins.
struct Start<'a> {
    /// Index of its times.
    at: usize,
    /// Index of the first line that no longer belongs to the cue above.
    above: usize,
    number: Option<u64>,
    /// None if the times cannot be read.
    times: Option<Times<'a>>,
}

/// Reads a file.
pub(super) fn read(lines: &[&str]) -> Reading {
    let starts = starts(lines);
    let frames = Frames::new(starts.iter().filter_map(|start| start.times.as_ref()));
    let mut reading = Reading::default();
    let head = starts.first().map_or(lines.len(), |first| first.above);
    if let Some(stray) = (0..head).find(|at| !lines[*at].trim().is_empty()) {
        let detail = format!("{} belongs to no cue", quoted(lines[stray]));
        reading.refuse(stray + 1, 0, RefusalReason::NotACue, detail);
    }
    // Start of a cue that ended before it started. Its file was made by a clock that fell back, so
    // the next cue is only believed if another cue goes on from it or nothing contradicts it.
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

/// Whether a cue that was read is shown at a time.
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

/// The number of the cue whose times are at a line: in the line above, or above blank lines if it is
/// the number that must follow.
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
        // Nothing stands before the first cue.
        Some(number) if least == 0 => (above, Some(number)),
        _ => (at, None),
    }
}

/// The number of a cue that has lost its times, in the text of the cue above: a number in the order
/// of its neighbours, between a blank line and a line of words.
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

/// Whether a line with an arrow that cannot be read is meant as times: a clock stands in it, or the
/// number of a cue above it. Other arrows are words.
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
