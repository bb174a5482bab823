//! Reader of WebVTT: the specification's parser (section 6), line by line. Settings, styles,
//! regions and comments are skipped.

use super::{Cue, MAX_TIME_MS, Reading, RefusalReason, cue_text, quoted, refusals::not_times};

const ARROW: &str = "-->";

/// Ticks per millisecond of the MPEG-2 transport stream clock.
const TICKS_PER_MS: i64 = 90;

/// Returns true if a line is the first line of a WebVTT file.
pub(super) fn is_signature(line: &str) -> bool {
    line.strip_prefix("WEBVTT")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
}

/// Reads the file whose signature is at `first`. If no cue has a valid WebVTT time, commas count as
/// points: SubRip under a WebVTT header.
pub(super) fn read(lines: &[&str], first: usize) -> Reading {
    let reading = Reader::new(['.', '.']).file(lines, first);
    if reading.cues.is_empty() && reading.refusals.count() > 0 {
        let lenient = Reader::new(['.', ',']).file(lines, first);
        if !lenient.cues.is_empty() {
            return lenient;
        }
    }
    reading
}

struct Reader {
    points: [char; 2],
    reading: Reading,
    /// `X-TIMESTAMP-MAP` of the first header: its time in the stream minus its time in the file.
    first_map_ms: Option<i64>,
    /// Offset that later headers of joined segments add to the times of their cues.
    shift_ms: i64,
}

impl Reader {
    fn new(points: [char; 2]) -> Self {
        Self {
            points,
            reading: Reading::default(),
            first_map_ms: None,
            shift_ms: 0,
        }
    }

    fn file(mut self, lines: &[&str], first: usize) -> Reading {
        let mut at = self.header(lines, first);
        while at < lines.len() {
            at = if lines[at].is_empty() {
                at + 1
            } else {
                self.block(lines, at)
            };
        }
        self.reading
    }

    /// Skips a header and returns the index of the next line. A file of joined stream segments has
    /// several headers.
    fn header(&mut self, lines: &[&str], first: usize) -> usize {
        let rest = &lines[first + 1..];
        let ends = |line: &&&str| !line.is_empty() && !line.contains(ARROW);
        let length = rest.iter().take_while(ends).count();
        for line in &rest[..length] {
            if let Some(map_ms) = timestamp_map(line) {
                let first_ms = *self.first_map_ms.get_or_insert(map_ms);
                self.shift_ms = map_ms - first_ms;
            }
        }
        first + 1 + length
    }

    /// Collects a WebVTT block (6.2) and returns the index of the next line.
    fn block(&mut self, lines: &[&str], first: usize) -> usize {
        if is_signature(lines[first]) && !lines.get(first + 1).is_some_and(|l| l.contains(ARROW)) {
            return self.header(lines, first);
        }
        let mut times = None;
        let mut buffer = first;
        let mut arrow = None;
        let mut at = first;
        while at < lines.len() && !lines[at].is_empty() {
            if lines[at].contains(ARROW) {
                if arrow.is_some() || at > first + 1 {
                    break;
                }
                arrow = Some(at);
                times = self.times(lines[at]);
                if times.is_some() {
                    buffer = at + 1;
                }
            }
            at += 1;
        }
        match (times, arrow) {
            (Some((start_ms, end_ms)), Some(arrow)) => self.reading.add(Cue {
                line: arrow + 1,
                start_ms: self.shifted(start_ms),
                end_ms: self.shifted(end_ms),
                turns: cue_text::turns(&lines[buffer..at].join("\n")),
            }),
            (_, Some(_)) if is_aside(lines[first]) => {}
            (_, Some(arrow)) => {
                let detail = not_times(lines[arrow]);
                self.reading
                    .refuse(arrow + 1, 0, RefusalReason::NotATime, detail);
            }
            (_, None) if is_aside(lines[first]) => {}
            (_, None) => {
                let detail = format!("{} belongs to no cue", quoted(lines[first]));
                self.reading
                    .refuse(first + 1, 0, RefusalReason::NotACue, detail);
            }
        }
        at
    }

    fn shifted(&self, at_ms: u64) -> u64 {
        at_ms.saturating_add_signed(self.shift_ms).min(MAX_TIME_MS)
    }

    /// Collects cue timings (6.3). Settings after the times are ignored.
    fn times(&self, line: &str) -> Option<(u64, u64)> {
        let rest = line.trim_start_matches(is_space);
        let (start_ms, rest) = collect_timestamp(rest, self.points)?;
        let rest = rest.trim_start_matches(is_space).strip_prefix(ARROW)?;
        let (end_ms, _settings) =
            collect_timestamp(rest.trim_start_matches(is_space), self.points)?;
        Some((start_ms, end_ms))
    }
}

/// Returns true if a block without times is a comment, a style or a region.
fn is_aside(line: &str) -> bool {
    let is = |word: &str| {
        line.strip_prefix(word)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
    };
    is("NOTE") || is("STYLE") || is("REGION")
}

/// Parses `X-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000` (RFC 8216, section 3.5).
fn timestamp_map(line: &str) -> Option<i64> {
    let map = line.strip_prefix("X-TIMESTAMP-MAP=")?;
    let value = |name: &str| map.split(',').find_map(|one| one.trim().strip_prefix(name));
    let ticks: i64 = value("MPEGTS:")?.trim().parse().ok()?;
    let local_ms = timestamp(value("LOCAL:")?.trim())?;
    Some(ticks / TICKS_PER_MS - i64::try_from(local_ms).ok()?)
}

/// Parses a text that consists of one WebVTT timestamp, in milliseconds.
pub(super) fn timestamp(text: &str) -> Option<u64> {
    let (at_ms, rest) = collect_timestamp(text, ['.', '.'])?;
    rest.is_empty().then_some(at_ms)
}

/// Collects a WebVTT timestamp (6.3): `mm:ss.fff` or `hh:mm:ss.fff`, hours of any length.
fn collect_timestamp(text: &str, points: [char; 2]) -> Option<(u64, &str)> {
    let (first, digits, rest) = number(text)?;
    let (second, two, rest) = number(rest.strip_prefix(':')?)?;
    let has_hours = digits != 2 || first > 59 || rest.starts_with(':');
    let (hours, minutes, seconds, rest) = if has_hours {
        let (third, three, rest) = number(rest.strip_prefix(':')?)?;
        if three != 2 {
            return None;
        }
        (first, second, third, rest)
    } else {
        (0, first, second, rest)
    };
    let (fraction, thousandths, rest) = number(rest.strip_prefix(points)?)?;
    if two != 2 || minutes > 59 || seconds > 59 || thousandths != 3 {
        return None;
    }
    let at_ms = ((hours.min(MAX_TIME_MS) * 60 + minutes) * 60 + seconds) * 1000 + fraction;
    (at_ms <= MAX_TIME_MS).then_some((at_ms, rest))
}

/// Collects digits and returns their value, their count and the rest.
fn number(text: &str) -> Option<(u64, usize, &str)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    Some((text[..length].parse().ok()?, length, &text[length..]))
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{c}')
}
