//! Times of a SubRip cue.

use super::super::MAX_TIME_MS;

/// Common frame rates of caption files.
const RATES: [i64; 6] = [24, 25, 30, 50, 60, 120];

/// Unconverted times of a cue.
pub(super) struct Times<'a> {
    start: Time,
    end: Time,
    /// Words after the times.
    pub(super) text: &'a str,
}

#[derive(Clone, Copy)]
struct Time {
    is_negative: bool,
    seconds: i64,
    fraction: Fraction,
}

#[derive(Clone, Copy)]
enum Fraction {
    Milliseconds(i64),
    Frames(i64),
}

/// Frame rate of a file: the lowest rate that contains all of its frame numbers.
#[derive(Clone, Copy)]
pub(super) struct Frames(i64);

impl Frames {
    pub(super) fn new<'a>(all: impl Iterator<Item = &'a Times<'a>>) -> Self {
        let frames = all.flat_map(|times| [times.start.frame(), times.end.frame()]);
        let last = frames.max().unwrap_or_default();
        let rate = RATES.into_iter().find(|rate| *rate > last);
        Self(rate.unwrap_or(1000))
    }
}

impl Times<'_> {
    /// Returns start and end in milliseconds, negative for times before the video.
    pub(super) fn milliseconds(&self, frames: Frames) -> (i64, i64) {
        (
            self.start.milliseconds(frames),
            self.end.milliseconds(frames),
        )
    }
}

impl Time {
    fn frame(self) -> i64 {
        match self.fraction {
            Fraction::Frames(frame) => frame,
            Fraction::Milliseconds(_) => 0,
        }
    }

    fn milliseconds(self, frames: Frames) -> i64 {
        let fraction = match self.fraction {
            Fraction::Milliseconds(milliseconds) => milliseconds,
            Fraction::Frames(frame) => frame * 1000 / frames.0,
        };
        let at_ms = self.seconds * 1000 + fraction;
        if self.is_negative { -at_ms } else { at_ms }
    }
}

/// Parses `start --> end`, optionally followed by coordinates or words.
pub(super) fn parse(line: &str) -> Option<Times<'_>> {
    let line = line.trim_matches(is_blank);
    let (start, rest) = time(line)?;
    let (end, rest) = time(arrow(rest)?)?;
    if !rest.is_empty() && !rest.starts_with(is_blank) {
        return None;
    }
    let is_setting = |word: &str| word.contains([':', '=', '%']);
    let text = if rest.split_whitespace().all(is_setting) {
        ""
    } else {
        rest
    };
    Some(Times { start, end, text })
}

/// Skips `-->`, including mistyped and typographic arrows.
fn arrow(text: &str) -> Option<&str> {
    let text = text.trim_start_matches(is_blank);
    let is_arrow = |c: char| matches!(c, '-' | '–' | '—' | '=' | '>' | '→' | ' ');
    let end = text.find(|c| !is_arrow(c))?;
    // A minus belongs to a negative time.
    let head = text[..end].rfind(['>', '→'])? + 1;
    let head = (head..=end).find(|at| text.is_char_boundary(*at))?;
    Some(&text[head..])
}

/// Parses `[-]hh:mm:ss` with thousandths or frames; the hours may be missing.
fn time(text: &str) -> Option<(Time, &str)> {
    let text = text.trim_start_matches(is_blank);
    let (is_negative, mut rest) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut fields = [0_i64; 3];
    let mut count = 0;
    while count < 3 {
        let (value, _, after) = digits(rest)?;
        fields[count] = value;
        count += 1;
        rest = after;
        match next_field(rest) {
            Some(after) => rest = after,
            None => break,
        }
        if count == 3 {
            // A fourth field after a colon.
            let (value, length, after) = digits(rest)?;
            let fraction = match length {
                3 => Fraction::Milliseconds(value),
                1 | 2 => Fraction::Frames(value),
                _ => return None,
            };
            return Some((clock(is_negative, &fields, fraction)?, after));
        }
    }
    if count < 2 {
        return None;
    }
    let fields = match count {
        2 => [0, fields[0], fields[1]],
        _ => fields,
    };
    let (fraction, rest) = thousandths(rest);
    Some((
        clock(is_negative, &fields, Fraction::Milliseconds(fraction))?,
        rest,
    ))
}

/// Skips a colon, or the semicolon before drop frames.
fn next_field(text: &str) -> Option<&str> {
    let after = text
        .trim_start_matches(' ')
        .strip_prefix([':', ';', '：'])?;
    let after = after.trim_start_matches(' ');
    after
        .starts_with(|c: char| c.is_ascii_digit())
        .then_some(after)
}

/// Parses the digits after a comma or a point. Digits below a millisecond are skipped, even after a
/// point of their own.
fn thousandths(text: &str) -> (i64, &str) {
    let Some(after) = text.trim_start_matches(' ').strip_prefix([',', '.']) else {
        return (0, text);
    };
    let after = after.trim_start_matches(' ');
    let length = after.bytes().take_while(u8::is_ascii_digit).count();
    let shown = &after[..length.min(3)];
    let scale = [0, 100, 10, 1][shown.len()];
    let milliseconds = shown.parse::<i64>().unwrap_or_default() * scale;
    let rest = &after[length..];
    let rest = match rest.strip_prefix(['.', ',']) {
        Some(more) if more.starts_with(|c: char| c.is_ascii_digit()) => {
            more.trim_start_matches(|c: char| c.is_ascii_digit())
        }
        _ => rest,
    };
    (milliseconds, rest)
}

fn clock(is_negative: bool, fields: &[i64; 3], fraction: Fraction) -> Option<Time> {
    let [hours, minutes, seconds] = *fields;
    let seconds = (hours * 60 + minutes) * 60 + seconds;
    let most = i64::try_from(MAX_TIME_MS / 1000).unwrap_or(i64::MAX);
    (seconds < most).then_some(Time {
        is_negative,
        seconds,
        fraction,
    })
}

fn digits(text: &str) -> Option<(i64, usize, &str)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    (1..=9).contains(&length).then_some(())?;
    Some((text[..length].parse().ok()?, length, &text[length..]))
}

/// Returns true if a text begins like a time.
pub(super) fn begins_with_clock(text: &str) -> bool {
    let text = text.trim_start_matches(is_blank);
    let text = text.strip_prefix('-').unwrap_or(text);
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.len() < text.len() && rest.trim_start().starts_with([':', '.', ','])
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || is_mark(c)
}

/// Returns true for invisible characters: direction marks, byte order marks, zero width.
pub(super) fn is_mark(c: char) -> bool {
    matches!(
        c,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{61c}'
    )
}
